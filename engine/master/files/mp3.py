"""MP3: libsndfile's encoder, our own ID3 tag before it."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.master.files import id3
from engine.master.files.labels import Labels, Unreadable, merged, texts

_BEST = 0.0  # of libsndfile's 0 (best) to 1 (smallest): 320 kbit/s, full to 20 kHz
_SMALL = 0.2  # about 180 kbit/s variable, full to 18 kHz


def mp3(samples: NDArray[np.floating], sample_rate: int) -> bytes:
    """An MP3 of ``samples`` (frames, 1 or 2) at 320 kbit/s, as catalogues take it."""
    return _encoded(samples, sample_rate, _BEST, "CONSTANT")


def small_mp3(samples: NDArray[np.floating], sample_rate: int) -> bytes:
    """A variable-rate MP3 of ``samples`` (frames, 1 or 2) to listen to before choosing."""
    return _encoded(samples, sample_rate, _SMALL, "VARIABLE")


def _encoded(samples: NDArray[np.floating], sample_rate: int, level: float, mode: str) -> bytes:
    content = io.BytesIO()
    soundfile.write(
        content, samples, sample_rate, format="MP3", subtype="MPEG_LAYER_III",
        compression_level=level, bitrate_mode=mode,
    )  # fmt: skip
    return content.getvalue()


def label(content: bytes, labels: Labels) -> bytes:
    """The file with these labels; a signature made before would not hold any more and goes."""
    before, sound = id3.split(content)
    if len(sound) < 2 or sound[0] != 0xFF or sound[1] & 0xE0 != 0xE0:
        raise Unreadable("not an MP3 file")
    return id3.tag(merged(id3.read(before), texts(labels))) + sound
