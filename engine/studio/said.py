"""What a session says of its work for those who listen: numbers and names, no notes and no words of
the client's."""

from collections.abc import Iterable, Sequence

from engine.contracts import Plan
from engine.queue.events import Told
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
    facts = {"take": take.number, "rating": round(take.verdict.rating, 4), "rewrites": rewrites}
    return Told(kind="take.written", facts=facts)


def ranked(order: Sequence[Take]) -> Told:
    """Which takes are to be heard, best first."""
    return Told(kind="takes.ranked", facts={"takes": [take.number for take in order]})


def _plan(number: int, plan: Plan) -> dict[str, object]:
    return {
        "take": number, "style": plan.style, "tempo": plan.tempo, "meter": plan.meter,
        "tonality": tonality.printed(plan.tonic, plan.mode), "bars": plan.bars,
        "sections": [one.name for one in plan.sections],
        "parts": [one.role for one in plan.parts],
    }  # fmt: skip
