"""Weights that are not those their manifest names are refused at start, by whoever loads them."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.compose.composer import Composer
from engine.critique import originality
from engine.critique.trained import TrainedCritic
from engine.errors import ModelMissing
from engine.plan.likelihood import Likelihood
from engine.workshop.bits import Meter

pytestmark = pytest.mark.slow
MODELS = Path(originality.PACKAGED).parent
# Who loads, from which folder, which file it must not do without.
LOADERS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "composer": (lambda at: Composer(at, desks=1), "composer", "composer.onnx"),
    "composer's durations": (lambda at: Composer(at, desks=1), "composer", "durations.onnx"),
    "composer's matrices": (lambda at: Composer(at, desks=1), "composer", "matrices.bin"),
    "critic": (TrainedCritic, "critics", "critic.onnx"),
    "planner": (Likelihood, "planner", "planner.onnx"),
    "index of the training works": (
        originality.packaged.__wrapped__, "composer", "training-runs.npz",
    ),
    "bits": (Meter, "composer", "composer.onnx"),
    "bits' baseline": (Meter, "composer", "frequencies.npz"),
}  # fmt: skip


@pytest.fixture(params=LOADERS)
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple:
    """A loader, a copy of what it loads, and the file that is to be spoilt."""
    load, room, name = LOADERS[request.param]
    folder = shutil.copytree(MODELS / room, tmp_path / room)
    return load, folder, folder / name


def refusal(load: Callable[[Path], object], folder: Path) -> str:
    with pytest.raises(ModelMissing) as refused:
        load(folder)
    said = str(refused.value)
    assert "engine/models" in said, "it says where weights come from"
    return said


def test_what_is_packaged_is_taken(loaded) -> None:
    load, folder, _ = loaded
    load(folder)


def test_another_file_than_the_named_one_is_refused(loaded) -> None:
    load, folder, file = loaded
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert f"{file} is not the file its manifest names" in refusal(load, folder)


def test_a_file_that_is_cut_off_is_refused(loaded) -> None:
    load, folder, file = loaded
    file.write_bytes(file.read_bytes()[:1000])
    assert f"{file} is not the file its manifest names" in refusal(load, folder)


def test_a_file_that_is_not_there_is_refused(loaded) -> None:
    load, folder, file = loaded
    file.unlink()
    assert f"{file} is missing" in refusal(load, folder)


def test_a_folder_without_manifest_is_refused(loaded) -> None:
    load, folder, _ = loaded
    (folder / "manifest.json").unlink()
    assert "manifest.json is missing" in refusal(load, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": 3'])
def test_a_manifest_that_cannot_be_read_is_refused(loaded, text: str) -> None:
    load, folder, _ = loaded
    (folder / "manifest.json").write_text(text)
    assert "manifest" in refusal(load, folder)


@pytest.mark.parametrize(
    ("loader", "told"), [("composer", "name"), ("critic", "levels"), ("planner", "features")]
)
def test_a_manifest_that_leaves_out_what_is_needed_is_refused(
    loader: str, told: str, tmp_path: Path
) -> None:
    load, room, _ = LOADERS[loader]
    folder = shutil.copytree(MODELS / room, tmp_path / room)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest[told]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert f"does not say {told}" in refusal(load, folder)


@pytest.mark.parametrize("loader", ["composer", "critic", "planner"])
def test_a_graph_that_no_manifest_names_is_refused(loader: str, tmp_path: Path) -> None:
    load, room, name = LOADERS[loader]
    folder = shutil.copytree(MODELS / room, tmp_path / room)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert f"{folder / name} is not the file its manifest names" in refusal(load, folder)


@pytest.mark.parametrize(("loader", "other"), [("critic", "planner"), ("planner", "critic")])
def test_another_graph_under_the_name_is_refused(loader: str, other: str, tmp_path: Path) -> None:
    load, room, name = LOADERS[loader]
    folder = shutil.copytree(MODELS / room, tmp_path / room)
    _, others, graph = LOADERS[other]
    (folder / name).write_bytes((MODELS / others / graph).read_bytes())
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "unknown graph signature" in refusal(load, folder)


@pytest.mark.parametrize("loader", ["critic", "planner"])
def test_weights_for_other_features_are_refused(loader: str, tmp_path: Path) -> None:
    load, room, _ = LOADERS[loader]
    folder = shutil.copytree(MODELS / room, tmp_path / room)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["features"] = manifest["features"][1:]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "other features" in refusal(load, folder)
