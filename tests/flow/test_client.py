"""The Python client against a whole house: its README, both manners, its command line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import soundfile
from cuesmith_client import (
    AsyncCuesmith,
    Cuesmith,
    NotAllowed,
    NotPaid,
    NotThere,
    Patience,
    Unreachable,
    Wrong,
)

from api.workbench import Workbench
from tests.flow.conftest import Customer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

README = Path(__file__).resolve().parents[2] / "client" / "README.md"
CHIME = {"prompt": "soft chime", "kind": "chime", "duration_ms": 600, "candidates": 1}


def _key(customer: Customer) -> str:
    return customer.door.headers["authorization"].removeprefix("Bearer ")


def test_the_readme_does_what_it_says(
    customer: Customer, house: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {"url": house.address.url, "key": _key(customer)}
    for block in blocks:
        exec(compile(block, str(README), "exec"), known)
    assert soundfile.info("master.wav").duration == pytest.approx(0.8)
    assert Path("menu.zip").read_bytes()[:2] == b"PK"
    assert not list(tmp_path.glob("*.partial"))
    assert len(known["ratings"]) == 2
    assert [one.reference for one in known["results"]] == ["door-0001", "door-0002"]
    assert len(known["picks"]) == 2
    with ZipFile("doors.zip") as archive:
        masters = [name for name in archive.namelist() if name.endswith("/master.wav")]
        assert len(masters) == 2
    spent = known["batch"].view.tokens.captured + sum(one.tokens for one in known["picks"])
    assert Path("doors.csv").read_text().splitlines()[-1].split(",")[6] == str(-spent)


def test_a_brief_tells_what_happens_to_it_and_is_taken_up_where_it_broke_off(
    customer: Customer, house: Workbench
) -> None:
    with Cuesmith(house.address.url, _key(customer)) as cuesmith:
        brief = cuesmith.send(**CHIME)
        seen = list(brief.events())
        kinds = [one.type for one in seen]
        assert kinds[0] == "brief.queued"
        assert kinds[-1] == "brief.ended"
        assert "candidate.ready" in kinds
        rendered = [take for one in seen if one.type == "stage" for take in one.facts["takes"]]
        assert rendered, "what is done with which take is told"
        numbered = [one for one in seen if one.id]
        middle = numbered[len(numbered) // 2]
        rest = list(brief.events(after=middle.id))
        assert [one.id for one in rest] == [
            one.id for one in numbered[numbered.index(middle) + 1 :]
        ]
        assert list(brief.events(after=numbered[-1].id)) == []


async def test_awaited_it_says_the_same(
    customer: Customer, house: Workbench, tmp_path: Path
) -> None:
    async with AsyncCuesmith(house.address.url, _key(customer)) as cuesmith:
        quote = await cuesmith.quote(**CHIME)
        brief = await cuesmith.send(**CHIME, quote=quote.id)
        kinds = [event.type async for event in brief.events()]
        assert kinds[-1] == "brief.ended"
        (line,) = (await brief.read()).candidates
        sheet = await cuesmith.sheet(line.id)
        assert (sheet["kind"], sheet["duration_s"]) == ("chime", CHIME["duration_ms"] / 1000)
        assert any(part["notes"] for part in sheet["parts"])
        license_ = await cuesmith.pick(line.id, {"territory": "CN,JP"})
        assert license_.rights["territory"] == "CN,JP"
        page = tmp_path / "license.html"
        await cuesmith.certificate_page(license_.id, page, language="zh")
        assert "授权证书" in page.read_text(encoding="utf-8")
        again = await cuesmith.pick(line.id)
        assert license_.id == again.id
        flac = await cuesmith.render(license_.track, format="flac")
        (sound,) = [one for one in flac.files if one.media_type == "audio/flac"]
        file = await cuesmith.download_rendition(sound, tmp_path / "master.flac")
        assert file.stat().st_size == sound.bytes
        tracks = [one.id async for one in cuesmith.tracks()]
        assert tracks == [license_.track]
        assert (await cuesmith.balance()).held == 0


def test_what_is_refused_says_what_to_do(customer: Customer, house: Workbench) -> None:
    url, key = house.address.url, _key(customer)
    with Cuesmith(url, "sk_test_nobodys") as nobody, pytest.raises(NotAllowed):
        nobody.balance()
    with Cuesmith(url, key) as cuesmith:
        with pytest.raises(NotThere):
            cuesmith.candidate("cand_" + "0" * 24)
        with pytest.raises(NotThere):
            cuesmith.track("../balance")
        with pytest.raises(NotPaid) as missing:
            cuesmith.send(kind="bed", prompt="long", duration_ms=600_000, candidates=10)
        assert (missing.value.needed, missing.value.available) == (200, 100)
        with pytest.raises(Wrong) as wrong:
            cuesmith.quote(kind="chime", duration_ms=50)
        assert [one.pointer for one in wrong.value.reasons] == ["/duration_ms"]


def test_an_answer_that_is_lost_is_asked_for_again_and_happens_once(
    customer: Customer, house: Workbench
) -> None:
    class Losing(httpx.HTTPTransport):
        """Lets the first two answers to a brief get lost on the way back."""

        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            if request.url.path == "/v1/briefs" and self.lost < 2:
                self.lost += 1
                answer.close()
                raise httpx.ReadError("the answer was lost", request=request)
            return answer

    transport, naps = Losing(), list[float]()
    with Cuesmith(
        house.address.url, _key(customer), transport=transport, sleep=naps.append
    ) as cuesmith:
        before = cuesmith.balance()
        brief = cuesmith.send(**CHIME)
        assert (transport.lost, len(naps)) == (2, 2)
        assert [one.id for one in cuesmith.briefs()] == [brief.id]
        held = before.available - cuesmith.balance().available
        assert held == 1, "three requests hold once"
        brief.wait()


def test_whom_nobody_answers_is_told_so_after_a_few_tries() -> None:
    naps: list[float] = []
    with (
        Cuesmith("http://127.0.0.1:9", "sk_test_x", patience=Patience(tries=3),
                 sleep=naps.append) as cuesmith,
        pytest.raises(Unreachable),
    ):  # fmt: skip
        cuesmith.balance()
    assert len(naps) == 2


def test_the_command_line_fetches_what_can_be_heard(
    customer: Customer, house: Workbench, tmp_path: Path
) -> None:
    environ = {**os.environ, "CUESMITH_URL": house.address.url, "CUESMITH_KEY": _key(customer)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cuesmith_client.shell", *arguments], env=environ,
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    (tmp_path / "brief.json").write_text(json.dumps(CHIME))
    quoted = run("quote", "--file", "brief.json")
    assert quoted.stdout.startswith("1 tokens for 1 candidates, 4 for a license"), quoted.stderr
    made = run("brief", "夜晚的提示音", "--file", "brief.json", "--out", "heard")
    assert made.returncode == 0, made.stderr
    assert "succeeded: 1 tokens spent, 0 given back" in made.stdout
    assert soundfile.info(tmp_path / "heard" / "candidate-1.mp3").duration > 0.5
    candidate = re.findall(r"cand_[0-9a-f]{24}", made.stdout)[0]
    picked = run("pick", candidate, "--out", "mine", "--profile", "godot")
    assert picked.returncode == 0, picked.stderr
    assert {file.suffix for file in (tmp_path / "mine").iterdir()} == {".wav", ".json", ".zip"}
    assert run("balance").stdout == "95 tokens, 0 more set aside\n"
    refused = run("pick", "cand_" + "0" * 24)
    assert (refused.returncode, "not_found" in refused.stderr) == (2, True)
