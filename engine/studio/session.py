"""One brief in the studio: plan, compose and critique, then render, master and listen again.

All takes are composed and judged on paper first; then, in the order of their rank, each one is
rendered, mastered and heard. A take that fails the second hearing is retracted and the next in rank
takes its place. The whole walk is a pure function of (resolved, seed, rooms) and of what other
accounts had licensed by then: a second studio that starts over finds the same takes in the same
order, but for those that share a tune with what was licensed in between.
"""

from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import Struct

from engine.arrange.midi import write_midi
from engine.backends.contracts import Label, Others, Tell
from engine.contracts import Made, Measured, Outline, Resolved, RetractedTake
from engine.critique import measure, panel
from engine.critique.originality import Finding
from engine.critique.panel import Verdict
from engine.master import files
from engine.master.hearing import hear
from engine.plan import likelihood
from engine.plan.outline import outline
from engine.provenance.origin import origin
from engine.queue.contracts import Progress
from engine.score import beats_per_bar
from engine.studio import manuscript as manuscripts
from engine.studio import stems
from engine.studio.memory import give_back_large_blocks
from engine.studio.rooms import Rooms
from engine.studio.sounding import Clock, loops, sounded
from engine.studio.takes import (
    Take,
    beside,
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
ABREAST = 2  # takes that are rendered side by side
LONG_MS = 150_000  # above this one at a time


class Candidate(Struct, frozen=True, kw_only=True):
    """A take good enough to offer, with its sound."""

    made: Made
    take: Take
    master: bytes
    preview: bytes
    evaluation: bytes
    midi: bytes
    manuscript: bytes
    stems: Mapping[str, bytes]


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
) -> "Performance":
    """Candidates in rank order, and the takes that were retracted on the way.

    ``done`` maps the numbers of candidates that were delivered before to their takes; they are
    composed again, which is cheap, but neither rendered nor yielded. ``label`` names a candidate
    for the tags of its evaluation copy. ``others`` is asked once a lap what other accounts hold.
    """
    give_back_large_blocks()
    delivered = dict(done or {})
    kept: list[Take] = []
    number = first_number(resolved)
    for lap in range(ROUNDS):
        if len(kept) >= resolved.candidates:
            return
        count = wanted(resolved, resolved.candidates - len(kept))
        tell(Progress(step="plan", done=0, total=count))
        planned = sheets(resolved, seed, lap, number, count, [take.plan for take in kept])
        number += len(planned)
        tell(Progress(step="compose", done=0, total=count))
        takes = compared(written(planned, seed, rooms), others, delivered.values())
        yield from (
            RetractedTake(take=take.number, reason=_reason(take.verdict))
            for take in takes
            if not take.verdict.kept
        )
        good = [take for take in takes if take.verdict.kept]
        order = in_rank(resolved, good, kept)
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
                    if len(delivered) >= resolved.candidates:
                        return  # what others hold has changed since all were delivered
                    place = _free_place(delivered)
                    found = beside(take, kept)
                    kept.append(take)
                    delivered[place] = take.number
                    outcome = _candidate(resolved, take, place, rooms, label(place), outcome, found)
                yield outcome


def _outline(resolved: Resolved, take: Take) -> Outline | None:
    """The plan as the client may edit it, of kinds that have such a plan."""
    if resolved.kind not in PLANNED:
        return None
    return outline(take.plan, resolved.duration_ms, take.number)


def _free_place(delivered: Mapping[int, int]) -> int:
    return next(number for number in range(1, len(delivered) + 2) if number not in delivered)


def _reason(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons) or "rated below what is offered"


class _Sounded(Struct, frozen=True, kw_only=True):
    """A take that was rendered, mastered and found good, as files that nobody's name is on yet."""

    master: bytes
    preview: bytes
    stems: Mapping[str, bytes]
    peaks: tuple[float, ...]
    measured: tuple[Measured, ...]
    laps: dict[str, float]


class _Players:
    """Plays takes in the order of their rank, each with its files, and the next ones beside it.

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
    """Render, master, hear and write one take; retracted when the second hearing says so."""
    clock = Clock()
    loop = loops(resolved)
    mastered = sounded(resolved, take.score, take.seed, rooms, clock, stems=resolved.stems)
    bars = take.plan.bars if resolved.kind == "loop" else 0
    beats = beats_per_bar(take.plan.meter)
    heard = hear(mastered.audio, mastered.sample_rate, loop=loop, bars=bars, beats=beats)
    clock.lap("master")
    verdict = panel.hear(take.score, heard)
    measured = measure.constraints(resolved, take.score, heard, len(mastered.audio))
    if not verdict.kept:
        return RetractedTake(take=take.number, reason=_reason(verdict))
    # Chords of the client's own may lead his plan out of its tonality: that is told, not refused.
    hard = measure.HARD - {"tonality"} if resolved.plan is not None else measure.HARD
    if broken := [one.name for one in measured if not one.passed and one.name in hard]:
        return RetractedTake(take=take.number, reason=f"constraint: {', '.join(broken)}")
    measured += stems.heard(mastered.stems, resolved.stems)
    delivery = resolved.delivery
    clean = files.master_wav(mastered, delivery, take.score, loop=loop, seed=take.seed)
    preview = files.small_copy(mastered)
    apart = files.stem_wavs(mastered, delivery, resolved.stems, seed=take.seed)
    peaks = files.peaks(mastered.audio, delivery.sample_rate)
    clock.lap("write")
    return _Sounded(
        master=clean, preview=preview, stems=apart, peaks=peaks, measured=measured, laps=clock.laps
    )


def _candidate(
    resolved: Resolved,
    take: Take,
    number: int,
    rooms: Rooms,
    label: str,
    sounded: _Sounded,
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
        stems=sounded.stems,
    )
