"""``cuesmith dev``: everything on this machine at a printed address, with a printed test key."""

import asyncio
from pathlib import Path

import asyncpg

from api.errors import InvalidKey, KeyRevoked
from api.keys import service as keys
from api.workbench import TEST_KEY, Address, Workbench, write_private
from billing.connections import transaction
from billing.ledger import service as ledger

WELCOME_TOKENS = 10_000

_PAGE = """
Cuesmith runs at {url}   (logs: {logs})

  console    {url}/console
  reference  {url}/docs

export CUESMITH_URL={url}
export CUESMITH_KEY={key}

curl -s $CUESMITH_URL/v1/quotes -H "Authorization: Bearer $CUESMITH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"prompt": "warm lo-fi beat for a study app", "kind": "bed", "duration_ms": 60000}}'

The key is for tests: its licenses grant nothing, and Stripe is a sandbox. Ctrl-C stops everything.
"""


def serve(home: Path, port: int | None) -> int:
    """Run until interrupted; 0 when everything was stopped in order."""
    with Workbench(home, port=port, tell=lambda line: print(line, flush=True)) as bench:
        try:
            key = welcome_key(bench.address, bench.home / TEST_KEY)
            print(
                _PAGE.format(url=bench.address.url, key=key, logs=bench.home / "logs"), flush=True
            )
            bench.tend_until_interrupted()
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
    return 0


def welcome_key(address: Address, file: Path) -> str:
    """The key of the last time where it still opens the door, else one of a new test account."""
    kept = file.read_text() if file.exists() else None
    secret = asyncio.run(_usable_key(address, kept))
    if secret != kept:
        write_private(file, secret.encode())
    return secret


async def _usable_key(address: Address, kept: str | None) -> str:
    pepper = address.pepper.encode()
    async with asyncpg.create_pool(address.database_url, min_size=1, max_size=1) as pool:
        if kept is not None and await _opens(pool, pepper, kept):
            return kept
        account = await keys.open_account(pool, "Development", "test", "prepaid")
        async with transaction(pool) as conn:
            await ledger.grant(conn, account.id, WELCOME_TOKENS, f"welcome-{account.id}")
        _, secret = await keys.create_key(pool, account.id, "development", pepper=pepper)
        return secret


async def _opens(pool: asyncpg.Pool, pepper: bytes, secret: str) -> bool:
    try:
        await keys.authenticate(pool, pepper, f"Bearer {secret}")
    except (InvalidKey, KeyRevoked):
        return False
    return True
