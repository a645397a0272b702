"""One line of JSON per event, for machines that collect them.

A fault is told by what it was and where it happened: the classes of what was raised, and the places
in our files. What an exception says is told only where it is a sentence of ours. Others quote what
they were given: Postgres the row that it refused, a driver the argument, a parser the input, and
that may be somebody's words or key.
"""

import asyncio
import atexit
import json
import sys
import threading
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, BinaryIO

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
        wrapper_class=_Direct,
        logger_factory=lambda *_: LINES,
        cache_logger_on_first_use=True,
    )


_NONE: dict[str, Any] = {}
_FACTS: ContextVar[dict[str, Any]] = ContextVar("facts")


def begin(**facts: Any) -> None:
    """From here on, in this task and in those it makes, every line says this, and nothing that was
    said before."""
    _FACTS.set(facts)


def also(**facts: Any) -> None:
    """And this from here on, once it is known; also in what was begun with the same facts."""
    _FACTS.get().update(facts)


@contextmanager
def saying(**facts: Any) -> Iterator[None]:
    """For as long as this lasts every line says this too."""
    token = _FACTS.set({**_FACTS.get(_NONE), **facts})
    try:
        yield
    finally:
        _FACTS.reset(token)


def with_facts(logger: Any, method: str, said: MutableMapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: a line with all that it says."""
    return {**_FACTS.get(_NONE), **said}


class Lines:
    """Writes lines to stdout, or elsewhere. Those of one turn of an event loop go together when it
    ends: a busy gateway has many in each, and a write costs as much as all else about a line."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self._kept: list[bytes] = []
        self._lock = threading.Lock()
        atexit.register(self.write)

    def msg(self, line: bytes) -> None:
        """Write a line; at once, where no loop runs in this thread."""
        with self._lock:
            self._kept += (line, b"\n")
            first = len(self._kept) == 2
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write()
        else:
            if first:
                loop.call_soon(self.write)

    info = warning = msg

    def error(self, line: bytes) -> None:
        """Write a line, and what was kept before it, now: something is wrong with us."""
        with self._lock:
            self._kept += (line, b"\n")
        self.write()

    def write(self) -> None:
        """Write what is kept."""
        with self._lock:
            kept, self._kept = self._kept, []
            if kept:
                file = sys.stdout.buffer if self._file is None else self._file
                file.write(b"".join(kept))
                file.flush()


LINES = Lines()


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


class _Direct(structlog.BoundLoggerBase):
    """Makes all of a line in one step: every request waits for its own."""

    def debug(self, event: str, **said: Any) -> None:
        """Nothing: that is for whoever looks for a fault, at his desk."""

    def info(self, event: str, **said: Any) -> None:
        """What happens every day."""
        self._logger.info(_line("info", event, said))

    def warning(self, event: str, **said: Any) -> None:
        """What somebody should know of."""
        self._logger.warning(_line("warning", event, said))

    def error(self, event: str, **said: Any) -> None:
        """What somebody must look at."""
        self._logger.error(_line("error", event, said))

    def exception(self, event: str, **said: Any) -> None:
        """The same, with the fault that is being handled."""
        self._logger.error(_line("error", event, {"exc_info": True, **said}))


def _line(level: str, event: str, said: dict[str, Any]) -> bytes:
    facts = {
        "event": event, "level": level, "timestamp": datetime.now(UTC), **_FACTS.get(_NONE), **said,
    }  # fmt: skip
    if "exc_info" in facts:
        without_what_was_given(None, level, facts)
    try:
        return msgspec.json.encode(facts, enc_hook=repr)
    except (TypeError, ValueError):  # half a character, or a key that is no text
        return json.dumps(facts, default=repr, skipkeys=True).encode()
