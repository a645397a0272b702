"""Statements as files: CSV for a spreadsheet, JSON lines for a program. Both say the same.

A sheet of lines begins with the line ``opening`` and ends with ``closing``: the tokens of all lines
between them lead from the one's ``balance_after`` to the other's. A file that was cut short has no
``closing``.
"""

import csv
import io
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from billing.statements.contracts import Span

Form = Literal["csv", "jsonl"]
Columns = Collection[str]
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv", "jsonl": "application/jsonl"}

LINE_COLUMNS = {
    "id": "the line's number; empty for opening and closing",
    "created_at": "when, UTC",
    "kind": "opening, audition, license, topup, grant, refund, expiry, clawback, reinstatement, "
    "repayment, settlement or closing",
    "tokens": "positive came in, negative went out",
    "balance_after": "tokens there after it",
    "reference": "the candidate that was paid for, or the payment or grant that came in",
    "brief": "the brief or family that the candidate belongs to",
    "license": "the license that was bought",
    "key": "the API key that spent them",
    "project": "the brief's project",
    "customer_ref": "the brief's customer_ref",
    "brief_kind": "bed, loop, sting, chime, ambience or family",
}
"""The columns of a sheet of lines, in order, and what stands in them."""

GROUP_COLUMNS = {
    "tokens": "tokens spent by the group",
    "returned": "those of the tokens spent, then or before, that were given back in the period",
    "count": "how many auditions and licenses that was",
}
"""What stands behind the columns that were grouped by."""


def _listed(columns: dict[str, str]) -> str:
    return "; ".join(f"`{name}`: {about}" for name, about in columns.items())


ABOUT = (
    "`Accept: text/csv` or `application/jsonl`, or `format`, give a whole sheet, streamed. Without "
    "`group_by` it has the lines, from `opening` to `closing`; a sheet without `closing` was cut "
    f"short. Its columns: {_listed(LINE_COLUMNS)}. With `group_by` it has those columns, then "
    f"{_listed(GROUP_COLUMNS)}. In CSV, text that a spreadsheet would take for a formula begins "
    "with an apostrophe."
)
"""What a client must know of sheets."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def head(form: Form, columns: Columns) -> bytes:
    """What a sheet begins with: the names of its columns in CSV, nothing in JSON lines."""
    return _csv([list(columns)]) if form == "csv" else b""


def rows(form: Form, columns: Columns, some: Iterable[dict[str, Any]]) -> bytes:
    """Rows of a sheet: RFC 4180 in UTF-8, or one JSON object a line."""
    if form == "csv":
        return _csv([[_cell(row.get(name)) for name in columns] for row in some])
    return b"".join(
        msgspec.json.encode({name: row.get(name) for name in columns}) + b"\n" for row in some
    )


def edge(span: Span, kind: Literal["opening", "closing"]) -> dict[str, Any]:
    """The first or the last row of a sheet of lines."""
    opens = kind == "opening"
    return {
        "kind": kind, "tokens": 0, "created_at": span.since if opens else span.until,
        "balance_after": span.opening if opens else span.closing,
    }  # fmt: skip


def _csv(cells: list[list[str]]) -> bytes:
    sheet = io.StringIO()
    csv.writer(sheet).writerows(cells)
    return sheet.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(_FORMULAS):
        # A spreadsheet would take it for a formula, and a client of our client may have written it.
        return f"'{value}"
    return str(value)
