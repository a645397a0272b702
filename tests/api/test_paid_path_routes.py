"""From a delivered candidate to its license over HTTP: listen, pick, download, account for it."""

import hashlib
import hmac
import io
import json
import time
from typing import Any

import pytest
import soundfile

from api.licenses import certificate as certificates
from api.licenses.signing import KeySet
from tests.api.conftest import WEBHOOK_SECRET, Client, Door
from tests.api.studio import CHIME, make_and_settle


async def _candidates(client: Client, door: Door) -> list[dict[str, Any]]:
    brief = (await client.brief(CHIME, name=f"chime-{time.monotonic_ns()}")).json()["id"]
    await make_and_settle(door.pool, door.store)
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    assert view["status"] == "succeeded", view
    return view["candidates"]


async def _pick(client: Client, candidate: str) -> Any:
    return await client.post(
        f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "pick"}
    )


async def test_candidates_are_charged_as_they_appear_and_can_be_heard(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    assert await client.available() == 998
    view = (await client.get(f"/v1/candidates/{first['id']}")).json()
    assert view["status"] == "ready"
    assert view["passed"]
    assert {"duration_ms", "lufs", "true_peak_dbtp"} <= {one["name"] for one in view["measured"]}
    (model,) = (await client.get("/v1/capabilities")).json()["models"]
    assert view["provenance"]["model_sha256"] == model["sha256"]
    wav = await client.get(f"/v1/candidates/{first['id']}/audio", params={"format": "wav"})
    assert wav.headers["content-type"] == "audio/wav"
    heard = soundfile.info(io.BytesIO(wav.content))
    assert (heard.frames, heard.samplerate) == (38_400, 48_000)
    mp3 = await client.get(f"/v1/candidates/{first['id']}/audio")
    assert mp3.headers["content-type"] == "audio/mpeg"
    assert soundfile.info(io.BytesIO(mp3.content)).samplerate == 48_000


async def test_a_range_a_digest_and_nonsense_are_answered_as_http_says(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    address = f"/v1/candidates/{first['id']}/audio"
    whole = await client.get(address)
    size = len(whole.content)
    for asked, start, end in (
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, size),
        ("bytes=-50", size - 50, size),
        (f"bytes=10-{size + 999}", 10, size),
    ):
        part = await client.get(address, headers={"range": asked})
        assert part.status_code == 206
        assert part.content == whole.content[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await client.get(address, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    assert (await client.get(address, headers={"range": "lines=1-2"})).content == whole.content
    known = await client.get(address, headers={"if-none-match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


async def test_a_pick_is_charged_once_and_its_certificate_verifies(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    picked, again = await _pick(client, first["id"]), await _pick(client, first["id"])
    assert (picked.status_code, again.status_code) == (201, 200)
    assert picked.json() == again.json()
    assert await client.available() == 994
    license_ = picked.json()
    assert license_["grants"] is False, "a test account's license grants nothing"
    document = (await client.get(f"/v1/licenses/{license_['id']}/certificate")).content
    published = (await client.http.get("/.well-known/jwks.json")).json()
    import msgspec

    said = certificates.verify(document, msgspec.convert(published, KeySet))
    track = (await client.get(f"/v1/tracks/{license_['track']}")).json()
    master = (await client.get(f"/v1/tracks/{track['id']}/audio")).content
    assert certificates.names_audio(said, master)
    assert (await client.get(f"/v1/tracks/{track['id']}/midi")).content[:4] == b"MThd"
    missing = await client.get(f"/v1/tracks/{track['id']}/stems/tuba")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    listed = (await client.get("/v1/licenses")).json()["items"]
    assert [one["id"] for one in listed] == [license_["id"]]
    assert (await client.get(f"/v1/candidates/{first['id']}")).json()["status"] == "picked"


async def test_the_statement_proves_itself(client: Client, door: Door) -> None:
    first, _ = await _candidates(client, door)
    await _pick(client, first["id"])
    usage = (await client.get("/v1/usage")).json()
    assert usage["spent_tokens"] == 6
    assert {row["sku"]: row["tokens"] for row in usage["spent"]} == {"audition": 2, "license": 4}
    assert usage["opening"] + sum(line["tokens"] for line in usage["lines"]) == usage["closing"]
    assert usage["closing"] == 994
    ledger = (await client.get("/v1/ledger", params={"limit": "2"})).json()
    rest = (await client.get("/v1/ledger", params={"cursor": ledger["next_cursor"]})).json()
    assert ledger["items"] + rest["items"] == usage["lines"]


async def test_a_candidate_that_was_not_picked_in_time_is_gone(client: Client, door: Door) -> None:
    first, _ = await _candidates(client, door)
    await door.pool.execute("update api.candidates set expires_at = now() - interval '1 s'")
    for answer in (
        await client.get(f"/v1/candidates/{first['id']}/audio"),
        await _pick(client, first["id"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "candidate_expired")
    assert (await client.get(f"/v1/candidates/{first['id']}")).json()["status"] == "expired"
    assert await client.available() == 998


async def test_nobody_sees_another_accounts_things(client: Client, door: Door) -> None:
    first, _ = await _candidates(client, door)
    license_ = (await _pick(client, first["id"])).json()
    stranger = await door.client()
    for path in (
        f"/v1/candidates/{first['id']}",
        f"/v1/candidates/{first['id']}/audio",
        f"/v1/licenses/{license_['id']}",
        f"/v1/licenses/{license_['id']}/certificate",
        f"/v1/tracks/{license_['track']}",
        f"/v1/tracks/{license_['track']}/audio",
    ):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await _pick(stranger, first["id"])).status_code == 404
    for path in ("/v1/licenses", "/v1/tracks", "/v1/briefs", "/v1/ledger"):
        items = (await stranger.get(path)).json()["items"]
        assert all(first["id"] not in str(item) for item in items)


async def test_a_pick_without_tokens_is_refused_and_can_be_repeated(
    client: Client, door: Door
) -> None:
    poor = await door.client(tokens=2)
    first, _ = await _candidates(poor, door)
    refused = await _pick(poor, first["id"])
    assert (refused.status_code, refused.json()["needed"]) == (402, 4)
    assert (await poor.get(f"/v1/candidates/{first['id']}")).json()["status"] == "ready"


async def test_a_topup_waits_for_the_clerk_and_only_sells_packs(client: Client, door: Door) -> None:
    asked = await client.post(
        "/v1/topups", {"tokens": 1000, "currency": "usd"}, headers={"idempotency-key": "t"}
    )
    assert asked.status_code == 202
    topup = asked.json()
    assert (topup["status"], topup["amount_minor"]) == ("requested", 4500)
    again = await client.post(
        "/v1/topups", {"tokens": 1000, "currency": "usd"}, headers={"idempotency-key": "t"}
    )
    assert again.json()["id"] == topup["id"]
    odd = await client.post("/v1/topups", {"tokens": 7}, headers={"idempotency-key": "u"})
    assert odd.status_code == 422
    assert odd.json()["errors"][0]["limit"] == [100, 1000, 10000, 100000]
    invoiced = await door.client(billing="postpaid", tokens=0)
    refused = await invoiced.post("/v1/topups", {"tokens": 100}, headers={"idempotency-key": "t"})
    assert (refused.status_code, refused.json()["code"]) == (409, "postpaid_account")


def _signed(body: bytes, secret: str, at: float) -> dict[str, str]:
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={stamp},v1={digest}", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("secret", "age_s", "status"),
    [(WEBHOOK_SECRET, 0, 200), (WEBHOOK_SECRET, 301, 400), (WEBHOOK_SECRET, -301, 400),
     ("whsec_other", 0, 400)],
)  # fmt: skip
async def test_only_stripes_own_fresh_events_are_kept(
    door: Door, secret: str, age_s: int, status: int
) -> None:
    body = json.dumps({"id": "evt_1", "type": "invoice.paid"}).encode()
    headers = _signed(body, secret, time.time() - age_s)
    answer = await door.http.post("/webhooks/stripe", content=body, headers=headers)
    assert answer.status_code == status
    kept = await door.pool.fetchval("select count(*) from billing.stripe_inbox")
    assert kept == (1 if status == 200 else 0)
    if status == 200:
        again = await door.http.post("/webhooks/stripe", content=body, headers=headers)
        assert again.json() == {"kept": False}
