"""Every sound of ours has its row: what it is, how it is made, whose it is."""

import subprocess
import sys

import pytest

from engine.render import sounds
from engine.render.synth import amps, kits
from engine.render.synth.patches import GENERAL_MIDI, PATCHES
from engine.styles import palettes
from engine.styles.roles import SYNTHS


def test_every_patch_and_every_kit_has_one_row_with_a_licence() -> None:
    rows = sounds.rows()
    named = [(row.kind, row.name) for row in rows]
    assert len(named) == len(set(named))
    assert {name for kind, name in named if kind == "patch"} == set(PATCHES)
    assert {name for kind, name in named if kind == "kit"} == set(kits.KITS)
    assert {(row.source, row.licence) for row in rows} == {("own synthesis", "Apache-2.0")}
    assert all(row.called and row.made for row in rows)


def test_every_sound_that_a_palette_a_sheet_or_a_stand_in_names_is_there() -> None:
    wanted = {*palettes.ALWAYS.values(), *palettes.NAMED.values(), *palettes.SOLO.values(),
              *GENERAL_MIDI, *amps.AMPS}  # fmt: skip
    for palette in palettes.PALETTES.values():
        wanted |= {*palette.programs.values(), *palette.roles.values()}
    assert wanted <= set(PATCHES)
    assert set(palettes.KITS.values()) <= set(kits.KITS)
    assert {*PATCHES, *kits.KITS} >= SYNTHS
    for meant in palettes.STANDS_FOR.values():
        assert set(meant.values()) <= set(palettes.NAMED)


@pytest.mark.parametrize("style", sorted(palettes.PALETTES))
def test_a_palette_belongs_to_a_style_and_names_programs(style: str) -> None:
    from engine import styles

    assert style in styles.names()
    assert all(0 <= program <= 127 for program in palettes.PALETTES[style].programs)
    roles = set(styles.load(style).roles)
    assert set(palettes.PALETTES[style].roles) <= roles


def test_the_list_is_printed_for_whoever_asks() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "engine", "sounds", "list"],
        check=True, capture_output=True, text=True, env={"CUESMITH_BANK": "builtin"},
    ).stdout  # fmt: skip
    for name in ("erhu_bow", "guitar_heavy", "kit_909"):
        line = next(one for one in printed.splitlines() if one.startswith(f"{name} "))
        assert "Apache-2.0" in line
