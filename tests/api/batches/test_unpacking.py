"""Bytes become lines: whatever pieces they arrive in, and never more work than they are worth."""

import gzip

import msgspec
import pytest

from api import validation
from api.batches import reading
from api.batches.contracts import MOST_LINES, BatchLine
from api.batches.unpacking import Unpacking, Upload
from api.errors import BatchRefused, ValidationFailed

LINES = b'{"prompt": "one"}\r\n\n{"prompt": "two"}\n{"prompt": "three"}'


def _unpacked(content: bytes, piece: int, *, gzipped: bool = True) -> Upload:
    unpacking = Unpacking(gzipped=gzipped)
    for at in range(0, len(content), piece):
        unpacking.feed(content[at : at + piece])
    return unpacking.end()


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_members_and_what_fills_them_up_may_be_cut_anywhere(piece: int) -> None:
    members = gzip.compress(LINES[:20]) + b"\0" * 9 + gzip.compress(LINES[20:]) + b"\0" * 512
    upload = _unpacked(members, piece)
    assert upload == _unpacked(LINES, piece, gzipped=False)
    assert [number for number, _ in upload.lines] == [1, 3, 4]


def test_what_follows_a_member_and_is_none_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refused:
        _unpacked(gzip.compress(LINES) + b"more", 100_000)
    assert refused.value.reasons[0].code == "not_gzip"


def test_members_without_end_are_refused() -> None:
    with pytest.raises(ValidationFailed) as refused:
        _unpacked(gzip.compress(b"") * (MOST_LINES + 1), 64 * 1024)
    assert refused.value.reasons[0].code == "too_many"


def test_no_line_has_a_number_beyond_the_last() -> None:
    least = b"\n" * (MOST_LINES - 1) + b"{}"
    assert _unpacked(least, 64 * 1024, gzipped=False).lines == ((MOST_LINES, b"{}"),)
    with pytest.raises(ValidationFailed) as refused:
        _unpacked(b"\n" + least, 64 * 1024, gzipped=False)
    assert refused.value.reasons[0].code == "too_many"


async def test_nobody_looks_for_more_mistakes_than_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = []
    sentence = validation._reason

    def counted(*said: object) -> object:
        looked.append(said)
        return sentence(*said)  # pyright: ignore

    monkeypatch.setattr(validation, "_reason", counted)
    line = msgspec.json.encode({"prompt": "a", "sections": [9] * 5_000})
    with pytest.raises(ValidationFailed):
        validation.document(line, BatchLine)
    assert len(looked) == validation.MOST_REASONS
    wrongs, lines = reading.Wrongs(), [(number, line) for number in range(1, 60)]
    async for _ in reading.read("acc_1", lines, 86_400, wrongs):
        pass
    assert len(looked) == validation.MOST_REASONS + reading.MOST_REASONS
    with pytest.raises(BatchRefused):
        wrongs.refuse(whole=False)
