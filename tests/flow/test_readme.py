"""README's minute of curl, line by line as it is printed there."""

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import soundfile

from tests.flow.conftest import Customer

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
WAIT_S = 300


class Shell:
    """One bash that keeps its variables from block to block, as a reader's terminal does."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder, self._environ, self._said = folder, environ, ""

    def run(self, block: str) -> str:
        """What the block printed; it must succeed."""
        script = (
            f"set -e\n{self._said}\n{block}\n" + "echo; declare -p BRIEF CANDIDATE LICENSE || true"
        )
        done = subprocess.run(
            ["bash", "-c", script], cwd=self._folder, env=self._environ, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        self._said = "\n".join(line for line in lines if line.startswith("declare "))
        return "\n".join(line for line in lines if not line.startswith("declare ")).strip()


def _blocks(title: str) -> list[str]:
    section = (ROOT / "README.md").read_text().partition(f"## {title}\n")[2]
    return _BLOCK.findall(section.partition("\n## ")[0])


def _shell(customer: Customer, folder: Path) -> Shell:
    key = customer.door.headers["authorization"].removeprefix("Bearer ")
    address = str(customer.door.base_url).rstrip("/")
    return Shell(folder, {**os.environ, "CUESMITH_URL": address, "CUESMITH_KEY": key})


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/bin/curl").exists(), reason="needs curl")
def test_a_minute_of_curl_goes_from_a_quote_to_a_statement(
    customer: Customer, tmp_path: Path
) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shell = _shell(customer, tmp_path)
    exported, quote, brief, listen, pick, usage = _blocks("One minute of curl")
    assert set(re.findall(r"export (\w+)=", exported)) == {"CUESMITH_URL", "CUESMITH_KEY"}

    assert json.loads(shell.run(quote))["audition_tokens"] == 8
    shell.run(brief)
    *_, read_again = brief.strip().splitlines()
    deadline = time.monotonic() + WAIT_S
    while json.loads(shell.run(read_again))["status"] in ("queued", "running"):
        assert time.monotonic() < deadline
    assert json.loads(shell.run(read_again))["status"] == "succeeded"
    shell.run(listen)
    assert soundfile.info(tmp_path / "audition.mp3").duration == pytest.approx(60, abs=0.2)
    assert "genuine" in shell.run(pick)
    assert json.loads(shell.run(usage))["spent_tokens"] == 16

    (shapes,) = _blocks("Other shapes of it")
    cut = json.loads(shell.run(shapes))
    assert cut["order"]["duration_ms"] == 30_000
    *_, ask_again = shapes.replace("\\\n", "").strip().splitlines()
    ask_again = f"TRACK={cut['track']}\n{ask_again}"
    while not zipfile.is_zipfile(tmp_path / "package.zip"):
        assert time.monotonic() < deadline + WAIT_S
        shell.run(ask_again)
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        assert any(name.endswith(".wav") for name in package.namelist())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/bin/curl").exists(), reason="needs curl")
def test_a_plan_is_read_edited_and_sent_back(customer: Customer, tmp_path: Path) -> None:
    shell = _shell(customer, tmp_path)
    read, edit = _blocks("A plan of your own")
    shown = shell.run(read).splitlines()
    plan = json.loads((tmp_path / "plans.json").read_text())["plans"][0]
    assert [line.split()[0] for line in shown] == [one["name"] for one in plan["sections"]]
    taken = json.loads(shell.run(edit))
    sections = taken["resolved"]["plan"]["sections"]
    assert sections[0]["chords"].partition(" | ")[0] == "bVI"
    assert sections[1:] == plan["sections"][1:]
    assert customer.ended(taken["id"])["status"] == "succeeded"
