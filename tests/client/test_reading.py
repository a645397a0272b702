"""The client without a server: events put together from lines, and patience."""

import msgspec
from cuesmith_client.errors import Problem, Reason, Refused, TooMuch, Unreachable, Wrong, refused
from cuesmith_client.events import Event, Reader
from cuesmith_client.patience import Patience

STREAM = """\
retry: 2000
event: brief.queued
data: {"brief": "brf_1"}

: still here

id: 1
event: progress
data: {"step": "compose",
data: "done": 1}

id: 2
data: [1, 2]

data: {"cut": "off"""


def test_events_are_read_as_the_standard_says() -> None:
    reader = Reader()
    assert list(reader.read(STREAM.split("\n"))) == [
        Event(id="", type="brief.queued", facts={"brief": "brf_1"}),
        Event(id="1", type="progress", facts={"step": "compose", "done": 1}),
        Event(id="2", type="message", facts={"value": [1, 2]}),
    ]
    assert (reader.last_id, reader.retry_s) == ("2", 2.0)


def test_what_was_begun_when_the_line_broke_is_not_part_of_what_comes_next() -> None:
    reader = Reader()
    assert list(reader.read(["event: progress", 'data: {"lost": 1}'])) == []
    reader.forget()
    assert list(reader.read(["data: {}", ""])) == [Event(id="", type="message", facts={})]


def test_only_what_may_pass_later_is_tried_again_and_not_for_ever() -> None:
    patience = Patience(tries=3, longest_s=10)
    away = refused(503, b"<html>a proxy</html>", "7")
    assert isinstance(away, TooMuch)
    assert [patience.pause(tried, away) for tried in (1, 2, 3)] == [7, 7, None]
    assert patience.pause(1, refused(429, b"{}", "11")) is None, "longer than it cares to wait"
    assert patience.pause(1, Wrong(Problem(status=422, code="validation_failed"))) is None
    running = Refused(Problem(status=409, code="idempotency_in_progress", retryable=True))
    assert patience.pause(1, running) is not None
    first, second = (patience.pause(tried, Unreachable("gone")) for tried in (1, 2))
    assert first is not None
    assert second is not None
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_a_refusal_reads_like_a_sentence() -> None:
    reason = Reason(pointer="/bpm", code="too_large", detail="at most 300")
    problem = Problem(
        title="The request is not valid", status=422, detail="a field is wrong",
        code="validation_failed", errors=(reason,),
    )  # fmt: skip
    body = msgspec.json.encode(problem)
    assert str(refused(422, body, None)) == (
        "The request is not valid: a field is wrong; /bpm: at most 300 [validation_failed]"
    )
