"""A graph that this build does not feed is refused at start, however right its digest is."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import PACKAGED, Composer, graph_for
from engine.errors import ModelMissing

NAMELESS = b"\x12\x00"  # in place of a small number of its own: a size that is not told


def altered(folder: Path, file: str, name: str, old: bytes, new: bytes) -> Path:
    """The packaged models with the declaration of one input or output changed, and named anew."""
    graph = (PACKAGED / file).read_bytes()
    where = graph.rindex(bytes([len(name)]) + name.encode())
    at = graph.index(old, where)
    assert at < where + 60, "the declaration is not where it was"
    return named(folder, file, graph[:at] + new + graph[at + len(old) :])


def named(folder: Path, file: str, graph: bytes) -> Path:
    """The packaged models with another graph, under a manifest that names it."""
    manifest = json.loads((PACKAGED / "manifest.json").read_text())
    for name in manifest["files"]:
        shutil.copy(PACKAGED / name, folder / name)
    (folder / file).write_bytes(graph)
    manifest["files"][file] = hashlib.sha256(graph).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def size(number: int) -> bytes:
    return b"\x08" + bytes([number])


def test_the_packaged_graph_is_known_and_an_unaltered_copy_of_it(tmp_path) -> None:
    copied = named(tmp_path, "composer.onnx", (PACKAGED / "composer.onnx").read_bytes())
    assert len(Composer(copied, desks=1).digest) == 64


@pytest.mark.parametrize(
    ("file", "name", "new"),
    [("composer.onnx", "lengths", "lasting"), ("durations.onnx", "codes", "notes")],
)
def test_an_input_of_another_name_is_refused(tmp_path, file, name, new) -> None:
    graph = (PACKAGED / file).read_bytes().replace(name.encode(), new.encode())
    folder = named(tmp_path, file, graph)
    with pytest.raises(
        ModelMissing, match=f"unknown graph signature: it has {new}; it lacks {name}"
    ):
        Composer(folder)


def test_another_number_of_features_is_refused(tmp_path) -> None:
    folder = altered(tmp_path, "composer.onnx", "ids", size(len(FEATURES)), size(1))
    with pytest.raises(ModelMissing, match=r"unknown graph signature: ids .* \(any, any, 1\)"):
        Composer(folder)


def test_a_size_that_is_not_told_is_refused(tmp_path) -> None:
    folder = altered(tmp_path, "composer.onnx", "bits", size(BITS), NAMELESS)
    with pytest.raises(ModelMissing, match=f"unknown graph signature: bits .*any, {BITS}"):
        Composer(folder)


def test_a_graph_that_contradicts_itself_is_refused(tmp_path) -> None:
    folder = altered(tmp_path, "composer.onnx", "bits", size(BITS), size(BITS + 1))
    with pytest.raises(ModelMissing, match=r"composer\.onnx is no graph that can be run"):
        Composer(folder)


def test_only_a_gpu_is_given_the_half_precision_graph_and_only_where_there_is_one() -> None:
    both = ("composer.onnx", "composer-gpu.onnx", "durations.onnx")
    assert graph_for("CUDAExecutionProvider", both) == "composer-gpu.onnx"
    assert graph_for("CUDAExecutionProvider", both[::2]) == "composer.onnx"
    assert graph_for("CPUExecutionProvider", both) == "composer.onnx"
