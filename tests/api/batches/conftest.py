"""What tests of batches stand on."""

from typing import Any

import asyncpg
import pytest

from api.clerk.desk import Desk


@pytest.fixture
def desk(pool: asyncpg.Pool) -> Desk:
    """A clerk's desk as far as batches need one: they never ask Stripe for anything."""
    nobody: Any = None
    return Desk(
        pool=pool, door=nobody, public_url="http://door", sink=nobody, meter_events_per_s=1.0
    )
