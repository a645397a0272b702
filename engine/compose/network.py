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
from engine.compose.slots import DeviceSlots, HostSlots, Slots
from engine.errors import ModelMissing
from engine.weights import CPU, CUDA, session

GRAPH, DURATIONS = "composer.onnx", "durations.onnx"
DEVICES = {CPU: None, CUDA: "cuda"}
"""Where slots are kept, by provider; None is this process's own memory."""


class Network:
    """One export and a set of slots. Not safe for two threads at once; `twin` makes one for each.

    Precision is the file's: its inputs say whether slots are single or half. Logits and hidden
    states come out single. ``device`` says where slots are kept, where the provider does not.
    """

    def __init__(
        self,
        models: Path,
        *,
        slots: int,
        threads: int = 1,
        provider: str = CPU,
        graph: str = GRAPH,
        device: str | None = None,
    ) -> None:
        if provider not in DEVICES:
            raise ModelMissing(
                f"the composer cannot keep its slots on {provider}; known are {', '.join(DEVICES)}"
            )
        self._session = session(models / graph, threads=threads, provider=provider)
        self._durations = session(models / DURATIONS, threads=threads, provider=provider)
        self._ports = signature.of_steps(self._session, models / graph)
        self._asked, _ = signature.of_durations(self._durations, models / DURATIONS)
        self._rows, self._device = slots, device or DEVICES[provider]
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

    def _lay_out(self) -> None:
        inputs, _ = self._ports
        self.slots: Slots = (
            DeviceSlots(inputs, self._rows, self._device)
            if self._device
            else HostSlots(inputs, self._rows)
        )
        self._bound: dict[int, _Bound] = {}


class _Bound:
    """Arrays bound to the graph once, for so many rows and steps, and filled again for each run.

    What a device reads is copied to it when it is bound, so there it is bound again for each run;
    slots are bound once everywhere.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        ports: tuple[Ports, Ports],
        slots: Slots,
        rows: slice,
        new: int,
    ) -> None:
        self._session, self._binding, self._slots = session, session.io_binding(), slots
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
        self._bind()
        for name, array in (("logits", self._logits), ("hidden", self._hidden)):
            self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
        slots.bind(self._binding, rows)

    def run(
        self, ids: np.ndarray, bits: np.ndarray, lengths: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits and hidden states of one step of the graph, the caller's own."""
        self._ids[:], self._bits[:], self._last[:] = ids, bits, lengths
        self._last += ids.shape[1] - 1
        self._total[...] = self._most(ids.shape[1])
        if self._slots.remote:
            self._bind()
            self._binding.synchronize_inputs()
        self._session.run_with_iobinding(self._binding)
        if self._slots.remote:
            self._binding.synchronize_outputs()
        return self._logits.astype(np.float32), self._hidden.astype(np.float32)

    def _most(self, new: int) -> int:
        """Steps of the longest row; on a device the most that it could have, whoever is there.

        Where many steps are fed at once they are a row's first, which it takes from this.
        """
        return self._slots.context if self._slots.remote and new == 1 else self._last.max() + 1

    def _bind(self) -> None:
        for name, array in (
            ("ids", self._ids),
            ("bits", self._bits),
            ("lengths", self._last),
            ("total", self._total),
        ):
            self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
