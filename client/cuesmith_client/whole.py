"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole(to: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which stands under its name once it is complete."""
    partial = to.with_name(f"{to.name}.partial")
    try:
        with partial.open("wb") as out:
            yield out
        partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)
