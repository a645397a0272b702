"""One line of JSON per event, for machines that collect them.

A fault is told by what it was and where it happened: the classes of what was raised, and the places
in our files. What an exception says is told only where it is a sentence of ours. Others quote what
they were given: Postgres the row that it refused, a driver the argument, a parser the input, and
that may be somebody's words or key.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import structlog

from api.errors import DoorError
from billing.errors import BillingError
from engine.errors import EngineError

OURS = (DoorError, BillingError, EngineError)
DEEPEST = 30


def as_json() -> None:
    """Log like this from now on; every process calls it once, in its ``main``."""
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def without_what_was_given(
    logger: Any, method: str, facts: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: ``exc_info`` becomes ``exception``, from the first cause on."""
    error = facts.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        facts["exception"] = "\n".join(_told(error))
    return facts


def _told(error: BaseException, depth: int = 0) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < DEEPEST:
        yield from _told(before, depth + 1)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
    yield f"{type(error).__module__}.{type(error).__qualname__}{_said(error)}"
    if isinstance(error, BaseExceptionGroup) and depth < DEEPEST:
        for one in error.exceptions:
            yield from _told(one, depth + 1)


def _said(error: BaseException) -> str:
    """What may be repeated of an exception's words."""
    if isinstance(error, asyncpg.PostgresError):
        places = ("sqlstate", "schema_name", "table_name", "column_name", "constraint_name")
        named = [f"{name}={value}" for name in places if (value := getattr(error, name, None))]
        return f": {' '.join(named)}" if named else ""
    if isinstance(error, OSError) and error.errno is not None:
        return f": errno {error.errno}"
    return f": {error}" if isinstance(error, OURS) and not hasattr(error, "reasons") else ""


def _line(logger: Any, method: str, said: MutableMapping[str, Any]) -> bytes:
    """All of a line in one step: every request waits for its own."""
    facts = {
        "event": said.pop("event"), "level": method, "timestamp": datetime.now(UTC),
        **structlog.contextvars.get_contextvars(), **said,
    }  # fmt: skip
    if "exc_info" in facts:
        without_what_was_given(logger, method, facts)
    try:
        return msgspec.json.encode(facts, enc_hook=repr)
    except (TypeError, ValueError):  # half a character, or a key that is no text
        return json.dumps(facts, default=repr, skipkeys=True).encode()
