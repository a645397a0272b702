"""The trained critic: how a bar stands among the bars that people wrote, and among our model's.

A place is a share of bars with the same energy. A bar is read once, after the bars of its section
before it; what the network made of those is kept for a while, so that a bar written again, or the
next one, costs its own strokes alone. One bar at a time, on one thread, from nothing but the
section up to that bar: the same bar has the same place whatever is rated beside it.
"""

import hashlib
from bisect import bisect_left
from collections import OrderedDict
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from msgspec import Struct, structs

from engine.critique import reading
from engine.critique.grid import FEATURES, REACH, VOICES, angles
from engine.critique.strokes import Sheet, Strokes, sheet_of, strokes_of, struck
from engine.errors import ModelMissing
from engine.score import BarView, bar_ticks
from engine.weights import manifest_of, session, verified

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "critics"
WEIGHTS = "critic.onnx"
FEWEST_NOTES = 2  # fewer are no bar to rate
OUTER = VOICES[:3]
KEPT_BARS = 384  # bars whose reading is kept: about 60 kB each


class Heard(Struct, frozen=True, kw_only=True):
    """A bar that was read. ``keys`` and ``values`` (layers, heads, strokes, head) for the bars
    after it; ``answers`` (3,) log-probabilities that it is people's, spoilt, the model's; ``state``
    (features,) what the network knows of it."""

    keys: np.ndarray
    values: np.ndarray
    answers: np.ndarray
    state: np.ndarray


class Graph:
    """The exported network."""

    def __init__(self, file: Path) -> None:
        self._session = session(file, asked=("ids", "turns", "past_keys", "past_values"))
        layers, heads, _, head = next(
            one.shape for one in self._session.get_inputs() if one.name == "past_keys"
        )
        self._nothing = np.zeros((layers, heads, 0, head), np.float32)
        self._half = head // 2

    def hear(self, strokes: Strokes, past: list[Heard]) -> Heard:
        """Read one bar after some bars before it, at most ``REACH - 1``."""
        place = np.concatenate([[0], strokes.places])
        turns = angles(np, np.full(len(place), strokes.bar), place, self._half)
        keys = [self._nothing, *(one.keys for one in past)]
        values = [self._nothing, *(one.values for one in past)]
        given = {
            "ids": strokes.ids,
            "turns": turns.astype(np.float32),
            "past_keys": np.concatenate(keys, 2),
            "past_values": np.concatenate(values, 2),
        }
        names = ["keys", "values", "answers", "state"]
        made = dict(zip(names, self._session.run(names, given), strict=True))
        return Heard(
            keys=np.asarray(made["keys"]), values=np.asarray(made["values"]),
            answers=np.asarray(made["answers"])[0], state=np.asarray(made["state"])[0],
        )  # fmt: skip


class TrainedCritic:
    """The weights that the manifest names, and people's bars to compare with."""

    def __init__(self, models: Path | None = None) -> None:
        folder = models or PACKAGED
        manifest = manifest_of(
            folder, "critic", told=("name", "files", "features", "levels", "people", "own")
        )
        weights = verified(folder / WEIGHTS, manifest["files"].get(WEIGHTS))
        if [tuple(one) for one in manifest["features"]] != list(FEATURES):
            raise ModelMissing(f"{weights} was trained on other features than this build reads")
        self.name: str = manifest["name"]
        self.digest: str = manifest["files"][WEIGHTS]
        self._levels: list[float] = manifest["levels"]
        self._people: dict[str, list[float]] = manifest["people"]
        self._own: dict[str, list[float]] = manifest["own"]
        self._reader = Reader(Graph(weights))

    def place(self, view: BarView) -> float | None:
        """The share of people's bars that sound more spoilt than this one, up to the highest level
        kept; None for a bar with hardly a note."""
        said = self.answers(view)
        if said is None:
            return None
        return self._placed(float(said[0] - said[1]), self._people[kind_of(view)])

    def standing(self, view: BarView) -> float | None:
        """The share of our own model's bars that are less human than this one, likewise, by lead,
        bass and counter."""
        odds = self.odds(view)
        return None if odds is None else self._placed(odds, self._own[kind_of(view)])

    def odds(self, view: BarView) -> float | None:
        """Log-odds that people wrote the bar's lead, bass and counter; None for a bar with hardly
        a note. Our inner voices hold what people's move: they would give us away."""
        outer = tuple(line for line in view.lines if line.role in OUTER)
        said = self.answers(structs.replace(view, lines=outer))
        return None if said is None else float(said[0] - np.logaddexp(said[1], said[2]))

    def answers(self, view: BarView) -> np.ndarray | None:
        """(3,) log-probabilities that the bar is people's, spoilt, our model's."""
        sheet = sheet_of(view)
        if sheet is None or struck(sheet) < FEWEST_NOTES:
            return None
        return self._reader.hear(sheet).answers

    def _placed(self, odds: float, others: list[float]) -> float:
        at = bisect_left(others, odds)
        if at == 0:
            # Below everybody: still ordered, so that the best of several tries can be kept.
            return self._levels[1] * float(1 / (1 + np.exp(others[0] - odds)))
        if at == len(others):
            return self._levels[-1]
        low, high = others[at - 1], others[at]
        share = (odds - low) / (high - low) if high > low else 1.0
        return self._levels[at - 1] + share * (self._levels[at] - self._levels[at - 1])


class Reader:
    """Reads sections bar by bar and keeps what it read. Several threads may ask."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._kept: OrderedDict[bytes, Heard] = OrderedDict()
        self._lock = Lock()

    def hear(self, sheet: Sheet) -> Heard:
        """The last bar of a section as far as it is written."""
        keys = [hashlib.blake2b(sheet.until(bar)).digest() for bar in range(sheet.bars)]
        past = self._known(keys)
        for bar in range(past.bars, sheet.bars):
            heard = self._graph.hear(strokes_of(sheet, bar), past.heard)
            past = _Past(bars=bar + 1, heard=[*past.heard, heard][-(REACH - 1) :])
            self._keep(keys[bar], heard)
        return past.heard[-1]

    def _known(self, keys: list[bytes]) -> "_Past":
        """As many of a section's first bars as need not be read again."""
        with self._lock:
            for bars in range(len(keys), 0, -1):
                needed = keys[max(0, bars - REACH + 1) : bars]
                if all(key in self._kept for key in needed):
                    for key in needed:
                        self._kept.move_to_end(key)
                    return _Past(bars=bars, heard=[self._kept[key] for key in needed])
        return _Past(bars=0, heard=[])

    def _keep(self, key: bytes, heard: Heard) -> None:
        with self._lock:
            self._kept[key] = heard
            while len(self._kept) > KEPT_BARS:
                self._kept.popitem(last=False)


class _Past(Struct, frozen=True, kw_only=True):
    """How many bars of a section were read, and the last of them."""

    bars: int
    heard: list[Heard]


@cache
def packaged() -> TrainedCritic:
    """The critic that ships, loaded once; `ModelMissing` when it is not what its manifest names."""
    return TrainedCritic()


def kind_of(view: BarView) -> str:
    """What sounds in a bar and how energetic its section is: the bars that it is compared with."""
    section = reading.section_at(view.plan, view.bar)
    start = view.bar * bar_ticks(view.plan.meter)
    lead = any(
        line.role == "lead" and any(note.start >= start for note in line.notes)
        for line in view.lines
    )
    energy = min(7, max(1, section.energy)) if section is not None else 4
    return f"{'lead' if lead else 'other'} {energy}"
