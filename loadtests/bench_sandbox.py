"""How many meter events the sandbox takes a second, nearly empty and with 50,000 of them stored.

    python loadtests/bench_sandbox.py

The reference is the same request answered by an application that judges and keeps nothing; all of
them are driven in process, one after another, so the figures are of one core.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from billing.sandbox.app import App, create_sandbox
from billing.sandbox.shop import Shop

STORED, SAMPLE = 50_000, 5_000
HEADERS = [(b"authorization", b"Bearer sk_test_x")]


async def _call(app: App, path: str, body: bytes, key: str) -> Any:
    sent: list[Any] = []
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return given.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [*HEADERS, (b"idempotency-key", key.encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1)}  # fmt: skip
    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return json.loads(sent[1]["body"])


async def _nothing(_: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def _rate(app: App, customer: str, first: int, count: int) -> float:
    """Events a second of this process's own time: others may share the machine."""
    stamp, begun = int(time.time()), time.process_time()
    for number in range(first, first + count):
        body = (
            f"event_name=tokens&identifier=id_{number}&timestamp={stamp}"
            f"&payload[stripe_customer_id]={customer}&payload[value]=3"
        )
        await _call(app, "/v1/billing/meter_events", body.encode(), f"key_{number}")
    return count / (time.process_time() - begun)


async def _measure(name: str, state: Path | None, reference: float) -> None:
    shop = Shop(state, url="http://127.0.0.1:1")
    app = create_sandbox(shop)
    customer = (await _call(app, "/v1/customers", b"name=x", "c"))["id"]
    meter = b"display_name=x&event_name=tokens&default_aggregation[formula]=sum"
    await _call(app, "/v1/billing/meters", meter, "m")
    empty = await _rate(app, customer, 0, SAMPLE)
    await _rate(app, customer, SAMPLE, STORED - SAMPLE)
    full = await _rate(app, customer, STORED, SAMPLE)
    counted = shop.usage.total(("tokens", customer), 0, 2**40)
    assert counted == 3 * (STORED + SAMPLE)
    print(f"{name:<16}{empty:>10.0f}/s empty{full:>10.0f}/s with {STORED:,} stored"
          f"{full / empty:>8.2f} of empty{full / reference:>8.4f} of the reference")  # fmt: skip
    shop.close()


async def main() -> None:
    """Measure and print."""
    reference = await _rate(_nothing, "cus_x", 0, SAMPLE)
    print(f"{'reference':<16}{reference:>10.0f}/s")
    await _measure("in memory", None, reference)
    with tempfile.TemporaryDirectory() as folder:
        await _measure("with a file", Path(folder) / "state.json", reference)


if __name__ == "__main__":
    asyncio.run(main())
