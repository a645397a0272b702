"""How busy a GPU is while something runs: `nvidia-smi` asked several times a second, beside it."""

import shutil
import subprocess
from types import TracebackType

import numpy as np

_ASKED = "utilization.gpu,memory.used,power.draw"
_EVERY_MS = 100


class Watched:
    """A context that looks at the first GPU; afterwards `words` say what was seen.

    Utilisation is the share of time in which a kernel ran, not of the kernel's own work.
    """

    def __init__(self) -> None:
        self._watcher: subprocess.Popen[str] | None = None
        self.words = "no nvidia-smi here"

    def __enter__(self) -> "Watched":
        if shutil.which("nvidia-smi"):
            self._watcher = subprocess.Popen(
                ["nvidia-smi", "-i", "0", f"--query-gpu={_ASKED}",
                 "--format=csv,noheader,nounits", f"--loop-ms={_EVERY_MS}"],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._watcher is None:
            return
        self._watcher.terminate()
        told, _ = self._watcher.communicate()
        rows = [line.split(",") for line in told.splitlines() if line.count(",") == 2]
        if rows:
            busy, memory, power = np.array(rows, float).T
            self.words = (
                f"GPU busy {busy.mean():.0f} % (most {busy.max():.0f}), {memory.max():.0f} MiB, "
                f"{power.mean():.0f} W, {len(rows)} looks"
            )
