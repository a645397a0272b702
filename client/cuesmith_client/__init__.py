"""Cuesmith from Python: `Cuesmith` waits for each answer, `AsyncCuesmith` is awaited."""

from cuesmith_client.aclient import AsyncBatch, AsyncBrief, AsyncCuesmith
from cuesmith_client.client import Batch, Brief, Cuesmith
from cuesmith_client.errors import (
    CuesmithError,
    NotAllowed,
    NotPaid,
    NotThere,
    Reason,
    Refused,
    TooMuch,
    Unreachable,
    Wrong,
)
from cuesmith_client.events import Event
from cuesmith_client.patience import Patience

__all__ = [
    "AsyncBatch",
    "AsyncBrief",
    "AsyncCuesmith",
    "Batch",
    "Brief",
    "Cuesmith",
    "CuesmithError",
    "Event",
    "NotAllowed",
    "NotPaid",
    "NotThere",
    "Patience",
    "Reason",
    "Refused",
    "TooMuch",
    "Unreachable",
    "Wrong",
]
