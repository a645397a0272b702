"""The copies that a family is judged by before the pick: tagged unlicensed, no loop points."""

import io
from typing import Any

import numpy as np
import soundfile
from msgspec import structs

from engine.contracts import Delivery, FamilyMade
from engine.master import files
from engine.master.files import Labels, labelled, sound_file, unlicensed
from engine.master.mastering import Master
from engine.words.formats import Form

COPIES = frozenset({"evaluation", "preview"})
"""What they are called beside a sound's own files."""


def without_copies(made: FamilyMade) -> FamilyMade:
    """The family with nothing but the files that a pick delivers."""
    members = tuple(
        structs.replace(
            one, assets=tuple(asset for asset in one.assets if asset.name not in COPIES)
        )
        for one in made.members
    )
    return structs.replace(made, members=members)


def evaluation(master: bytes, delivery: Delivery, name: str, candidate: str) -> bytes:
    """The full-quality copy of one sound, given as its master's WAV file: the same samples."""
    audio, rate = _read(master)
    form = Form(sample_rate=rate, bit_depth=delivery.bit_depth, channels=audio.shape[1])
    # What was read lies on the steps of its depth already, so nothing is dithered again.
    return sound_file(audio, form, _labels(name, candidate), dithered=False)


def preview(master: bytes, name: str, candidate: str) -> bytes:
    """The small copy of one sound, as MP3."""
    audio, rate = _read(master)
    whole = Master(
        audio=audio, stems={}, sample_rate=rate, loudness_lufs=0.0, true_peak_dbtp=0.0,
        limiter_gr_db=0.0, limiter_mean_gr_db=0.0, tilt_db=0.0, passes=0, passed=True,
    )  # fmt: skip
    return labelled(files.small_copy(whole), "audio/mpeg", _labels(name, candidate))


def _labels(name: str, candidate: str) -> Labels:
    return structs.replace(unlicensed(candidate), title=f"{candidate} {name}")


def _read(master: bytes) -> tuple[np.ndarray, Any]:
    """(frames, channels), and the rate."""
    audio, rate = soundfile.read(io.BytesIO(master), dtype="float32", always_2d=True)
    return np.asarray(audio, np.float32), rate
