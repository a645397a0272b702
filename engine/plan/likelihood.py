"""How usual the chords of a plan are, as a network heard it in charts of songs.

The network is asked one plan at a time and on one thread: a plan's rating cannot depend on what is
rated beside it. What is usual in songs is not what every style wants: a plan is measured by the
bits that the progressions of its style's own sheet take, never by those of songs.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from engine.contracts import Plan
from engine.errors import ModelMissing
from engine.plan import degrees, modes
from engine.plan.degrees import BAR, CODES, FEATURES, TOLD, Change
from engine.plan.materials import Bars
from engine.score import bar_ticks
from engine.styles import harmony
from engine.weights import manifest_of, session, verified

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "planner"
WEIGHTS = "planner.onnx"
Part = tuple[tuple[Change, ...], int, int]  # chords, bars, kind of section
Progressions = tuple[Bars, ...]


class Graph:
    """The exported network."""

    def __init__(self, file: Path) -> None:
        self._session = session(file, asked=("ids", "told"))

    def bits(self, ids: np.ndarray, told: np.ndarray) -> np.ndarray:
        """ids (rows, chords, FEATURES), told (rows, chords, TOLD) → (rows, chords, TOLD) bits."""
        return np.asarray(self._session.run(["bits"], {"ids": ids, "told": told})[0])


class Likelihood:
    """The weights that the manifest names; `ModelMissing` when they are not."""

    def __init__(self, models: Path | None = None) -> None:
        folder = models or PACKAGED
        manifest = manifest_of(folder, "planner", told=("name", "files", "features", "told"))
        weights = verified(folder / WEIGHTS, manifest["files"].get(WEIGHTS))
        shape = [[tuple(one) for one in manifest[name]] for name in ("features", "told")]
        if shape != [list(FEATURES), list(TOLD)]:
            raise ModelMissing(f"{weights} was trained on other features than this build reads")
        self.name: str = manifest["name"]
        self.digest: str = manifest["files"][WEIGHTS]
        self._graph = Graph(weights)

    def bits(self, parts: Sequence[Part], mode: str) -> list[np.ndarray]:
        """For each section that has chords, (chords, TOLD) bits of the chord, its inversion and its
        length; the sections follow one another."""
        ids: list[list[tuple[int, ...]]] = []
        told: list[list[tuple[int, int, int]]] = []
        before = (CODES, CODES)
        dark = int(mode not in modes.MAJORS)
        for changes, bars, kind in parts:
            if not changes:
                continue
            ids.append(degrees.features(changes, bars, dark, kind, before))
            told.append(degrees.told(changes))
            before = degrees.nearest(changes, before)
        if not ids:
            return []
        longest = max(len(one) for one in ids)
        said = self._graph.bits(_padded(ids, longest, len(FEATURES)),
                                _padded(told, longest, len(TOLD)))  # fmt: skip
        return [row[: len(one)] for row, one in zip(said, ids, strict=True)]


@cache
def packaged() -> Likelihood:
    """The network that ships, loaded once; `ModelMissing` when its manifest names another."""
    return Likelihood()


def above_own(plan: Plan, themes: Progressions, contrasts: Progressions) -> float | None:
    """Bits per chord that a plan takes more than the rarest of its sheet's own progressions, so
    that a style of rare chords is at home in them; None where there is no chord."""
    heard = packaged().bits(parts_of(plan), plan.mode)
    if not heard:
        return None
    return _mean(heard) - max(own(themes, contrasts, plan.mode))


@cache
def own(themes: Progressions, contrasts: Progressions, mode: str) -> tuple[float, ...]:
    """Bits per chord of each of a sheet's own progressions in a mode, as eight bars or more."""
    found = []
    for name, options in (("A", themes), ("B", contrasts)):
        for option in options:
            bars = [option[at % len(option)] for at in range(max(8, len(option)))]
            found.append(_mean(packaged().bits([part_of(bars, degrees.kind_of(name))], mode)))
    return tuple(found)


def _mean(heard: Sequence[np.ndarray]) -> float:
    """Bits per chord with its inversion and its length."""
    return float(np.concatenate(heard).sum(1).mean())


def parts_of(plan: Plan) -> list[Part]:
    """The sections of a plan as the network reads them, without what rings on after the end."""
    bar = bar_ticks(plan.meter)
    found: list[Part] = []
    for section in plan.sections:
        begin, end = section.bar * bar, (section.bar + section.bars) * bar
        changes = tuple(
            Change(
                code=degrees.code(
                    chord.root - plan.tonic,
                    degrees.quality([(pitch - chord.root) % 12 for pitch in chord.pitches]),
                ),
                inversion=degrees.inversion(chord.bass - chord.root),
                at=(chord.at - begin) * BAR // bar,
                length=(min(chord.at + chord.length, end) - chord.at) * BAR // bar,
            )
            for chord in plan.chords
            if begin <= chord.at < end
        )
        found.append((changes, section.bars, degrees.kind_of(section.name)))
    return found


def part_of(bars: Sequence[Sequence[str]], kind: int) -> Part:
    """Bars of a style sheet's chords as a section."""
    placed: list[tuple[str, int]] = []
    for number, symbols in enumerate(bars):
        for place, symbol in enumerate(symbols):
            if not placed or placed[-1][0] != symbol:
                placed.append((symbol, number * BAR + place * BAR // len(symbols)))
    ends = [at for _, at in placed[1:]] + [len(bars) * BAR]
    changes = tuple(
        _change(symbol, at, end - at) for (symbol, at), end in zip(placed, ends, strict=True)
    )
    return changes, len(bars), kind


def _change(symbol: str, at: int, length: int) -> Change:
    read = harmony.read(symbol)
    intervals = [(pitch - read.root) % 12 for pitch in read.pitches]
    return Change(
        code=degrees.code(read.root, degrees.quality(intervals)),
        inversion=degrees.inversion(read.bass - read.root),
        at=at,
        length=length,
    )


def _padded(rows: Sequence[Sequence[tuple[int, ...]]], longest: int, width: int) -> np.ndarray:
    """(rows, longest, width); what is behind a row's end is never read back."""
    found = np.zeros((len(rows), longest, width), np.int64)
    for at, row in enumerate(rows):
        found[at, : len(row)] = row
    return found
