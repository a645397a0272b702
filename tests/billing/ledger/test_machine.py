"""Whatever is asked of the till, in any order, repeated and raced: it says what a plain model says,
keeps what it keeps, and breaks no promise at any step."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from billing.contracts import Tags
from tests.billing.ledger.machine import LedgerMachine, Till

TAGGED = Tags(api_key="key_1", project="night")


def test_the_till_is_its_model_whatever_is_asked_of_it(postgres: str) -> None:
    with _open_till(postgres):
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                max_examples=25, stateful_step_count=25, deadline=None, database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip


def test_the_till_is_its_model_in_a_usual_life(postgres: str) -> None:
    """Hypothesis seeks the odd; here everything happens as often as it does."""
    with _open_till(postgres):
        machine, dice = LedgerMachine(), random.Random(6)
        for _ in range(300):
            _something_usual(machine, dice)
            machine.no_promise_is_broken_and_all_is_as_modelled()
    assert machine.answers >= {
        ("place_hold", "Hold"), ("place_hold", "BudgetExceeded"), ("place_hold", "Mismatch"),
        ("place_hold", "InsufficientTokens"), ("place_hold", "AccountFrozen"),
        ("capture", "Capture"), ("capture", "HoldClosed"), ("capture", "OverQuote"),
        ("charge_late", "Capture"), ("charge_late", "HoldOpen"),
        ("charge_license", "Capture"), ("charge_license", "InsufficientTokens"),
        ("credit_topup", "True"), ("credit_topup", "False"), ("refund", "True"),
        ("claw_back", "ClawedBack"), ("reinstate", "True"), ("settle_invoice", "True"),
    }  # fmt: skip
    assert any(one.owed for one in machine.model.clawbacks.values())


def _something_usual(machine: LedgerMachine, dice: random.Random) -> None:
    name, number, pick = dice.choice("aabp"), dice.randrange(4), dice.randrange(100)
    tags = dice.choice([TAGGED, TAGGED, Tags()])
    match dice.choices(range(16), (9, 9, 6, 6, 5, 4, 5, 4, 3, 2, 2, 2, 2, 3, 2, 2))[0]:
        case 0:
            machine.brief(name=name, tags=tags, candidates=dice.randrange(5))
        case 1:
            machine.capture(
                pick=pick, number=number, tokens=dice.choice([2, 2, 11]), release_rest=pick > 80
            )
        case 2:
            machine.hold(name=name, number=number, tokens=dice.choice([4, 8, 5000]), tags=tags)
        case 3:
            machine.release(pick=pick)
        case 4:
            machine.late(pick=pick, number=number, tokens=dice.choice([2, 2, 11]))
        case 5:
            machine.license(name=name, number=pick, tokens=dice.choice([8, 8, 5000]), tags=tags)
        case 6:
            machine.topup(name=name, number=dice.randrange(12), tokens=20)
        case 7:
            machine.expire(pick=pick)
        case 8:
            machine.refund(pick=pick)
        case 9:
            machine.claw_back(name="b", number=number, tokens=dice.choice([30, 300]))
        case 10:
            machine.reinstate(pick=pick)
        case 11:
            machine.grant_or_settle(paid=pick > 50, number=dice.randrange(12), tokens=20)
        case 12:
            machine.freeze_or_thaw(name=name, reason="dispute:1", thaws=pick > 30)
        case 13:
            subject = dice.choice([("key", "key_1"), ("project", "night")])
            machine.set_or_drop_budget(
                name=name, subject=subject, cap=dice.choice([None, 20, 40, 60])
            )
        case 14:
            machine.race_for_the_last_tokens(name=name)
        case _:
            machine.race_a_capture_with_the_end_of_its_hold(pick=pick, expires=pick > 50)


@contextmanager
def _open_till(dsn: str) -> Iterator[None]:
    with asyncio.Runner() as runner:
        LedgerMachine.till = Till(runner, dsn)
        try:
            yield
        finally:
            LedgerMachine.till.close()
