"""Sheets: read back as they were written, and harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.statements import sheets

AT = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
ROW = {
    "id": 7, "created_at": AT, "kind": "license", "tokens": -8, "balance_after": -3,
    "reference": "cand_1", "brief": None, "customer_ref": 'a "b", c\nd', "project": "动画",
}  # fmt: skip


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_a_row_reads_back() -> None:
    columns = tuple(sheets.LINE_COLUMNS)
    head, row = _read(sheets.head("csv", columns) + sheets.rows("csv", columns, [ROW]))
    assert head == list(columns)
    back = dict(zip(head, row, strict=True))
    assert back["tokens"] == "-8", "a number is no formula"
    assert back["created_at"] == "2026-11-27T08:30:00.000000Z"
    assert back["customer_ref"] == ROW["customer_ref"]
    assert back["project"] == "动画"
    assert back["brief"] == back["key"] == ""
    assert sheets.head("jsonl", columns) == b""
    said = msgspec.json.decode(sheets.rows("jsonl", columns, [ROW]))
    assert list(said) == list(columns)
    assert (said["tokens"], said["customer_ref"], said["key"]) == (-8, ROW["customer_ref"], None)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_formula_stays_text(first: str) -> None:
    wicked = f'{first}HYPERLINK("http://x",1)'
    ((cell,),) = _read(sheets.rows("csv", ["project"], [{"project": wicked}]))
    assert cell == f"'{wicked}"
    said = msgspec.json.decode(sheets.rows("jsonl", ["project"], [{"project": wicked}]))
    assert said == {"project": wicked}


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_whatever_a_client_calls_things_the_sheet_keeps_its_shape(words: list[str]) -> None:
    rows = [{"project": word, "tokens": 1} for word in words]
    read = _read(sheets.rows("csv", ("project", "tokens"), rows))
    assert len(read) == len(words)
    for word, (cell, tokens) in zip(words, read, strict=True):
        assert cell in (word, f"'{word}")
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert tokens == "1"
    lines = sheets.rows("jsonl", ("project",), rows).splitlines()
    assert [msgspec.json.decode(line)["project"] for line in lines] == words
