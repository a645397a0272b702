"""Takes on paper: planned, composed, arranged and judged, each with a number and a seed of its own.

Take ``n`` of a brief has the same seed whatever was tried before it. So a plan that its client
edits and sends back, with the number of its take, comes back with the notes it had.
"""

import math
from collections.abc import Collection, Sequence

import numpy as np
from msgspec import Struct, structs

from engine.arrange import arrange
from engine.backends.contracts import Others
from engine.compose.call import BarsKept
from engine.compose.seats import Seat
from engine.contracts import Outline, Plan, Resolved, Rewrite
from engine.critique import panel
from engine.critique.bars import rater
from engine.critique.likeness import rank
from engine.critique.originality import Finding, Index, Runs, among, runs_of
from engine.critique.panel import Verdict
from engine.critique.reading import UNPITCHED
from engine.errors import BriefRefused
from engine.plan import draw
from engine.plan.gestures import phrase, sting
from engine.plan.outline import bind, outline
from engine.provenance.origin import derive_seed
from engine.score import Line, Score
from engine.studio.rooms import Rooms
from engine.words.outline import PLANNED, unplanned

TAKES_PER_CANDIDATE = {"draft": 1.0, "standard": 1.5, "best": 2.0}

RULED = ("chime", "ambience")
"""Kinds that the arranger writes alone: a motif of a few notes, tones that never move."""

TUNES = ("lead", "counter")
"""Roles whose runs belong to who licensed them. Basses walk and figures run alike everywhere."""


NOBODYS = Seat()
"""Where one who is alone sits."""


def nobody(_: Runs) -> Index:
    """What is held where no other account is known."""
    return among(np.zeros(0, np.uint64))


class Take(Struct, frozen=True, kw_only=True):
    """One try on paper."""

    number: int
    seed: int
    plan: Plan
    lines: tuple[Line, ...]
    score: Score
    rewrites: tuple[Rewrite, ...]
    verdict: Verdict
    quoted: Finding
    shared: Finding = Finding()  # with what other accounts have licensed
    bits_per_note: float


class Sheet(Struct, frozen=True, kw_only=True):
    """A plan with the number of the take that will follow it. With ``sting_s`` it is the plan of a
    phrase, whose way home becomes a sting of so many seconds."""

    number: int
    plan: Plan
    sting_s: float | None = None


def first_number(resolved: Resolved) -> int:
    """The number of a brief's first take: the given plan's own, else 1."""
    return 1 if resolved.plan is None else resolved.plan.take


def wanted(resolved: Resolved, missing: int) -> int:
    """How many takes a lap has: more than are missing, unless the client's own plan binds."""
    if resolved.plan is not None:
        return missing
    return math.ceil(resolved.candidates * TAKES_PER_CANDIDATE[resolved.quality])


def sheets(
    resolved: Resolved, seed: int, lap: int, first: int, count: int, beside: Collection[Plan] = ()
) -> list[Sheet]:
    """The plans of one lap, numbered from ``first`` on; a given plan is every take's."""
    if resolved.plan is not None:
        plans = [bind(resolved.plan, resolved)] * count
    else:
        plans = draw(phrase(resolved), derive_seed(seed, lap), count, beside)
    sting_s = None
    if resolved.kind == "sting":
        sting_s = resolved.duration_frames / resolved.delivery.sample_rate
    return [Sheet(number=at, plan=plan, sting_s=sting_s) for at, plan in enumerate(plans, first)]


def outlines(resolved: Resolved, seed: int) -> list[Outline]:
    """The plans that a brief with the same words and seed would compose first, in its order.

    Raises `BriefRefused` for a kind whose plan nobody can edit.
    """
    if resolved.kind not in PLANNED:
        raise BriefRefused([unplanned(resolved.kind)])
    count = wanted(resolved, resolved.candidates)
    first = sheets(resolved, seed, 0, first_number(resolved), count)
    shown = 1 if resolved.plan is not None else resolved.candidates
    return [outline(one.plan, resolved.duration_ms, one.number) for one in first[:shown]]


def written(
    planned: Sequence[Sheet],
    seed: int,
    rooms: Rooms,
    seat: Seat = NOBODYS,
    kept: BarsKept | None = None,
) -> list[Take]:
    """The takes of one lap, composed together and judged on paper; ``seat`` says for whom, ``kept``
    is told of every bar that stays."""
    seeds = [derive_seed(seed, one.number) for one in planned]
    composed = _composed([one.plan for one in planned], seeds, rooms, seat, kept)
    return [
        _take(one, own, rooms.training, *music)
        for one, own, music in zip(planned, seeds, composed, strict=True)
    ]


def _composed(
    plans: list[Plan], seeds: list[int], rooms: Rooms, seat: Seat, kept: BarsKept | None
) -> list[tuple[tuple[Line, ...], tuple[Rewrite, ...]]]:
    if plans[0].kind in RULED:
        return [((), ()) for _ in plans]
    compositions = rooms.composer.write(plans, seeds, rate=rater(plans[0]), kept=kept, seat=seat)
    return [(composition.lines, composition.rewrites) for composition in compositions]


def _take(
    sheet: Sheet,
    seed: int,
    training: Index,
    lines: tuple[Line, ...],
    rewrites: tuple[Rewrite, ...],
) -> Take:
    score = arrange(sheet.plan, lines, seed)
    notes = sum(len(line.notes) for line in lines)
    quoted = training.longest(_sung(lines, score))
    verdict = _verdict(score, quoted)
    if sheet.sting_s is not None:
        score = sting(score, sheet.sting_s).score
    return Take(
        number=sheet.number,
        seed=seed,
        plan=score.plan,
        lines=lines,
        score=score,
        rewrites=rewrites,
        verdict=verdict,
        quoted=quoted,
        bits_per_note=sum(line.bits for line in lines) / notes if notes else 0.0,
    )


def _sung(lines: Sequence[Line], score: Score) -> list[Line]:
    """The pitched lines; of a score that the arranger wrote alone, its pitched parts."""
    if lines:
        return [line for line in lines if line.role not in UNPITCHED]
    pitched = [part for part in score.parts if part.plan.group not in UNPITCHED]
    return [Line(role=part.plan.role, notes=part.notes) for part in pitched]


def tunes(take: Take) -> list[Line]:
    """The take's lines that somebody could know it by."""
    return [line for line in _sung(take.lines, take.score) if line.role in TUNES]


def _verdict(score: Score, quoted: Finding) -> Verdict:
    """The panel's word; a take that quotes is not kept, however good."""
    verdict = panel.judge(score)
    if quoted.original:
        return verdict
    return structs.replace(verdict, kept=False, reasons=(*verdict.reasons, quoted.reason))


def code_of(take: Take) -> str:
    """Why a take that is not kept on paper is not: what weighs most, in one word."""
    if not take.quoted.original:
        return "quotes"
    return "paper" if take.shared.original else "shares"


def compared(takes: Sequence[Take], others: Others, spared: Collection[int]) -> list[Take]:
    """The takes with what they share with pieces that other accounts have licensed.

    One that shares too much is not kept. The numbers in ``spared`` are with their client already;
    those stay, whatever was licensed since.
    """
    held = others(runs_of(line for take in takes for line in tunes(take)))
    return [_compared(take, held.longest(tunes(take)), take.number in spared) for take in takes]


def _compared(take: Take, shared: Finding, spared: bool) -> Take:
    verdict = take.verdict
    if not shared.original and not spared:
        reason = (
            f"its {shared.role} shares {shared.longest_run} notes with a piece delivered earlier"
        )
        verdict = structs.replace(verdict, kept=False, reasons=(*verdict.reasons, reason))
    return structs.replace(take, shared=shared, verdict=verdict)


def beside(take: Take, kept: Sequence[Take]) -> Finding:
    """What a take's tunes share with those of the candidates before it."""
    return among(runs_of(line for one in kept for line in tunes(one)).keys).longest(tunes(take))


def in_rank(resolved: Resolved, takes: list[Take], kept: Collection[Take]) -> list[Take]:
    """The takes best first; those that sound like a better one are left out.

    Takes of a plan that binds are alike because the client wants them so: none is left out, and
    the plan's own take, the one whose notes it was edited with, comes first.
    """
    if resolved.plan is not None:
        own = resolved.plan.take
        return sorted(takes, key=lambda take: (take.number != own, -take.verdict.rating))
    order = rank(
        [take.score for take in takes],
        [take.verdict.rating for take in takes],
        beside=[take.score for take in kept],
        wanted=resolved.candidates,
    )
    return [takes[at] for at in order]
