"""FLAC: the encoder of libsndfile fed with our own dithered integers, labels by our own writer.

Source of the blocks: RFC 9639.
"""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.master.files import comments, id3
from engine.master.files.labels import Labels, Unreadable
from engine.master.files.numbers import whole

_STREAMINFO, _COMMENT, _LAST = 0, 4, 0x80
_Block = tuple[int, bytes]


def flac(
    samples: NDArray[np.floating], sample_rate: int, bit_depth: int, seed: int, *, dithered: bool
) -> bytes:
    """A FLAC file of ``samples`` (frames, channels) with the same integers as a WAV of the seed."""
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", sample_rate, samples.shape[1], f"PCM_{bit_depth}", format="FLAC"
    ) as written:
        for piece in whole(samples, bit_depth, seed, dithered=dithered):
            written.write(piece << (32 - bit_depth))
    return content.getvalue()


def label(content: bytes, labels: Labels) -> bytes:
    """The file with these labels; what was written before ``fLaC``, a signature's place, goes."""
    _, content = id3.split(content)
    blocks, sound = _blocks(content)
    information = blocks[0][1]
    sample_rate = int.from_bytes(information[10:13], "big") >> 4
    empty = comments.block(b"Cuesmith", {})
    before = next((block for kind, block in blocks if kind == _COMMENT), empty)
    after = comments.relabelled(before, labels, sample_rate)
    kept = [block for block in blocks[1:] if block[0] not in (_COMMENT, 1)]
    return _joined([blocks[0], (_COMMENT, after), *kept]) + sound


def _blocks(content: bytes) -> tuple[list[_Block], bytes]:
    if content[:4] != b"fLaC":
        raise Unreadable("not a FLAC file")
    blocks: list[_Block] = []
    at = 4
    while True:
        head = content[at : at + 4]
        size = int.from_bytes(head[1:], "big")
        if len(head) < 4 or at + 4 + size > len(content):
            raise Unreadable("a FLAC file that ends inside its blocks")
        blocks.append((head[0] & 0x7F, content[at + 4 : at + 4 + size]))
        at += 4 + size
        if head[0] & _LAST:
            break
    if blocks[0][0] != _STREAMINFO or len(blocks[0][1]) != 34:
        raise Unreadable("a FLAC file without its stream information")
    return blocks, content[at:]


def _joined(blocks: list[_Block]) -> bytes:
    parts = [b"fLaC"]
    for place, (kind, block) in enumerate(blocks):
        if len(block) >> 24:
            raise OverflowError("longer than a FLAC block can be")
        last = _LAST if place == len(blocks) - 1 else 0
        parts += [bytes([kind | last]), len(block).to_bytes(3, "big"), block]
    return b"".join(parts)
