"""Casting: every family that was asked for has a player of its own, however many were asked for."""

import pytest
from plan_briefs import resolved

from engine import styles
from engine.plan import draw
from engine.styles import ranges
from engine.words.instruments import answers_to

TOGETHER = [
    ("guitar", "clavinet"), ("marimba", "strings", "flute"), ("piano", "double_bass", "harp"),
    ("erhu", "guzheng", "dizi"), ("choir", "organ"), ("trumpet", "clarinet", "synth_bass"),
    ("flute", "synth_bass", "double_bass"),
]  # fmt: skip


@pytest.mark.parametrize("style", styles.names())
@pytest.mark.parametrize("families", TOGETHER)
def test_families_asked_for_together_all_sound(style: str, families: tuple[str, ...]) -> None:
    for plan in draw(resolved(style, require=families), 5, 3):
        sounding = {role for section in plan.sections for role in section.roles}
        heard = [part for part in plan.parts if part.role in sounding]
        assert all(any(answers_to(part, name) for part in heard) for name in families)


@pytest.mark.parametrize("style", styles.names())
def test_sampled_players_stay_on_their_instruments(style: str) -> None:
    for plan in draw(resolved(style), 6, 6):
        for part in plan.parts:
            if part.patch is None and part.role not in ("drums", "fx"):
                lowest, highest = ranges.playable(part.program)
                assert lowest <= part.low < part.high <= highest
