"""Whatever file is brought to `bits`, `accompany` or `extend`: an answer, soon, in little room."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from midi_faults import READ, REFUSED

from engine.arrange.midi import write_midi
from engine.workshop import own

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
SLOWEST_S = 30.0  # of CPU for the worst file, on a busy machine; three on one of its own
MUTANTS = 80

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("midi doors")]


def answers(folder: Path) -> dict[tuple[str, str], dict]:
    """What every door says to every file of a folder, from a process without room to grow."""
    done = subprocess.run(
        [sys.executable, str(HERE / "midi_doors.py"), str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=400,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {(one["file"], one["door"]): one for one in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict]:
    folder = tmp_path_factory.mktemp("faults")
    for name, (fault, _) in REFUSED.items():
        (folder / name).write_bytes(fault())
    for name, fault in READ.items():
        (folder / name).write_bytes(fault())
    return answers(folder)


def test_what_cannot_be_read_is_refused_at_every_door_with_its_reason(said: dict) -> None:
    for name, (_, reason) in REFUSED.items():
        for door in ("bits", "accompany", "extend", "originality"):
            told = said[name, door]["refusal"]
            assert told, f"{door} took {name}"
            assert told.startswith("UnreadableMidi: ")
            assert reason in told, f"{door}, {name}: {told}"


def test_the_worst_that_can_be_read_is_answered_too(said: dict) -> None:
    for name in READ:
        assert said[name, "bits"]["refusal"] is None
        for door in ("accompany", "extend"):
            told = said[name, door]["refusal"]
            assert told is None or told.startswith("GivenMusicRefused: "), told
    assert "most" in said["a chord of 190 000", "accompany"]["refusal"]


def test_no_file_keeps_a_door_busy_for_long(said: dict) -> None:
    slowest = max(said.values(), key=lambda one: one["cpu_s"])
    print(f"\nslowest: {slowest['door']}, {slowest['file']}, {slowest['cpu_s']:.1f} s of CPU")
    assert slowest["cpu_s"] < SLOWEST_S


def test_changed_bytes_of_our_own_scores_are_read_or_refused_at_every_door(
    tmp_path: Path,
) -> None:
    whole = [write_midi(score) for score in own.scores(3, 5)]
    for number in range(MUTANTS):
        dice = random.Random(number)
        (tmp_path / f"{number:03d}").write_bytes(changed(dice.choice(whole), dice))
    found = answers(tmp_path)
    assert len(found) == 4 * MUTANTS
    for one in found.values():
        told = one["refusal"]
        assert told is None or told.split(": ")[0] in ("UnreadableMidi", "GivenMusicRefused"), told
    read = sum(found[f"{number:03d}", "bits"]["refusal"] is None for number in range(MUTANTS))
    assert 0.1 * MUTANTS < read < 0.9 * MUTANTS, "changes too weak or too strong to tell"


def changed(content: bytes, dice: random.Random) -> bytes:
    """Some bytes replaced, some taken out, some put in."""
    body = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(body))
        match dice.randrange(4):
            case 0:
                body[at] = dice.randrange(256)
            case 1:
                body[at] ^= 1 << dice.randrange(8)
            case 2:
                del body[at : at + dice.randrange(1, 5)]
            case _:
                body[at:at] = dice.randbytes(dice.randrange(1, 5))
    return bytes(body)
