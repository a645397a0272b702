"""What is marked to stay together runs in one process: a versions' quarrel once let it scatter."""

import os
import subprocess
import sys
from pathlib import Path

FOUR_IN_A_GROUP = """
import os, pathlib, pytest

@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(4))
def test_here(number):
    with pathlib.Path("workers").open("a") as told:
        told.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_group_is_run_by_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_four.py").write_text(FOUR_IN_A_GROUP)
    alone = {name: said for name, said in os.environ.items() if not name.startswith("PYTEST_")}
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "--dist", "loadgroup",
         "--basetemp", tmp_path / "inner"],
        cwd=tmp_path, env={**alone, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    workers = (tmp_path / "workers").read_text().split()
    assert len(workers) == 4
    assert len(set(workers)) == 1
