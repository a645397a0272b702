"""What this build feeds an exported graph and reads from it; others are refused at start."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from msgspec import Struct

from engine.compose.codes import BITS, CODES, DURATIONS, FEATURES
from engine.errors import ModelMissing

_TYPES = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(int32)": np.dtype(np.int32),
}
_FLOATS = ("tensor(float)", "tensor(float16)")
_LONG, _INT = ("tensor(int64)",), ("tensor(int32)",)


class Port(Struct, frozen=True, kw_only=True):
    """An input or output: its type and its sizes, None where they are the caller's."""

    dtype: np.dtype
    shape: tuple[int | None, ...]


class Wanted(Struct, frozen=True):
    """What a port must be: one of some types; sizes, None for any number, -1 for a fixed one."""

    types: tuple[str, ...]
    shape: tuple[int | None, ...]


Ports = dict[str, Port]


def of_steps(session: ort.InferenceSession, file: Path) -> tuple[Ports, Ports]:
    """Inputs and outputs of the graph that steps: features and slots in, logits and slots out."""
    layers = sum(one.name.startswith("pk") for one in session.get_inputs())
    slot = Wanted(_FLOATS, (None, -1, -1, -1))
    inputs = {
        "ids": Wanted(_LONG, (None, None, len(FEATURES))),
        "bits": Wanted(_FLOATS, (None, None, BITS)),
        "lengths": Wanted(_INT, (None,)),
        "total": Wanted(_INT, ()),
    } | {f"p{kind}{layer}": slot for layer in range(layers) for kind in "kv"}
    outputs = {
        "logits": Wanted(_FLOATS, (None, None, CODES)),
        "hidden": Wanted(_FLOATS, (None, None, -1)),
    } | {f"n{kind}{layer}": slot for layer in range(layers) for kind in "kv"}
    return _checked(session.get_inputs(), inputs, file), _checked(
        session.get_outputs(), outputs, file
    )


def of_durations(session: ort.InferenceSession, file: Path) -> tuple[Ports, Ports]:
    """Inputs and outputs of the graph that says how long a chosen code lasts."""
    inputs = {"hidden": Wanted(_FLOATS, (None, -1)), "codes": Wanted(_LONG, (None,))}
    outputs = {"logits": Wanted(_FLOATS, (None, DURATIONS))}
    return _checked(session.get_inputs(), inputs, file), _checked(
        session.get_outputs(), outputs, file
    )


def _checked(found: Sequence[ort.NodeArg], wanted: dict[str, Wanted], file: Path) -> Ports:
    names = [one.name for one in found]
    strange = [name for name in names if name not in wanted]
    missing = [name for name in wanted if name not in names]
    if strange or missing:
        told = [f"it has {name}" for name in strange] + [f"it lacks {name}" for name in missing]
        raise ModelMissing(
            f"{file}: unknown graph signature: {'; '.join(told)}; "
            f"this build knows {', '.join(wanted)}"
        )
    return {one.name: _port(one, wanted[one.name], file) for one in found}


def _port(found: ort.NodeArg, wanted: Wanted, file: Path) -> Port:
    shape = tuple(size if isinstance(size, int) else None for size in found.shape)
    fits = len(shape) == len(wanted.shape) and all(
        expected is None or (have is not None and expected in (-1, have))
        for have, expected in zip(shape, wanted.shape, strict=True)
    )
    if found.type not in wanted.types or not fits:
        raise ModelMissing(
            f"{file}: unknown graph signature: {found.name} is {found.type} of {_told(shape)}; "
            f"this build knows {' or '.join(wanted.types)} of {_told(wanted.shape)}"
        )
    return Port(dtype=_TYPES[found.type], shape=shape)


def _told(shape: tuple[int | None, ...]) -> str:
    sizes = ("any" if size is None else "fixed" if size < 0 else str(size) for size in shape)
    return f"({', '.join(sizes)})"
