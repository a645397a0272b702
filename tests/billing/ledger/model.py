"""The ledger in plain Python: what the till must say and keep, without a database.

It raises the till's own refusals. One thread, no clocks: the machine says when a hold is over.
"""

from dataclasses import dataclass, field
from dataclasses import replace as changed

from billing.contracts import Tags, Tokens
from billing.errors import (
    AccountFrozen,
    BillingError,
    BudgetExceeded,
    HoldClosed,
    HoldOpen,
    InsufficientTokens,
    Mismatch,
    OverQuote,
)

Subject = tuple[str, str, str]
"""An account, a scope and a subject: what a budget caps."""


@dataclass
class Wallet:
    """What an account has."""

    prepaid: bool
    limit: int = 0
    posted: int = 0
    held: int = 0
    owed: int = 0
    reasons: set[str] = field(default_factory=set)

    @property
    def room(self) -> int:
        """What may still be spent."""
        return max(0, self.posted - self.held + self.limit)


@dataclass
class Held:
    """A hold."""

    account: str
    quoted: int
    tags: Tags
    capped: tuple[Subject, ...]
    captured: int = 0
    late: int = 0
    state: str = "open"

    @property
    def rest(self) -> int:
        """What it still holds."""
        return self.quoted - self.captured if self.state == "open" else 0


@dataclass
class Spent:
    """A capture."""

    account: str
    tokens: int
    returned: bool = False


@dataclass
class Month:
    """What a budget has counted since it was set, and what it found then."""

    base: int = 0
    held: int = 0
    spent: int = 0


@dataclass
class Taken:
    """A clawback."""

    account: str
    taken: int
    owed: int
    reinstated: bool = False


class Model:
    """Everything the till knows."""

    def __init__(self) -> None:
        self.wallets: dict[str, Wallet] = {}
        self.holds: dict[str, Held] = {}  # by brief
        self.captures: dict[tuple[str, str], Spent] = {}  # by sku and candidate
        self.credits: dict[tuple[str, str], tuple[str, int]] = {}
        self.clawbacks: dict[str, Taken] = {}
        self.caps: dict[Subject, int] = {}
        self.months: dict[Subject, Month] = {}
        self.tagged: dict[Subject, int] = {}  # all that was captured under a tag
        self.told: set[tuple[Subject, int]] = set()

    def hold(self, account: str, brief: str, tokens: int, tags: Tags) -> Held:
        if (known := self.holds.get(brief)) is not None:
            if (known.account, known.quoted) != (account, tokens):
                raise Mismatch("")
            return known
        capped = self._allowed(account, tokens, tags)
        self._covered(account, tokens)
        self.wallets[account].held += tokens
        for one in capped:
            self._month(one).held += tokens
        self.holds[brief] = Held(account, tokens, tags, capped)
        return self.holds[brief]

    def capture(self, brief: str, candidate: str, tokens: int, release_rest: bool) -> bool:
        """Whether it was a repeat."""
        held = self.holds[brief]
        if self._repeated("audition", candidate, held.account, tokens):
            if release_rest:
                self.release(brief)
            return True
        if held.state != "open":
            raise HoldClosed("")
        if held.captured + tokens > held.quoted:
            raise OverQuote("")
        held.captured += tokens
        wallet = self.wallets[held.account]
        wallet.posted, wallet.held = wallet.posted - tokens, wallet.held - tokens
        for one in held.capped:
            self._month(one).held -= tokens
        self._spend("audition", candidate, held.account, tokens, held.tags, held.capped)
        if release_rest or held.captured == held.quoted:
            self.release(brief)
        return False

    def release(self, brief: str, state: str = "closed") -> Held:
        held = self.holds[brief]
        rest = held.rest
        self.wallets[held.account].held -= rest
        for one in held.capped:
            self._month(one).held -= rest
        if held.state == "open":
            held.state = state
        return held

    def late(self, brief: str, candidate: str, tokens: int) -> bool:
        """Whether it was a repeat."""
        held = self.holds[brief]
        if self._repeated("audition", candidate, held.account, tokens):
            return True
        if held.state == "open":
            raise HoldOpen("")
        if held.captured + held.late + tokens > held.quoted:
            raise OverQuote("")
        self._pay("audition", candidate, held.account, tokens, held.tags)
        held.late += tokens
        return False

    def license(self, account: str, candidate: str, tokens: int, tags: Tags) -> bool:
        """Whether it was a repeat."""
        if self._repeated("license", candidate, account, tokens):
            return True
        self._pay("license", candidate, account, tokens, tags)
        return False

    def credit(self, account: str, kind: str, ref: str, tokens: int) -> bool:
        """Whether it was new."""
        if (known := self.credits.get((kind, ref))) is not None:
            if known != (account, tokens):
                raise Mismatch("")
            return False
        self.credits[kind, ref] = account, tokens
        self._put(account, tokens)
        return True

    def refund(self, sku: str, candidate: str) -> bool:
        spent = self.captures[sku, candidate]
        if spent.returned:
            return False
        spent.returned = True
        self._put(spent.account, spent.tokens)
        return True

    def claw_back(self, account: str, ref: str, tokens: int) -> Taken:
        if ref not in self.clawbacks:
            wallet = self.wallets[account]
            taken = min(tokens, wallet.room)
            wallet.posted -= taken
            self._owe(account, tokens - taken)
            self.clawbacks[ref] = Taken(account, taken, tokens - taken)
        return self.clawbacks[ref]

    def reinstate(self, ref: str) -> bool:
        done = self.clawbacks[ref]
        if done.reinstated:
            return False
        self.clawbacks[ref] = changed(done, reinstated=True)
        wallet = self.wallets[done.account]
        whole = done.taken + done.owed
        share = min(whole, wallet.owed)
        wallet.posted += whole - share
        self._owe(done.account, -share)
        return True

    def freeze(self, account: str, reason: str) -> bool:
        new = reason not in self.wallets[account].reasons
        self.wallets[account].reasons.add(reason)
        return new

    def thaw(self, account: str, reason: str) -> bool:
        there = reason in self.wallets[account].reasons
        self.wallets[account].reasons.discard(reason)
        return there

    def set_limit(self, account: str, limit: int) -> None:
        wallet = self.wallets[account]
        if wallet.prepaid or wallet.posted - wallet.held < -limit:
            raise BillingError("")
        wallet.limit = limit

    def set_budget(self, subject: Subject, cap: int) -> None:
        """What is held now under the tag is counted from now on, what was spent before too."""
        month = self._month(subject)
        for held in self.holds.values():
            if held.state == "open" and subject not in held.capped and subject in _tagged(held):
                held.capped = (*held.capped, subject)
                month.held += held.rest
        month.base = self.tagged.get(subject, 0) - month.spent
        self.caps[subject] = cap

    def drop_budget(self, subject: Subject) -> bool:
        return self.caps.pop(subject, None) is not None

    def _allowed(self, account: str, tokens: int, tags: Tags) -> tuple[Subject, ...]:
        capped = tuple(one for one in _subjects(account, tags) if one in self.caps)
        for one in capped:
            left = self.caps[one] - self._used(one)
            if tokens > left:
                cap = Tokens(self.caps[one])
                raise BudgetExceeded(Tokens(tokens), Tokens(max(0, left)), one[1], one[2], cap)
        return capped

    def _covered(self, account: str, tokens: int) -> None:
        wallet = self.wallets[account]
        if wallet.reasons:
            raise AccountFrozen("")
        if tokens > wallet.posted - wallet.held + wallet.limit:
            raise InsufficientTokens(Tokens(tokens), Tokens(wallet.room))

    def _repeated(self, sku: str, candidate: str, account: str, tokens: int) -> bool:
        known = self.captures.get((sku, candidate))
        if known is None:
            return False
        if (known.account, known.tokens) != (account, tokens):
            raise Mismatch("")
        return True

    def _pay(self, sku: str, candidate: str, account: str, tokens: int, tags: Tags) -> None:
        capped = self._allowed(account, tokens, tags)
        self._covered(account, tokens)
        self.wallets[account].posted -= tokens
        self._spend(sku, candidate, account, tokens, tags, capped)

    def _spend(
        self, sku: str, candidate: str, account: str, tokens: int, tags: Tags,
        capped: tuple[Subject, ...],
    ) -> None:  # fmt: skip
        self.captures[sku, candidate] = Spent(account, tokens)
        for one in capped:
            self._month(one).spent += tokens
            self._alert(one, tokens)
        for one in _subjects(account, tags):
            self.tagged[one] = self.tagged.get(one, 0) + tokens

    def _alert(self, subject: Subject, tokens: int) -> None:
        cap, month = self.caps.get(subject, 0), self._month(subject)
        after = month.base + month.spent
        for share in (50, 80, 100):
            if cap and (after - tokens) * 100 < cap * share <= after * 100:
                self.told.add((subject, share))

    def _put(self, account: str, tokens: int) -> None:
        wallet = self.wallets[account]
        share = min(wallet.owed, tokens)
        wallet.posted += tokens - share
        self._owe(account, -share)

    def _owe(self, account: str, tokens: int) -> None:
        wallet = self.wallets[account]
        wallet.owed += tokens
        if wallet.owed:
            wallet.reasons.add("owed")
        else:
            wallet.reasons.discard("owed")

    def _used(self, subject: Subject) -> int:
        month = self._month(subject)
        return month.base + month.held + month.spent

    def _month(self, subject: Subject) -> Month:
        return self.months.setdefault(subject, Month())


def _subjects(account: str, tags: Tags) -> tuple[Subject, ...]:
    pairs = (("key", tags.api_key), ("project", tags.project))
    return tuple((account, scope, subject) for scope, subject in pairs if subject is not None)


def _tagged(held: Held) -> tuple[Subject, ...]:
    return _subjects(held.account, held.tags)
