"""A few seconds of music leave little room to differ; all candidates come all the same."""

import pytest

from engine.contracts import Brief, RetractedTake
from engine.settings import StudioSettings
from engine.studio.rooms import Rooms, furnish
from engine.studio.session import perform
from engine.words import resolve


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    return furnish(StudioSettings(database_url="", store="", bank="builtin"))


@pytest.mark.parametrize(
    ("style", "duration_ms", "seed"),
    [("dark_ambient", 6_000, 1), ("solo_piano", 9_000, 5), ("lofi", 5_000, 20)],
)
def test_a_short_brief_gets_every_candidate_it_asked_for(
    rooms: Rooms, style: str, duration_ms: int, seed: int
) -> None:
    brief = Brief(style=style, kind="bed", duration_ms=duration_ms, candidates=4)
    resolved = resolve(brief, seed)
    outcomes = list(
        perform(resolved, seed, rooms, label=lambda number: f"{number}", tell=lambda _: None)
    )
    offered = [one for one in outcomes if not isinstance(one, RetractedTake)]
    assert [one.made.number for one in offered] == [1, 2, 3, 4]
    assert len({one.midi for one in offered}) == 4
