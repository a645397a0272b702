"""Compiled loops: what they refuse, where their machine code is kept, what happens without."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FunctionType
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.render.control import CELL
from engine.render.strips import place
from engine.sound import compiled as workshop
from engine.sound.compiled import compiled, inlined

Numbers = NDArray[np.float32]


@inlined
def _bent(x: float, by: float) -> float:
    return x * x * by


@compiled("const float32[:]", "float32", "float32[:]")
def _followed(source: Numbers, rate: float, out: Numbers) -> None:
    state = np.float32(0.0)
    for at in range(len(source)):
        state += rate * (_bent(source[at], np.float32(2.0)) - state)
        out[at] = state


@compiled("const int64[:, :]", gives="int64")
def _highest(table: NDArray[np.int64]) -> int:
    found = table[0, 0]
    for row in range(table.shape[0]):
        for column in range(table.shape[1]):
            found = max(found, table[row, column])
    return found


def test_a_loop_does_what_its_python_says() -> None:
    source = np.linspace(-1, 1, 64, dtype=np.float32)
    out, state, plain = np.empty_like(source), 0.0, []
    _followed(source, 0.25, out)
    for one in source.astype(float):
        state += 0.25 * (2 * one * one - state)
        plain.append(state)
    assert np.abs(out - plain).max() < 1e-6
    assert _bent(3.0, 2.0) == 18.0


def test_a_loop_may_give_a_number() -> None:
    assert _highest(np.array([[1, 5], [7, 2]])) == 7


def test_what_is_only_read_may_be_read_only() -> None:
    source, out = np.ones(4, np.float32), np.empty(4, np.float32)
    source.flags.writeable = False
    _followed(source, 1.0, out)
    assert (out == 2).all()


@pytest.mark.parametrize(
    "out",
    [np.empty(8, np.float32)[::2], np.empty(4), np.empty((4, 1), np.float32)],
    ids=["in pieces", "of another width", "of another shape"],
)
def test_an_array_of_another_kind_is_refused(out: Numbers) -> None:
    with pytest.raises(TypeError):
        _followed(np.ones(4, np.float32), 1.0, out)


def test_a_read_only_array_is_never_written_to() -> None:
    out = np.zeros(4, np.float32)
    out.flags.writeable = False
    with pytest.raises(TypeError):
        _followed(np.ones(4, np.float32), 1.0, out)
    assert not out.any()


def test_threads_that_call_a_loop_first_get_one_loop() -> None:
    @compiled("float32[:]")
    def doubled(sound: Numbers) -> None:
        for at in range(len(sound)):
            sound[at] *= np.float32(2.0)

    sounds = [np.ones(100, np.float32) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(doubled, sounds))
    assert all((one == 2).all() for one in sounds)


PLAYS = """
import os, sys, tempfile, numpy as np
from engine.sound.compiled import _folder
from engine.render.synth import player
from engine.render.strokes import Stroke
assert "numba" not in sys.modules, "importing a voice compiles nothing"
if "NOWHERE" in os.environ:
    tempfile.tempdir = os.environ["NOWHERE"]
    assert _folder("any") is None
sound = player.play_part("pad_warm", [Stroke(0, 24000, 57, 100)], 30000)
assert "numba" in sys.modules and sound.any()
print(hash(sound.tobytes()))
"""


def _played(**places: str) -> str:
    """What a process of its own plays, with its caches in other places; any warning is an error."""
    environ = {k: v for k, v in os.environ.items() if k not in (workshop.FOLDER, "XDG_CACHE_HOME")}
    played = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLAYS],
        env=environ | {"PYTHONHASHSEED": "0"} | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not played.returncode, played.stderr
    return played.stdout


def test_a_sound_is_the_same_compiled_now_loaded_later_and_where_nothing_can_be_kept(
    tmp_path: Path,
) -> None:
    kept, barred = tmp_path / "kept", tmp_path / "barred"
    barred.write_text("a file where a folder would have to be")
    now = _played(**{workshop.FOLDER: str(kept)})
    machine_code = {one: one.stat().st_mtime_ns for one in kept.rglob("*.nb?")}
    assert machine_code
    later = _played(**{workshop.FOLDER: str(kept)})
    assert {one: one.stat().st_mtime_ns for one in kept.rglob("*.nb?")} == machine_code
    nowhere = _played(XDG_CACHE_HOME=str(barred), NOWHERE=str(barred))
    assert now == later == nowhere


def test_the_user_keeps_code_among_temporary_files_where_there_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    barred = tmp_path / "barred"
    barred.write_text("")
    monkeypatch.delenv(workshop.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(barred))
    monkeypatch.setattr(workshop.tempfile, "tempdir", str(tmp_path))
    found = workshop._folder("first")
    assert found is not None
    assert found.parent == tmp_path
    assert found.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_write_into_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared" / "second"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv(workshop.FOLDER, str(shared.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert workshop._folder("second") == tmp_path / "home" / "cuesmith" / "compiled" / "second"


def test_what_an_image_brings_along_is_used_where_it_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baked = tmp_path / "image" / "third"
    baked.mkdir(parents=True)
    (baked / "loop.nbi").write_text("machine code")
    ours = workshop._ours
    monkeypatch.setenv(workshop.FOLDER, str(baked.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(workshop, "_ours", lambda folder: folder != baked and ours(folder))
    found = workshop._folder("third")
    assert found is not None
    assert found != baked
    assert (found / "loop.nbi").read_text() == "machine code"


def test_all_loops_can_be_made_ready_before_anybody_plays() -> None:
    @compiled("float32[:]")
    def halved(sound: Numbers) -> None:
        for at in range(len(sound)):
            sound[at] *= np.float32(0.5)

    assert halved._made is None  # type: ignore[attr-defined]
    assert workshop.ready() > 2
    assert halved._made is not None  # type: ignore[attr-defined]


def test_a_change_of_a_loop_is_a_change_of_its_folder(tmp_path: Path) -> None:
    plain = _followed.plain  # type: ignore[attr-defined]
    assert workshop._files(plain) == {__file__, workshop.__file__}
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a = 1.25\n")
    two.write_text("a = 1.75\n")
    assert workshop._version({str(one)}, []) != workshop._version({str(two)}, [])


def test_a_constant_from_elsewhere_is_part_of_a_loop_s_version() -> None:
    plain = cast("FunctionType", place.plain)  # type: ignore[attr-defined]
    frozen = workshop._frozen(plain)
    assert f"CELL={CELL!r}" in frozen
    other = FunctionType(plain.__code__, plain.__globals__ | {"CELL": CELL + 1})
    files = workshop._files(plain)
    assert workshop._version(files, frozen) != workshop._version(files, workshop._frozen(other))
