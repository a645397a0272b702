"""Sounds as bytes: WAV, FLAC, MP3 and Ogg Vorbis with tags and chunks of our own writing.

Nothing of the clock or the machine enters a file: the same sound gives the same bytes.
"""

from engine.master.files.deliveries import (
    UNLICENSED,
    evaluation_wav,
    master_wav,
    peaks,
    preview_mp3,
    sections,
    small_copy,
    stem_wavs,
    unlicensed,
)
from engine.master.files.labels import SOFTWARE, Labels, Unreadable, described
from engine.master.files.writing import (
    decoded_peak_dbtp,
    label_file,
    labelled,
    mono,
    resample,
    sound_file,
)

__all__ = [
    "SOFTWARE",
    "UNLICENSED",
    "Labels",
    "Unreadable",
    "decoded_peak_dbtp",
    "described",
    "evaluation_wav",
    "label_file",
    "labelled",
    "master_wav",
    "mono",
    "peaks",
    "preview_mp3",
    "resample",
    "sections",
    "small_copy",
    "sound_file",
    "stem_wavs",
    "unlicensed",
]
