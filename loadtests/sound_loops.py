"""The seams of loops, each against its own bar lines, and against the same music played through.

A seam is a bar line: what the score does there, it does at every bar line. So two things are told.
How the seam's flux and level jump stand among those of the loop's other bar lines: of flawless
loops, half are above their median. And what the joint itself adds: the score is played twice in a
row as one loop of double length, whose middle line is the same place without a joint; the
difference is compared with the same difference at the other bar lines. A loop is worse where its
seam adds more than its median bar line and `RESOLUTION_DB`.

Both times are played by the same hands. What players do anew the second time is no fault of a
joint, and it is large: a piano's touch alone moves the flux of a line by up to 6 dB.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from msgspec import Struct, structs

from engine.contracts import Brief, Delivery
from engine.errors import BriefRefused
from engine.master.seam import Lines, line_count, lines
from engine.render import phrasing, touch
from engine.score import Note, Score, beats_per_bar
from loadtests.sound_pieces import RATE, STYLES, Library, Piece

RESOLUTION_DB = 1.0  # less is not heard as a change of level
BARS = (8, 4, 16, 2, 12, 6, 3, 1, 8, 5)


class Seam(Struct, frozen=True, kw_only=True):
    """One loop. ``added`` is at the seam, ``usual`` at its median bar line; flux and jump, dB."""

    what: str
    rank: tuple[float, float]  # share of the other bar lines that are calmer
    added: tuple[float, float]
    usual: tuple[float, float]
    beyond: tuple[float, float]  # above the roughest of the other lines

    @property
    def worse(self) -> bool:
        return any(a > u + RESOLUTION_DB for a, u in zip(self.added, self.usual, strict=True))


def briefs(count: int, seed: int) -> list[Brief]:
    """Loops of 1 to 16 bars in every style, at every rate."""
    rng = np.random.default_rng([seed, 100])
    return [
        Brief(
            kind="loop",
            style=STYLES[number % len(STYLES)],
            bars=BARS[number % len(BARS)],
            candidates=1,
            delivery=Delivery(sample_rate=int(rng.choice([44_100, 48_000, 96_000]))),  # type: ignore[arg-type]
        )
        for number in range(count)
    ]


def seams(library: Library, asked: list[Brief], seed: int) -> Iterator[Seam]:
    """Every loop, mastered, against itself played twice."""
    for number, brief in enumerate(asked):
        piece = _long_enough(library, brief, seed + number)
        count = line_count(piece.score.plan.bars, beats_per_bar(piece.score.plan.meter))
        once = _lines(library, piece, count)
        with _same_hands(piece.score.length):
            twice = _lines(library, _twice(piece), 2 * count)
        yield _compared(piece, once, twice)


def _long_enough(library: Library, brief: Brief, seed: int) -> Piece:
    """The loop, with twice as many bars as often as it is refused for being too short."""
    for bars in (brief.bars or 1, 2, 4, 8):
        try:
            return library.pieces(structs.replace(brief, bars=bars), seed)[0]
        except BriefRefused:
            continue
    raise AssertionError("eight bars are long enough")


@contextmanager
def _same_hands(lap: int) -> Iterator[None]:
    """Dice that fall in every lap of ``lap`` ticks as in the first."""
    thrown = touch.dice

    def again(seed: int, role: str, what: str, notes: Sequence[Note]) -> np.ndarray:
        return thrown(
            seed, role, what, [_later(note, -(note.start // lap) * lap) for note in notes]
        )

    touch.dice = phrasing.dice = again
    try:
        yield
    finally:
        touch.dice = phrasing.dice = thrown


def _twice(piece: Piece) -> Piece:
    """The same bars two times in a row, as one loop: at the studio's own rate, at which both laps
    begin on a frame."""
    resolved = structs.replace(
        piece.resolved,
        duration_ms=2 * piece.resolved.duration_ms,
        duration_frames=2 * piece.frames,
        delivery=structs.replace(piece.resolved.delivery, sample_rate=RATE),
    )
    return structs.replace(piece, resolved=resolved, score=_doubled(piece.score))


def _doubled(score: Score) -> Score:
    bars, length = score.plan.bars, score.length
    plan = structs.replace(
        score.plan,
        bars=2 * bars,
        sections=score.plan.sections
        + tuple(structs.replace(one, bar=one.bar + bars) for one in score.plan.sections),
        chords=score.plan.chords
        + tuple(structs.replace(one, at=one.at + length) for one in score.plan.chords),
    )
    parts = tuple(
        structs.replace(part, notes=part.notes + tuple(_later(note, length) for note in part.notes))
        for part in score.parts
    )
    return structs.replace(score, plan=plan, parts=parts)


def _later(note: Note, ticks: int) -> Note:
    return structs.replace(note, start=note.start + ticks)


def _lines(library: Library, piece: Piece, count: int) -> Lines:
    done = library.sound(piece)
    return lines(done.audio, done.sample_rate, count)


def _compared(piece: Piece, once: Lines, twice: Lines) -> Seam:
    ranks, added, usual, beyond = [], [], [], []
    for name in ("flux_db", "jump_db"):
        file, through = getattr(once, name), getattr(twice, name)
        # The second time's first line lies between both times: the seam's place, without a joint.
        second = through[len(file) :]
        ranks.append(float(np.mean(file[1:] < file[0])))
        added.append(float(file[0] - second[0]))
        usual.append(float(np.median(np.abs(file[1:] - second[1:]))))
        beyond.append(float(file[0] - file[1:].max()))
    rate, bars = piece.resolved.delivery.sample_rate, piece.score.plan.bars
    return Seam(
        what=f"{piece.resolved.style} {bars} bars {rate} Hz",
        rank=(ranks[0], ranks[1]),
        added=(added[0], added[1]),
        usual=(usual[0], usual[1]),
        beyond=(beyond[0], beyond[1]),
    )
