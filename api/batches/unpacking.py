"""From bytes as they arrive to lines: bounded at every step, whatever they unpack to."""

import hashlib
import zlib

from msgspec import Struct

from api.batches.contracts import MOST_BYTES, MOST_LINES
from api.errors import BodyTooLarge, UnsupportedMediaType, ValidationFailed
from engine.errors import Reason

LINE_BYTES = 256 * 1024
"""A line may be as long as the body of a brief."""
PIECE = 64 * 1024
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


class Upload(Struct, frozen=True, kw_only=True):
    """The lines of an upload with their numbers, from 1, and the digest of all of it."""

    sha256: str
    lines: tuple[tuple[int, bytes], ...]


class Unpacking:
    """Takes an upload piece by piece and refuses it as soon as there is too much of it: a bomb is
    never unpacked further than what may be uploaded."""

    def __init__(self, *, gzipped: bool) -> None:
        self._gzipped, self._content = gzipped, bytearray()
        self._member = _member() if gzipped else None
        self._members = 1
        self._began = False
        self._digest = hashlib.sha256()
        self._ends = self._line = 0  # line ends so far; bytes of the line that has not ended

    def feed(self, piece: bytes) -> None:
        """The next bytes as they were sent."""
        if not self._began:
            self._began = bool(piece)
            _refuse_archives(piece, gzipped=self._gzipped)
        if self._gzipped:
            self._inflate(piece)
        else:
            for at in range(0, len(piece), PIECE):
                self._keep(piece[at : at + PIECE])

    def end(self) -> Upload:
        """All lines; what was cut off is refused. Blank lines have a number and say nothing."""
        if self._gzipped and (self._member is not None or not self._began):
            detail = "the upload ends before its gzip stream does: send it again, whole"
            raise ValidationFailed([Reason("", "cut_off", detail)])
        content = bytes(self._content.removeprefix(b"\xef\xbb\xbf"))
        lines = tuple(
            (number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()
        )
        if not lines:
            detail = "there is no line: send one brief a line, as JSON"
            raise ValidationFailed([Reason("", "too_few", detail, {"min": 1, "max": MOST_LINES})])
        if lines[-1][0] > MOST_LINES:
            raise _too_many()
        return Upload(sha256=self._digest.hexdigest(), lines=lines)

    def _next_member(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > MOST_LINES:  # empty ones are no lines, and cost as much
            raise _too_many()
        return _member()

    def _inflate(self, left: bytes) -> None:
        while True:
            if self._member is None:  # one has ended; zeros may fill it up, another one may follow
                left = left.lstrip(b"\0")
                if not left:
                    return
                self._member = self._next_member()
            try:
                out = self._member.decompress(left, PIECE)
            except zlib.error as error:
                detail = f"the body is not gzip, as Content-Encoding says: {error}"
                raise ValidationFailed([Reason("", "not_gzip", detail)]) from error
            self._keep(out)
            if self._member.eof:
                left, self._member = self._member.unused_data, None
            else:
                left = self._member.unconsumed_tail
                if not left and len(out) < PIECE:
                    return

    def _keep(self, piece: bytes) -> None:
        if len(self._content) + len(piece) > MOST_BYTES:
            raise BodyTooLarge(f"an upload has at most {MOST_BYTES} bytes, unpacked")
        self._refuse_endless(piece)
        self._content += piece
        self._digest.update(piece)

    def _refuse_endless(self, piece: bytes) -> None:
        """One line without an end, and lines without an end, need not be unpacked to their end."""
        self._ends += piece.count(b"\n")
        if self._ends > MOST_LINES:
            raise _too_many()
        first = piece.find(b"\n")
        self._line += len(piece) if first < 0 else first
        if self._line > LINE_BYTES:
            raise BodyTooLarge(f"a line has at most {LINE_BYTES} bytes")
        if first >= 0:
            self._line = len(piece) - 1 - piece.rfind(b"\n")


def _too_many() -> ValidationFailed:
    detail = f"these are more than the {MOST_LINES} lines that are taken at once, blank ones too"
    return ValidationFailed([Reason("", "too_many", detail, {"max": MOST_LINES})])


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)


def _refuse_archives(piece: bytes, *, gzipped: bool) -> None:
    if piece.startswith(_ZIP):
        raise UnsupportedMediaType(
            "zip archives are not taken: send the lines themselves, or gzipped with "
            "`Content-Encoding: gzip`"
        )
    if not gzipped and piece.startswith(_GZIP):
        raise UnsupportedMediaType("this is gzip: say so with `Content-Encoding: gzip`")
