"""One brief in the studio: plan, compose and critique, then render, master and listen again.

All takes are composed and judged on paper first; then, in the order of their rank, each one is
rendered, mastered and heard. A take that fails the second hearing is retracted and the next in rank
takes its place. The whole walk is a pure function of (resolved, seed, rooms) and of what other
accounts had licensed by then: a second studio that starts over finds the same takes in the same
order, but for those that share a tune with what was licensed in between.
"""

import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import wait
from contextlib import closing
from functools import partial
from pathlib import Path

from msgspec import Struct, structs

from engine.arrange.midi import write_midi
from engine.backends.contracts import Label, Others, Stop, Tell
from engine.compose.seats import Seat
from engine.contracts import Made, Outline, Resolved, RetractedTake
from engine.critique.originality import Finding
from engine.errors import Stopped
from engine.master import files
from engine.memory import give_back_large_blocks
from engine.plan import likelihood
from engine.plan.outline import outline
from engine.provenance.origin import origin
from engine.queue.contracts import Progress
from engine.studio import manuscript as manuscripts
from engine.studio import said
from engine.studio.bars import Bars
from engine.studio.pace import Pace
from engine.studio.playing import Sounded, reason_of
from engine.studio.rooms import Rooms
from engine.studio.stage import LONG_MS, Playing, Stage, Threads
from engine.studio.takes import (
    NOBODYS,
    RULED,
    Sheet,
    Take,
    beside,
    code_of,
    compared,
    first_number,
    in_rank,
    nobody,
    outlines,
    sheets,
    wanted,
    written,
)
from engine.words.outline import PLANNED

__all__ = ["Candidate", "Performance", "outlines", "perform"]

ROUNDS = 6  # over-generated rounds before a brief ends with fewer candidates than asked
TOLD_S = 1.0  # how often a session that is being composed says that it moves
LOOK_S = 0.1  # how often who waits for a player looks whether it is to stop
RENDERING_TOLD_S = 10.0  # how often he says that the players move
SLOWEST = 6.0  # seconds that a player may need for one of sound until it seems to stand still


class Candidate(Struct, frozen=True, kw_only=True):
    """A take good enough to offer, with its sound."""

    made: Made
    take: Take
    master: bytes
    preview: bytes
    evaluation: bytes
    midi: bytes
    manuscript: bytes
    sheet: bytes
    stems: Mapping[str, bytes | Path]


Performance = Generator[Candidate | RetractedTake, None, None]


def perform(
    resolved: Resolved,
    seed: int,
    rooms: Rooms,
    *,
    label: Label,
    tell: Tell,
    done: Mapping[int, int] | None = None,
    others: Others = nobody,
    stop: Stop = lambda: False,
    stage: Stage | None = None,
    seat: Seat = NOBODYS,
) -> "Performance":
    """Candidates in rank order, and the takes that were retracted on the way.

    ``done`` maps the numbers of candidates that were delivered before to their takes; they are
    composed again, which is cheap, but neither rendered nor yielded. ``label`` names a candidate
    for the tags of its evaluation copy. ``others`` is asked once a lap what other accounts hold.
    ``stop`` is asked at every step of the composer and while takes are played. Without a ``stage``
    threads play, for this brief alone. ``seat`` says for whom it is written, and until when.
    """
    if stage is None:
        with closing(Threads(rooms.bank)) as own:
            yield from perform(
                resolved, seed, rooms, label=label, tell=tell, done=done, others=others,
                stop=stop, stage=own, seat=seat,
            )  # fmt: skip
        return
    give_back_large_blocks()
    delivered = dict(done or {})
    kept: list[Take] = []
    number = first_number(resolved)
    bars = Bars(tell)
    for lap in range(ROUNDS):
        if len(kept) >= resolved.candidates:
            return
        count = wanted(resolved, resolved.candidates - len(kept))
        tell(Progress(step="plan", done=0, total=count))
        planned = sheets(resolved, seed, lap, number, count, [take.plan for take in kept])
        number += len(planned)
        tell(said.drawn(planned))
        composing = Progress(step="compose", done=0, total=count)
        tell(composing)
        seated = structs.replace(seat, stop=_asked(tell, composing, stop))
        composed = _composed(planned, seed, rooms, seated, tell, bars)
        takes = compared(composed, others, delivered.values())
        for take in takes:
            tell(said.written(take))
        yield from (
            RetractedTake(take=take.number, reason=reason_of(take.verdict), code=code_of(take))
            for take in takes
            if not take.verdict.kept
        )
        good = [take for take in takes if take.verdict.kept]
        order = in_rank(resolved, good, kept)
        tell(said.ranked(order))
        made_before = [take for take in order if take.number in delivered.values()]
        kept += made_before
        fresh = [take for take in order if take not in made_before]
        with _Ahead(resolved, stage, fresh, stop, tell, rooms.pace) as players:
            for take in fresh:
                missing = resolved.candidates - len(kept)
                if missing <= 0:
                    return
                rendering = Progress(step="render", done=len(kept), total=resolved.candidates)
                tell(rendering)
                outcome = players.sound(take, missing, partial(tell, rendering))
                if isinstance(outcome, RetractedTake):
                    yield outcome
                    continue
                with closing(outcome):
                    if len(delivered) >= resolved.candidates:
                        return  # what others hold has changed since all were delivered
                    place = _free_place(delivered)
                    found = beside(take, kept)
                    kept.append(take)
                    delivered[place] = take.number
                    yield _candidate(resolved, take, place, rooms, label(place), outcome, found)


def _composed(
    planned: list[Sheet], seed: int, rooms: Rooms, seat: Seat, tell: Tell, bars: Bars
) -> list[Take]:
    """The takes of a lap, and what is told of them meanwhile."""
    ruled = planned[0].plan.kind in RULED
    units, began = 0 if ruled else sum(one.plan.bars for one in planned), time.monotonic()
    takes = [one.number for one in planned]
    tell(said.begun("composing", takes, rooms.pace.expected_s("composing", units)))
    bars.begin(planned)
    found = written(planned, seed, rooms, seat, bars.kept)
    rooms.pace.took("composing", units, time.monotonic() - began)
    return found


def _asked(tell: Tell, composing: Progress, stop: Stop) -> Stop:
    """What the composer asks at every step; who watches the session is told that it moves."""
    told = time.monotonic()

    def asked() -> bool:
        nonlocal told
        if (now := time.monotonic()) - told >= TOLD_S:
            told = now
            tell(composing)
        return stop()

    return asked


def _outline(resolved: Resolved, take: Take) -> Outline | None:
    """The plan as the client may edit it, of kinds that have such a plan."""
    if resolved.kind not in PLANNED:
        return None
    return outline(take.plan, resolved.duration_ms, take.number)


def _free_place(delivered: Mapping[int, int]) -> int:
    return next(number for number in range(1, len(delivered) + 2) if number not in delivered)


class _Ahead:
    """Sends takes to the stage in the order of their rank, the next ones while one is waited for.

    At most as many are under way as are still wanted, and of long pieces only one.
    """

    def __init__(
        self,
        resolved: Resolved,
        stage: Stage,
        takes: list[Take],
        stop: Stop,
        tell: Tell,
        pace: Pace,
    ) -> None:
        self._resolved, self._stage, self._stop, self._tell = resolved, stage, stop, tell
        self._waiting = list(takes)
        self._begun: dict[int, Playing] = {}
        self._pace, self._seconds = pace, resolved.duration_ms / 1000
        self._told: set[int] = set()

    def __enter__(self) -> "_Ahead":
        return self

    def __exit__(self, *_: object) -> None:
        for playing in self._begun.values():
            if not playing.cancel():
                playing.add_done_callback(_forgotten)

    def sound(self, take: Take, missing: int, moves: Callable[[], None]) -> Sounded | RetractedTake:
        """The take's sound, and a start on the next ones; `Stopped` where none is wanted now.

        ``moves`` is told meanwhile, unless the players seem to stand still.
        """
        # One more than play at once waits in the row, so that no player is ever idle.
        ahead = 1 if self._resolved.duration_ms > LONG_MS else min(missing, self._stage.places + 1)
        while self._waiting and len(self._begun) < ahead:
            one = self._waiting.pop(0)
            self._begun[one.number] = self._stage.submit(self._resolved, one)
        self._await(self._begun[take.number], moves)
        outcome = self._begun.pop(take.number).result()
        if isinstance(outcome, Sounded):
            self._pace.took("rendering", self._seconds, sum(outcome.laps.values()))
        return outcome

    def _say_begun(self) -> None:
        """Tell of takes that a player has begun since the last time."""
        for number, playing in self._begun.items():
            if number not in self._told and (playing.running() or playing.done()):
                self._told.add(number)
                expected_s = self._pace.expected_s("rendering", self._seconds)
                self._tell(said.begun("rendering", [number], expected_s))

    def _await(self, playing: Playing, moves: Callable[[], None]) -> None:
        """Until the take is played: whoever waits for a long one, or behind those of others, is not
        stuck."""
        patience = SLOWEST * self._resolved.duration_ms / 1000
        turns, since = self._stage.turns, time.monotonic()
        told = since
        self._say_begun()
        while not playing.done():
            if self._stop():
                raise Stopped
            wait([playing], timeout=LOOK_S)
            self._say_begun()
            now = time.monotonic()
            if self._stage.turns != turns:
                turns, since = self._stage.turns, now
            if now - told >= RENDERING_TOLD_S and now - since < patience:
                told = now
                moves()


def _forgotten(playing: Playing) -> None:
    """Remove the files of a take that nobody waits for any more."""
    if not playing.cancelled() and playing.exception() is None:
        outcome = playing.result()
        if isinstance(outcome, Sounded):
            outcome.close()


def _candidate(
    resolved: Resolved,
    take: Take,
    number: int,
    rooms: Rooms,
    label: str,
    sounded: Sounded,
    alike: Finding,
) -> Candidate:
    """A take as the candidate of this number, its copies labelled."""
    midi = write_midi(take.score)
    made = Made(
        number=number,
        take=take.number,
        seed=take.seed,
        rating=round((take.verdict.rating), 4),
        resolved=resolved,
        plan=take.plan,
        outline=_outline(resolved, take),
        measured=sounded.measured,
        rewrites=take.rewrites,
        peaks=sounded.peaks,
        provenance=origin(
            resolved=resolved,
            plan=take.plan,
            seed=take.seed,
            model_digest=rooms.composer.digest,
            planner_digest=likelihood.packaged().digest,
            bank_name=rooms.bank.name,
            bank_digest=rooms.bank.digest,
            midi=midi,
            master=sounded.master,
        )
        | {
            "bits_per_note": round(take.bits_per_note, 3),
            "originality": take.quoted.facts()
            | {"delivered": take.shared.facts(), "brief": alike.facts(limited=False)},
        },
        timings_s=sounded.laps,
    )
    return Candidate(
        made=made,
        take=take,
        master=sounded.master,
        preview=files.preview_mp3(sounded.preview, label=label),
        evaluation=files.evaluation_wav(sounded.master, label=label),
        midi=midi,
        manuscript=manuscripts.written(manuscripts.manuscript(take)),
        sheet=sounded.sheet,
        stems=sounded.stems,
    )
