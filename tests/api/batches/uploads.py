"""Uploads for tests, and what is asked of batches again and again."""

import asyncio
import gzip
import json
from typing import Any

import asyncpg
import httpx

from tests.api.conftest import Client

CHIME = {"prompt": "soft chime", "kind": "chime", "candidates": 1, "duration_ms": 600}


def lines(*briefs: dict[str, Any]) -> bytes:
    """Briefs as JSON lines."""
    return b"".join(json.dumps(brief, ensure_ascii=False).encode() + b"\n" for brief in briefs)


def chimes(count: int, **more: Any) -> bytes:
    """So many short chimes, each under a reference of its own."""
    return lines(
        *(CHIME | {"reference": f"ref-{n}", "seed": n} | more for n in range(1, count + 1))
    )


async def upload(
    client: Client,
    content: bytes,
    name: str = "first",
    *,
    zipped: bool = False,
    query: str = "",
    path: str = "/v1/batches",
) -> httpx.Response:
    """Send lines."""
    headers = {"content-type": "application/jsonl", "idempotency-key": name}
    if zipped:
        content, headers["content-encoding"] = gzip.compress(content), "gzip"
    return await client.post(f"{path}{query}", content=content, headers=headers)


async def taken(client: Client, content: bytes, name: str = "first") -> str:
    """The id of a batch that is taken in."""
    answer = await upload(client, content, name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def told(client: Client, batch: str) -> dict[str, Any]:
    """A batch as it stands."""
    return (await client.get(f"/v1/batches/{batch}")).json()


async def results(client: Client, batch: str, query: str = "") -> list[dict[str, Any]]:
    """The lines of results."""
    answer = await client.get(f"/v1/batches/{batch}/results{query}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def waiting(pool: asyncpg.Pool, at: str = "place_batch") -> int:
    """The connection that waits for a lock there: for the wallet, with all its rows written, or for
    another upload of the same lines."""
    while True:
        found = await pool.fetchval(
            "select pid from pg_stat_activity where wait_event_type = 'Lock'"
            " and query like '%' || $1 || '%'", at
        )  # fmt: skip
        if found is not None:
            return found
        await asyncio.sleep(0.01)
