"""A candidate to look at: its score as a piano roll, its sound as a spectrogram, on one time axis.

For musicians and for us; nothing that serves draws. matplotlib is imported only when a picture is
asked for, because no pod should carry it.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from symusic import Score as Midi

from engine.contracts import Plan
from engine.errors import EngineError
from engine.score import Note, Part, bar_ticks, seconds_per_tick
from engine.words.tonality import printed

COLOURS = {
    "lead": "#d62728", "counter": "#9467bd", "harmony": "#8c564b", "comp": "#1f77b4",
    "pad": "#7fb8d8", "bass": "#2ca02c", "drums": "#555555", "fx": "#bcbd22",
}  # fmt: skip
WINDOW = 4096  # samples of one spectrum
BANDS = 220  # rows of the spectrogram
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
FLOOR_DB = -80.0
INCH_S = 0.32  # inches of a second
_MARGIN = 2.4  # inches for the scales on the left and the legend on the right
_CHORD_PT, _ROW_PT = 7.5, 10.0  # points of a chord symbol, and from one row of them to the next
_LETTER = 0.62  # width of a letter in heights
_DRUMS = {
    35: "kick", 36: "kick", 37: "stick", 38: "snare", 39: "clap", 40: "snare", 41: "tom", 42: "hat",
    43: "tom", 44: "pedal hat", 45: "tom", 46: "open hat", 47: "tom", 48: "tom", 49: "crash",
    50: "tom", 51: "ride", 52: "china", 53: "bell", 54: "tambourine", 55: "splash", 56: "cowbell",
    57: "crash", 59: "ride", 63: "conga", 64: "conga", 70: "maracas", 75: "claves", 76: "block",
    77: "block", 81: "triangle", 82: "shaker",
}  # fmt: skip


class DrawingMissing(EngineError):
    """Pictures were asked for where nothing can draw them."""


def draw(offered: Any, file: Path) -> None:
    """Draw one `Offered` candidate into a PNG; raises `DrawingMissing` without matplotlib."""
    plan = offered.made.plan
    parts = played(plan, offered.midi)
    audio, rate = soundfile.read(io.BytesIO(offered.master), dtype="float32", always_2d=True)
    seconds = max(1e-3, len(audio) / rate)
    width = min(60.0, max(10.0, INCH_S * seconds + _MARGIN))
    figure = blank(width, 11.0)
    roll, drums, spectrum = figure.subplots(3, 1, sharex=True, height_ratios=(6, 1.4, 3.4))
    height = paper(roll, drums, plan, parts, (width - _MARGIN) / seconds)
    figure.legend(*roll.get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    _spectrogram(spectrum, audio.mean(axis=1), rate)
    spectrum.set_xlim(0.0, seconds)
    spectrum.set_xlabel("seconds")
    roll.set_title(
        f"{plan.style} · {plan.tempo:.2f} bpm · {plan.meter} · {plan.bars} bars · "
        f"{printed(plan.tonic, plan.mode)} · {plan.ending} · {plan.texture}",
        fontsize=9, loc="left", pad=height + 17,
    )  # fmt: skip
    figure.savefig(file, dpi=90)


def blank(width: float, height: float) -> Any:
    """An empty figure, in inches; raises `DrawingMissing` without matplotlib."""
    figure_of, canvas_of = _matplotlib()
    figure = figure_of(figsize=(width, height), layout="constrained")
    canvas_of(figure)
    return figure


def paper(roll: Any, drums: Any, plan: Plan, parts: Sequence[Part], inch_s: float) -> float:
    """Draw a score into two axes, pitched parts and drums; returns how many points the chords and
    sections above the first take. ``inch_s`` is how wide a second is drawn."""
    _roll(roll, plan, [part for part in parts if part.plan.role not in ("drums", "fx")])
    _drums(drums, plan, [part for part in parts if part.plan.role in ("drums", "fx")])
    for axes in (roll, drums):
        _bar_lines(axes, plan)
    _hits(roll, plan)
    height = _ROW_PT * _chords(roll, plan, inch_s) + 5
    _sections(roll, plan, height)
    return height


def played(plan: Plan, midi: bytes) -> list[Part]:
    """The parts of a candidate as its MIDI file has them: tracks stand in the plan's order."""
    waiting = list(plan.parts)
    parts = []
    # symusic builds its classes at run time, so its own stubs do not know them.
    read: Any = Midi.from_midi(midi)
    for track in read.tracks:
        while waiting and waiting[0].name != track.name:
            waiting.pop(0)
        if not waiting:
            break
        notes = tuple(Note(one.time, one.duration, one.pitch, one.velocity) for one in track.notes)
        parts.append(Part(plan=waiting.pop(0), notes=notes))
    return parts


def spectrogram(mono: np.ndarray, rate: int, bands: int = BANDS) -> np.ndarray:
    """(bands, columns) levels in dB under the loudest, on a logarithmic scale of frequency."""
    hop = WINDOW // 4
    padded = np.pad(mono, (WINDOW // 2, WINDOW // 2 + hop))
    starts = np.arange(0, len(padded) - WINDOW, hop)
    window = np.hanning(WINDOW)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, rate / 2), bands + 1)
    bins = np.fft.rfftfreq(WINDOW, 1 / rate)
    lows = np.clip(np.searchsorted(bins, edges[:-1]), 0, len(bins) - 1)
    highs = np.clip(np.searchsorted(bins, edges[1:]), lows + 1, len(bins))
    power = np.empty((bands, len(starts)))
    for column, start in enumerate(starts):
        frame = np.abs(np.fft.rfft(padded[start : start + WINDOW] * window)) ** 2
        total = np.concatenate([[0.0], np.cumsum(frame)])
        power[:, column] = (total[highs] - total[lows]) / (highs - lows)
    level = 10 * np.log10(power + 1e-12)
    return np.maximum(level - level.max(), FLOOR_DB)


def _matplotlib() -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise DrawingMissing(
            'pictures need matplotlib, which is not installed: pip install "cuesmith[pictures]"'
        ) from missing
    return Figure, FigureCanvasAgg


def _roll(axes: Any, plan: Plan, parts: list[Part]) -> None:
    """Pitched parts by colour, the melody on top of what accompanies it."""
    order = {role: at for at, role in enumerate(reversed(COLOURS))}
    for part in sorted(parts, key=lambda one: order.get(one.plan.role, -1)):
        label = f"{part.plan.role}: {part.plan.name}"
        _bars(axes, plan, part, [(note, note.pitch - 0.45) for note in part.notes], 0.9, label)
    pitches = [note.pitch for part in parts for note in part.notes] or [60]
    axes.set_ylim(min(pitches) - 2, max(pitches) + 3)
    octaves = range(12 * (min(pitches) // 12), max(pitches) + 3, 12)
    axes.set_yticks(list(octaves), [f"C{pitch // 12 - 1}" for pitch in octaves])
    axes.grid(axis="y", color="#eeeeee", zorder=0)


def _drums(axes: Any, plan: Plan, parts: list[Part]) -> None:
    """One row for each key that is struck; effects have the top row."""
    keys = sorted(
        {note.pitch for part in parts if part.plan.role == "drums" for note in part.notes}
    )
    rows = {key: row for row, key in enumerate(keys)}
    for part in parts:
        top = len(keys) if part.plan.role == "fx" else None
        placed = [(note, (rows[note.pitch] if top is None else top) - 0.4) for note in part.notes]
        _bars(axes, plan, part, placed, 0.8, part.plan.name)
    axes.set_ylim(-0.8, len(keys) + 0.8)
    axes.set_yticks(range(len(keys)), [f"{_DRUMS.get(key, '')} {key}" for key in keys], fontsize=6)


def _bars(
    axes: Any, plan: Plan, part: Part, placed: list[tuple[Note, float]], height: float, label: str
) -> None:
    second = seconds_per_tick(plan.tempo, plan.meter)
    axes.barh(
        [bottom for _, bottom in placed],
        [max(0.02, note.length * second) for note, _ in placed],
        height=height,
        left=[note.start * second for note, _ in placed],
        align="edge",
        color=[_shade(COLOURS.get(part.plan.role, "#000000"), note) for note, _ in placed],
        linewidth=0,
        label=label,
        zorder=2,
    )


def _shade(colour: str, note: Note) -> tuple[float, float, float, float]:
    """Loud notes are solid, soft ones pale."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, 0.35 + 0.6 * note.velocity / 127


def _bar_lines(axes: Any, plan: Plan) -> None:
    bar = bar_ticks(plan.meter) * seconds_per_tick(plan.tempo, plan.meter)
    sections = {section.bar for section in plan.sections}
    for number in range(plan.bars + 1):
        strong = number in sections or number == plan.bars
        axes.axvline(number * bar, color="#444444" if strong else "#cccccc",
                     linewidth=1.2 if strong else 0.5, zorder=1)  # fmt: skip


def _chords(axes: Any, plan: Plan, inch_s: float) -> int:
    """Symbols above the roll, each where its chord begins; returns how many rows they take."""
    second = seconds_per_tick(plan.tempo, plan.meter)
    placed = rows([(chord.at * second, chord.symbol) for chord in plan.chords], inch_s)
    for chord, row in zip(plan.chords, placed, strict=True):
        _above(axes, chord.at * second, _ROW_PT * row + 3, chord.symbol, fontsize=_CHORD_PT)
    return max(placed, default=0) + 1


def rows(texts: list[tuple[float, str]], inch_s: float) -> list[int]:
    """The row of each text, so that none is written over its neighbour.

    ``texts`` are (seconds, text) in order of time, ``inch_s`` is how wide a second is drawn.
    """
    ends: list[float] = []
    found = []
    for at, text in texts:
        row = next((row for row, end in enumerate(ends) if end <= at), len(ends))
        width = (len(text) + 1) * _CHORD_PT * _LETTER / 72 / inch_s
        ends[row : row + 1] = [at + width]
        found.append(row)
    return found


def _sections(axes: Any, plan: Plan, height: float) -> None:
    """Names and energies over the chords, and the energy as a tint of the roll under them."""
    bar = bar_ticks(plan.meter) * seconds_per_tick(plan.tempo, plan.meter)
    for section in plan.sections:
        begin, end = section.bar * bar, (section.bar + section.bars) * bar
        label = f"{section.name}  energy {section.energy}"
        if len(label) * 9 * _LETTER / 72 > 0.32 * (end - begin):
            label = f"{section.name} {section.energy}"
        _above(axes, begin, height, label, fontsize=9, weight="bold")
        axes.axvspan(begin, end, color="#ffb000", alpha=0.02 + 0.025 * section.energy,
                     linewidth=0, zorder=0)  # fmt: skip


def _hits(axes: Any, plan: Plan) -> None:
    """The moments of the picture that the music meets."""
    second = seconds_per_tick(plan.tempo, plan.meter)
    for hit in plan.hits:
        axes.axvline(hit * second, color="#d62728", linewidth=1.4, linestyle=(0, (4, 2)), zorder=3)
        axes.annotate(
            f"hit {hit * second:.2f} s", (hit * second, 1.0), (3, -9), fontsize=7,
            color="#d62728", xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        )  # fmt: skip


def _above(axes: Any, seconds: float, points: float, text: str, **style: Any) -> None:
    """A text so many points above the top of the axes."""
    axes.annotate(
        text, (seconds, 1.0), (0, points), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", annotation_clip=False, in_layout=False, **style,
    )  # fmt: skip


def _spectrogram(axes: Any, mono: np.ndarray, rate: int) -> None:
    levels = spectrogram(mono, rate)
    top = min(HIGHEST_HZ, rate / 2)
    edges = np.geomspace(LOWEST_HZ, top, levels.shape[0] + 1)
    times = (np.arange(levels.shape[1] + 1) - 0.5) * (WINDOW // 4) / rate
    axes.pcolormesh(times, edges, levels, cmap="magma", vmin=FLOOR_DB, vmax=0.0, rasterized=True)
    axes.set_yscale("log")
    axes.set_ylim(LOWEST_HZ, top)
    marks = [one for one in (50, 100, 200, 500, 1000, 2000, 5000, 10_000) if one < top]
    axes.set_yticks(marks, [f"{one} Hz" if one < 1000 else f"{one // 1000} kHz" for one in marks])
    axes.minorticks_off()
