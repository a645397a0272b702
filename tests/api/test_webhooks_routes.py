"""Stripe's webhook: whom it believes, what it keeps, and that it needs no Stripe library."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from api.app import create_app
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from billing.sandbox.app import sign
from billing.sandbox.shop import Shop
from tests.api.conftest import WEBHOOK_SECRET, Door, opened

BODY = json.dumps({"id": "evt_1", "type": "checkout.session.completed"}).encode()


async def _send(http: httpx.AsyncClient, body: bytes, signature: str | None) -> httpx.Response:
    headers = {} if signature is None else {"stripe-signature": signature.encode("latin-1")}
    return await http.post("/webhooks/stripe", content=body, headers=headers)


@pytest.mark.parametrize(
    "header", [None, "", "t=1", "v1=ab", "t=a,v1=b", "t=1,t=2,v1=ab", "t=²,v1=ÿ"]
)
async def test_without_a_readable_signature_nothing_is_kept(door: Door, header: str | None) -> None:
    answer = await _send(door.http, BODY, header)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert await door.pool.fetchval("select count(*) from billing.stripe_inbox") == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"id": 1, "type": "x"}', b'{"id": "a\\u0000", "type": "x"}', b"\xff"],
)
async def test_what_is_no_event_is_refused_though_it_is_signed(door: Door, body: bytes) -> None:
    answer = await _send(door.http, body, sign(body, WEBHOOK_SECRET, int(time.time())))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")


async def test_a_changed_body_is_refused(door: Door) -> None:
    signature = sign(BODY, WEBHOOK_SECRET, int(time.time()))
    assert (await _send(door.http, BODY + b" ", signature)).status_code == 400
    assert (await _send(door.http, BODY, signature)).status_code == 200


async def test_while_the_secret_is_changed_both_are_believed(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    both = structs.replace(settings, stripe_webhook_secrets=("whsec_new", "whsec_old"))
    app = create_app(both, Signer.create(tmp_path / "key.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        for secret, status in (("whsec_new", 200), ("whsec_old", 200), ("whsec_older", 400)):
            answer = await _send(http, BODY, sign(BODY, secret, int(time.time())))
            assert answer.status_code == status, secret


async def test_a_deployment_without_a_secret_takes_no_events(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    none = structs.replace(settings, stripe_webhook_secrets=())
    app = create_app(none, Signer.create(tmp_path / "key.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        answer = await _send(http, BODY, sign(BODY, "", int(time.time())))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_thin_events_have_an_address_and_secrets_of_their_own(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    told = structs.replace(settings, stripe_thin_secrets=("whsec_thin", "whsec_thin_old"))
    app = create_app(told, Signer.create(tmp_path / "key.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    body = json.dumps({"id": "evt_thin", "type": "v1.billing.meter.no_meter_found"}).encode()
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        for address, secret, status in (
            ("/webhooks/stripe/thin", WEBHOOK_SECRET, 400),
            ("/webhooks/stripe", "whsec_thin", 400),
            ("/webhooks/stripe/thin", "whsec_thin", 200),
            ("/webhooks/stripe/thin", "whsec_thin_old", 200),
        ):
            headers = {"stripe-signature": sign(body, secret, int(time.time()))}
            answer = await http.post(address, content=body, headers=headers)
            assert answer.status_code == status, (address, secret)


@pytest.mark.parametrize("late_s", [-301, 301, 9000])
async def test_a_stale_or_future_signature_is_refused(door: Door, late_s: int) -> None:
    signature = sign(BODY, WEBHOOK_SECRET, int(time.time()) - late_s)
    answer = await _send(door.http, BODY, signature)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert await door.pool.fetchval("select count(*) from billing.stripe_inbox") == 0


async def test_letters_of_stripe_are_kept_once_while_both_secrets_sign_them(door: Door) -> None:
    shop = Shop(url="http://127.0.0.1:1")
    for number in range(3):
        shop.emit("invoice.paid", {"id": f"in_{number}", "object": "invoice"})
    letters = shop.deliver(duplicate=True, shuffle=1, secrets=("whsec_rolled", WEBHOOK_SECRET))
    assert len(letters) == 6
    for one in letters:
        answer = await door.http.post("/webhooks/stripe", content=one.body, headers=one.headers)
        assert answer.status_code == 200
    assert await door.pool.fetchval("select count(*) from billing.stripe_inbox") == 3


async def test_a_replayed_event_is_kept_once(door: Door) -> None:
    signature = sign(BODY, WEBHOOK_SECRET, int(time.time()))
    kept = [(await _send(door.http, BODY, signature)).json()["kept"] for _ in range(3)]
    assert kept == [True, False, False]
    assert await door.pool.fetchval("select count(*) from billing.stripe_inbox") == 1


async def test_a_body_that_is_too_large_is_not_read(door: Door) -> None:
    body = b" " * 300_000 + BODY
    answer = await _send(door.http, body, sign(body, WEBHOOK_SECRET, int(time.time())))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_gateway_needs_neither_stripe_nor_a_model_to_start() -> None:
    code = """
import sys
for name in ("stripe", "onnxruntime", "numpy", "torch"):
    sys.modules[name] = None  # importing it raises
import api.app
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
