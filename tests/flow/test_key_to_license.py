"""From a key to a license, over HTTP, through real processes."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import main
from api.demo import heard
from api.workbench import Workbench

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

BRIEF = {"prompt": "bright synthwave loop", "kind": "loop", "bars": 4, "bpm": 120, "candidates": 2,
         "seed": 7}  # fmt: skip


def test_a_key_becomes_a_licensed_track_that_is_charged_once(
    customer: Any, house: Workbench, tmp_path: Path
) -> None:
    quote = customer.door.post("/v1/quotes", json=BRIEF).json()
    assert (quote["audition_tokens"], quote["license_tokens"]) == (2, 4)

    brief = customer.send(BRIEF)
    assert customer.send(BRIEF) == brief, "a repeat under the same name is the same brief"
    ended = customer.ended(brief)
    assert ended["status"] == "succeeded"
    assert [line["number"] for line in ended["candidates"]] == [1, 2]
    assert ended["tokens"] | {"held": 0, "captured": 2, "released": 0} == ended["tokens"]

    best = ended["candidates"][0]["id"]
    audio = customer.door.get(f"/v1/candidates/{best}/audio", params={"format": "wav"})
    sound = heard(audio.content)
    assert (sound.frames, sound.sample_rate, sound.bit_depth) == (8 * 48_000, 48_000, 24)
    assert b"cand_" in audio.content, "the evaluation copy says which candidate it is"
    part = customer.door.get(
        f"/v1/candidates/{best}/audio", params={"format": "mp3"}, headers={"range": "bytes=0-99"}
    )
    assert (part.status_code, len(part.content)) == (206, 100)

    first = customer.post(f"/v1/candidates/{best}/pick", "pick")
    again = customer.post(f"/v1/candidates/{best}/pick", "pick-again")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["grants"] is False, "a test account's license grants nothing"

    _verify(customer, house, first.json(), tmp_path)
    usage = customer.get("/v1/usage")
    assert {row["sku"]: (row["count"], row["tokens"]) for row in usage["spent"]} == {
        "audition": (2, 2),
        "license": (1, 4),
    }
    assert customer.get("/v1/balance")["balance"]["available"] == 94
    assert customer.metered(6) == usage["spent_tokens"] == 6


def _verify(customer: Any, house: Workbench, license_: dict[str, Any], folder: Path) -> None:
    document = customer.door.get(f"/v1/licenses/{license_['id']}/certificate").content
    track = customer.door.get(f"/v1/tracks/{license_['track']}/audio").content
    assert json.loads(document) == license_["certificate"]
    (folder / "license.json").write_bytes(document)
    (folder / "track.wav").write_bytes(track)
    keys = f"{house.address.url}/.well-known/jwks.json"
    command = ["licenses", "verify", str(folder / "license.json"), "--keys", keys]
    assert main([*command, "--audio", str(folder / "track.wav")]) == 0
    changed = bytearray(document)
    changed[len(changed) // 2] ^= 1
    (folder / "license.json").write_bytes(changed)
    assert main(command) == 2
    (folder / "license.json").write_bytes(document)
    (folder / "track.wav").write_bytes(track + b"\0")
    assert main([*command, "--audio", str(folder / "track.wav")]) == 2


def test_too_few_tokens_are_a_402_and_nothing_is_held(customer: Any) -> None:
    dear = {"prompt": "long ambience", "kind": "bed", "duration_ms": 600_000, "candidates": 10}
    refused = customer.post("/v1/briefs", "dear", dear)
    assert refused.status_code == 402
    assert refused.json()["code"] == "insufficient_tokens"
    assert customer.get("/v1/balance")["balance"]["held"] == 0


def test_another_accounts_things_are_not_there(customer: Any, house: Workbench) -> None:
    answer = httpx.get(f"{house.address.url}/v1/briefs", headers={"authorization": "Bearer no"})
    assert answer.status_code == 401
    assert customer.door.get("/v1/briefs/brf_000000000000000000000000").status_code == 404
