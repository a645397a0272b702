"""The files of a candidate: its master, the copies it is judged by, its stems."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contracts import Delivery, Marker
from engine.master.files import mp3, wav
from engine.master.files.labels import Labels
from engine.master.files.writing import resample, sound_file
from engine.master.mastering import Master
from engine.score import Score, bar_ticks, seconds_per_tick
from engine.sound.downmix import stereo
from engine.words.formats import RATES, Form
from engine.words.tonality import printed

UNLICENSED = "Evaluation copy, unlicensed: not for use beyond audition"
_PREVIEW_CEILING = 10 ** (-1.5 / 20)  # decoders overshoot what was a sample peak


def master_wav(
    mastered: Master, delivery: Delivery, score: Score, *, loop: bool, seed: int
) -> bytes:
    """The clean master: sections as cue points, a loop with its loop points."""
    frames = len(mastered.audio)
    labels = Labels(
        title=_title(score),
        bpm=score.plan.tempo,
        key=printed(score.plan.tonic, score.plan.mode),
        loop=(0, frames - 1) if loop else None,
        markers=sections(score, mastered.sample_rate, frames),
        lufs=mastered.loudness_lufs,
        true_peak_dbtp=mastered.true_peak_dbtp,
    )
    return sound_file(mastered.audio, _form(mastered, delivery), labels, seed=seed)


def evaluation_wav(clean: bytes, *, label: str) -> bytes:
    """The audition's full-quality copy of a clean master: the same samples, tagged with the
    candidate, without markers or loop."""
    return wav.relabelled(clean, unlicensed(label))


def preview_mp3(copy: bytes, *, label: str) -> bytes:
    """The audition's small copy, tagged with the candidate."""
    return mp3.label(copy, unlicensed(label))


def small_copy(mastered: Master) -> bytes:
    """The small copy before anybody knows whose it is: MP3, so stereo or mono at 48 kHz or less."""
    sound, sample_rate = mastered.audio, mastered.sample_rate
    if sound.ndim == 1:
        sound = sound[:, None]
    if sound.shape[1] > 2:
        sound = stereo(sound)
    if sample_rate not in RATES["mp3"]:
        sound, sample_rate = resample(sound, sample_rate, 48_000), 48_000
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest > _PREVIEW_CEILING:
        sound = sound * np.float32(_PREVIEW_CEILING / loudest)
    return mp3.small_mp3(sound, sample_rate)


def stem_wavs(
    mastered: Master, delivery: Delivery, wanted: Sequence[str], *, seed: int
) -> Mapping[str, bytes]:
    """One file for every wanted stem, as long as the master; ``all`` means every group that plays.

    A group that does not play in this piece is delivered as silence, so that a client's session
    with fixed tracks always finds its file.
    """
    names = sorted(mastered.stems) if "all" in wanted else list(dict.fromkeys(wanted))
    silence = np.zeros_like(mastered.audio)
    form = _form(mastered, delivery)
    return {
        name: sound_file(
            mastered.stems.get(name, silence),
            form,
            Labels(title=f"stem {name}"),
            seed=seed,
            dithered=name in mastered.stems,
        )
        for name in names
    }


def unlicensed(label: str) -> Labels:
    """What an evaluation copy says of itself."""
    return Labels(title=label, comment=UNLICENSED, candidate=label, license="unlicensed")


def sections(score: Score, sample_rate: int, frames: int) -> tuple[Marker, ...]:
    """Where the plan's sections begin."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * sample_rate
    bar = bar_ticks(score.plan.meter) * pace
    markers = [
        Marker(frame=round(section.bar * bar), name=section.name) for section in score.plan.sections
    ]
    return tuple(marker for marker in markers if marker.frame < frames)


def peaks(audio: NDArray[np.floating], sample_rate: int, per_second: int = 4) -> tuple[float, ...]:
    """The waveform for drawing: the largest magnitude of every window, 0-1."""
    size = max(1, sample_rate // per_second)
    level = np.abs(audio if audio.ndim == 1 else audio[:, 0])
    for channel in audio.T[1:] if audio.ndim == 2 else ():
        np.maximum(level, np.abs(channel), out=level)
    return tuple(
        round(min(float(level[start : start + size].max()), 1.0), 3)
        for start in range(0, len(level), size)
    )


def _form(mastered: Master, delivery: Delivery) -> Form:
    channels = 1 if mastered.audio.ndim == 1 else mastered.audio.shape[1]
    return Form(
        sample_rate=mastered.sample_rate,  # type: ignore[arg-type]
        bit_depth=delivery.bit_depth,
        channels=channels,  # type: ignore[arg-type]
    )


def _title(score: Score) -> str:
    return f"{score.plan.style} {score.plan.kind}".replace("_", " ")
