"""Layers and cut-downs of a candidate are the same notes, to the sample where that is promised."""

import io
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import soundfile

from engine.arrange import arrange
from engine.contracts import Brief, Resolved
from engine.plan.relatives import Cut, carried, cut_down
from engine.score import Note, Score, bar_ticks
from engine.studio.rooms import Rooms
from engine.studio.takes import Take, sheets, written
from engine.studio.versions import layered, shortened
from engine.words import resolve

SEED = 31
STYLES = ("lofi", "rock", "orchestral_tender", "chinese_traditional", "synthwave")


def _resolved(style: str, **fields) -> Resolved:
    return resolve(Brief(style=style, candidates=1, **fields), SEED)


def _take(resolved: Resolved, rooms: Rooms) -> Take:
    return written(sheets(resolved, SEED, 0, 1, 1), SEED, rooms)[0]


def _part(score: Score, role: str) -> tuple[Note, ...]:
    return next((part.notes for part in score.parts if part.plan.role == role), ())


def _bars(score: Score, role: str, bar: int) -> list[tuple[int, int]]:
    """(sixteenth of the bar, pitch) of every note that belongs to a bar."""
    length = bar_ticks(score.plan.meter)
    return sorted(
        (round((note.start - bar * length) / 120), note.pitch)
        for note in _part(score, role)
        if round((note.start - bar * length) / 120) in range(length // 120)
    )


def _others(take: Take, cut: Cut, short: Score) -> list[int]:
    """The cut-down's bars whose lead is not its parent's bar again."""
    return [
        bar
        for place, bar in enumerate(cut.bars)
        if _bars(short, "lead", place) != _bars(take.score, "lead", bar)
    ]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("duration_ms", [30_000, 15_000])
def test_a_cut_down_plays_its_parents_lead(style: str, duration_ms: int, rooms: Rooms) -> None:
    take = _take(_resolved(style, kind="bed", duration_ms=60_000), rooms)
    cut = cut_down(take.plan, duration_ms)
    short = arrange(cut.plan, carried(take.lines, cut), take.seed)
    assert _part(short, "lead")
    # A player freshens a bar that the cut has made one like bar too many.
    assert len(_others(take, cut, short)) <= 1


def _heard(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)[0]


def test_layers_add_players_and_change_no_note(rooms: Rooms) -> None:
    resolved = _resolved("chiptune", kind="loop", bars=4)
    take = _take(resolved, rooms)
    versions = list(layered(resolved, take, rooms))
    assert [one.name for one in versions] == [f"layer-{at}" for at in range(1, len(versions) + 1)]
    sounds = [_heard(one.master) for one in versions]
    assert {len(sound) for sound in sounds} == {resolved.duration_frames}
    loudness = [float((sound**2).mean()) for sound in sounds]
    assert loudness == sorted(loudness)
    assert versions[-1].score.parts == take.score.parts
    for version in versions:
        for part in version.score.parts:
            assert part.notes == _part(take.score, part.plan.role)
    for fewer, more in pairwise(versions):
        assert set(fewer.score.parts) < set(more.score.parts)


def test_a_cut_down_is_exactly_as_long_as_asked(rooms: Rooms) -> None:
    resolved = _resolved("chiptune", kind="bed", duration_ms=20_000)
    take = _take(resolved, rooms)
    for duration_ms in (12_000, 8_000):
        version = shortened(resolved, take, rooms, duration_ms)
        sound = _heard(version.master)
        assert len(sound) == duration_ms * resolved.delivery.sample_rate // 1000
        assert np.abs(sound[-48:]).max() < 0.01
        assert version.name == f"{duration_ms // 1000}s"
        assert msgspec.json.encode(version.score.plan)
