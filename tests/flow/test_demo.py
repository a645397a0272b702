"""What `make demo` shows, and that the README shows the same brief."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from api.demo import BRIEF, visit
from api.workbench import Workbench

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"prompt": "door closes softly", "kind": "chime", "candidates": 2, "seed": 7}


def test_the_readme_sends_the_brief_of_the_demo() -> None:
    assert BRIEF.read_text().strip() in (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.xdist_group("flow")
def test_the_demo_leaves_music_a_license_and_a_statement_that_stripe_agrees_with(
    house: Workbench, tmp_path: Path
) -> None:
    asyncio.run(visit(house.address, tmp_path, SHORT, time.perf_counter()))
    assert {file.name for file in tmp_path.iterdir()} == {
        "candidate-1.wav", "candidate-1.json", "candidate-2.wav", "candidate-2.json",
        "license.json", "keys.json", "track.wav", "statement.json",
    }  # fmt: skip
    license_, keys, track = (
        str(tmp_path / name) for name in ("license.json", "keys.json", "track.wav")
    )
    checked = ["licenses", "verify", license_, "--keys", keys, "--audio", track]
    assert main(checked) == 0
    statement = json.loads((tmp_path / "statement.json").read_text())
    assert statement["spent"] == {
        "audition": {"count": 2, "tokens": 2},
        "license": {"count": 1, "tokens": 4},
    }
    assert statement["stripe"]["tokens"] == statement["spent_tokens"] == 6
    spent = [line["tokens"] for line in statement["lines"] if line["tokens"] < 0]
    assert sorted(spent) == [-4, -1, -1]


@pytest.mark.slow
@pytest.mark.xdist_group("flow")
def test_an_interrupted_demo_stops_everything(
    folder: Path,
    surroundings: dict[str, str],
    eventually: Callable[[Any, float], Any],
    processes_of: Callable[[Path], list[int]],
) -> None:
    home = folder / "interrupted"
    demo = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "demo", "--out", str(folder / "out")],
        env=surroundings | {"CUESMITH_HOME": str(home)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    eventually((home / "demo" / "address.json").exists, 120)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(90) == 130
    assert not (home / "demo" / "address.json").exists()
    assert not processes_of(home)
