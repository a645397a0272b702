"""What the documents print, run as printed against a whole house."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import soundfile

from api.docs.heard import HAPPENINGS
from api.docs.told import MESSAGES
from api.ports import any_port
from api.workbench import Workbench
from tests.api.docs.fitting import fits
from tests.flow.conftest import Customer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("flow"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("bash", "curl", "jq", "unzip"))),
        reason="the printed commands need bash, curl, jq and unzip",
    ),
]


class _Samples(HTMLParser):
    """The programs that a page prints, by kind, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"sh": [], "py": []}
        self._kind: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre" and (kind := dict(attrs).get("data-sample")):
            self._kind = kind
            self.found[kind].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._kind = None

    def handle_data(self, data: str) -> None:
        if self._kind is not None:
            self.found[self._kind][-1] += data


class Reader:
    """Somebody who copies what a page prints into a terminal."""

    def __init__(self, house: Workbench, customer: Customer, folder: Path) -> None:
        self.door, self.folder = customer.door, folder
        key = customer.door.headers["authorization"].removeprefix("Bearer ")
        self.environ = {
            **os.environ, "CUESMITH_URL": house.address.url, "CUESMITH_KEY": key,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }  # fmt: skip

    def samples(self, path: str) -> dict[str, list[str]]:
        """What the page at a path prints."""
        page = self.door.get(path)
        assert page.status_code == 200, path
        return _Samples(page.text).found

    def shell(self, *lines: str, **more: str) -> str:
        """The lines in one shell that stops at the first that fails; what it said."""
        return self._run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], more)

    def python(self, program: str) -> str:
        """A program, as a file of its own."""
        (self.folder / "program.py").write_text(program)
        return self._run([sys.executable, "program.py"], {})

    def _run(self, command: list[str], more: dict[str, str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ | more, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def reader(house: Workbench, customer: Customer, tmp_path: Path) -> Reader:
    return Reader(house, customer, tmp_path)


GAME = ("audition.mp3", "loop.wav", "drums.wav", "kart-select-unity.zip")


def _is_a_loop_with_stems(folder: Path) -> None:
    for name in GAME:
        assert (folder / name).stat().st_size > 1000, name
    assert b"smpl" in (folder / "loop.wav").read_bytes()
    assert soundfile.info(folder / "loop.wav").duration == pytest.approx(8.0, abs=0.01)
    assert soundfile.info(folder / "drums.wav").frames == soundfile.info(folder / "loop.wav").frames
    layers = list(folder.glob("layer*.ogg"))
    assert len(layers) >= 2
    assert all(file.read_bytes()[:4] == b"OggS" for file in layers)


def test_a_games_commands_do_what_they_say(reader: Reader, house: Workbench) -> None:
    said = reader.shell(*reader.samples("/docs/quickstart/games")["sh"])
    _is_a_loop_with_stems(reader.folder)
    told = re.findall(r"^event: (.+)\ndata: (.+)$", said, re.MULTILINE)
    assert told[-1][0] == "brief.ended"
    for kind, line in told:
        _looks_as_documented(kind, json.loads(line))
    assert '"pass":true' in said


def _looks_as_documented(kind: str, facts: dict[str, Any]) -> None:
    assert kind in HAPPENINGS, "api/docs/heard.py names every event"
    assert fits(facts, {"at": "", **HAPPENINGS[kind].facts}), (kind, facts)


def test_a_games_program_does_the_same(reader: Reader) -> None:
    (program,) = reader.samples("/docs/quickstart/games")["py"]
    said = reader.python(program)
    assert "brief.ended" in said
    assert " kept" in said
    _is_a_loop_with_stems(reader.folder)


def _are_the_sounds_of_a_car(folder: Path) -> None:
    for name in ("welcome", "door_open", "door_close", "seat_belt", "warn"):
        assert soundfile.info(folder / f"{name}.wav").samplerate == 48_000
    assert soundfile.info(folder / "door_open.wav").duration == pytest.approx(0.9)
    assert (folder / "cabin.zip").read_bytes()[:2] == b"PK"


def test_a_cars_commands_do_what_they_say(reader: Reader) -> None:
    said = reader.shell(*reader.samples("/docs/quickstart/cars")["sh"])
    assert '"audition_tokens"' in said
    assert "door_open" in said.rpartition("function")[2], "the package's list is shown"
    _are_the_sounds_of_a_car(reader.folder)


def test_a_cars_program_does_the_same(reader: Reader) -> None:
    (program,) = reader.samples("/docs/quickstart/cars")["py"]
    assert "tokens to hear 2 families" in reader.python(program)
    _are_the_sounds_of_a_car(reader.folder)
    assert json.loads((reader.folder / "license.json").read_text())


def test_live_events_are_heard_as_printed(reader: Reader, customer: Customer) -> None:
    found = reader.samples("/docs/events")
    brief = customer.send({"kind": "chime", "duration_ms": 600, "candidates": 1, "prompt": "one"})
    assert "event: brief.ended" in reader.shell(*found["sh"], BRIEF=brief)
    assert "candidate.ready" in reader.python(found["py"][0])


def test_webhooks_are_received_and_checked_as_printed(reader: Reader) -> None:
    found = reader.samples("/docs/webhooks")
    (receiver,) = found["py"]
    (reader.folder / "receive.py").write_text(receiver)
    register, test, rotate = found["sh"]
    port = str(any_port())
    url = f"http://127.0.0.1:{port}/"
    said = reader.shell(
        register,
        "python receive.py > received.txt & RECEIVER=$!; trap 'kill $RECEIVER' EXIT",
        "until curl -s -o /dev/null $HOOK_URL; do sleep 0.1; done",
        test, rotate, "sleep 2; cat received.txt", HOOK_URL=url, HOOK_PORT=port,
    )  # fmt: skip
    assert '"state":"delivered"' in said
    assert said.count("webhook_endpoint.test") == 1, "the second one was seen before"
    assert "webhook_endpoint.test" in MESSAGES


def _is_a_catalogue(folder: Path) -> None:
    with zipfile.ZipFile(folder / "spring-2027.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert sum(name.endswith(".wav") for name in names) == 3
    assert "manifest.csv" in {Path(name).name for name in names}


def test_a_catalogues_commands_do_what_they_say(reader: Reader, customer: Customer) -> None:
    page = reader.samples("/docs/quickstart/catalogue")["sh"]
    said = reader.shell(*page, HOOK_URL=f"http://127.0.0.1:{any_port()}/")
    assert '"tokens": ' in said
    assert "UP-003" in said
    _is_a_catalogue(reader.folder)
    assert (reader.folder / "spring-2027.csv").read_text().count("\n") > 3
    assert (reader.folder / "track.zip").read_bytes()[:2] == b"PK"
    (told,) = customer.get("/v1/events", type="batch.ended")["items"]
    facts, shown = told["data"], dict(MESSAGES["batch.ended"].facts)
    assert facts["counts"] == {"succeeded": 3}, "what no brief has become is not named"
    assert fits(facts, shown | {"counts": facts["counts"]}), told


def test_a_catalogues_program_does_the_same(reader: Reader) -> None:
    (program,) = reader.samples("/docs/quickstart/catalogue")["py"]
    assert "UP-002 lic_" in reader.python(program)
    _is_a_catalogue(reader.folder)


def test_a_license_is_checked_as_printed(reader: Reader, customer: Customer) -> None:
    brief = customer.send({"kind": "chime", "duration_ms": 600, "candidates": 1, "prompt": "one"})
    candidate = customer.ended(brief)["candidates"][0]["id"]
    pick, check, root = reader.samples("/docs/marks")["sh"]
    picked = json.loads(reader.shell(pick, CANDIDATE=candidate))
    assert picked["rights"]["territory"] == "CN,JP"
    assert picked["grants"] is False, "a test account's"
    said = reader.shell(check, root, LICENSE=picked["id"], TRACK=picked["track"])
    assert said.startswith("genuine: ")
    assert "byte for byte" in said
    sound = bytearray((reader.folder / "track.wav").read_bytes())
    sound[-1] ^= 1
    (reader.folder / "track.wav").write_bytes(sound)
    verify = check.strip().splitlines()[-1]
    assert reader.shell(f"! {verify} 2>&1") != ""
    assert (reader.folder / "root.pem").read_text().startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize("name", ["catalogue", "games", "cars"])
def test_the_chinese_pages_print_the_same_programs(reader: Reader, name: str) -> None:
    english = reader.samples(f"/docs/quickstart/{name}")
    assert reader.samples(f"/docs/zh/quickstart/{name}") == english
    assert english["sh"]
