"""Masters, stems and previews as bytes: our own WAV chunks and ID3 tags around plain samples.

Nothing of the clock or the machine enters a file: the same master gives the same bytes.
"""

import io
from collections.abc import Mapping, Sequence
from struct import pack
from typing import Literal

import numpy as np
import soundfile
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Delivery
from engine.master.mastering import Master
from engine.score import Score, bar_ticks, seconds_per_tick
from engine.sound.filters import middle

Sound = NDArray[np.floating]
SOFTWARE = "Cuesmith"
UNLICENSED = "Evaluation copy, unlicensed: not for use beyond audition"
MP3_RATES = (44_100, 48_000)
MP3_LEVEL = 0.2  # of libsndfile's 0 (best) to 1 (smallest): about 180 kbit/s variable
MP3_CEILING = 10 ** (-1.5 / 20)  # decoders overshoot what was a sample peak


class Marker(Struct, frozen=True, kw_only=True):
    """A named place in a file, in frames."""

    frame: int
    name: str


class Tags(Struct, frozen=True, kw_only=True):
    """What a file says of itself."""

    title: str
    comment: str = ""
    candidate: str = ""
    unlicensed: bool = False


# --- what the studio asks for ---------------------------------------------------------------------


def master_wav(
    mastered: Master, delivery: Delivery, score: Score, *, loop: bool, seed: int
) -> bytes:
    """The clean master: sections as cue points, a loop with its loop points."""
    return wav(
        mastered.audio,
        mastered.sample_rate,
        delivery.bit_depth,
        seed=seed,
        markers=sections(score, mastered.sample_rate, len(mastered.audio)),
        loop=loop,
        tags=Tags(title=_title(score)),
        loudness=mastered,
    )


def evaluation_wav(mastered: Master, delivery: Delivery, *, label: str, seed: int) -> bytes:
    """The audition's full-quality copy: tagged with the candidate, without markers or loop."""
    tags = Tags(title=label, comment=UNLICENSED, candidate=label, unlicensed=True)
    return wav(mastered.audio, mastered.sample_rate, delivery.bit_depth, seed=seed, tags=tags)


def preview_mp3(mastered: Master, delivery: Delivery, *, label: str) -> bytes:
    """The audition's small copy."""
    tags = Tags(title=label, comment=UNLICENSED, candidate=label, unlicensed=True)
    return mp3(mastered.audio, mastered.sample_rate, tags)


def stem_wavs(
    mastered: Master, delivery: Delivery, wanted: Sequence[str], *, seed: int
) -> Mapping[str, bytes]:
    """One file for every wanted stem, as long as the master; ``all`` means every group that plays.

    A group that does not play in this piece is delivered as silence, so that a client's session
    with fixed tracks always finds its file.
    """
    names = sorted(mastered.stems) if "all" in wanted else list(dict.fromkeys(wanted))
    silence = np.zeros_like(mastered.audio)
    return {
        name: wav(
            mastered.stems.get(name, silence),
            mastered.sample_rate,
            delivery.bit_depth,
            seed=seed,
            tags=Tags(title=f"stem {name}"),
            dithered=name in mastered.stems,
        )
        for name in names
    }


def sections(score: Score, sample_rate: int, frames: int) -> tuple[Marker, ...]:
    """Where the plan's sections begin."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * sample_rate
    bar = bar_ticks(score.plan.meter) * pace
    markers = [
        Marker(frame=round(section.bar * bar), name=section.name) for section in score.plan.sections
    ]
    return tuple(marker for marker in markers if marker.frame < frames)


def peaks(audio: Sound, sample_rate: int, per_second: int = 4) -> tuple[float, ...]:
    """The waveform for drawing: the largest magnitude of every window, 0-1."""
    size = max(1, sample_rate // per_second)
    level = np.abs(audio if audio.ndim == 1 else audio[:, 0])
    for channel in audio.T[1:] if audio.ndim == 2 else ():
        np.maximum(level, np.abs(channel), out=level)
    return tuple(
        round(min(float(level[start : start + size].max()), 1.0), 3)
        for start in range(0, len(level), size)
    )


# --- WAV ------------------------------------------------------------------------------------------


def wav(
    audio: Sound,
    sample_rate: int,
    bit_depth: Literal[16, 24, 32],
    *,
    seed: int = 0,
    markers: Sequence[Marker] = (),
    loop: bool = False,
    tags: Tags | None = None,
    loudness: Master | None = None,
    dithered: bool = True,
) -> bytes:
    """A WAV file: PCM of 16 or 24 bit with triangular dither drawn from ``seed``, or 32-bit float.

    Chunks in the order bext, fmt, (fact,) data, smpl, cue, LIST; a file that is longer than RIFF
    can hold is refused by `OverflowError`.
    """
    samples = audio if audio.ndim == 2 else audio[:, None]
    frames, channels = samples.shape
    body: list[bytes | bytearray] = [_chunk(b"bext", _bext(tags, loudness))]
    floating = bit_depth == 32
    step = channels * bit_depth // 8
    form = pack(
        "<HHIIHH", 3 if floating else 1, channels, sample_rate, sample_rate * step, step, bit_depth
    )
    body.append(_chunk(b"fmt ", form + (pack("<H", 0) if floating else b"")))
    if floating:
        body.append(_chunk(b"fact", pack("<I", frames)))
    content = _samples(samples, bit_depth, seed, dithered=dithered)
    body += [b"data", pack("<I", len(content)), content, b"\0" * (len(content) % 2)]
    del content
    if loop:
        body.append(_chunk(b"smpl", _smpl(sample_rate, frames)))
    if markers:
        body.append(_chunk(b"cue ", _cue(markers)))
        body.append(_chunk(b"LIST", _labels(markers)))
    body.append(_chunk(b"LIST", _info(tags)))
    size = sum(len(part) for part in body)
    if size > 2**32 - 16:
        raise OverflowError("longer than a WAV file can be")
    return b"".join((b"RIFF", pack("<I", 4 + size), b"WAVE", *body))


def _chunk(name: bytes, content: bytes | bytearray | memoryview) -> bytes:
    return b"".join((name, pack("<I", len(content)), content, b"\0" * (len(content) % 2)))


def _samples(samples: Sound, bit_depth: int, seed: int, *, dithered: bool) -> bytes | bytearray:
    if bit_depth == 32:
        return np.ascontiguousarray(samples, "<f4").tobytes()
    full = 2 ** (bit_depth - 1)
    rng = np.random.default_rng([seed % 2**63, bit_depth])
    out = bytearray(samples.size * bit_depth // 8)
    step = samples.shape[1] * bit_depth // 8
    for start in range(0, len(samples), _AT_ONCE):
        scaled = samples[start : start + _AT_ONCE].astype(np.float64, order="C") * full
        if dithered:
            # Two even draws make the triangle that frees the last bit of every trace of the signal.
            scaled += rng.random(scaled.shape, np.float32)
            scaled -= rng.random(scaled.shape, np.float32)
        whole = np.clip(np.rint(scaled), -full, full - 1).astype("<i4")
        if bit_depth == 16:
            packed = whole.astype("<i2").tobytes()
        else:
            packed = whole.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
        out[start * step : start * step + len(packed)] = packed
    return out


_AT_ONCE = 1 << 18  # frames turned into integers at a time


def _smpl(sample_rate: int, frames: int) -> bytes:
    """One endless forward loop over the whole file."""
    head = pack("<9I", 0, 0, round(1e9 / sample_rate), 60, 0, 0, 0, 1, 0)
    return head + pack("<6I", 0, 0, 0, frames - 1, 0, 0)


def _cue(markers: Sequence[Marker]) -> bytes:
    points = (
        pack("<II4sIII", at + 1, marker.frame, b"data", 0, 0, marker.frame)
        for at, marker in enumerate(markers)
    )
    return pack("<I", len(markers)) + b"".join(points)


def _labels(markers: Sequence[Marker]) -> bytes:
    labels = (
        _chunk(b"labl", pack("<I", at + 1) + marker.name.encode() + b"\0")
        for at, marker in enumerate(markers)
    )
    return b"adtl" + b"".join(labels)


def _info(tags: Tags | None) -> bytes:
    entries = [(b"ISFT", SOFTWARE)]
    if tags:
        entries.insert(0, (b"INAM", tags.title))
        if tags.comment:
            entries.append((b"ICMT", tags.comment))
        if tags.candidate:
            entries.append((b"ISRC", f"CUESMITH_CANDIDATE={tags.candidate}"))
    return b"INFO" + b"".join(_chunk(name, text.encode() + b"\0") for name, text in entries)


def _bext(tags: Tags | None, loudness: Master | None) -> bytes:
    """Broadcast extension, version 2; without date and time, which would make two files differ."""
    description = f"{tags.title}. {tags.comment}".strip(". ") if tags else SOFTWARE
    measured = pack("<5h", *(_hundredths(v) for v in _measured(loudness)))
    return b"".join(
        (
            _fixed(description, 256),
            _fixed(SOFTWARE, 32),
            _fixed(tags.candidate if tags else "", 32),
            bytes(10),
            bytes(8),
            pack("<QH", 0, 2),
            bytes(64),
            measured,
            bytes(180),
        )
    )


def _measured(loudness: Master | None) -> tuple[float | None, ...]:
    if loudness is None:
        return (None,) * 5
    return (loudness.loudness_lufs, None, loudness.true_peak_dbtp, None, None)


def _hundredths(value: float | None) -> int:
    """The standard's way of saying nothing is 0x7fff."""
    return 0x7FFF if value is None or not np.isfinite(value) else round(value * 100)


def _fixed(text: str, size: int) -> bytes:
    return text.encode("ascii", "replace")[:size].ljust(size, b"\0")


def _title(score: Score) -> str:
    return f"{score.plan.style} {score.plan.kind}".replace("_", " ")


# --- MP3 ------------------------------------------------------------------------------------------


def mp3(audio: Sound, sample_rate: int, tags: Tags) -> bytes:
    """A variable-rate MP3 with an ID3v2.3 tag before it; 96 kHz is brought to 48 kHz."""
    sound = audio if audio.ndim == 2 else audio[:, None]
    if sample_rate not in MP3_RATES:
        sound, sample_rate = resample(sound, sample_rate, 48_000), 48_000
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest > MP3_CEILING:
        sound = sound * np.float32(MP3_CEILING / loudest)
    content = io.BytesIO()
    soundfile.write(
        content, sound, sample_rate, format="MP3", subtype="MPEG_LAYER_III",
        compression_level=MP3_LEVEL, bitrate_mode="VARIABLE",
    )  # fmt: skip
    return id3(tags) + content.getvalue()


def id3(tags: Tags) -> bytes:
    """Our own ID3v2.3 tag: title, comment, and the candidate's name as a user-defined text."""
    frames = [_text(b"TIT2", tags.title), _text(b"TSSE", SOFTWARE)]
    if tags.candidate:
        frames.append(_user_text("CUESMITH_CANDIDATE", tags.candidate))
    if tags.unlicensed:
        frames.append(_user_text("CUESMITH_LICENSE", "unlicensed"))
    if tags.comment:
        content = b"\x01eng" + _utf16("") + b"\0\0" + _utf16(tags.comment)
        frames.append(_frame(b"COMM", content))
    body = b"".join(frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def _text(name: bytes, value: str) -> bytes:
    return _frame(name, b"\x01" + _utf16(value))


def _user_text(name: str, value: str) -> bytes:
    return _frame(b"TXXX", b"\x01" + _utf16(name) + b"\0\0" + _utf16(value))


def _frame(name: bytes, content: bytes) -> bytes:
    return name + pack(">IH", len(content), 0) + content


def _utf16(value: str) -> bytes:
    return b"\xff\xfe" + value.encode("utf-16-le")


# --- other shapes ---------------------------------------------------------------------------------


def resample(audio: Sound, source: int, target: int) -> Sound:
    """The sound at another rate; exactly ``round(frames * target / source)`` frames."""
    if source == target:
        return audio
    out = np.asarray(soxr.resample(audio, source, target, quality="HQ"), np.float32)
    frames = round(len(audio) * target / source)
    if len(out) < frames:
        out = np.concatenate([out, np.zeros((frames - len(out), *out.shape[1:]), np.float32)])
    return out[:frames]


def mono(audio: Sound) -> Sound:
    """Both channels as one, (frames, 1)."""
    return middle(audio)[:, None]
