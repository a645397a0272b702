"""The exported network behind one small door: features in, logits out, slots kept here.

Key-value slots are allocated once; the graph reads and writes them in place. A row's length is the
caller's: calling again with a smaller one forgets what came after, which is all a retraction costs.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.compose import signature
from engine.compose.signature import Ports
from engine.weights import CPU, session

GRAPH, DURATIONS = "composer.onnx", "durations.onnx"


class Network:
    """One export and a set of slots. Not safe for two threads at once; `twin` makes one for each.

    ``slots``: k0, v0, … (slots, heads, context, head), what each row has behind it. Precision is
    the file's: its inputs say whether slots are single or half. Logits and hidden states come out
    single.
    """

    def __init__(
        self,
        models: Path,
        *,
        slots: int,
        threads: int = 1,
        provider: str = CPU,
        graph: str = GRAPH,
    ) -> None:
        self._session = session(models / graph, threads=threads, provider=provider)
        self._durations = session(models / DURATIONS, threads=threads, provider=provider)
        self._ports = signature.of_steps(self._session, models / graph)
        self._asked, _ = signature.of_durations(self._durations, models / DURATIONS)
        self._rows = slots
        self._lay_out()

    def twin(self) -> "Network":
        """The same weights, not loaded again, with slots of its own."""
        other = copy.copy(self)
        other._lay_out()
        return other

    def step(
        self, ids: np.ndarray, bits: np.ndarray, lengths: Sequence[int], rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Feed ``new`` steps to some rows whose slots hold ``lengths`` steps each.

        ids (rows, new, features), bits (rows, new, bits) → logits (rows, new, codes),
        hidden (rows, new, width).
        """
        new = ids.shape[1]
        bound = self._bound.get(rows.stop) if new == 1 and rows.start == 0 else None
        if bound is None:
            bound = _Bound(self._session, self._ports, self.slots, rows, new)
            if new == 1 and rows.start == 0:
                self._bound[rows.stop] = bound
        return bound.run(ids, bits, lengths)

    def durations(self, hidden: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Duration logits (rows, durations) from hidden (rows, width) and the chosen codes."""
        given = {
            "hidden": np.ascontiguousarray(hidden, self._asked["hidden"].dtype),
            "codes": np.asarray(codes, np.int64),
        }
        return np.asarray(self._durations.run(["logits"], given)[0], np.float32)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let one slot hold the ``length`` steps that another one does."""
        for slot in self.slots.values():
            slot[target, :, :length] = slot[source, :, :length]

    def _lay_out(self) -> None:
        self.slots = {
            name[1:]: np.zeros((self._rows, *(size or 0 for size in port.shape[1:])), port.dtype)
            for name, port in self._ports[0].items()
            if name[:2] in ("pk", "pv")
        }
        self._bound: dict[int, _Bound] = {}


class _Bound:
    """Arrays bound to the graph once, for so many rows and steps, and filled again for each run."""

    def __init__(
        self,
        session: ort.InferenceSession,
        ports: tuple[Ports, Ports],
        slots: dict[str, np.ndarray],
        rows: slice,
        new: int,
    ) -> None:
        self._session, self._binding = session, session.io_binding()
        count, (inputs, outputs) = rows.stop - rows.start, ports
        step = count, new
        self._ids = np.zeros((*step, inputs["ids"].shape[-1] or 0), inputs["ids"].dtype)
        self._bits = np.zeros((*step, inputs["bits"].shape[-1] or 0), inputs["bits"].dtype)
        self._last = np.zeros(count, inputs["lengths"].dtype)
        self._total = np.zeros((), inputs["total"].dtype)
        self._logits, self._hidden = (
            np.zeros((*step, outputs[name].shape[-1] or 0), outputs[name].dtype)
            for name in ("logits", "hidden")
        )
        self._bind(ids=self._ids, bits=self._bits, lengths=self._last, total=self._total)
        for name, array in (("logits", self._logits), ("hidden", self._hidden)):
            self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
        for name, slot in slots.items():
            value = ort.OrtValue.ortvalue_from_numpy(slot[rows])
            self._binding.bind_ortvalue_input(f"p{name}", value)
            self._binding.bind_ortvalue_output(f"n{name}", value)

    def run(
        self, ids: np.ndarray, bits: np.ndarray, lengths: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits and hidden states of one step of the graph, the caller's own."""
        self._ids[:], self._bits[:], self._last[:] = ids, bits, lengths
        self._last += ids.shape[1] - 1
        self._total[...] = self._last.max() + 1
        self._session.run_with_iobinding(self._binding)
        return self._logits.astype(np.float32), self._hidden.astype(np.float32)

    def _bind(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
