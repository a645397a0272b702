"""A gateway as `cuesmith gateway` runs it, and beside it, in the same process, two bare routes.

Only benches start this. ``/bare/read`` answers JSON of a balance's size, ``/bare/row`` commits one
row; both are Litestar as it comes, without any of ours.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.types import ASGIApp
from msgspec import Struct

from api import app, settings
from api.arrival import Gateway
from api.licenses.signing import Signer

SCHEMA = """
create schema if not exists bench;
create table if not exists bench.rows (
  id bigint generated always as identity primary key, prompt text not null,
  duration_ms int not null, candidates int not null,
  created_at timestamptz not null default now()
);
"""
INSERT = "insert into bench.rows (prompt, duration_ms, candidates) values ($1, $2, $3) returning id"


class Row(Struct):
    """What the bare route is sent: a brief's fields."""

    prompt: str
    duration_ms: int
    candidates: int


class Written(Struct):
    """What it answers."""

    id: int
    row: Row


BALANCE = {
    "account": "acc_0123456789abcdef01234567",
    "balance": {
        "posted": 1_000_000, "held": 0, "credit_limit": 0, "available": 1_000_000,
        "mode": "prepaid", "frozen": False, "owed": 0,
    },
    "packs": [],
}  # fmt: skip


@get("/bare/read")
async def read() -> dict[str, Any]:
    return BALANCE


@post("/bare/row")
async def write(data: Row, state: State) -> Written:
    async with state.pool.acquire() as conn:
        made = await conn.fetchval(INSERT, data.prompt, data.duration_ms, data.candidates)
    return Written(id=made, row=data)


def beside(told: settings.GatewaySettings) -> Callable[[Gateway], ASGIApp]:
    """Ours, and the bare routes under ``/bare``, with as many connections as ours has."""
    bare = Litestar([read, write], openapi_config=None, logging_config=None)

    async def open_pool() -> None:
        bare.state.pool = await asyncpg.create_pool(
            told.database_url, min_size=told.pool_size, max_size=told.pool_size
        )
        await bare.state.pool.execute(SCHEMA)

    def put_beside(gateway: Gateway) -> ASGIApp:
        gateway.on_startup.append(open_pool)

        async def both(scope: Any, receive: Any, send: Any) -> None:
            await (bare if scope["path"].startswith("/bare") else gateway)(scope, receive, send)

        return both

    return put_beside


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", type=Path, required=True, help="where the signing key lies")
    given = parser.parse_args()
    told = settings.read()
    app.serve(told, Signer.create(given.key), "127.0.0.1", given.port, beside=beside(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
