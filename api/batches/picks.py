"""Licensing the best of many briefs at once, as each would be by itself."""

from msgspec import structs

from api.batches import service, store
from api.batches.contracts import (
    MOST_PICKS,
    NewPicks,
    Pick,
    Picks,
    Result,
    ResultCandidate,
    Skipped,
)
from api.errors import CandidateExpired, LicensedElsewhere, ValidationFailed
from api.keys.contracts import Caller
from api.licenses import service as licenses
from api.problems import kind_of
from api.shop import Shop
from billing.connections import lent
from billing.errors import AccountFrozen, BudgetExceeded, InsufficientTokens
from engine.errors import Reason


async def pick(shop: Shop, caller: Caller, batch: str, asked: NewPicks) -> Picks:
    """License the best candidate of each of these lines, unless one of theirs is already.

    Each is paid for by itself. Where the tokens do not reach for the first new one, that is
    raised; later, it is said beside what was licensed before.
    """
    _refuse_many(asked)
    async with lent(shop.pool) as conn:
        await service.last_line(conn, caller, batch)
        lines = await store.select_results(
            conn, batch, asked.first_line - 1, None, MOST_PICKS, through=asked.last_line
        )
    picks, skipped, stopped = list[Pick](), list[Skipped](), None
    for line in lines:
        said = _unpaid(line, asked.rating_min)
        if stopped is None or _has_license(line):  # that one is told again, and costs nothing
            try:
                said = await _licensed(shop, caller, line, asked.rating_min)
            except (InsufficientTokens, BudgetExceeded, AccountFrozen) as refused:
                if not any(one.new for one in picks):
                    raise
                stopped = kind_of(refused).code
        if isinstance(said, Pick):
            picks.append(said)
        else:
            skipped.append(said)
    return Picks(picks=tuple(picks), skipped=tuple(skipped), stopped=stopped)


def _refuse_many(asked: NewPicks) -> None:
    many = asked.last_line - asked.first_line + 1
    if not 1 <= many <= MOST_PICKS:
        least, most = asked.first_line, asked.first_line + MOST_PICKS - 1
        detail = f"/last_line must be {least} to {most}: {MOST_PICKS} lines are licensed at once"
        limit = {"min": least, "max": most}
        raise ValidationFailed([Reason("/last_line", "out_of_range", detail, limit)])


def _chosen(line: Result, rating_min: float) -> ResultCandidate | Skipped:
    """The candidate that is licensed already, else the best of those there are to choose from:
    that meets every constraint rather than not, then by rating."""
    for candidate in line.candidates:
        if candidate.license is not None:
            return candidate
    if line.finished_at is None:
        return Skipped(line=line.line, reason="unfinished")
    ready = [one for one in line.candidates if one.status == "ready"]
    if not ready:
        return Skipped(line=line.line, reason="no_candidate")
    best = max(ready, key=lambda one: (one.passed, one.rating, -one.number))
    return best if best.rating >= rating_min else Skipped(line=line.line, reason="rated")


async def _licensed(shop: Shop, caller: Caller, line: Result, rating_min: float) -> Pick | Skipped:
    """The best that can be had: what has just expired, or what somebody else has licensed for
    himself alone, is passed over."""
    while not isinstance(chosen := _chosen(line, rating_min), Skipped):
        try:
            return await _license(shop, caller, line, chosen)
        except (CandidateExpired, LicensedElsewhere):
            left = tuple(one for one in line.candidates if one is not chosen)
            line = structs.replace(line, candidates=left)
    return chosen


def _has_license(line: Result) -> bool:
    return any(one.license is not None for one in line.candidates)


def _unpaid(line: Result, rating_min: float) -> Skipped:
    """What is said of a line of which nothing more is licensed."""
    chosen = _chosen(line, rating_min)
    return chosen if isinstance(chosen, Skipped) else Skipped(line=line.line, reason="paid")


async def _license(shop: Shop, caller: Caller, line: Result, chosen: ResultCandidate) -> Pick:
    made, repeated = await licenses.pick(
        shop.pool, caller.account, caller.key, chosen.id, shop.signer
    )
    return Pick(
        line=line.line, reference=line.reference, brief=line.brief, candidate=chosen.id,
        rating=chosen.rating, license=made.id, track=made.track, tokens=made.tokens,
        new=not repeated,
    )  # fmt: skip
