"""The processes of the house, one command each, and what brings their database up to date."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
import structlog

from api.cli.database import database_url, needed
from api.cli.words import port


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    gateway = commands.add_parser("gateway", help="serve the API")
    gateway.add_argument("--host", default="127.0.0.1")
    gateway.add_argument("--port", type=port, default=8000)
    gateway.set_defaults(run=_gateway)
    studio = commands.add_parser("studio", help="make what the queue asks for")
    studio.set_defaults(run=lambda given: _become_engine("studio"))
    clerk = commands.add_parser("clerk", help="settle deliveries, tell Stripe")
    clerk.set_defaults(run=_clerk)
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.add_argument(
        "--roles", type=Path, metavar="FILE",
        help="afterwards say who may do what, as deploy/roles.sql does",
    )  # fmt: skip
    migrate.set_defaults(run=_migrate)
    sounds = commands.add_parser("sounds", help="which instrument bank plays; fetch one")
    sounds.add_argument("action", choices=["status", "fetch"])
    sounds.set_defaults(run=lambda given: _become_engine("sounds", given.action))


def _gateway(given: argparse.Namespace) -> int:
    from api import app, settings

    signer = app.signer_of(Path(needed("CUESMITH_SIGNING_KEY")))
    app.serve(settings.read(), signer, given.host, given.port)
    return 0


def _clerk(given: argparse.Namespace) -> int:
    from api import logs
    from api.settings import pepper
    from billing import settings

    told, address, sealed_under = settings.read(), needed("DATABASE_URL"), pepper()
    logs.as_json()
    _show_metrics()
    asyncio.run(_serve_clerk(address, told, sealed_under))
    return 0


async def _serve_clerk(database_url: str, billing: Any, pepper: bytes) -> None:
    from api import clerk
    from api.clerk.messages import Post
    from api.webhooks.addresses import Addresses
    from api.webhooks.sealing import Seal
    from api.webhooks.sending import Courier

    loopback = os.environ.get("CUESMITH_WEBHOOKS_LOOPBACK") == "1"
    courier = Courier(Seal(pepper), Addresses(loopback=loopback))
    public_url = os.environ.get("CUESMITH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    desk = await clerk.open_desk(database_url, billing, public_url, warehouse=_warehouse())
    await clerk.serve(desk, Post(desk.pool, courier))


def _warehouse() -> Any:
    """The store that this clerk keeps in order, where ``CUESMITH_STORE`` names one."""
    from api.settings import SettingMissing
    from api.stock.warehouse import open_warehouse
    from engine.stock.places import StoreMisnamed, bucket

    place = os.environ.get("CUESMITH_STORE")
    if not place:
        structlog.get_logger().warning("retention.off", remedy="set CUESMITH_STORE for the clerk")
        return None
    try:
        return open_warehouse(place, bucket())
    except StoreMisnamed as error:
        raise SettingMissing(str(error)) from None


def _show_metrics() -> None:
    """/metrics and /healthz, where ``CUESMITH_METRICS_PORT`` asks for them."""
    from api.clerk import watching

    if told := os.environ.get("CUESMITH_METRICS_PORT"):
        host = os.environ.get("CUESMITH_METRICS_HOST", "127.0.0.1")
        watching.show(port(told), host)


def _become_engine(*arguments: str) -> NoReturn:
    """The studio's own door, in this process's place: `api` never imports its rooms."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "engine", *arguments])  # noqa: S606


def _migrate(given: argparse.Namespace) -> int:
    from api.database import migrate

    grants = given.roles.read_text() if given.roles is not None else None
    applied = asyncio.run(migrate(database_url()))
    print("\n".join(applied) if applied else "nothing to do")
    if grants is not None:
        asyncio.run(_execute(database_url(), grants))
        print(f"roles as {given.roles} says")
    return 0


async def _execute(database_url: str, statements: str) -> None:
    """Run statements as one, so that nobody is left with half of his rights."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await conn.execute(statements)
    finally:
        await conn.close()
