"""The same brief and seed give the same bytes in two processes; another seed does not."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

BRIEF = '{"kind":"bed","style":"lofi","duration_ms":8000,"candidates":2,"seed":%d,"stems":%s}'


def _composed(folder: Path, seed: int, *, stems: str = "[]", threads: str = "1") -> dict[str, str]:
    folder.mkdir()
    brief = folder / "brief.json"
    brief.write_text(BRIEF % (seed, stems))
    subprocess.run(
        [sys.executable, "-m", "engine", "compose", "--bank", "builtin",
         "--brief", str(brief), "--out", str(folder)],
        check=True, capture_output=True, timeout=300,
        env=os.environ | {"PYTHONHASHSEED": str(seed + len(folder.name)),
                          "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
    )  # fmt: skip
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("candidate-*"))
        if path.suffix in (".wav", ".mid")
    }


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    one = _composed(tmp_path / "one", 5)
    two = _composed(tmp_path / "another", 5, threads="2")
    assert len(one) == 4
    assert one == two


@pytest.mark.slow
def test_another_seed_gives_other_music(tmp_path: Path) -> None:
    one = _composed(tmp_path / "one", 5)
    two = _composed(tmp_path / "two", 6)
    assert not set(one.values()) & set(two.values())
