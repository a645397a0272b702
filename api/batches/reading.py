"""What the lines of an upload mean, beside the gateway's other work and not in its way.

A line takes about a millisecond to understand. That is done in a thread, a few lines at a time,
with a nap now and then: whoever waits for the interpreter meanwhile has it at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from msgspec import structs

from api import validation
from api.batches.contracts import BatchLine, Wish
from api.briefs.service import expected_s
from api.briefs.understanding import engine_of, understood, with_seed
from api.errors import BatchRefused, InvalidJson, LineReason, ValidationFailed
from engine.contracts import Brief
from engine.errors import BriefRefused, Reason

AT_ONCE = 60
"""Lines a thread works at before the loop hears of them."""
IN_A_ROW = 3
"""Lines it works at without a nap: as long as the interpreter lets one thread work by itself."""
NAP_S = 0.0002
MOST_REASONS = 100
"""Named in a refusal; whoever has more wrong lines has one mistake many times."""


class Wrongs:
    """What is wrong with an upload, up to as much as is worth saying."""

    def __init__(self) -> None:
        self.found: list[LineReason] = []

    @property
    def full(self) -> bool:
        """Whether there is no use in looking further."""
        return len(self.found) >= MOST_REASONS

    def add(self, line: int, reasons: Sequence[Reason]) -> None:
        """One more line that cannot be taken."""
        self.found += [LineReason(line, reason) for reason in reasons]

    def refuse(self, *, whole: bool) -> None:
        """`BatchRefused` where anything is wrong; ``whole``: whether all lines were looked at."""
        if self.found:
            raise BatchRefused(self.found[:MOST_REASONS], whole=whole)


async def read(
    account: str, lines: Sequence[tuple[int, bytes]], deadline_s: int, wrongs: Wrongs
) -> AsyncIterator[list[Wish]]:
    """The lines that can be carried out, some at a time; the others are added to ``wrongs``, and
    when those are full, it ends."""
    for at in range(0, len(lines), AT_ONCE):
        if wrongs.full:
            return
        yield await asyncio.to_thread(_some, account, lines[at : at + AT_ONCE], deadline_s, wrongs)


def _some(
    account: str, lines: Sequence[tuple[int, bytes]], deadline_s: int, wrongs: Wrongs
) -> list[Wish]:
    wishes = []
    for place, (number, raw) in enumerate(lines, 1):
        if wrongs.full:  # what is wrong takes longer to name than a line to understand
            break
        try:
            wishes.append(_wish(account, number, raw, deadline_s))
        except (ValidationFailed, BriefRefused) as refusal:
            wrongs.add(number, refusal.reasons)
        except InvalidJson as refusal:
            wrongs.add(number, [Reason("", "invalid_json", str(refusal))])
        if not place % IN_A_ROW:
            time.sleep(NAP_S)
    return wishes


def _wish(account: str, number: int, raw: bytes, deadline_s: int) -> Wish:
    line = validation.document(raw, BatchLine)
    brief = with_seed(Brief(**{name: getattr(line, name) for name in Brief.__struct_fields__}))
    resolved = understood(account, brief)
    if line.deadline_s is None:
        resolved = structs.replace(resolved, deadline_s=deadline_s)
    return Wish(
        line=number, reference=line.reference, request=brief, resolved=resolved,
        engine=engine_of(brief), expected_s=expected_s(resolved),
    )  # fmt: skip
