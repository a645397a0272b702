"""WAV: the sound and its description, and labels put into a finished file.

Source: Microsoft's Multiple Channel Audio Data and WAVE Files, which asks for the extensible form
with a channel mask where there are more than two channels or more than 16 bit.
"""

import mmap
from collections.abc import Sequence
from pathlib import Path
from struct import pack, unpack_from

import numpy as np
from numpy.typing import NDArray

from engine.master.files import chunks, id3
from engine.master.files.chunks import INFO, Chunk
from engine.master.files.labels import Labels, Unreadable, merged, texts
from engine.master.files.numbers import whole
from engine.words.formats import CHANNEL_ORDER

_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
MASKS = {1: 0x4, 2: 0x3, 4: 0x33, 6: 0x3F}
"""Front centre; front left and right; those with back left and right; 5.1."""
_SIGNATURE = b"C2PA"
_FORM_BYTES = 16  # of the shortest description of a sound


def wav(
    samples: NDArray[np.floating],
    sample_rate: int,
    bit_depth: int,
    seed: int,
    labels: Labels,
    *,
    dithered: bool,
) -> bytes:
    """A WAV file of ``samples`` (frames, channels): 16 or 24 bit, or 32-bit floating point.

    A file that is longer than RIFF can hold is refused by `OverflowError`.
    """
    frames, channels = samples.shape
    body: list[Chunk] = [(b"fmt ", _form(channels, sample_rate, bit_depth))]
    if bit_depth == 32:
        body.append((b"fact", pack("<I", frames)))
        body.append((b"data", np.ascontiguousarray(samples, "<f4").tobytes()))
    else:
        body.append((b"data", _packed(samples, bit_depth, seed, dithered=dithered)))
    return chunks.joined(_labelled(body, labels))


def label(content: bytes, labels: Labels) -> bytes:
    """The file with these labels; a signature made before would not hold any more and goes."""
    return chunks.joined(_labelled(list(chunks.walk(content)), labels))


def label_file(file: Path, labels: Labels) -> None:
    """The same for a file on the disk, of which memory never holds more than a piece."""
    if not file.stat().st_size:
        raise Unreadable("an empty file")
    with file.open("rb") as held:  # the mapping ends with the last view of it
        content = memoryview(mmap.mmap(held.fileno(), 0, access=mmap.ACCESS_READ))
    pieces = chunks.pieces(_labelled(list(chunks.walk(content)), labels))
    anew = file.with_name(f"{file.name}.labelled")
    with anew.open("wb") as out:
        out.writelines(pieces)
    anew.replace(file)


def relabelled(content: bytes, labels: Labels) -> bytes:
    """The sound of a file under these labels alone; places and texts it had are left behind."""
    sound = [one for one in chunks.walk(content) if one[0] in (b"fmt ", b"fact", b"data")]
    return chunks.joined(_labelled(sound, labels))


def _form(channels: int, sample_rate: int, bit_depth: int) -> bytes:
    step = channels * bit_depth // 8
    code = _FLOATS if bit_depth == 32 else _INTEGERS
    extensible = channels > 2 or bit_depth == 24
    shape = (channels, sample_rate, sample_rate * step, step, bit_depth)
    head = pack("<HHIIHH", _EXTENSIBLE if extensible else code, *shape)
    if extensible:
        return head + pack("<HHIH", 22, bit_depth, MASKS[channels], code) + _GUID_TAIL
    return head + (pack("<H", 0) if code == _FLOATS else b"")


def _packed(
    samples: NDArray[np.floating], bit_depth: int, seed: int, *, dithered: bool
) -> bytearray:
    out = bytearray(samples.size * bit_depth // 8)
    at = 0
    for piece in whole(samples, bit_depth, seed, dithered=dithered):
        if bit_depth == 16:
            packed = piece.astype("<i2").tobytes()
        else:
            packed = piece.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
        out[at : at + len(packed)] = packed
        at += len(packed)
    return out


# --- labels ---------------------------------------------------------------------------------------


def _labelled(body: Sequence[Chunk], labels: Labels) -> list[Chunk]:
    """bext first, then form and sound, then the places, then the texts."""
    said = merged(_said(body), texts(labels))
    old = dict(reversed(body))
    if len(old.get(b"fmt ", b"")) < _FORM_BYTES or b"data" not in old:
        raise Unreadable("a WAV file without its sound")
    form = old[b"fmt "]
    channels, sample_rate = unpack_from("<HI", form, 2)
    places = {b"smpl", b"cue ", b"LIST adtl"}
    ours = [one for one in body if _name(one) in places]
    kept = [one for one in body if _name(one) not in places | _TEXTS]
    return [
        (b"bext", chunks.bext(labels, said, old.get(b"bext"), form)),
        *kept,
        *_places(ours, labels, sample_rate),
        (b"LIST", chunks.info(said)),
        *([(b"iXML", chunks.ixml(channels))] if len(CHANNEL_ORDER.get(channels, ())) > 2 else []),
        *_tag(said),
    ]


_TEXTS = {b"bext", b"LIST INFO", b"iXML", b"id3 ", _SIGNATURE}


def _name(one: Chunk) -> bytes:
    """The chunk's name, a list's with its kind."""
    return one[0] + b" " + bytes(one[1][:4]) if one[0] == b"LIST" else one[0]


def _places(ours: Sequence[Chunk], labels: Labels, sample_rate: int) -> list[Chunk]:
    """Loop points and cue points: the new ones where given, else those that were there."""
    found: list[Chunk] = [one for one in ours if one[0] == b"smpl" and labels.loop is None]
    if labels.loop is not None:
        found.append((b"smpl", chunks.smpl(sample_rate, labels.loop)))
    if labels.markers is None:
        return found + [one for one in ours if one[0] != b"smpl"]
    if labels.markers:
        found += [(b"cue ", chunks.cue(labels.markers)), (b"LIST", chunks.adtl(labels.markers))]
    return found


def _said(body: Sequence[Chunk]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in body:
        if _name(one) == b"LIST INFO":
            found |= chunks.read_info(memoryview(one[1]))
        elif one[0] == b"id3 ":
            found |= id3.read(bytes(one[1]))
    return found


def _tag(said: dict[str, str]) -> list[Chunk]:
    """What the classic list has no place for, as an ID3 tag beside it."""
    rest = {name: value for name, value in said.items() if name not in INFO}
    return [(b"id3 ", id3.tag(rest))] if rest else []
