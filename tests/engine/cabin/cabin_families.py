"""Families for the tests: resolved briefs and their sounds, short and few."""

from functools import lru_cache

from engine.cabin.belonging import Member
from engine.cabin.character import Character
from engine.cabin.drawing import draw
from engine.contracts import Delivery, FamilyBrief, FunctionLimits, ResolvedFamily
from engine.studio.family import member
from engine.words.family import resolve_family
from engine.words.functions import AMBIENCES


def family(
    *functions: str,
    seed: int = 3,
    brand: dict[str, float] | None = None,
    limits: dict[str, FunctionLimits] | None = None,
    **delivery: object,
) -> ResolvedFamily:
    brief = FamilyBrief(
        tonic="D",
        functions=functions,
        brand=brand or {},
        limits=limits or {},
        delivery=Delivery(**delivery),  # type: ignore[arg-type]
    )
    return resolve_family(brief, seed)


def sounds_of(resolved: ResolvedFamily, take: int = 1) -> tuple[Character, dict[str, Member]]:
    """The single sounds of one take, at their level."""
    character = draw(resolved, take)
    members = {
        one.name: member(resolved, one, character)
        for one in resolved.functions
        if one.function not in AMBIENCES
    }
    return character, members


@lru_cache(maxsize=4)
def whole_family(seed: int = 3, take: int = 1) -> tuple[Character, dict[str, Member]]:
    """Every single sound of a plain family; made once for all tests that only look."""
    return sounds_of(family(seed=seed), take)
