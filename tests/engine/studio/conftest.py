"""One furnished studio for all tests: the real model and our own instruments."""

import pytest

from engine.compose.composer import Composer
from engine.contracts import Brief, Resolved
from engine.render.banks import builtin
from engine.studio.rooms import Rooms
from engine.words import resolve

SEED = 11


@pytest.fixture(scope="session")
def rooms() -> Rooms:
    """The composer that is delivered, and the bank that is always there."""
    return Rooms(composer=Composer(None), bank=builtin())


@pytest.fixture(scope="session")
def short() -> Resolved:
    """Two candidates of six seconds."""
    brief = Brief(kind="bed", style="chiptune", duration_ms=6000, candidates=2)
    return resolve(brief, SEED)
