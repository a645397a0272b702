"""Other versions of a piece: a game's layers, cut-downs, stings, transitions. No new music.

Each is played from the piece's own manuscript and mastered as the order says. Where several files
belong together (layers, the parts of a loop) they come from one mix, so that a game may go from one
to the other at any sample.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct, structs

from engine.arrange import arrange
from engine.contracts import Marker, Plan, Resolved
from engine.contracts import Version as Kind
from engine.errors import EngineError
from engine.master.mastering import Master
from engine.plan import gestures
from engine.plan.gestures import Gesture
from engine.plan.relatives import TooShort, carried, cut_down, layers, underscore, without
from engine.score import Score, bar_ticks, seconds_per_tick
from engine.sound.loudness import programme_lufs, true_peak_dbtp
from engine.studio.manuscript import Manuscript
from engine.studio.rooms import Rooms
from engine.studio.sounding import Clock, loops, sounded
from engine.studio.stems import there

__all__ = ["NoSuchVersion", "TooShort", "Version", "versions"]

INTRO_LU = -2.0  # an intro is a little calmer than the loop that it leads into
LONGEST_TAIL_S = 8.0
SILENT = 10 ** (-72 / 20)
JOIN_S = 0.002
Sound = np.ndarray


class NoSuchVersion(EngineError):
    """A version that this music cannot have; the message says which it can."""


class Version(Struct, frozen=True, kw_only=True):
    """A piece in another shape, mastered.

    ``entry`` and ``exit`` are the frames where its bars begin and end; what lies outside rings.
    """

    name: str
    version: Kind
    score: Score
    mastered: Master
    loop: bool = False
    entry: int = 0
    exit: int = 0
    markers: tuple[Marker, ...] = ()
    parent: str | None = "master"


def versions(
    kind: Kind,
    kept: Manuscript,
    resolved: Resolved,
    rooms: Rooms,
    *,
    duration_ms: int | None = None,
    stems: Sequence[str] = ("all",),
) -> Iterator[Version]:
    """The files of one version, in order. ``resolved`` says rate, loudness and length.

    Raises `NoSuchVersion` or `TooShort` where this music has none.
    """
    if duration_ms is not None and kind not in ("cut", "sting", "transition"):
        raise NoSuchVersion(f"a length belongs to a cut, a sting or a transition, not to {kind}")
    table: Mapping[str, Callable[[], Iterator[Version]]] = {
        "master": lambda: _master(kept, resolved, rooms),
        "stems": lambda: _stems(kept, resolved, rooms, stems),
        "layers": lambda: _layers(kept, resolved, rooms),
        "cut": lambda: _cut(kept, resolved, rooms, duration_ms),
        "sting": lambda: _gesture("sting", gestures.sting, kept, resolved, rooms, duration_ms),
        "transition": lambda: _gesture(
            "transition", gestures.transition, kept, resolved, rooms, duration_ms
        ),
        "underscore": lambda: _underscore(kept, resolved, rooms),
        "no_drums": lambda: _no_drums(kept, resolved, rooms),
        "loop_parts": lambda: _loop_parts(kept, resolved, rooms),
    }
    yield from table[kind]()


# --- the whole piece ------------------------------------------------------------------------------


def _master(kept: Manuscript, resolved: Resolved, rooms: Rooms) -> Iterator[Version]:
    whole = sounded(resolved, kept.score, kept.seed, rooms.bank, Clock())
    yield _whole("master", "master", kept.score, whole, resolved, parent=None)


def _stems(
    kept: Manuscript, resolved: Resolved, rooms: Rooms, wanted: Sequence[str]
) -> Iterator[Version]:
    """The stems of one mix; where all are wanted they add up to the master."""
    possible = there(kept.score)
    names = list(dict.fromkeys(wanted))
    if missing := [name for name in names if name not in (*possible, "all")]:
        raise NoSuchVersion(
            f"this music has no stem {', '.join(missing)}; it has {', '.join(possible)}"
        )
    whole = sounded(resolved, kept.score, kept.seed, rooms.bank, Clock(), stems=names)
    for name in sorted(whole.stems) if "all" in names else names:
        yield _whole(f"stem.{name}", "stems", kept.score, _summed(whole, [name]), resolved)


def _layers(kept: Manuscript, resolved: Resolved, rooms: Rooms) -> Iterator[Version]:
    """The piece's intensities, calmest first; the last one is the piece itself.

    All are cut from one mix, so a game hears players come and go, but no jump in what goes on.
    """
    whole = sounded(resolved, kept.score, kept.seed, rooms.bank, Clock(), stems=("all",))
    for number, plan in enumerate(layers(kept.score.plan), 1):
        score = _fewer(kept.score, plan)
        layer = _summed(whole, sorted({part.group for part in plan.parts}))
        yield _whole(f"layer-{number}", "layers", score, layer, resolved)


def _underscore(kept: Manuscript, resolved: Resolved, rooms: Rooms) -> Iterator[Version]:
    """The bed under speech: no melody, the accompaniment a step sparser."""
    lines = [line for line in kept.lines if line.role not in ("lead", "counter")]
    score = arrange(underscore(kept.score.plan), tuple(lines), kept.seed)
    made = sounded(resolved, score, kept.seed, rooms.bank, Clock())
    yield _whole("underscore", "underscore", score, made, resolved)


def _no_drums(kept: Manuscript, resolved: Resolved, rooms: Rooms) -> Iterator[Version]:
    if all(part.plan.group != "drums" for part in kept.score.parts):
        raise NoSuchVersion("this music has no drums; its master is the version without them")
    score = _fewer(kept.score, without(kept.score.plan, "drums"))
    made = sounded(resolved, score, kept.seed, rooms.bank, Clock())
    yield _whole("no_drums", "no_drums", score, made, resolved)


def _whole(
    name: str,
    kind: Kind,
    score: Score,
    made: Master,
    resolved: Resolved,
    parent: str | None = "master",
) -> Version:
    """A version that is as long as the piece."""
    loop = loops(resolved)
    return Version(
        name=name,
        version=kind,
        score=score,
        mastered=made,
        loop=loop,
        exit=len(made.audio) if loop else _bars_end(score, made),
        markers=marked(score, made.sample_rate, len(made.audio)),
        parent=parent,
    )


def _summed(whole: Master, groups: Sequence[str]) -> Master:
    audio = np.zeros_like(whole.audio)
    for group in groups:
        if group in whole.stems:
            audio += whole.stems[group]
    return measured(whole, audio)


def _fewer(score: Score, plan: Plan) -> Score:
    """The score without the parts that a version has not. Arranging anew would not do: players that
    are alone spread into the room of those who are to come, and sound another note with them."""
    roles = {part.role for part in plan.parts}
    return Score(plan=plan, parts=tuple(part for part in score.parts if part.plan.role in roles))


# --- shorter ones ---------------------------------------------------------------------------------


def _cut(
    kept: Manuscript, resolved: Resolved, rooms: Rooms, duration_ms: int | None
) -> Iterator[Version]:
    """The same lines in fewer bars with their own ending, played and mastered anew."""
    if duration_ms is None:
        raise NoSuchVersion("a cut needs duration_ms, such as 30000 or 15000")
    cut = cut_down(kept.score.plan, duration_ms)
    score = arrange(cut.plan, carried(kept.lines, cut), kept.seed)
    yield _played(f"cut-{duration_ms / 1000:g}s", "cut", score, kept, resolved, rooms, duration_ms)


def _gesture(
    kind: Kind,
    make: Callable[[Score, float | None], Gesture],
    kept: Manuscript,
    resolved: Resolved,
    rooms: Rooms,
    duration_ms: int | None,
) -> Iterator[Version]:
    """A sting or a transition, on the piece's grid; its goal is marked ``sync``."""
    gesture = make(kept.score, None if duration_ms is None else duration_ms / 1000)
    score = gesture.score
    tick_s = seconds_per_tick(score.plan.tempo, score.plan.meter)
    if duration_ms is None:
        duration_ms = round((score.length + score.plan.ring_ticks) * tick_s * 1000)
    made = _played(kind, kind, score, kept, resolved, rooms, duration_ms)
    goal = round(gesture.goal * tick_s * made.mastered.sample_rate)
    yield structs.replace(made, exit=goal, markers=(Marker(frame=goal, name="sync"),))


def _played(
    name: str,
    kind: Kind,
    score: Score,
    kept: Manuscript,
    resolved: Resolved,
    rooms: Rooms,
    duration_ms: int,
) -> Version:
    """A score of its own length, played once through."""
    frames = round(duration_ms * resolved.delivery.sample_rate / 1000)
    once = structs.replace(
        resolved, kind="bed", duration_ms=duration_ms, duration_frames=frames, bars=None
    )
    made = sounded(once, score, kept.seed, rooms.bank, Clock())
    return Version(
        name=name,
        version=kind,
        score=score,
        mastered=made,
        exit=_bars_end(score, made),
        markers=marked(score, made.sample_rate, frames),
    )


def _bars_end(score: Score, made: Master) -> int:
    """The frame of the last bar line, which may be the end of the file."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * made.sample_rate
    return min(round(score.length * pace), len(made.audio))


# --- the parts of a loop --------------------------------------------------------------------------


def _loop_parts(kept: Manuscript, resolved: Resolved, rooms: Rooms) -> Iterator[Version]:
    """Intro, the loop's first pass, the loop, its tail.

    The first pass has nothing ringing over from a pass before it; with the tail laid over its
    beginning it is the loop. The tail is what rings when the loop is left.
    """
    if resolved.kind == "ambience":
        raise NoSuchVersion("an ambience has no beginning and there is nothing to leave")
    if not loops(resolved):
        raise NoSuchVersion(f"only a loop has an intro and a tail; this is a {resolved.kind}")
    loop = sounded(resolved, kept.score, kept.seed, rooms.bank, Clock())
    tail = _tail(kept, resolved, rooms, loop)
    first = loop.audio.copy()
    for start in range(0, len(tail), len(first)):
        piece = tail[start : start + len(first)]
        first[: len(piece)] -= piece
    yield _intro(kept, resolved, rooms, loop)
    once = _whole("first_pass", "loop_parts", kept.score, measured(loop, first), resolved)
    yield structs.replace(once, loop=False)
    yield _whole("loop", "loop_parts", kept.score, loop, resolved)
    yield Version(
        name="tail",
        version="loop_parts",
        score=Score(plan=kept.score.plan, parts=()),
        mastered=measured(loop, tail),
    )


def _tail(kept: Manuscript, resolved: Resolved, rooms: Rooms, loop: Master) -> Sound:
    """What rings after the loop's last bar, at the loop's own level.

    The loop is played once more, with silence behind it instead of itself: the same strokes in the
    same mix, so that the tail goes on where the loop was left.
    """
    frames, rate = len(loop.audio), loop.sample_rate
    rests = -(-round(LONGEST_TAIL_S * rate) // frames)
    score = gestures.rested(kept.score, rests)
    once = structs.replace(
        resolved,
        bars=score.plan.bars,
        duration_frames=frames * (rests + 1),
        duration_ms=round(frames * (rests + 1) * 1000 / rate),
    )
    made = sounded(once, score, kept.seed, rooms.bank, Clock()).audio
    folded = made.reshape(rests + 1, frames, -1).sum(axis=0)
    own = float(np.sum(folded**2, dtype=np.float64))
    gain = float(np.sum(folded * loop.audio, dtype=np.float64)) / own if own else 0.0
    tail = made[frames:] * np.float32(gain)
    return _closed(_joined(loop.audio, tail, rate), rate)


def _joined(loop: Sound, tail: Sound, rate: int) -> Sound:
    """The tail from where the loop really stands: a limiter that heard the next lap had left it a
    little elsewhere, which is given up over a few milliseconds."""
    step = loop[-1] + (loop[-1] - loop[-2]) - tail[0]
    fall = np.exp(-np.arange(len(tail), dtype=np.float32) / (JOIN_S * rate))
    return tail + fall[:, None] * step


def _closed(tail: Sound, rate: int) -> Sound:
    """Up to where it can no longer be heard, and there down to nothing."""
    loud = np.flatnonzero(np.abs(tail).max(axis=1) > SILENT)
    end = min(len(tail), (int(loud[-1]) if len(loud) else 0) + rate // 20)
    out = tail[:end].copy()
    close = min(len(out), rate // 20)
    fall = 0.5 + 0.5 * np.cos(np.pi * (np.arange(close) + 1) / max(close, 1))
    out[len(out) - close :] *= fall.astype(np.float32)[:, None]
    return out


def _intro(kept: Manuscript, resolved: Resolved, rooms: Rooms, loop: Master) -> Version:
    """Two bars that lead in; what rings over the loop's first bar comes after ``exit``."""
    score = gestures.intro(kept.score)
    bars = round(len(loop.audio) * score.plan.bars / kept.score.plan.bars)
    ring = round(gestures.RING_S * loop.sample_rate)
    lufs = max(-36.0, loop.loudness_lufs + INTRO_LU)
    once = structs.replace(
        resolved,
        kind="bed",
        duration_frames=bars + ring,
        duration_ms=round((bars + ring) * 1000 / loop.sample_rate),
        delivery=structs.replace(resolved.delivery, lufs=lufs),
    )
    made = sounded(once, score, kept.seed, rooms.bank, Clock())
    return Version(name="intro", version="loop_parts", score=score, mastered=made, exit=bars)


# --- what all share -------------------------------------------------------------------------------


def measured(like: Master, audio: Sound) -> Master:
    """Another sound that went through the same master."""
    return structs.replace(
        like,
        audio=audio,
        stems={},
        loudness_lufs=round(float(programme_lufs(audio, like.sample_rate)), 3),
        true_peak_dbtp=round(float(true_peak_dbtp(audio, like.sample_rate)), 3),
    )


def marked(score: Score, sample_rate: int, frames: int) -> tuple[Marker, ...]:
    """Where the sections of a score begin."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * sample_rate
    bar = bar_ticks(score.plan.meter) * pace
    places = (
        Marker(frame=round(section.bar * bar), name=section.name) for section in score.plan.sections
    )
    return tuple(place for place in places if place.frame < frames)
