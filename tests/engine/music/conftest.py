"""Real music on paper: briefs of a minute, planned, composed by the shipped model and arranged."""

from functools import cache

import pytest
from msgspec import Struct

from engine.arrange import arrange
from engine.compose.composer import Composer, Composition
from engine.contracts import Brief, Plan, Resolved
from engine.critique.bars import rater
from engine.plan import draw
from engine.score import Score
from engine.words import resolve


class Sheet(Struct, frozen=True, kw_only=True):
    """One take on paper."""

    plan: Plan
    seed: int
    composition: Composition
    score: Score


class Paper:
    """Writes what a brief asks for, each brief once."""

    def __init__(self) -> None:
        self.composer = Composer()
        self.write = cache(self._write)

    def resolved(self, style: str, kind: str, count: int, seed: int, prompt: str = "") -> Resolved:
        """The brief these takes are for: a minute of a bed, a default loop or chime."""
        brief = Brief(
            prompt=prompt,
            kind=kind,  # type: ignore[arg-type]
            style=style or None,
            duration_ms=60_000 if kind == "bed" else None,
            candidates=min(count, 10),
            seed=seed,
        )
        return resolve(brief, seed)

    def _write(
        self, style: str, kind: str = "bed", count: int = 3, seed: int = 20, prompt: str = ""
    ) -> tuple[Sheet, ...]:
        resolved = self.resolved(style, kind, count, seed, prompt)
        plans = draw(resolved, seed, count)
        seeds = [1000 * seed + take for take in range(count)]
        if kind == "chime":
            composed = [Composition(lines=(), rewrites=(), steps=0) for _ in plans]
        else:
            composed = self.composer.write(plans, seeds, rate=rater(plans[0]))
        return tuple(
            Sheet(plan=plan, seed=own, composition=made, score=arrange(plan, made.lines, own))
            for plan, own, made in zip(plans, seeds, composed, strict=True)
        )


@pytest.fixture(scope="session")
def paper() -> Paper:
    """One composer for all tests."""
    return Paper()
