"""How a command reaches the database."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg

from api.cli.words import CommandRefused
from api.settings import SettingMissing

HOME = ".cuesmith"


def home() -> Path:
    """Where one machine keeps its state."""
    return Path(os.environ.get("CUESMITH_HOME", HOME)).expanduser()


def with_pool(step: Callable[[asyncpg.Pool], Awaitable[Any]]) -> Any:
    """Run one step with connections to the database."""

    async def run() -> Any:
        async with asyncpg.create_pool(database_url(), min_size=1, max_size=2) as pool:
            return await step(pool)

    return asyncio.run(run())


def database_url() -> str:
    """The database that was named, else that of the ``cuesmith dev`` of this folder."""
    from api import workbench

    if named := os.environ.get("DATABASE_URL"):
        return named
    address = workbench.running(home())
    if address is None:
        raise CommandRefused("set DATABASE_URL, or start `cuesmith dev` in this folder")
    return address.database_url


def pepper() -> bytes:
    """What keys are hashed with, of the gateway that shall know them."""
    from api import settings, workbench

    address = workbench.running(home())
    if not os.environ.get("CUESMITH_PEPPER") and address is not None:
        return address.pepper.encode()
    return settings.pepper()


def needed(name: str) -> str:
    """A setting that has no default."""
    if not (value := os.environ.get(name)):
        raise SettingMissing(f"set {name}; `cuesmith dev` sets it for you on one machine")
    return value
