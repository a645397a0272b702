"""Key-value slots: what each row has behind it, allocated once, read and written in place.

Two makers, by where the graph runs. On the CPU slots are arrays of ours. On a device they are the
device's own memory, in which a row keeps its place: nothing is moved, and nothing comes back.
"""

from typing import Protocol

import numpy as np
import onnxruntime as ort

from engine.compose.signature import Ports


class Slots(Protocol):
    """k0, v0, … of shape (rows, heads, context, head), bound to a graph as its past and present."""

    remote: bool
    """Whether they lie on a device: what else is bound must then be bound anew to be seen."""

    rows: int
    context: int

    def bind(self, binding: ort.IOBinding, rows: slice) -> None:
        """Let a graph read and write the slots of some rows."""
        ...

    def stepping(self, rows: int) -> int:
        """How many rows a step has that is made for so many."""
        ...

    def copy(self, source: int, target: int, length: int) -> None:
        """Let one row hold the ``length`` steps that another one does."""
        ...


class HostSlots:
    """Arrays in this process's memory: rows may move, so that those that go on stand side by side.

    A batch of one takes another path through the CPU's matrix kernels and rounds differently, so a
    row never steps alone: it is given an idle neighbour. From 2 rows to 64 every row has the same
    bits: measured at 20 counts, 40 ragged steps each, with one thread and with two.
    """

    remote = False

    def __init__(self, inputs: Ports, rows: int) -> None:
        self.rows = rows
        self.arrays = {
            name[1:]: np.zeros((rows, *(size or 0 for size in port.shape[1:])), port.dtype)
            for name, port in inputs.items()
            if name[:2] in ("pk", "pv")
        }
        self.context = next(iter(self.arrays.values())).shape[2]

    def bind(self, binding: ort.IOBinding, rows: slice) -> None:
        """Let a graph read and write the slots of some rows."""
        for name, array in self.arrays.items():
            value = ort.OrtValue.ortvalue_from_numpy(array[rows])
            binding.bind_ortvalue_input(f"p{name}", value)
            binding.bind_ortvalue_output(f"n{name}", value)

    def stepping(self, rows: int) -> int:
        """As many, and two at least."""
        return max(2, rows)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let one row hold the ``length`` steps that another one does."""
        for array in self.arrays.values():
            array[target, :, :length] = array[source, :, :length]


class DeviceSlots:
    """Memory of a device, bound by address. Every step has all rows, idle ones too.

    A device's matrix library picks its kernels by the number of rows, and its attention splits its
    work by the longest; so that no row depends on its neighbours both are always the same. Its rows
    would stand idle anyway: a step costs about the same for one as for all (1.3 ms for one and for
    64 on an H100).
    """

    remote = True

    def __init__(self, inputs: Ports, rows: int, device: str) -> None:
        self.rows, self._device = rows, device
        self._ports = {n[1:]: port for n, port in inputs.items() if n[:2] in ("pk", "pv")}
        self._values = {
            name: ort.OrtValue.ortvalue_from_numpy(
                np.zeros((rows, *self._of_row(name)), port.dtype), device, 0
            )
            for name, port in self._ports.items()
        }
        self.context = self._of_row(next(iter(self._ports)))[1]

    def bind(self, binding: ort.IOBinding, rows: slice) -> None:
        """Let a graph read and write the slots of some rows."""
        for name, value in self._values.items():
            dtype, size = self._ports[name].dtype, self._of_row(name)
            begin = value.data_ptr() + rows.start * int(np.prod(size)) * dtype.itemsize
            where = (self._device, 0, dtype.type, [rows.stop - rows.start, *size], begin)
            binding.bind_input(f"p{name}", *where)
            binding.bind_output(f"n{name}", *where)

    def stepping(self, rows: int) -> int:
        """All there are."""
        del rows
        return self.rows

    def copy(self, source: int, target: int, length: int) -> None:
        """Rows keep their places on a device."""
        raise NotImplementedError(f"row {source} stays where it is")

    def _of_row(self, name: str) -> tuple[int, ...]:
        return tuple(size or 0 for size in self._ports[name].shape[1:])
