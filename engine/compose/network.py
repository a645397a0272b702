"""The exported network behind one small door: features in, logits out, slots kept here.

Key-value slots are allocated once; the graph reads and writes them in place. A row's length is the
caller's: calling again with a smaller one forgets what came after, which is all a retraction costs.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.errors import ModelMissing


class Network:
    """One onnxruntime session and its slots. Not safe for two threads at once."""

    def __init__(
        self,
        models: Path,
        *,
        slots: int,
        threads: int = 1,
        provider: str = "CPUExecutionProvider",
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = _session(models / "composer.onnx", options, provider)
        self._durations = _session(models / "durations.onnx", options, provider)
        facts = self._session.get_modelmeta().custom_metadata_map
        self.context, self.layers = int(facts["context"]), int(facts["layers"])
        shape = (slots, 1, self.context, int(facts["head"]))
        self._slots = {
            f"{kind}{layer}": np.zeros(shape, np.float32)
            for layer in range(self.layers)
            for kind in "kv"
        }

    def step(
        self, ids: np.ndarray, bits: np.ndarray, lengths: Sequence[int], rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """Feed ``new`` steps to some rows whose slots hold ``lengths`` steps each.

        ids (rows, new, features), bits (rows, new, 24) → logits (rows, new, codes),
        hidden (rows, new, width).
        """
        new = ids.shape[1]
        binding = self._session.io_binding()
        binding.bind_cpu_input("ids", np.ascontiguousarray(ids, np.int64))
        binding.bind_cpu_input("bits", np.ascontiguousarray(bits, np.float32))
        last = np.array([length + new - 1 for length in lengths], np.int32)
        binding.bind_cpu_input("lengths", last)
        binding.bind_cpu_input("total", np.array(int(last.max()) + 1, np.int32))
        for name, slot in self._slots.items():
            value = ort.OrtValue.ortvalue_from_numpy(slot[rows])
            binding.bind_ortvalue_input(f"p{name}", value)
            binding.bind_ortvalue_output(f"n{name}", value)
        binding.bind_output("logits")
        binding.bind_output("hidden")
        self._session.run_with_iobinding(binding)
        outputs = dict(zip(self._names(), binding.get_outputs(), strict=True))
        return outputs["logits"].numpy(), outputs["hidden"].numpy()

    def durations(self, hidden: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Duration logits (rows, durations) from hidden (rows, width) and the chosen codes."""
        given = {"hidden": np.ascontiguousarray(hidden), "codes": np.asarray(codes, np.int64)}
        return np.asarray(self._durations.run(["logits"], given)[0])

    def copy(self, source: int, target: int) -> None:
        """Let one slot hold what another one does."""
        for slot in self._slots.values():
            slot[target] = slot[source]

    def _names(self) -> list[str]:
        slots = [f"n{name}" for name in self._slots]
        return [*slots, "logits", "hidden"]


def _session(file: Path, options: ort.SessionOptions, provider: str) -> ort.InferenceSession:
    session = ort.InferenceSession(str(file), options, providers=[provider])
    # onnxruntime falls back to the CPU in silence when a provider's libraries are missing.
    got = session.get_providers()[0]
    if got != provider:
        raise ModelMissing(f"the studio was told to compose on {provider} but got {got}")
    return session
