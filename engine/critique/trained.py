"""The trained critic: how a bar stands among the bars that people wrote, and among our model's.

A place is a share of bars with the same energy. Bars are rated one at a time, on one thread: the
same bar has the same place whatever is rated beside it.
"""

import hashlib
import json
from bisect import bisect_left
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.critique import reading
from engine.critique.strokes import FEATURES, strokes_of
from engine.critique.traits import TRAITS, traits_of
from engine.errors import ModelMissing
from engine.score import BarView, bar_ticks

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "critics"
FEWEST_NOTES = 2  # fewer are no bar to rate


class Graph:
    """The exported network."""

    def __init__(self, file: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def answers(self, ids: np.ndarray, here: np.ndarray, traits: np.ndarray) -> np.ndarray:
        """ids (notes, features), here (notes,), traits (TRAITS,) → log-probabilities (3,) that the
        bar is people's, spoilt, the model's."""
        given = {
            "ids": ids,
            "here": here.astype(np.float32)[:, None],
            "traits": np.asarray(traits, np.float32)[None],
        }
        return np.asarray(self._session.run(["answers"], given)[0])[0]


class TrainedCritic:
    """The weights that the manifest names, and people's bars to compare with."""

    def __init__(self, models: Path | None = None) -> None:
        folder = models or PACKAGED
        manifest = _checked_manifest(folder)
        self.name: str = manifest["name"]
        self.digest: str = manifest["files"]["critic.onnx"]
        self._levels: list[float] = manifest["levels"]
        self._people: dict[str, list[float]] = manifest["people"]
        self._own: dict[str, list[float]] = manifest["own"]
        self._graph = Graph(folder / "critic.onnx")

    def place(self, view: BarView) -> float | None:
        """The share of people's bars that sound more spoilt than this one, up to the highest level
        kept; None for a bar with hardly a note."""
        said = self.answers(view)
        if said is None:
            return None
        return self._placed(float(said[0] - said[1]), self._people[_kind(view)])

    def standing(self, view: BarView) -> float | None:
        """The share of our own model's bars that are less human than this one, likewise."""
        odds = self.odds(view)
        return None if odds is None else self._placed(odds, self._own[_kind(view)])

    def odds(self, view: BarView) -> float | None:
        """Log-odds that people wrote the bar; None for a bar with hardly a note."""
        said = self.answers(view)
        return None if said is None else float(said[0] - np.logaddexp(said[1], said[2]))

    def answers(self, view: BarView) -> np.ndarray | None:
        """(3,) log-probabilities that the bar is people's, spoilt, our model's."""
        strokes = strokes_of(view)
        if strokes is None or strokes.here.sum() < FEWEST_NOTES:
            return None
        return self._graph.answers(strokes.ids, strokes.here, np.array(traits_of(view)))

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


@cache
def packaged() -> TrainedCritic:
    """The critic that ships, loaded once; `ModelMissing` when it is not what its manifest names."""
    return TrainedCritic()


def _kind(view: BarView) -> str:
    section = reading.section_at(view.plan, view.bar)
    start = view.bar * bar_ticks(view.plan.meter)
    lead = any(
        line.role == "lead" and any(note.start >= start for note in line.notes)
        for line in view.lines
    )
    energy = min(7, max(1, section.energy)) if section is not None else 4
    return f"{'lead' if lead else 'other'} {energy}"


def _checked_manifest(folder: Path) -> dict:
    file = folder / "manifest.json"
    if not file.exists():
        raise ModelMissing(f"no critic in {folder}: its manifest.json is missing")
    manifest = json.loads(file.read_text())
    weights = folder / "critic.onnx"
    if not weights.exists():
        raise ModelMissing(f"{weights} is missing")
    if hashlib.sha256(weights.read_bytes()).hexdigest() != manifest["files"].get("critic.onnx"):
        raise ModelMissing(f"{weights} is not the file its manifest names")
    told = [tuple(one) for one in manifest["features"]], tuple(manifest["traits"])
    if told != (list(FEATURES), TRAITS):
        raise ModelMissing(f"{weights} was trained on other features than this build reads")
    return manifest
