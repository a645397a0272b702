"""A whole cabin family on one sheet: every sound as waveform and spectrogram."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.studio.pictures import blank

COLUMNS = 4
LONGEST_S = 12.0  # of an ambience; the rest looks the same
LOWEST_HZ, HIGHEST_HZ = 60.0, 12_000.0
FLOOR_DB = -90.0
_WINDOW, _BANDS = 1024, 140


def draw_family(offered: Any, file: Path) -> None:
    """Draw an `OfferedFamily` into a PNG; raises `DrawingMissing` without matplotlib."""
    made = offered.made
    rows = -(-len(made.members) // COLUMNS)
    figure = blank(4.2 * COLUMNS, 3.1 * rows + 0.5)
    grid = figure.subplots(2 * rows, COLUMNS, height_ratios=[1, 2] * rows, squeeze=False)
    for axes in grid.ravel():
        axes.set_visible(False)
    loudest = max(float(np.abs(_mono(offered, one.name)[0]).max()) for one in made.members)
    for at, one in enumerate(made.members):
        row, column = 2 * (at // COLUMNS), at % COLUMNS
        _member(grid[row][column], grid[row + 1][column], offered, one, loudest)
    motif = made.character["motif"]
    figure.suptitle(
        f"candidate {made.number} · {made.resolved.tonic} · {made.character['table_name']} · "
        f"signature {motif['signature']} · {made.character['cell_name']} · rating {made.rating}",
        fontsize=10,
    )
    figure.savefig(file, dpi=80)


def _mono(offered: Any, name: str) -> tuple[np.ndarray, int]:
    content = offered.sounds.get(f"{name}.mono", offered.sounds[name])
    audio, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return audio[: round(LONGEST_S * rate), 0], rate


def _member(wave: Any, picture: Any, offered: Any, one: Any, loudest: float) -> None:
    audio, rate = _mono(offered, one.name)
    seconds = len(audio) / rate
    found = {two.name: two for two in one.measured}
    broken = [two.name for two in one.measured if not two.passed]
    for axes in (wave, picture):
        axes.set_visible(True)
        axes.tick_params(labelsize=6)
    t = np.arange(len(audio)) / rate
    wave.plot(t, audio, linewidth=0.4, color="#1f77b4")
    wave.set_ylim(-loudest, loudest)
    wave.set_xlim(0, seconds)
    wave.set_xticks([])
    title = f"{one.name} {one.duration_ms} ms {found['loudness_lufs'].measured:.1f}"
    wave.set_title(
        f"{title} NOT {', '.join(broken)}" if broken else title, fontsize=8, loc="left",
        color="#d62728" if broken else "black",
    )  # fmt: skip
    levels = _spectrogram(audio, rate)
    picture.imshow(
        levels, aspect="auto", origin="lower", cmap="magma", vmin=FLOOR_DB, vmax=0,
        extent=(0, seconds, 0, _BANDS),
    )  # fmt: skip
    marks = np.array([100, 200, 500, 1000, 2000, 4000, 8000])
    places = _BANDS * np.log(marks / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
    picture.set_yticks(list(places), [str(mark) for mark in marks])


def _spectrogram(audio: np.ndarray, rate: int) -> np.ndarray:
    """(bands, columns) in dB under the loudest, on a logarithmic scale of frequency."""
    size = _WINDOW * max(1, rate // 48_000) * 2
    hop = max(size // 16, len(audio) // 600)
    padded = np.pad(audio, (size // 2, size))
    starts = np.arange(0, len(audio), hop)
    rows = np.stack([padded[start : start + size] for start in starts]) * np.hanning(size)
    power = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    bins = np.fft.rfftfreq(size, 1 / rate)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, rate / 2.1), _BANDS + 1)
    at = np.clip(np.searchsorted(bins, edges), 0, len(bins) - 2)
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(power, axis=1)], axis=1)
    wide = np.maximum(at[1:], at[:-1] + 1)
    levels = 10 * np.log10((total[:, wide] - total[:, at[:-1]]).T / (wide - at[:-1])[:, None]
                           + 1e-12)  # fmt: skip
    return levels - levels.max()
