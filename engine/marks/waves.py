"""Where a WAV file keeps its manifest: a chunk ``C2PA`` at its very end.

Written in place with one pass over the sound, so that a file of any length is signed with a few
kilobytes of memory. Source: C2PA 2, "Embedding manifests into RIFF-based formats".
"""

import hashlib
from struct import pack, unpack
from typing import Any, BinaryIO

from engine.errors import EngineError
from engine.marks.detached import Detached, Hashed

_CHUNK = b"C2PA"
_MOST = 2**32 - 1
_HEAD = 8


class NoWave(EngineError):
    """Not a WAV file that a manifest could be written into."""


def sign(file: Any, detached: Detached) -> None:
    """Put the manifest at the end of a file that is open to read and write; one that stands there
    already goes. Raises `NoWave`."""
    end = _end(file)
    size = _HEAD + detached.bytes + detached.bytes % 2
    if end + size - _HEAD > _MOST:
        raise NoWave("a WAV file so long that it cannot hold its credentials")
    file.truncate(end)
    file.seek(4)
    file.write(pack("<I", end + size - _HEAD))
    file.seek(0)
    digest = hashlib.sha256()
    hashlib.file_digest(file, lambda: digest)
    # The reader takes the chunk without its padding for the manifest's place.
    padding = bytes(detached.bytes % 2)
    digest.update(padding)
    place = Hashed(sha256=digest.digest(), start=end, length=_HEAD + detached.bytes)
    manifest = detached.sign(place)
    file.seek(end)
    file.write(_CHUNK + pack("<I", len(manifest)) + manifest + padding)
    file.flush()


def _end(file: BinaryIO) -> int:
    """Where the manifest's chunk will begin, always at an even place."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise NoWave("not a WAV file")
    if unpack("<I", head[4:8])[0] + _HEAD not in (length, length + 1):
        raise NoWave("a WAV file that does not end where it says")
    at = 12
    while at + _HEAD <= length:
        file.seek(at)
        name, size = file.read(4), unpack("<I", file.read(4))[0]
        after = at + _HEAD + size + size % 2
        if at + _HEAD + size > length:
            raise NoWave("a WAV file that ends inside a chunk")
        if name == _CHUNK:
            if after < length:
                raise NoWave("a WAV file whose old credentials stand in its middle")
            return at
        at = after
    if at > length:  # the padding that its writer left out
        file.seek(0, 2)
        file.write(b"\0")
    return at
