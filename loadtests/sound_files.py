"""What is true of finished files: each is written, read back and measured whole by libebur128."""

import io
from collections.abc import Iterator, Mapping

import numpy as np
import pyebur128
import soundfile
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Brief, Delivery
from engine.master import files
from engine.master.mastering import Master
from loadtests.sound_pieces import STYLES, Library

Sound = NDArray[np.float32]
_Mode = pyebur128.MeasurementMode


class File(Struct, frozen=True, kw_only=True):
    """One file as it was read back: how far from what was asked."""

    what: str
    passed: bool  # what the master says of itself
    detail: str
    loudness_error: float
    peak_over_db: float
    frames_error: int


def briefs(count: int, seed: int) -> list[Brief]:
    """Beds, loops, stings and chimes of every style, rate, depth, loudness and channel count."""
    rng = np.random.default_rng([seed, 200])
    out = []
    for number in range(count):
        kind = ("bed", "bed", "loop", "sting", "bed", "chime", "bed", "ambience")[number % 8]
        loudness = (-14.0, -16.0, -23.0)[int(rng.integers(3))]
        out.append(
            Brief(
                kind=kind,
                style=STYLES[number % len(STYLES)],
                candidates=1,
                duration_ms=_length_ms(kind, rng),
                bars=4 if kind == "loop" else None,
                delivery=Delivery(
                    sample_rate=int(rng.choice([44_100, 48_000, 96_000])),  # type: ignore[arg-type]
                    bit_depth=int(rng.choice([16, 24, 32])),  # type: ignore[arg-type]
                    channels=int(rng.choice([1, 2, 2, 2, 4, 6])),  # type: ignore[arg-type]
                    lufs=loudness,
                    true_peak_dbtp=float(rng.choice([-1.0, -1.0, -0.3, -2.0])),
                ),
            )
        )
    return out


def _length_ms(kind: str, rng: np.random.Generator) -> int | None:
    span = {"bed": (8, 24), "sting": (1, 6), "chime": (0.3, 4), "ambience": (8, 20)}.get(kind)
    return None if span is None else int(1000 * rng.uniform(*span))


def durations(count: int, seed: int) -> list[Brief]:
    """Lengths from 0.2 s to 10 min, evenly spread over their logarithm, both ends among them."""
    rng = np.random.default_rng([seed, 60])
    lengths = np.exp(rng.uniform(np.log(200), np.log(600_000), count)).astype(int)
    lengths[:2] = (200, 600_000)
    out = []
    for number, length in enumerate(lengths.tolist()):
        kinds = [k for k, low, high in _KINDS if low <= length <= high]
        out.append(
            Brief(
                kind=kinds[int(rng.integers(len(kinds)))],
                style=STYLES[number % len(STYLES)],
                candidates=1,
                duration_ms=length,
                delivery=Delivery(
                    sample_rate=int(rng.choice([44_100, 48_000, 96_000])),  # type: ignore[arg-type]
                    bit_depth=16,
                    lufs=-16.0,
                ),
            )
        )
    return out


_KINDS = (("chime", 200, 5_000), ("sting", 500, 15_000), ("bed", 5_000, 600_000),
          ("ambience", 5_000, 600_000))  # fmt: skip


def read_back(library: Library, asked: list[Brief], seed: int) -> Iterator[File]:
    """Every brief's file."""
    for piece in library.each(asked, seed):
        delivery = piece.resolved.delivery
        done = library.sound(piece)
        content = files.master_wav(done, delivery, piece.score, loop=False, seed=piece.seed)
        sound, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        assert rate == delivery.sample_rate and sound.shape[1] == delivery.channels
        yield File(
            what=f"{piece.resolved.kind} {piece.resolved.style} {len(sound) / rate:.1f} s "
            f"{rate} Hz {delivery.bit_depth} bit {delivery.channels} ch {delivery.lufs} LUFS",
            passed=done.passed,
            detail=done.detail,
            loudness_error=loudness(sound, rate) - (delivery.lufs or 0.0),
            peak_over_db=peak_dbtp(sound, rate) - delivery.true_peak_dbtp,
            frames_error=len(sound) - round(piece.resolved.duration_ms * rate / 1000)
            if piece.resolved.kind != "loop"
            else len(sound) - piece.resolved.duration_frames,
        )


def loudness(sound: Sound, rate: int) -> float:
    """Integrated loudness; of less than three seconds that of the loudest 400 ms."""
    if len(sound) >= 3 * rate:
        state = pyebur128.R128State(sound.shape[1], rate, _Mode.MODE_I)
        state.add_frames(sound.ravel(), len(sound))
        return float(pyebur128.get_loudness_global(state))
    state = pyebur128.R128State(sound.shape[1], rate, _Mode.MODE_M)
    padded = np.concatenate([sound, np.zeros((rate, sound.shape[1]), np.float32)])
    loudest = -np.inf
    for start in range(0, len(padded), rate // 100):
        step = np.ascontiguousarray(padded[start : start + rate // 100])
        state.add_frames(step.ravel(), len(step))
        loudest = max(loudest, float(pyebur128.get_loudness_momentary(state)))
    return loudest


def peak_dbtp(sound: Sound, rate: int) -> float:
    """True peak of the whole sound."""
    state = pyebur128.R128State(sound.shape[1], rate, _Mode.MODE_TRUE_PEAK)
    state.add_frames(sound.ravel(), len(sound))
    sides = range(sound.shape[1])
    return float(20 * np.log10(max(pyebur128.get_true_peak(state, side) for side in sides) + 1e-9))


def reach_khz(library: Library, style: str, seed: int, seconds: int) -> float:
    """The highest frequency within 60 dB of the peak of the long-term spectrum, in kilohertz.

    The spectrum is the mean power of 4,096 frames at a time, so a line of it is 12 Hz wide.
    """
    brief = Brief(kind="bed", style=style, duration_ms=seconds * 1000, candidates=1)
    piece = library.pieces(brief, seed)[0]
    audio = library.sound(piece).audio
    size = 4096
    together = audio.mean(axis=1)
    rows = together[: len(together) // size * size].reshape(-1, size) * np.hanning(size)
    power = (np.abs(np.fft.rfft(rows, axis=1)) ** 2).mean(axis=0)
    inside = np.flatnonzero(power >= power.max() * 1e-6)
    return float(inside[-1] * 48 / size)


def stem_residuals_db(library: Library, style: str, seed: int, seconds: int) -> tuple[float, float]:
    """Peak of what is left of the master without its stems: in floating point, and as 24-bit
    files."""
    brief = Brief(kind="bed", style=style, duration_ms=seconds * 1000, candidates=1, stems=("all",))
    piece = library.pieces(brief, seed)[0]
    done = library.sound(piece)
    written = files.stem_wavs(done, piece.resolved.delivery, ("all",), seed=piece.seed)
    whole = files.master_wav(
        done, piece.resolved.delivery, piece.score, loop=False, seed=piece.seed
    )
    left = _decoded(whole)
    for content in written.values():
        left = left - _decoded(content)
    return _left_over_db(done), _decibels(left)


def _left_over_db(done: Master) -> float:
    stems: Mapping[str, Sound] = done.stems
    return _decibels(done.audio - sum(stem.astype(np.float64) for stem in stems.values()))


def _decoded(content: bytes) -> NDArray[np.float64]:
    return soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)[0]


def _decibels(left: NDArray[np.floating]) -> float:
    return float(20 * np.log10(np.abs(left).max() + 1e-12))
