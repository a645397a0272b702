"""``python -m billing.sandbox``: a Stripe for this machine only."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from billing.sandbox import limits
from billing.sandbox.app import Webhook, create_sandbox
from billing.sandbox.shop import Shop

ADDRESS = "127.0.0.1"  # never another: this door has no lock
RATES = {"none": limits.Rates(), "live": limits.LIVE, "test": limits.TEST}


def main() -> None:
    """Serve until interrupted."""
    given = _arguments()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # not a line for every webhook
    shop = Shop(given.state, url=f"http://{ADDRESS}:{given.port}", rates=RATES[given.rates])
    sandbox = create_sandbox(shop, _webhooks(given), served=True)
    server = Server(sandbox, address=ADDRESS, port=given.port, interface=Interfaces.ASGI)

    async def serve() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve()

    asyncio.run(serve())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", help="where signed events go, on this machine")
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("CUESMITH_SANDBOX_WEBHOOK_SECRET", "whsec_sandbox"),
        help="what signs them; better given as CUESMITH_SANDBOX_WEBHOOK_SECRET, unseen by ps",
    )
    parser.add_argument("--thin-webhook-url", help="where the thin events about meters go")
    parser.add_argument(
        "--thin-webhook-secret",
        default=os.environ.get("CUESMITH_SANDBOX_THIN_WEBHOOK_SECRET", "whsec_sandbox_thin"),
        help="what signs those",
    )
    parser.add_argument("--state", type=Path, help="a file that survives restarts")
    parser.add_argument("--rates", choices=sorted(RATES), default="none", help="Stripe's limits")
    return parser.parse_args()


def _webhooks(given: argparse.Namespace) -> list[Webhook]:
    found: list[Webhook] = []
    if given.webhook_url:
        found.append(Webhook(url=given.webhook_url, secret=given.webhook_secret))
    if given.thin_webhook_url:
        found.append(
            Webhook(url=given.thin_webhook_url, secret=given.thin_webhook_secret, thin=True)
        )
    return found


if __name__ == "__main__":
    main()
