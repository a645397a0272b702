"""What the second hearing lets through and what it does not: real masters, and faults put in."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from msgspec import Struct, structs

from engine import styles
from engine.contracts import Brief, Delivery, Resolved
from engine.critique import measure, panel
from engine.master import master
from engine.master.hearing import hear
from engine.render import render
from engine.score import Note, Score, beats_per_bar
from engine.studio.rooms import Rooms
from engine.studio.takes import sheets, written
from engine.words import resolve

RATE = 48_000
Sound = np.ndarray


class Heard(Struct, frozen=True, kw_only=True):
    """A master with its brief and score."""

    resolved: Resolved
    score: Score
    audio: Sound


@cache
def made(style: str, kind: str = "bed", rate: int = RATE, channels: int = 2) -> Heard:
    """One take of eight seconds, or of eight bars."""
    length = {"bars": 8} if kind == "loop" else {"duration_ms": 8000}
    brief = Brief(
        kind=kind,  # type: ignore[arg-type]
        style=style,
        candidates=1,
        delivery=Delivery(sample_rate=rate, channels=channels),  # type: ignore[arg-type]
        **length,
    )
    resolved = resolve(brief, 3)
    take = written(sheets(resolved, 3, 0, 1, 1), 3, _rooms[0])[0]
    loop = kind == "loop"
    frames = round(resolved.duration_frames * RATE / rate)
    stems = render(
        take.score, _rooms[0].bank, frames=frames, loop=loop, seed=take.seed, apart=False
    )
    done = master(
        stems, lufs=resolved.delivery.lufs or -16, true_peak_dbtp=-1.0, loop=loop, seed=take.seed,
        delivery=resolved.delivery, frames=resolved.duration_frames,
    )  # fmt: skip
    return Heard(resolved=resolved, score=take.score, audio=done.audio)


_rooms: list[Rooms] = []


@pytest.fixture(autouse=True)
def _furnished(rooms: Rooms) -> None:
    if not _rooms:
        _rooms.append(rooms)


def complaints(one: Heard, audio: Sound) -> list[str]:
    """Everything for which a take with this sound would be retracted."""
    plan = one.score.plan
    heard = hear(
        audio, one.resolved.delivery.sample_rate, loop=plan.kind == "loop",
        bars=plan.bars, beats=beats_per_bar(plan.meter),
    )  # fmt: skip
    measured = measure.constraints(one.resolved, one.score, heard, len(audio))
    broken = [each.name for each in measured if not each.passed and each.name in measure.HARD]
    return [*panel.hear(one.score, heard).reasons, *broken]


@pytest.mark.parametrize("style", styles.names())
def test_no_good_master_is_retracted(style: str) -> None:
    one = made(style)
    assert complaints(one, one.audio) == []


@pytest.mark.parametrize("style", ["house_edm", "meditation", "waltz_ballroom"])
def test_no_good_loop_is_retracted(style: str) -> None:
    one = made(style, "loop")
    assert complaints(one, one.audio) == []


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 6), (96_000, 4), (44_100, 1)])
def test_no_good_master_of_another_form_is_retracted(rate: int, channels: int) -> None:
    one = made("bossa", "bed", rate, channels)
    assert complaints(one, one.audio) == []


def silent_from(audio: Sound) -> Sound:
    audio[5 * RATE // 2 :] = 0
    return audio


def fading_away_early(audio: Sound) -> Sound:
    audio[RATE : 2 * RATE] *= np.linspace(1, 0, RATE, dtype=np.float32)[:, None] ** 2
    audio[2 * RATE :] = 0
    return audio


def one_channel_silent(audio: Sound) -> Sound:
    audio[:, 1] = 0
    return audio


def clipped(audio: Sound) -> Sound:
    most = np.abs(audio).max() * 0.6
    return np.clip(audio, -most, most)


def clipped_at_full_scale(audio: Sound) -> Sound:
    return np.clip(audio * (3 / np.abs(audio).max()), -1, 1)


def cut_while_it_sounds(audio: Sound) -> Sound:
    loudest = np.abs(audio[: 6 * RATE]).max(axis=1).reshape(-1, 4800).max(axis=1)
    audio[(20 + int(loudest[20:].argmax())) * 4800 + 4000 :] = 0
    return audio


def offset(audio: Sound) -> Sound:
    return audio + np.float32(0.01)


def clicked(audio: Sound) -> Sound:
    quiet = np.abs(np.diff(audio[:, 0], 2))[: 6 * RATE].reshape(-1, 960).max(axis=1)
    quiet = np.maximum(quiet, np.maximum(np.roll(quiet, 1), np.roll(quiet, -1)))
    at = (int(quiet[50:].argmin()) + 50) * 960 + 480
    audio[at] += np.float32(0.4)
    return audio


def too_long(audio: Sound) -> Sound:
    return np.concatenate([audio, audio[-1:]])


def too_short(audio: Sound) -> Sound:
    return audio[:-1]


def hole(audio: Sound) -> Sound:
    audio[2 * RATE : 4 * RATE] = 0
    return audio


def inverted(audio: Sound) -> Sound:
    audio[:, 1] *= -1
    return audio


def late(audio: Sound) -> Sound:
    return np.concatenate([np.zeros((2 * RATE, 2), np.float32), audio[: -2 * RATE]])


def silent(audio: Sound) -> Sound:
    return np.zeros_like(audio)


def too_quiet(audio: Sound) -> Sound:
    return audio * np.float32(10 ** (-0.4 / 20))


def too_high(audio: Sound) -> Sound:
    return audio * np.float32(10 ** (-0.9 / 20) / np.abs(audio).max())


def broken_number(audio: Sound) -> Sound:
    audio[RATE] = np.nan
    return audio


FAULTS: list[Callable[[Sound], Sound]] = [
    silent_from, fading_away_early, one_channel_silent, clipped, clipped_at_full_scale,
    cut_while_it_sounds, offset, clicked, too_long, too_short, hole, inverted, late, silent,
    too_quiet, too_high, broken_number,
]  # fmt: skip


@pytest.mark.parametrize("style", ["rock", "solo_piano", "dark_ambient"])
@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_every_planted_fault_is_found(spoil: Callable[[Sound], Sound], style: str) -> None:
    one = made(style)
    assert complaints(one, spoil(one.audio.copy()))


def without_its_tail(one: Heard) -> Sound:
    """The bars played once and cut: nothing rings over the seam."""
    stems = render(
        one.score, _rooms[0].bank, frames=len(one.audio), loop=False, seed=3, apart=False
    )
    return master(
        stems, lufs=-16.0, true_peak_dbtp=-1.0, loop=False, seed=3, frames=len(one.audio)
    ).audio


def short_of_a_frame(one: Heard) -> Sound:
    return one.audio[:-1]


def faded_out(one: Heard) -> Sound:
    audio = one.audio.copy()
    audio[-9600:] *= np.linspace(1, 0, 9600, dtype=np.float32)[:, None]
    return audio


def with_a_drone_that_does_not_fit(one: Heard) -> Sound:
    """0.03 Hz beside a whole number of turns, as loud as the loop."""
    seconds = len(one.audio) / RATE
    hertz = round(110 * seconds) / seconds + 0.03
    t = np.arange(len(one.audio)) / RATE
    drone = np.sin(2 * np.pi * hertz * t + 0.3) * one.audio.std() * 1.4
    audio = one.audio + drone[:, None].astype(np.float32)
    return audio * np.float32(one.audio.std() / audio.std())


@pytest.mark.parametrize("style", ["meditation", "waltz_ballroom"])
@pytest.mark.parametrize(
    "spoil",
    [without_its_tail, short_of_a_frame, faded_out, with_a_drone_that_does_not_fit],
    ids=lambda spoil: spoil.__name__,
)
def test_every_fault_of_a_loop_is_found(spoil: Callable[[Heard], Sound], style: str) -> None:
    one = made(style, "loop")
    assert complaints(one, spoil(one))


def test_a_rest_that_is_written_is_no_hole() -> None:
    one = made("rock")
    holed = one.audio.copy()
    holed[2 * RATE : 4 * RATE] = 0
    heard = hear(holed, RATE)
    pace = one.score.plan.tempo * 480 / 60  # ticks a second
    parts = tuple(
        structs.replace(part, notes=tuple(_short(note) for note in part.notes
                                          if not 1.8 * pace < note.start < 4 * pace))
        for part in one.score.parts
    )  # fmt: skip
    assert any("silent for" in reason for reason in panel.hear(one.score, heard).reasons)
    rested = panel.hear(structs.replace(one.score, parts=parts), heard)
    assert not any("silent for" in reason for reason in rested.reasons)


def _short(note: Note) -> Note:
    return structs.replace(note, length=min(note.length, 120))
