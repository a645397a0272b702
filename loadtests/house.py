"""A whole house for load: real processes on this machine, and seconds of sine instead of music."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
from msgspec import Struct

from api.keys import service as keys
from api.ports import any_port
from api.workbench import Address, Workbench
from billing.connections import transaction
from billing.ledger import service as ledger

ROOT = Path(__file__).resolve().parent.parent
PLENTY = str(10**9)


class Account(Struct, frozen=True, kw_only=True):
    """A prepaid test account with its one key."""

    id: str
    secret: str


def house(
    folder: Path,
    *,
    replicas: Mapping[str, int] | None = None,
    candidate_s: float = 0.0,
    tell: Callable[[str], None] = lambda line: None,
    **settings: str,
) -> Workbench:
    """A workbench of the light backend, its rates raised; ``settings`` are environment names."""
    folder.chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith("CUESMITH_") and name != "DATABASE_URL"
    }  # fmt: skip
    told = {
        "CUESMITH_BACKEND": "loadtests.light:backend", "LIGHT_S": f"{candidate_s:g}",
        "CUESMITH_BANK": "builtin", "PYTHONPATH": str(ROOT), "CUESMITH_LEASE_S": "5",
        "CUESMITH_RATE_PER_MINUTE": PLENTY, "CUESMITH_RATE_BURST": PLENTY,
        "CUESMITH_PLANS_PER_MINUTE": PLENTY, "CUESMITH_PLANS_BURST": PLENTY,
        "CUESMITH_WEBHOOKS_LOOPBACK": "1",
    }  # fmt: skip
    environ = kept | told | settings
    return Workbench(
        folder / "house", port=any_port(), environ=environ, tell=tell, replicas=replicas
    )


async def open_accounts(address: Address, count: int, tokens: int = 0) -> list[Account]:
    """So many accounts, with a grant where ``tokens`` are said."""
    made = list[Account]()
    async with asyncpg.create_pool(address.database_url, min_size=1, max_size=1) as pool:
        for number in range(count):
            account = await keys.open_account(pool, f"Load {number}", "test", "prepaid")
            if tokens:
                async with transaction(pool) as conn:
                    await ledger.grant(conn, account.id, tokens, f"load {number}")
            _, secret = await keys.create_key(
                pool, account.id, "load", pepper=address.pepper.encode()
            )
            made.append(Account(id=account.id, secret=secret))
    return made


def resident_kb(pid: int) -> int:
    """How much memory a process holds; 0 where it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a head, as our notes show them."""
    lines = [head, ["---"] * len(head), *([_text(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
