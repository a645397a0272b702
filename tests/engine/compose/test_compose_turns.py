"""Whose turn it is: accounts by turns, interactive before batch, the earlier due first."""

import numpy as np
import pytest

from engine.compose.passage import Passage
from engine.compose.seats import BATCH_TURN, QUANTUM, Seat, Turns
from engine.compose.take import Take
from engine.contracts import Brief
from engine.plan import draw
from engine.words import resolve


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    brief = Brief(kind="bed", style="rock", duration_ms=30_000, seed=5)
    return [one for one in Take(draw(resolve(brief, 5), 5, 1)[0], 1).passages if one.slots]


def seated(turns: Turns, count: int) -> list[int]:
    """The calls whose turn it is, as many as are asked for."""
    return [turns.next().call for _ in range(count)]


def test_a_flood_keeps_nobody_else_waiting(passages) -> None:
    turns, flood, few = Turns(), Seat(account="flood"), Seat(account="few")
    for call in range(500):
        turns.add(flood, call, 0, passages[0])
    seated(turns, 7)
    for place in range(3):
        turns.add(few, 1000, place, passages[0])
    assert passages[0].cost <= QUANTUM, "else a turn is not worth one passage"
    worth = QUANTUM // passages[0].cost + 1  # of the flood before it is the other's turn again
    assert seated(turns, 3 * (worth + 1)).count(1000) == 3
    assert len(turns) == 500 - 7 - 3 * worth


@pytest.mark.parametrize("seed", range(4))
def test_accounts_that_always_wait_have_about_as_much_written(passages, seed) -> None:
    dice = np.random.default_rng(seed)
    turns, written = Turns(), dict.fromkeys(("a", "b", "c"), 0)
    # One has long passages, one short ones, one all kinds; each is in line ten times over.
    short, long = (pick(passages, key=lambda one: one.cost) for pick in (min, max))
    own = {"a": [short], "b": [long], "c": passages}
    calls = {}
    for call in range(3000):
        account = "abc"[call % 3]
        calls[call] = account
        turns.add(Seat(account=account), call, 0, own[account][dice.integers(len(own[account]))])
    for _ in range(600):
        waiting = turns.next()
        written[calls[waiting.call]] += waiting.passage.cost
    assert max(written.values()) - min(written.values()) <= 2 * (QUANTUM + long.cost)


def test_batch_has_the_seats_that_interactive_leaves_and_every_eighth(passages) -> None:
    turns = Turns()
    for call in range(100):
        turns.add(Seat(account="now"), call, 0, passages[0])
    for call in range(1000, 1010):
        turns.add(Seat(account="later", lane="batch"), call, 0, passages[0])
    found = seated(turns, 4 * BATCH_TURN)
    assert [at for at, call in enumerate(found) if call >= 1000] == [
        BATCH_TURN * turn - 1 for turn in range(1, 5)
    ]
    assert sorted(found + seated(turns, len(turns))) == [*range(100), *range(1000, 1010)]
    turns.add(Seat(lane="batch"), 1, 0, passages[0])
    assert seated(turns, 1) == [1], "where nobody else waits it waits for nothing"


def test_within_an_account_the_earlier_due_goes_first_then_who_came_first(passages) -> None:
    turns = Turns()
    for call, due in enumerate((None, 30.0, 10.0, 10.0, None)):
        turns.add(Seat(account="one", due=due), call, 0, passages[0])
    assert seated(turns, 5) == [2, 3, 1, 0, 4]


def test_within_a_call_that_goes_first_which_most_waits_for(passages) -> None:
    turns = Turns()
    for place in (2, 0, 1):
        turns.add(Seat(), 1, place, passages[place])
    assert [turns.next().place for _ in range(3)] == [0, 1, 2]


def test_what_is_dropped_is_never_seated_and_its_account_keeps_the_others(passages) -> None:
    turns = Turns()
    for place, call in enumerate((1, 2, 1, 3)):
        turns.add(Seat(account="one"), call, place, passages[0])
    turns.add(Seat(account="two"), 4, 0, passages[0])
    turns.drop(Seat(account="one"), 1)
    turns.drop(Seat(account="two"), 4)
    turns.drop(Seat(account="nobody"), 9)
    assert seated(turns, len(turns)) == [2, 3]
