"""What the sandbox remembers, over restarts and torn files; and the sandbox as it is served."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from api.ports import any_port
from billing.sandbox.clock import DAY_S, Clock
from billing.sandbox.shop import Shop
from billing.sandbox.table import table
from tests.billing.sandbox.conftest import BEGIN, URL, Sold, bought, client_of, use

STARTS_WITHIN_S = 60


def _open(file: Path) -> Shop:
    return Shop(file, url=URL, lag_s=0.0, clock=Clock(lambda: float(BEGIN)))


def _memory(shop: Shop) -> Any:
    return json.loads(json.dumps(shop.state()))


async def _busy(stripe: StripeClient, shop: Shop) -> Sold:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 70, "cap_1")
    await use(stripe, sold, 5, "cap_2")
    await stripe.v1.billing.meter_event_adjustments.create_async(
        {"event_name": "tokens", "type": "cancel", "cancel": {"identifier": "cap_2"}}
    )
    shop.clock.advance(BEGIN + 30 * DAY_S)
    gone = await stripe.v1.customers.create_async({}, {"idempotency_key": "k"})
    await stripe.v1.customers.delete_async(gone.id)
    await stripe.v1.webhook_endpoints.create_async(
        {"url": "http://127.0.0.1:9/x", "enabled_events": ["*"]}
    )
    shop.deliver()
    return sold


@pytest.mark.parametrize("closed", [True, False])
async def test_a_restart_forgets_nothing(tmp_path: Path, closed: bool) -> None:
    shop = _open(tmp_path / "s.json")
    sold = await _busy(client_of(shop), shop)
    before = _memory(shop)
    if closed:
        shop.close()
    again = _open(tmp_path / "s.json")
    assert _memory(again) == before
    assert again.clock.now() == shop.clock.now()
    again.clock.advance(BEGIN + 60 * DAY_S)
    stripe = client_of(again)
    found = await stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert found.status == "unpaid"
    first = again.under("invoice", sold.subscription)[1]
    assert (first["total"], first["attempt_count"]) == (2100, 4)


async def test_a_torn_last_line_is_a_change_that_never_happened(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    shop = _open(file)
    stripe = client_of(shop)
    await stripe.v1.customers.create_async({"name": "first"})
    kept = file.read_bytes()
    await stripe.v1.customers.create_async({"name": "second"})
    whole = file.read_bytes()
    file.write_bytes(whole[: len(kept) + (len(whole) - len(kept)) // 2])
    again = _open(file)
    assert [one["name"] for one in again.all("customer")] == ["first"]


def test_another_versions_state_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text('{"objects": {}}\n')
    with pytest.raises(ValueError, match="another version"):
        _open(file)
    assert file.read_text() == '{"objects": {}}\n'


async def test_fifty_thousand_meter_events_are_added_and_summed_without_looking_at_each(
    shop: Shop, stripe: StripeClient
) -> None:
    sold = await bought(stripe)
    for number in range(50_000):
        shop.usage.add(_counted(sold, number))
    looked = 0

    class Watched(list[Any]):
        def __iter__(self) -> Any:
            nonlocal looked
            looked += 1
            return super().__iter__()

    for minute in shop.usage._minutes[sold.event_name, sold.customer].values():
        minute.events = Watched(minute.events)
    await use(stripe, sold, 1, "new")
    total = shop.usage.total((sold.event_name, sold.customer), BEGIN - 60_000, BEGIN)
    assert (total, looked) == (50_000, 0)


def _counted(sold: Sold, number: int) -> Any:
    from billing.sandbox.usage import Counted

    stamp = BEGIN - 1 - number % 3_000
    return Counted(sold.event_name, f"id_{number}", sold.customer, 1, stamp, float(BEGIN - 10))


def test_the_table_is_current() -> None:
    committed = Path(__file__).parents[3] / "billing/sandbox/TABLE.md"
    assert committed.read_text() == table(), "run python -m billing.sandbox.table"


# --- served ---------------------------------------------------------------------------------------


class _Till(BaseHTTPRequestHandler):
    """Takes webhooks."""

    got: list[tuple[str, bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).got.append((self.path, body, self.headers["stripe-signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


def _until(holds: Callable[[], Any], within_s: float = STARTS_WITHIN_S) -> Any:
    end = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def _start(port: int, state: Path, till: int) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "billing.sandbox", "--port", str(port), "--state", str(state),
         "--webhook-url", f"http://127.0.0.1:{till}/till"],
        env=os.environ | {"CUESMITH_SANDBOX_WEBHOOK_SECRET": "whsec_served"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _until(lambda: _answers(port))
    return started


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/sandbox").is_success
    except httpx.HTTPError:
        return False


def test_the_served_sandbox_breaks_connections_tells_webhooks_and_survives_a_kill(
    tmp_path: Path, stripe: StripeClient
) -> None:
    _Till.got = []
    till = HTTPServer(("127.0.0.1", 0), _Till)
    Thread(target=till.serve_forever, daemon=True).start()
    port, state = any_port(), tmp_path / "s.json"
    served = _start(port, state, till.server_port)
    try:
        key = {"authorization": "Bearer sk_test_x"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key) as http:
            for kind in ("refuse", "lose"):
                http.post("/sandbox/faults", json={kind: {"count": 1}}).raise_for_status()
                with pytest.raises(httpx.HTTPError):
                    http.post("/v1/customers", data={"name": kind})
            names = [one["name"] for one in http.get("/v1/customers").json()["data"]]
            assert names == ["lose"]
            _until(lambda: _Till.got)
            path, body, signature = _Till.got[0]
            assert path == "/till"
            assert stripe.construct_event(body, signature, "whsec_served").type == (
                "customer.created"
            )
            http.post("/v1/customers", data={"name": "kept"}, headers={"idempotency-key": "k"})
            served.send_signal(signal.SIGKILL)
            served.wait()
            served = _start(port, state, till.server_port)
            again = http.post(
                "/v1/customers", data={"name": "kept"}, headers={"idempotency-key": "k"}
            )
            assert again.headers["idempotent-replayed"] == "true"
            names = [one["name"] for one in http.get("/v1/customers").json()["data"]]
            assert names == ["kept", "lose"]
    finally:
        served.terminate()
        assert served.wait(STARTS_WITHIN_S) == 0
        till.shutdown()
        till.server_close()
