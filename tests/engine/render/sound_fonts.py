"""Writes small sound fonts whose every number is known, from the specification's tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from struct import pack

import numpy as np
import soundfile

RATE = 48_000


@dataclass
class Sample:
    """A recording; ``loop`` is its first frame and the one after its last."""

    wave: np.ndarray
    root: int = 60
    rate: int = RATE
    loop: tuple[int, int] = (0, 0)
    correction: int = 0


@dataclass
class Zone:
    """Generators by number in the order given, and modulators as the five fields of a record."""

    generators: Sequence[tuple[int, int]] = ()
    modulators: Sequence[tuple[int, int, int, int, int]] = ()


@dataclass
class Preset:
    """One preset with one instrument, both with all their zones; a zone names no sample: global."""

    zones: list[Zone]
    program: int = 0
    bank: int = 0
    preset_zone: Zone = field(default_factory=Zone)
    preset_global: Zone | None = None


def sine(hertz: float, seconds: float = 1.0, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    """int16; begins at nought."""
    time = np.arange(int(seconds * rate)) / rate
    return np.round(np.sin(2 * np.pi * hertz * time) * level * 32_767).astype("<i2")


def looped(hertz_cycles: int, frames: int, root: int = 60, level: float = 0.5) -> Sample:
    """``hertz_cycles`` whole turns in ``frames``, looped from the first frame to the last."""
    turns = 2 * np.pi * hertz_cycles * np.arange(frames) / frames
    wave = np.round(np.sin(turns) * level * 32_767).astype("<i2")
    return Sample(wave, root=root, loop=(0, frames))


def chunk(name: bytes, content: bytes) -> bytes:
    return name + pack("<I", len(content)) + content + (b"\0" if len(content) % 2 else b"")


def written(
    samples: list[Sample], presets: list[Preset], *, vorbis: bool = False, without: bytes = b""
) -> bytes:
    """The whole font."""
    smpl, shdr = _samples(samples, vorbis=vorbis)
    instruments, ibag, igen, imod = _zones([preset.zones for preset in presets])
    sides = [
        ([preset.preset_global] if preset.preset_global else [])
        + [
            Zone(
                [*preset.preset_zone.generators, (41, number)],
                preset.preset_zone.modulators,
            )
        ]
        for number, preset in enumerate(presets)
    ]
    heads, pbag, pgen, pmod = _zones(sides)
    tables = {
        b"phdr": b"".join(
            pack("<20sHHHIII", b"preset", preset.program, preset.bank, bag, 0, 0, 0)
            for preset, bag in zip(presets, heads, strict=False)
        )
        + pack("<20sHHHIII", b"EOP", 0, 0, heads[-1], 0, 0, 0),
        b"pbag": pbag, b"pmod": pmod, b"pgen": pgen,
        b"inst": b"".join(pack("<20sH", b"instrument", bag) for bag in instruments),
        b"ibag": ibag, b"imod": imod, b"igen": igen, b"shdr": shdr,
    }  # fmt: skip
    pdta = b"".join(chunk(name, table) for name, table in tables.items() if name != without)
    info = chunk(b"ifil", pack("<HH", 3 if vorbis else 2, 1)) + chunk(b"INAM", b"tiny\0\0")
    body = b"sfbk" + chunk(b"LIST", b"INFO" + info)
    body += chunk(b"LIST", b"sdta" + chunk(b"smpl", smpl)) + chunk(b"LIST", b"pdta" + pdta)
    return chunk(b"RIFF", body)


def saved(
    path: Path, samples: list[Sample], presets: list[Preset], *, vorbis: bool = False
) -> Path:
    path.write_bytes(written(samples, presets, vorbis=vorbis))
    return path


def _samples(samples: list[Sample], *, vorbis: bool) -> tuple[bytes, bytes]:
    content, heads, at = b"", b"", 0
    for one in samples:
        if vorbis:
            file = BytesIO()
            soundfile.write(file, one.wave, one.rate, format="OGG", subtype="VORBIS")
            piece, base, length, kind = file.getvalue(), 0, len(file.getvalue()), 0x11
        else:
            piece, base, length, kind = one.wave.tobytes() + bytes(92), at, len(one.wave), 1
        first, last = one.loop
        heads += pack(
            "<20sIIIIIBbHH", b"sample", at, at + length, base + first, base + last, one.rate,
            one.root, one.correction, 0, kind,
        )  # fmt: skip
        content += piece
        at = len(content) if vorbis else len(content) // 2
    return content, heads + pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)


def _zones(many: list[list[Zone]]) -> tuple[list[int], bytes, bytes, bytes]:
    """Where each one's bags begin, and the tables of bags, generators and modulators."""
    firsts, bags, generators, modulators, count = [], b"", b"", b"", 0
    for zones in many:
        firsts.append(count)
        for zone in zones:
            bags += pack("<HH", len(generators) // 4, len(modulators) // 10)
            generators += b"".join(
                pack("<HH", kind, amount & 0xFFFF) for kind, amount in zone.generators
            )
            modulators += b"".join(pack("<HHhHH", *one) for one in zone.modulators)
            count += 1
    bags += pack("<HH", len(generators) // 4, len(modulators) // 10)
    return [*firsts, count], bags, generators + bytes(4), modulators + bytes(10)
