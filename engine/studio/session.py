"""One brief in the studio: plan, compose and critique, then render, master and listen again.

All takes are composed and judged on paper first; then, in the order of their rank, each one is
rendered, mastered and heard. A take that fails the second hearing is retracted and the next in rank
takes its place. The whole walk is a pure function of (resolved, seed, rooms): a second studio that
starts over finds the same takes in the same order.
"""

import math
import time
from collections.abc import Callable, Collection, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import Struct

from engine.arrange import arrange
from engine.arrange.midi import write_midi
from engine.contracts import Made, Measured, Plan, Resolved, RetractedTake, Rewrite
from engine.critique import measure, panel
from engine.critique.bars import rater
from engine.critique.likeness import rank
from engine.critique.panel import Verdict
from engine.master import files, master
from engine.master.hearing import hear
from engine.master.mastering import Master
from engine.plan import draw
from engine.provenance.origin import derive_seed, origin
from engine.queue.contracts import Progress
from engine.render import render
from engine.score import Line, Score
from engine.studio.memory import give_back_large_blocks
from engine.studio.rooms import Rooms

TAKES_PER_CANDIDATE = {"draft": 1.0, "standard": 1.5, "best": 2.0}
ROUNDS = 6  # over-generated rounds before a brief ends with fewer candidates than asked
SAMPLE_RATE = 48_000
ABREAST = 2  # takes that are rendered side by side
LONG_MS = 150_000  # above this one at a time

Tell = Callable[[Progress], None]


class StopAsked(Exception):
    """The client or the operator wants this session to end now; raised by ``tell``."""


class Take(Struct, frozen=True, kw_only=True):
    """One try on paper."""

    number: int
    seed: int
    plan: Plan
    score: Score
    rewrites: tuple[Rewrite, ...]
    verdict: Verdict
    bits_per_note: float


class Offered(Struct, frozen=True, kw_only=True):
    """A candidate with its sound, before it is stored."""

    made: Made
    master: bytes
    preview: bytes
    evaluation: bytes
    midi: bytes
    stems: Mapping[str, bytes]


Performance = Generator[Offered | RetractedTake, None, None]


def perform(
    resolved: Resolved,
    seed: int,
    rooms: Rooms,
    *,
    label: Callable[[int], str],
    tell: Tell,
    done: Mapping[int, int] | None = None,
) -> "Performance":
    """Candidates in rank order, and the takes that were retracted on the way.

    ``done`` maps the numbers of candidates that were delivered before to their takes; they are
    composed again, which is cheap, but neither rendered nor yielded. ``label`` names a candidate
    for the tags of its evaluation copy.
    """
    give_back_large_blocks()
    delivered = dict(done or {})
    kept: list[Take] = []
    for lap in range(ROUNDS):
        if len(kept) >= resolved.candidates:
            return
        takes = _compose_lap(resolved, seed, rooms, lap, tell, [take.plan for take in kept])
        yield from (
            RetractedTake(take=take.number, reason=_reason(take.verdict))
            for take in takes
            if not take.verdict.kept
        )
        good = [take for take in takes if take.verdict.kept]
        order = _in_rank(good, kept, resolved.candidates)
        made_before = [take for take in order if take.number in delivered.values()]
        kept += made_before
        fresh = [take for take in order if take not in made_before]
        with _Players(resolved, rooms, fresh) as players:
            for take in fresh:
                missing = resolved.candidates - len(kept)
                if missing <= 0:
                    return
                tell(Progress(step="render", done=len(kept), total=resolved.candidates))
                outcome = players.sound(take, missing)
                if isinstance(outcome, _Sounded):
                    number = _free_number(delivered)
                    kept.append(take)
                    delivered[number] = take.number
                    outcome = _written(resolved, take, number, rooms, label(number), outcome)
                yield outcome


def _compose_lap(
    resolved: Resolved, seed: int, rooms: Rooms, lap: int, tell: Tell, beside: list[Plan]
) -> tuple[Take, ...]:
    """One over-generated set of takes, composed together and judged on paper."""
    count = math.ceil(resolved.candidates * TAKES_PER_CANDIDATE[resolved.quality])
    tell(Progress(step="plan", done=0, total=count))
    plans = draw(resolved, derive_seed(seed, lap), count, beside)
    seeds = [derive_seed(seed, lap, take) for take in range(len(plans))]
    tell(Progress(step="compose", done=0, total=count))
    composed = _composed(plans, seeds, rooms)
    first = lap * count + 1
    return tuple(_take(first + at, seeds[at], plan, *composed[at]) for at, plan in enumerate(plans))


def _composed(
    plans: list[Plan], seeds: list[int], rooms: Rooms
) -> list[tuple[tuple[Line, ...], tuple[Rewrite, ...]]]:
    if plans[0].kind == "chime":  # a motif of a few notes is the arranger's own
        return [((), ()) for _ in plans]
    written = rooms.composer.write(plans, seeds, rate=rater(plans[0]))
    return [(composition.lines, composition.rewrites) for composition in written]


def _take(
    number: int, seed: int, plan: Plan, lines: tuple[Line, ...], rewrites: tuple[Rewrite, ...]
) -> Take:
    score = arrange(plan, lines, seed)
    notes = sum(len(line.notes) for line in lines)
    return Take(
        number=number,
        seed=seed,
        plan=plan,
        score=score,
        rewrites=rewrites,
        verdict=panel.judge(score),
        bits_per_note=sum(line.bits for line in lines) / notes if notes else 0.0,
    )


def _in_rank(takes: list[Take], kept: Collection[Take], wanted: int) -> list[Take]:
    """The takes best first, those that sound like a better one left out while others remain."""
    order = rank(
        [take.score for take in takes],
        [take.verdict.rating for take in takes],
        beside=[take.score for take in kept],
        wanted=wanted,
    )
    return [takes[at] for at in order]


def _free_number(delivered: Mapping[int, int]) -> int:
    return next(number for number in range(1, len(delivered) + 2) if number not in delivered)


def _reason(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons) or "rated below what is offered"


class _Sounded(Struct, frozen=True, kw_only=True):
    """A take that was rendered, mastered and found good."""

    mastered: Master
    measured: tuple[Measured, ...]
    laps: dict[str, float]


class _Players:
    """Plays takes in the order of their rank; the next is begun while one is being written.

    At most as many are under way as are still wanted, and of long pieces only one, because two
    of them would not fit into a studio's memory. Playing ahead changes no byte.
    """

    def __init__(self, resolved: Resolved, rooms: Rooms, takes: list[Take]) -> None:
        self._resolved, self._rooms = resolved, rooms
        self._waiting = list(takes)
        self._begun: dict[int, Future[_Sounded | RetractedTake]] = {}
        long = resolved.duration_ms > LONG_MS
        self._abreast = 1 if long else ABREAST
        self._pool = ThreadPoolExecutor(self._abreast, thread_name_prefix="player")

    def __enter__(self) -> "_Players":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def sound(self, take: Take, missing: int) -> _Sounded | RetractedTake:
        """The take's sound, and a start on the next ones."""
        # One more than play at once waits in the queue, so that no player is ever idle.
        ahead = 1 if self._abreast == 1 else min(missing, self._abreast + 1)
        while self._waiting and len(self._begun) < ahead:
            one = self._waiting.pop(0)
            self._begun[one.number] = self._pool.submit(_sound, self._resolved, one, self._rooms)
        return self._begun.pop(take.number).result()


def _sound(resolved: Resolved, take: Take, rooms: Rooms) -> _Sounded | RetractedTake:
    """Render, master and hear one take; retracted when the second hearing says so."""
    clock = _Clock()
    loop = resolved.kind == "loop"
    frames = round(resolved.duration_frames * SAMPLE_RATE / resolved.delivery.sample_rate)
    stems = render(
        take.score,
        rooms.bank,
        frames=frames,
        loop=loop,
        seed=take.seed,
        apart=bool(resolved.stems),
    )
    clock.lap("render")
    mastered = master(
        stems,
        lufs=_lufs(resolved),
        true_peak_dbtp=resolved.delivery.true_peak_dbtp,
        loop=loop,
        seed=take.seed,
        delivery=resolved.delivery,
        frames=resolved.duration_frames,
    )
    del stems
    heard = hear(mastered.audio, resolved.delivery.sample_rate, loop=loop)
    clock.lap("master")
    verdict = panel.hear(take.score, heard)
    measured = measure.constraints(resolved, take.score, heard, len(mastered.audio))
    if not verdict.kept:
        return RetractedTake(take=take.number, reason=_reason(verdict))
    if broken := [one.name for one in measured if not one.passed and one.name in measure.HARD]:
        return RetractedTake(take=take.number, reason=f"constraint: {', '.join(broken)}")
    return _Sounded(mastered=mastered, measured=measured, laps=clock.laps)


def _written(
    resolved: Resolved,
    take: Take,
    number: int,
    rooms: Rooms,
    label: str,
    sounded: _Sounded,
) -> Offered:
    """The files of a candidate that is offered."""
    clock, mastered = _Clock(), sounded.mastered
    loop = resolved.kind == "loop"
    clean = files.master_wav(mastered, resolved.delivery, take.score, loop=loop, seed=take.seed)
    midi = write_midi(take.score)
    evaluation = files.evaluation_wav(mastered, resolved.delivery, label=label, seed=take.seed)
    preview = files.preview_mp3(mastered, resolved.delivery, label=label)
    stems = files.stem_wavs(mastered, resolved.delivery, resolved.stems, seed=take.seed)
    clock.lap("write")
    made = Made(
        number=number,
        take=take.number,
        seed=take.seed,
        rating=round((take.verdict.rating), 4),
        resolved=resolved,
        plan=take.plan,
        measured=sounded.measured,
        rewrites=take.rewrites,
        peaks=files.peaks(mastered.audio, resolved.delivery.sample_rate),
        provenance=origin(
            resolved=resolved,
            plan=take.plan,
            seed=take.seed,
            model_digest=rooms.composer.digest,
            bank_name=rooms.bank.name,
            bank_digest=rooms.bank.digest,
            midi=midi,
            master=clean,
        )
        | {"bits_per_note": round(take.bits_per_note, 3)},
        timings_s=sounded.laps | clock.laps,
    )
    return Offered(
        made=made,
        master=clean,
        preview=preview,
        evaluation=evaluation,
        midi=midi,
        stems=stems,
    )


def _lufs(resolved: Resolved) -> float:
    assert resolved.delivery.lufs is not None, "resolve() fills the loudness in"
    return resolved.delivery.lufs


class _Clock:
    """Seconds since the last lap, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._since, 3)
        self._since = now
