"""Weights as their manifest names them: found whole and unaltered, or refused before they are used.

A manifest is ``manifest.json`` beside the weights; its ``files`` are names and SHA-256 digests.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as states  # type: ignore[attr-defined]

from engine.errors import ModelMissing

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
# Single precision stays single, as on the CPU; memory is taken as it is needed and no more.
_OPTIONS = {CUDA: {"use_tf32": "0", "arena_extend_strategy": "kSameAsRequested"}}
_UNFIT = (states.Fail, states.InvalidGraph, states.InvalidProtobuf, states.NotImplemented)


def manifest_of(folder: Path, what: str, *, told: Collection[str] = ()) -> dict[str, Any]:
    """What a folder's manifest says, all that is ``told`` among it; `ModelMissing` otherwise."""
    file = folder / "manifest.json"
    if not file.exists():
        raise ModelMissing(f"no {what} in {folder}: its manifest.json is missing")
    try:
        said = json.loads(file.read_bytes())
    except ValueError as wrong:
        raise ModelMissing(f"{file} cannot be read: {wrong}") from wrong
    if not isinstance(said, dict):
        raise ModelMissing(f"{file} is no manifest")
    for name in told:
        if name not in said:
            raise ModelMissing(f"{file} does not say {name}")
    return said


def verified(file: Path, sha256: str | None) -> Path:
    """The file, which has that digest; `ModelMissing` when it is gone or another one."""
    if not file.exists():
        raise ModelMissing(f"{file} is missing")
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise ModelMissing(f"{file} is not the file its manifest names")
    return file


def session(
    file: Path, *, threads: int = 1, provider: str = CPU, asked: Collection[str] = ()
) -> ort.InferenceSession:
    """A graph ready to run; `ModelMissing` when it cannot be, or has no input called as ``asked``.

    Threads sleep while they wait: a studio has other work for its cores.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        made = ort.InferenceSession(
            str(file), options, providers=[(provider, _OPTIONS.get(provider, {}))]
        )
    except _UNFIT as wrong:
        raise ModelMissing(f"{file} is no graph that can be run here: {wrong}") from wrong
    lacking = sorted(set(asked) - {one.name for one in made.get_inputs()})
    if lacking:
        raise ModelMissing(f"{file} has an unknown graph signature: no {', '.join(lacking)}")
    # onnxruntime falls back to the CPU in silence when a provider's libraries are missing.
    got = made.get_providers()[0]
    if got != provider:
        raise ModelMissing(f"the weights were to run on {provider} but got {got}")
    return made
