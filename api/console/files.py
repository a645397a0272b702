"""The console's files as browsers get them. They lie beside this file; nothing is built."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parent / "site"
_LONGEST = 100
_NAME = re.compile(r"(?:[a-z][a-z0-9_-]*/)*[a-z][a-z0-9_-]*\.(?P<suffix>html|js|css|svg)")
_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
}  # fmt: skip


class SiteFile(Struct, frozen=True, kw_only=True):
    """One file, as it is and as it travels. ``etag`` names its content."""

    media_type: str
    etag: str
    content: bytes
    zipped: bytes


def find(name: str) -> SiteFile | None:
    """The file of this name. None where there is none, and for every name that none of ours could
    have: no dots but one, so none that leads out of the folder."""
    named = _NAME.fullmatch(name)
    if named is None or len(name) > _LONGEST:
        return None
    file = FOLDER / name
    try:
        changed = file.stat().st_mtime_ns
        return _read(file, changed, _MEDIA_TYPES[named["suffix"]])
    except (FileNotFoundError, NotADirectoryError):
        return None


@lru_cache(maxsize=256)
def _read(file: Path, _changed: int, media_type: str) -> SiteFile:
    """Read once for each time that it was written: who works on the console sees it at once."""
    content = file.read_bytes()
    return SiteFile(
        media_type=media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        content=content,
        zipped=gzip.compress(content, mtime=0),
    )
