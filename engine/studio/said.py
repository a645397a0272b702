"""What a session says of its work for those who listen: numbers and names, no notes and no words of
the client's."""

from collections.abc import Iterable, Sequence

from engine.contracts import Plan
from engine.queue.events import Told
from engine.score import bar_ticks, seconds_per_tick
from engine.studio.pace import Work
from engine.studio.takes import Sheet, Take
from engine.words import tonality

REWRITES_TOLD = 40


def drawn(sheets: Iterable[Sheet]) -> Told:
    """The plans of the next takes."""
    plans = [_plan(one.number, one.plan) for one in sheets]
    return Told(kind="plans.drawn", facts={"plans": plans})


def written(take: Take) -> Told:
    """One take, with the bars that the panel had written again."""
    rewrites = [
        {"bar": one.bar, "reason": one.reason, "tries": one.tries}
        for one in take.rewrites[:REWRITES_TOLD]
    ]
    facts = {
        "take": take.number, "rating": round(take.verdict.rating, 4),
        "passed": take.verdict.kept, "rewrites": rewrites,
    }  # fmt: skip
    return Told(kind="take.written", facts=facts)


def begun(work: Work, takes: Iterable[int], expected_s: float) -> Told:
    """What is done with these takes now, and how long it is likely to take."""
    facts = {"stage": work, "takes": list(takes), "expected_s": expected_s}
    return Told(kind="stage", facts=facts)


def ranked(order: Sequence[Take]) -> Told:
    """Which takes are to be heard, best first."""
    return Told(kind="takes.ranked", facts={"takes": [take.number for take in order]})


def _plan(number: int, plan: Plan) -> dict[str, object]:
    pace = seconds_per_tick(plan.tempo, plan.meter)
    return {
        "take": number, "style": plan.style, "tempo": plan.tempo, "meter": plan.meter,
        "tonality": tonality.printed(plan.tonic, plan.mode), "bars": plan.bars,
        "seconds": round(plan.bars * bar_ticks(plan.meter) * pace, 3),
        "sections": [one.name for one in plan.sections],
        "form": [
            {"name": one.name, "bar": one.bar, "bars": one.bars, "energy": one.energy}
            for one in plan.sections
        ],
        "parts": [one.role for one in plan.parts],
    }  # fmt: skip
