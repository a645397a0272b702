"""The till and its model, asked the same: any order of any operations, repeated and raced."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
)

from billing.contracts import Capture, Hold, Tags, Wanted
from billing.errors import BillingError, HoldClosed, InsufficientTokens
from billing.ledger import budgets
from billing.ledger import service as ledger
from billing.money import Money
from tests.billing.ledger.model import Model, Subject, Taken, Wallet

HOUR = timedelta(hours=1)
T = TypeVar("T")
_runs = itertools.count(1)

NAMES = st.sampled_from(["a", "b", "p"])  # two prepaid accounts, one postpaid
TOKENS = st.sampled_from([2, 2, 2, 2, 3, 5, 30])  # often the same, so that repeats agree
PLENTY = st.integers(20, 60)
TAGS = st.builds(
    Tags,
    api_key=st.sampled_from(["key_1", "key_1", None]),
    project=st.sampled_from([None, "night"]),
    customer_ref=st.just("acme"),
    kind=st.sampled_from(["bed", "loop"]),
)
SUBJECTS = st.sampled_from([("key", "key_1"), ("key", "key_1"), ("project", "night")])
FEW = st.integers(0, 3)
PICKS = st.integers(0, 99)
"""Which of what there is by then. Who wins a race is nobody's choice, so no rule may be offered and
no name drawn by what there is: a run would not be the same when it is run again."""
REASONS = st.sampled_from(["dispute:1", "invoice:1"])

PAST = "update billing.holds set expires_at = now() - interval '1 s' where id = $1"
CAPTURE_ID = "select id from billing.captures where sku = $1 and reference = $2"
MONTHS = """
select account, scope, subject, base, held, spent from billing.budget_months
where account = any($1::text[])
"""
ALERTS = """
select account, facts ->> 'scope' as scope, facts ->> 'subject' as subject, kind
from billing.notices where account = any($1::text[]) and kind like 'budget_%'
"""


class Till:
    """Two connections to the till, used from a loop of their own."""

    def __init__(self, runner: asyncio.Runner, dsn: str) -> None:
        self.runner = runner
        self.one, self.other = (runner.run(asyncpg.connect(dsn)) for _ in range(2))

    def run(self, asked: Awaitable[Any]) -> Any:
        """What came of it: an answer, or a refusal."""

        async def answered() -> Any:
            return (await asyncio.gather(asked, return_exceptions=True))[0]

        return _only_refusals(self.runner.run(answered()))

    def race(self, *asked: Awaitable[Any]) -> list[Any]:
        """What came of all of them, at once."""

        async def answered() -> list[Any]:
            return await asyncio.gather(*asked, return_exceptions=True)

        return [_only_refusals(one) for one in self.runner.run(answered())]

    def close(self) -> None:
        self.runner.run(self.one.close())
        self.runner.run(self.other.close())


class LedgerMachine(RuleBasedStateMachine):
    """The till and its model, side by side."""

    till: ClassVar[Till]

    def __init__(self) -> None:
        super().__init__()
        self.run, self.model, self.conn = next(_runs), Model(), self.till.one
        self.hold_ids: dict[str, str] = {}
        self.answers: set[tuple[str, str]] = set()
        for name, mode, limit in (("a", "prepaid", 0), ("b", "prepaid", 0), ("p", "postpaid", 100)):
            account = self._account(name)
            self.till.run(ledger.open_account(self.conn, account, mode, limit))
            self.model.wallets[account] = Wallet(prepaid=mode == "prepaid", limit=limit)
        for name in ("a", "b"):
            self.topup(name, 0, 100)

    # --- holds ---

    @rule(name=NAMES, tags=TAGS, candidates=st.integers(0, 4))
    def brief(self, name: str, tags: Tags, candidates: int) -> None:
        """What is usual: a hold, some candidates of it, and more to come."""
        account, brief = self._account(name), self._named("job", next(_runs))
        self._hold(account, brief, 10, tags)
        if brief in self.hold_ids:
            for number in range(candidates):
                self._capture(brief, number, 2, release_rest=False)

    @rule(name=NAMES, number=FEW, tokens=st.integers(0, 30), tags=TAGS)
    def hold(self, name: str, number: int, tokens: int, tags: Tags) -> None:
        self._hold(self._account(name), self._brief(number), tokens, tags)

    def _hold(self, account: str, brief: str, tokens: int, tags: Tags) -> None:
        made = self._same(
            lambda: self.model.hold(account, brief, tokens, tags),
            ledger.place_hold(self.conn, account, brief, tokens, HOUR, tags=tags),
            _hold_facts,
        )
        if isinstance(made, Hold):
            self.hold_ids[brief] = made.id

    @rule(name=NAMES, asked=st.lists(st.tuples(FEW, TOKENS, TAGS), min_size=1, max_size=4))
    def hold_together(self, name: str, asked: list[tuple[int, int, Tags]]) -> None:
        account = self._account(name)
        wanted = [
            Wanted(
                account=account, brief=self._brief(4 + number), tokens=tokens, ttl=HOUR, tags=tags
            )
            for number, tokens, tags in asked
        ]
        made = self.till.run(ledger.place_holds(self.conn, wanted))
        assert len(made) == len(wanted)
        for one, got in zip(wanted, made, strict=True):
            expected = _tried(lambda w=one: self.model.hold(account, w.brief, w.tokens, w.tags))
            assert _facts(got, _hold_facts) == _facts(expected, _hold_facts)
            if isinstance(got, Hold):
                self.hold_ids[one.brief] = got.id

    @rule(pick=PICKS, number=FEW, tokens=TOKENS, release_rest=st.booleans())
    def capture(self, pick: int, number: int, tokens: int, release_rest: bool) -> None:
        if (brief := _picked(self.hold_ids, pick)) is None:
            return
        self._capture(brief, number, tokens, release_rest)

    def _capture(self, brief: str, number: int, tokens: int, release_rest: bool) -> None:
        candidate = f"{brief}/{number}"
        self._same(
            lambda: self.model.capture(brief, candidate, tokens, release_rest),
            ledger.capture(
                self.conn, self.hold_ids[brief], candidate, tokens, release_rest=release_rest
            ),
            _replayed,
        )

    @rule(pick=PICKS)
    def release(self, pick: int) -> None:
        if (brief := _picked(self.hold_ids, pick)) is None:
            return
        self._same(
            lambda: self.model.release(brief),
            ledger.release(self.conn, self.hold_ids[brief]),
            _hold_facts,
        )

    @rule(pick=PICKS)
    def expire(self, pick: int) -> None:
        if (brief := _picked(self.hold_ids, pick)) is None:
            return
        was_open = self.model.holds[brief].state == "open"
        self.till.run(self.conn.execute(PAST, self.hold_ids[brief]))
        self.model.release(brief, "expired")
        assert self.till.run(ledger.expire_holds(self.conn)) == was_open

    @rule(pick=PICKS, number=FEW, tokens=TOKENS)
    def late(self, pick: int, number: int, tokens: int) -> None:
        if (brief := _picked(self.hold_ids, pick)) is None:
            return
        candidate = f"{brief}/{number}"
        self._same(
            lambda: self.model.late(brief, candidate, tokens),
            ledger.charge_late(self.conn, self.hold_ids[brief], candidate, tokens),
            _replayed,
        )

    # --- tokens in and out at once ---

    @rule(name=NAMES, number=FEW, tokens=TOKENS, tags=TAGS)
    def license(self, name: str, number: int, tokens: int, tags: Tags) -> None:
        account, candidate = self._account(name), self._named("cand", number)
        self._same(
            lambda: self.model.license(account, candidate, tokens, tags),
            ledger.charge_license(self.conn, account, candidate, tokens, tags=tags),
            _replayed,
        )

    @rule(name=NAMES, number=FEW, tokens=PLENTY)
    def topup(self, name: str, number: int, tokens: int) -> None:
        account, payment = self._account(name), self._named("pi", number, name)
        self._same(
            lambda: self.model.credit(account, "topup", payment, tokens),
            ledger.credit_topup(self.conn, account, payment, tokens, paid=Money(1, "eur")),
        )

    @rule(paid=st.booleans(), number=FEW, tokens=PLENTY)
    def grant_or_settle(self, paid: bool, number: int, tokens: int) -> None:
        account, reference = self._account("p" if paid else "a"), self._named("ref", number)
        kind, credit = ("settlement", self._settle) if paid else ("grant", self._grant)
        self._same(
            lambda: self.model.credit(account, kind, reference, tokens),
            credit(account, reference, tokens),
        )

    def _settle(self, account: str, reference: str, tokens: int) -> Awaitable[bool]:
        return ledger.settle_invoice(self.conn, account, reference, tokens)

    def _grant(self, account: str, reference: str, tokens: int) -> Awaitable[bool]:
        return ledger.grant(self.conn, account, tokens, reference)

    @rule(pick=PICKS)
    def refund(self, pick: int) -> None:
        if (spent := _picked(self.model.captures, pick)) is None:
            return
        sku, candidate = spent
        capture = self.till.run(self.conn.fetchval(CAPTURE_ID, sku, candidate))
        self._same(lambda: self.model.refund(sku, candidate), ledger.refund(self.conn, capture))

    @rule(name=NAMES, number=FEW, tokens=TOKENS)
    def claw_back(self, name: str, number: int, tokens: int) -> None:
        account, reference = self._account(name), self._named("re", number, name)
        self._same(
            lambda: self.model.claw_back(account, reference, tokens),
            ledger.claw_back(self.conn, account, reference, tokens),
            _taken,
        )

    @rule(pick=PICKS)
    def reinstate(self, pick: int) -> None:
        if (reference := _picked(self.model.clawbacks, pick)) is None:
            return
        account = self.model.clawbacks[reference].account
        self._same(
            lambda: self.model.reinstate(reference),
            ledger.reinstate(self.conn, account, reference),
        )

    # --- what limits an account ---

    @rule(name=NAMES, reason=REASONS, thaws=st.sampled_from([True, True, False]))
    def freeze_or_thaw(self, name: str, reason: str, thaws: bool) -> None:
        account = self._account(name)
        modelled, asked = (
            (self.model.thaw, ledger.thaw) if thaws else (self.model.freeze, ledger.freeze)
        )
        self._same(lambda: modelled(account, reason), asked(self.conn, account, reason))

    @rule(limit=st.integers(0, 100))
    def set_limit(self, limit: int) -> None:
        account = self._account("p")
        self._same(
            lambda: self.model.set_limit(account, limit),
            ledger.set_credit_limit(self.conn, account, limit),
        )

    @rule(name=NAMES, subject=SUBJECTS, cap=st.sampled_from([None, 0, 5, 12, 20, 20, 40]))
    def set_or_drop_budget(self, name: str, subject: tuple[str, str], cap: int | None) -> None:
        account, (scope, of) = self._account(name), subject
        if cap is None:
            self._same(
                lambda: self.model.drop_budget((account, scope, of)),
                budgets.drop_budget(self.conn, account, scope, of),
            )
        else:
            self.model.set_budget((account, scope, of), cap)
            self.till.run(budgets.set_budget(self.conn, account, scope, of, cap))

    # --- two at once ---

    @rule(name=NAMES)
    def race_for_the_last_tokens(self, name: str) -> None:
        account, wallet = self._account(name), self.model.wallets[self._account(name)]
        if wallet.reasons or not wallet.room:
            return
        tokens = wallet.room // 2 + 1
        briefs = [self._named("race", next(_runs)) for _ in range(2)]
        made = self.till.race(
            ledger.place_hold(self.till.one, account, briefs[0], tokens, HOUR),
            ledger.place_hold(self.till.other, account, briefs[1], tokens, HOUR),
        )
        assert sorted(type(one).__name__ for one in made) == ["Hold", "InsufficientTokens"]
        for brief, one in zip(briefs, made, strict=True):
            if isinstance(one, Hold):
                self.model.hold(account, brief, tokens, Tags())
                self.hold_ids[brief] = one.id
            else:
                assert isinstance(one, InsufficientTokens)

    @rule(pick=PICKS, expires=st.booleans())
    def race_a_capture_with_the_end_of_its_hold(self, pick: int, expires: bool) -> None:
        if (
            brief := _picked([key for key, one in self.model.holds.items() if one.rest], pick)
        ) is None:
            return
        hold, candidate = self.hold_ids[brief], f"{brief}/race{next(_runs)}"
        if expires:
            self.till.run(self.conn.execute(PAST, hold))
            end = ledger.expire_holds(self.till.other)
        else:
            end = ledger.release(self.till.other, hold)
        caught, _ = self.till.race(ledger.capture(self.till.one, hold, candidate, 1), end)
        if expires:  # the sweeper leaves a hold alone that somebody is using
            self.till.run(ledger.expire_holds(self.conn))
        if isinstance(caught, Capture):
            self.model.capture(brief, candidate, 1, release_rest=False)
        else:
            assert isinstance(caught, HoldClosed)
        used_up = self.model.holds[brief].state == "closed"
        self.model.release(brief, "expired" if expires and not used_up else "closed")

    @rule(name=NAMES, tokens=TOKENS, tags=TAGS)
    def race_a_license_with_itself(self, name: str, tokens: int, tags: Tags) -> None:
        account, candidate = self._account(name), self._named("cand", next(_runs))
        made = self.till.race(
            *(
                ledger.charge_license(conn, account, candidate, tokens, tags=tags)
                for conn in (self.till.one, self.till.other)
            )
        )
        expected = [
            _tried(lambda: self.model.license(account, candidate, tokens, tags)) for _ in range(2)
        ]
        assert _sorted(_facts(one, _replayed) for one in made) == _sorted(
            _facts(one, _replayed) for one in expected
        )

    @rule(name=NAMES, tokens=TOKENS)
    def race_a_payment_with_itself(self, name: str, tokens: int) -> None:
        account, payment = self._account(name), self._named("pi", next(_runs), name)
        made = self.till.race(
            *(
                ledger.credit_topup(conn, account, payment, tokens)
                for conn in (self.till.one, self.till.other)
            )
        )
        assert sorted(made) == [False, True]
        self.model.credit(account, "topup", payment, tokens)

    @rule(name=NAMES, tokens=TOKENS)
    def race_a_clawback_with_itself(self, name: str, tokens: int) -> None:
        account, reference = self._account(name), self._named("re", next(_runs), name)
        first, second = self.till.race(
            *(
                ledger.claw_back(conn, account, reference, tokens)
                for conn in (self.till.one, self.till.other)
            )
        )
        assert first == second
        assert _taken(self.model.claw_back(account, reference, tokens)) == _taken(first)

    # --- what holds after every step ---

    @invariant()
    def no_promise_is_broken_and_all_is_as_modelled(self) -> None:
        assert self.till.run(ledger.violations(self.conn)) == []
        self._wallets_are_the_models()
        self._holds_are_the_models()
        self._budgets_are_the_models()

    def _wallets_are_the_models(self) -> None:
        for account, wallet in self.model.wallets.items():
            kept = self.till.run(ledger.balance(self.conn, account))
            assert (kept.posted, kept.held, kept.owed, kept.credit_limit, kept.frozen) == (
                wallet.posted, wallet.held, wallet.owed, wallet.limit, bool(wallet.reasons),
            )  # fmt: skip
            reasons = self.till.run(ledger.freezes(self.conn, account))
            assert set(reasons) == wallet.reasons

    def _holds_are_the_models(self) -> None:
        for brief, hold in self.hold_ids.items():
            kept, held = self.till.run(ledger.hold(self.conn, hold)), self.model.holds[brief]
            assert (kept.captured, kept.state) == (held.captured, held.state), brief

    def _budgets_are_the_models(self) -> None:
        accounts = list(self.model.wallets)
        rows = self.till.run(self.conn.fetch(MONTHS, accounts))
        kept = {
            (row["account"], row["scope"], row["subject"]): (row["base"], row["held"], row["spent"])
            for row in rows
        }
        modelled = {
            subject: (one.base, one.held, one.spent) for subject, one in self.model.months.items()
        }
        nothing = (0, 0, 0)
        assert {one: said for one, said in kept.items() if said != nothing} == {
            one: said for one, said in modelled.items() if said != nothing
        }
        alerts = self.till.run(self.conn.fetch(ALERTS, accounts))
        told: set[tuple[Subject, int]] = {
            ((row["account"], row["scope"], row["subject"]), int(row["kind"][7:])) for row in alerts
        }
        assert told == self.model.told

    # --- names, and how answers are compared ---

    def _account(self, name: str) -> str:
        return f"acc_{self.run}_{name}"

    def _brief(self, number: int) -> str:
        return self._named("brf", number)

    def _named(self, prefix: str, number: int, *more: str) -> str:
        return "_".join((prefix, str(self.run), *more, str(number)))

    def _same(
        self,
        expected: Callable[[], Any],
        asked: Awaitable[Any],
        facts: Callable[[Any], Any] = lambda answer: answer,
    ) -> Any:
        """Ask both; what the till answered, when it is what the model says."""
        got = self.till.run(asked)
        self.answers.add((getattr(asked, "__name__", ""), _kind(got)))
        assert _facts(got, facts) == _facts(_tried(expected), facts)
        return got


def _picked(there: Iterable[T], pick: int) -> T | None:
    every = list(there)
    return every[pick % len(every)] if every else None


def _kind(answer: Any) -> str:
    return str(answer) if isinstance(answer, bool) else type(answer).__name__


def _tried(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except BillingError as refused:
        return refused


def _only_refusals(answer: Any) -> Any:
    if isinstance(answer, BaseException) and not isinstance(answer, BillingError):
        raise answer
    return answer


def _facts(answer: Any, facts: Callable[[Any], Any]) -> Any:
    if isinstance(answer, BillingError):
        named = ("needed", "available", "scope", "subject", "cap")
        return type(answer), *(getattr(answer, name, None) for name in named)
    return facts(answer)


def _sorted(answers: Iterable[Any]) -> list[Any]:
    return sorted(answers, key=str)


def _hold_facts(held: Any) -> Any:
    return held.account, held.quoted, held.captured, held.state


def _replayed(made: Any) -> bool:
    return made.replayed if isinstance(made, Capture) else made


def _taken(done: Taken) -> tuple[int, int]:
    return done.taken, done.owed
