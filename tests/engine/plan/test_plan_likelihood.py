"""How usual chords are is learned, told apart from taste, and never the same for every style."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from plan_briefs import METERS, resolved

from engine import styles
from engine.errors import ModelMissing
from engine.plan import diversity, draw, likelihood, scoring
from engine.plan.chords import bars_out, chord_of
from engine.plan.degrees import BAR, KINDS, QUALITIES, inversion, kind_of, quality
from engine.plan.likelihood import Likelihood, packaged, part_of, parts_of
from engine.plan.materials import materials
from engine.styles import harmony

VERSE = KINDS.index("verse")


def bits(line: str, mode: str = "major", times: int = 2) -> np.ndarray:
    """(chords, TOLD) of a line of one chord a bar, heard a few times in a verse."""
    bars = [(symbol,) for symbol in line.split()] * times
    return packaged().bits([part_of(bars, VERSE)], mode)[0]


def chord_bits(line: str, mode: str = "major") -> float:
    return float(bits(line, mode)[:, 0].mean())


@pytest.mark.parametrize(
    ("usual", "odd", "mode"),
    [
        ("I V vi IV", "I #iv bII vii", "major"),
        ("I vi ii V", "I ii vi bIII", "major"),
        ("I IV I V", "I bVI I bII", "major"),
        ("i bVI bIII bVII", "i bii III #iv", "minor"),
        ("i bVII bVI V", "i II VI #IV", "minor"),
    ],
)
def test_what_songs_do_takes_fewer_bits_than_what_they_never_do(usual, odd, mode) -> None:
    assert chord_bits(usual, mode) + 1.0 < chord_bits(odd, mode)


def test_where_a_chord_stands_matters() -> None:
    def last(line: str, bars: int) -> float:
        placed = [(symbol,) for symbol in line.split()]
        return float(packaged().bits([part_of(placed[:bars], VERSE)], "major")[0][-1, 0])

    # Home at the end of the section, against home with all of it still to come.
    assert abs(last("I IV V I", 4) - float(bits("I IV V I")[3, 0])) > 0.1


def test_an_unusual_bass_and_an_unusual_length_cost_their_own_bits() -> None:
    assert bits("I V vi IV")[1, 1] < bits("I V/5 vi IV")[1, 1]
    held = packaged().bits([part_of([("I",)] * 13 + [("V",)] * 3, VERSE)], "major")[0]
    assert held[0, 2] > bits("I V vi IV")[0, 2]


@pytest.mark.parametrize(
    ("symbol", "name", "bass"),
    [
        ("I", "major", 0), ("Iadd9", "major", 0), ("V9", "dominant", 0), ("V7#9", "dominant", 0),
        ("V7alt", "dominant", 0), ("IVmaj9", "major7", 0), ("ii7/3", "minor7", 1),
        ("i69", "minor", 0), ("Vsus4", "suspended", 0), ("V7sus4", "suspended", 0),
        ("I5", "fifth", 0),
        ("viidim7/3", "diminished", 1), ("iim7b5/5", "half-diminished", 2), ("V+", "augmented", 0),
        ("V7/7", "dominant", 3), ("II/p1", "major", 3), ("ii/p1", "minor", 3),
        ("IV/p5", "major", 4),
    ],
)  # fmt: skip
def test_chords_of_the_sheets_have_their_quality_and_their_bass(symbol, name, bass) -> None:
    read = harmony.read(symbol)
    assert QUALITIES[quality([(pitch - read.root) % 12 for pitch in read.pitches])] == name
    assert inversion(read.bass - read.root) == bass


def test_a_plan_is_read_as_its_sheet_is() -> None:
    seen = 0
    for style in styles.names():
        for seed, meter in enumerate(METERS):
            plan = draw(resolved(style, "bed", 40.0, meter=meter), seed, 1)[0]
            for section, part in zip(plan.sections, parts_of(plan), strict=True):
                written = harmony.bars(" | ".join(bars_out(plan, section)))
                assert part == part_of(written, kind_of(section.name))
                assert sum(one.length for one in part[0]) == section.bars * BAR
                seen += 1
    assert seen > 200


def test_a_plan_takes_the_same_bits_whatever_was_rated_before() -> None:
    plans = [plan for style in ("lofi", "horror", "rock")
             for plan in draw(resolved(style, "bed", 60.0), 3, 3)]  # fmt: skip

    def heard() -> list[list[bytes]]:
        return [[one.tobytes() for one in packaged().bits(parts_of(plan), plan.mode)]
                for plan in plans]  # fmt: skip

    forth = heard()
    plans.reverse()
    assert heard() == forth[::-1]


def test_a_style_is_measured_by_its_own_sheet() -> None:
    def own(style: str, mode: str) -> float:
        stuff = materials(style, mode, asked=False)
        return max(likelihood.own(stuff.themes, stuff.contrasts, mode))

    assert own("horror", "phrygian") > own("rock", "major") + 2.0
    for style in ("horror", "dark_ambient", "chinese_traditional", "jazz_trio", "meditation"):
        rated = [
            scoring.heard(plan, materials(style, plan.mode, asked=False))
            for seed in range(2)
            for plan in draw(resolved(style, "bed", 60.0), seed, 4)
        ]
        assert np.mean(rated) > 0.8, style


def test_being_commoner_than_the_sheet_earns_nothing_and_being_strange_to_it_costs() -> None:
    plan = draw(resolved("rock", "bed", 60.0), 1, 1)[0]
    stuff = materials("rock", plan.mode, asked=False)
    above = likelihood.above_own(plan, stuff.themes, stuff.contrasts)
    assert above is not None
    assert above < scoring.FINE
    assert scoring.heard(plan, stuff) == 1.0
    odd = ("#iv", "bII", "III+", "#I7", "bV", "vi7/7")
    strange = msgspec.structs.replace(plan, chords=tuple(
        chord_of(odd[at % len(odd)], chord.at, chord.length, plan.tonic)
        for at, chord in enumerate(plan.chords)
    ))  # fmt: skip
    assert scoring.heard(strange, stuff) < 0.5
    assert scoring.score(strange, resolved("rock"), stuff) < scoring.score(
        plan, resolved("rock"), stuff
    )


def test_ten_plans_of_a_brief_keep_their_own_progressions() -> None:
    different = [
        len({diversity.progression(plan) for plan in draw(resolved(style, "bed", 60.0), seed, 10)})
        for style in styles.names()
        for seed in range(2)
    ]
    print(f"{np.mean(different):.2f} different progressions among ten plans")
    assert np.mean(different) > 9.4
    assert min(different) >= 7


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(likelihood.PACKAGED, folder / "planner"))


def test_the_manifest_names_these_weights_their_sources_and_their_figures() -> None:
    manifest = json.loads((likelihood.PACKAGED / "manifest.json").read_text())
    assert Likelihood().digest == manifest["files"]["planner.onnx"]
    assert (likelihood.PACKAGED / "planner.onnx").stat().st_size <= 1_000_000
    assert all(one["credit"] and one["licences"] for one in manifest["sources"].values())
    figures = manifest["figures"]["bits_per_chord"]
    for corpus, said in figures["network"].items():
        assert said < figures["bigram"][corpus] < figures["unigram"][corpus], corpus


def test_other_weights_than_the_manifest_names_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = folder / "planner.onnx"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelMissing, match="not the file its manifest names"):
        Likelihood(folder)
    weights.unlink()
    with pytest.raises(ModelMissing, match="is missing"):
        Likelihood(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelMissing, match="no planner in"):
        Likelihood(folder)


@pytest.mark.parametrize("shape", ["features", "told"])
def test_weights_of_an_unknown_shape_are_refused(tmp_path: Path, shape: str) -> None:
    folder = copied(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[shape] = manifest[shape][:-1]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelMissing, match="other features"):
        Likelihood(folder)
