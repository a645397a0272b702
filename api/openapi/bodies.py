"""A body for every call that takes one, as it stands."""

from typing import Any

from msgspec import Struct

from api.batches.contracts import BatchLine, NewPicks
from api.briefs.contracts import NewBrief
from api.budgets.contracts import NewBudget
from api.invoices.contracts import NewPortal
from api.keys.contracts import NewKey, Rotation
from api.licenses.contracts import NewLicense
from api.usage.contracts import NewTopup
from api.webhooks.contracts import EndpointChange, NewEndpoint, Redelivery
from engine.contracts import FamilyBrief, RenditionOrder

EXAMPLES: dict[type[Struct], dict[str, Any]] = {
    NewBrief: {
        "prompt": "warm lo-fi beat for a study app", "kind": "bed", "duration_ms": 60_000,
        "candidates": 4, "seed": 7, "bpm": 82, "tonality": "F major",
        "instruments": {"require": ["drums", "bass"], "forbid": ["choir"]},
        "delivery": {"lufs": -16}, "max_tokens": 8, "customer_ref": "acme-42",
    },
    BatchLine: {
        "prompt": "calm piano for a film about rivers", "kind": "bed", "duration_ms": 90_000,
        "candidates": 2, "project": "catalogue-autumn", "reference": "river-0017",
    },
    NewPicks: {"first_line": 1, "last_line": 100, "rating_min": 0.6},
    FamilyBrief: {
        "brand": {"warm": 0.6, "futuristic": 0.3}, "tonic": "D", "candidates": 2, "seed": 1,
        "functions": ["welcome", "door_open", "door_close", "seat_belt", "warn"],
        "limits": {"door_open": {"duration_ms": 900}, "all": {"peak_dbfs": -3}},
        "delivery": {"sample_rate": 48_000, "channels": 2}, "max_tokens": 10,
    },
    RenditionOrder: {"format": "flac", "sample_rate": 44_100, "bit_depth": 16, "lufs": -23},
    NewLicense: {"territory": "CN,JP", "words": "plain"},
    NewKey: {"name": "build server", "scopes": ["briefs", "read"]},
    NewTopup: {"tokens": 1000, "currency": "usd"},
    NewBudget: {"scope": "project", "subject": "season-2", "cap": 5000},
    NewEndpoint: {"url": "https://example.com/cuesmith", "types": ["candidate.ready"]},
    EndpointChange: {"types": [], "disabled": False},
    Redelivery: {},
    Rotation: {"overlap_s": 3600},
    NewPortal: {"return_url": "https://example.com/account"},
}  # fmt: skip
"""A body that each call takes as it stands."""
