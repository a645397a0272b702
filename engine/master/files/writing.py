"""A sound as a file of any form, and labels put into a finished file of any form."""

import io
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.contracts import SoundFormat
from engine.errors import BriefRefused, Reason
from engine.master.files import flac as flac_files
from engine.master.files import mp3 as mp3_files
from engine.master.files import ogg as ogg_files
from engine.master.files import wav as wav_files
from engine.master.files.labels import Labels
from engine.sound.filters import middle
from engine.sound.loudness import true_peak_dbtp
from engine.words.formats import MEDIA_TYPES, Form, check

Sound = NDArray[np.floating]
_LABELLERS = {
    MEDIA_TYPES["wav"]: wav_files.label,
    MEDIA_TYPES["flac"]: flac_files.label,
    MEDIA_TYPES["mp3"]: mp3_files.label,
    MEDIA_TYPES["ogg"]: ogg_files.label,
}
_LOSSY: tuple[SoundFormat, ...] = ("mp3", "ogg")
_TRIES = 4  # times a lossy file is written anew, each time as much lower as the last was too high


def sound_file(
    audio: Sound,
    form: Form,
    labels: Labels | None = None,
    *,
    seed: int = 0,
    dithered: bool = True,
    ceiling_dbtp: float | None = None,
) -> bytes:
    """``audio`` (frames,) or (frames, channels) at the form's rate as a labelled file.

    Whole numbers get triangular dither drawn from ``seed``. A ``ceiling_dbtp`` holds for what a
    decoder makes of a lossy file, which overshoots: the file is then written so much lower.
    Raises `BriefRefused` for a form that cannot be.
    """
    check(form)
    samples = audio if audio.ndim == 2 else audio[:, None]
    if samples.shape[1] != form.channels:
        raise ValueError(f"{samples.shape[1]} channels for a file of {form.channels}")
    said = labels or Labels()
    match form.format:
        case "wav":
            return wav_files.wav(
                samples, form.sample_rate, form.bit_depth, seed, said, dithered=dithered
            )
        case "flac":
            content = flac_files.flac(
                samples, form.sample_rate, form.bit_depth, seed, dithered=dithered
            )
        case "mp3" | "ogg":
            content = _lossy(samples, form, ceiling_dbtp)
    return labelled(content, form.media_type, said)


def labelled(content: bytes, media_type: str, labels: Labels) -> bytes:
    """A finished file with these labels added or put in the place of those it had.

    Its sound stays bit for bit. A signature it bore would not hold any more and is taken away:
    sign last. Raises `BriefRefused` for a kind of file that is none of ours, and `Unreadable`
    (`engine.master.files.labels`) for content that is not of its kind.
    """
    if media_type not in _LABELLERS:
        detail = f"{media_type} carries no labels of ours; possible are {', '.join(_LABELLERS)}"
        raise BriefRefused([Reason("/media_type", "unsupported_format", detail, [*_LABELLERS])])
    return _LABELLERS[media_type](content, labels)


def label_file(file: Path, media_type: str, labels: Labels) -> None:
    """`labelled` for a file that lies on the disk."""
    if media_type == MEDIA_TYPES["wav"]:
        wav_files.label_file(file, labels)
    else:
        file.write_bytes(labelled(file.read_bytes(), media_type, labels))


def _lossy(samples: Sound, form: Form, ceiling_dbtp: float | None) -> bytes:
    encode = mp3_files.mp3 if form.format == "mp3" else ogg_files.ogg
    content = encode(samples, form.sample_rate)
    if ceiling_dbtp is None:
        return content
    gain_db = 0.0
    for _ in range(_TRIES):
        over = decoded_peak_dbtp(content) - ceiling_dbtp
        if over <= 0:
            break
        gain_db -= over + 0.05
        content = encode(samples * np.float32(10 ** (gain_db / 20)), form.sample_rate)
    return content


def decoded_peak_dbtp(content: bytes) -> float:
    """The true peak of what a decoder makes of a file."""
    audio, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return float(true_peak_dbtp(np.asarray(audio, np.float32), sample_rate))


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
