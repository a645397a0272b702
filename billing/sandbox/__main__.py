"""``python -m billing.sandbox``: a Stripe for this machine only."""

import argparse
import os
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from billing.sandbox.app import Webhook, create_sandbox
from billing.sandbox.shop import Shop

ADDRESS = "127.0.0.1"  # never another: this door has no lock


def main() -> None:
    """Serve until interrupted."""
    import asyncio
    import contextlib
    import signal

    parser = argparse.ArgumentParser(prog="python -m billing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", help="where signed events go")
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("CUESMITH_SANDBOX_WEBHOOK_SECRET", "whsec_sandbox"),
        help="what signs them; better given as CUESMITH_SANDBOX_WEBHOOK_SECRET, unseen by ps",
    )
    parser.add_argument("--state", type=Path, help="a file that survives restarts")
    given = parser.parse_args()
    shop = Shop(given.state, url=f"http://{ADDRESS}:{given.port}")
    webhook = None
    if given.webhook_url:
        webhook = Webhook(url=given.webhook_url, secret=given.webhook_secret)
    server = Server(
        create_sandbox(shop, webhook), address=ADDRESS, port=given.port, interface=Interfaces.ASGI
    )

    async def serve() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
