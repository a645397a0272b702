"""How much may be asked for: what is fixed here, and what a deployment may set otherwise."""

from datetime import timedelta
from typing import Any

import msgspec

from api.batches.contracts import MOST_BYTES, MOST_LINES
from api.briefs.pricing import QUOTE_BINDS
from api.briefs.service import BODY_MAX_BYTES
from api.docs.frame import coded, text
from api.entrance import LONGEST_WAIT_S
from api.keys.idempotency import KEPT_DAYS
from api.links.service import LASTING
from api.settings import GatewaySettings
from api.webhooks.contracts import MOST_ENDPOINTS
from api.webhooks.outbox import KEPT
from engine.queue.events import KEPT as TOLD
from engine.words import accepted


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)} minutes"


_FIXED = (
    ("Candidates of a brief or a family", "1 to 10"),
    ("Words of a brief", "4,000 characters"),
    ("Body of a request", f"{BODY_MAX_BYTES // 1024} kB"),
    ("Lines of a catalogue run", f"{MOST_LINES:,}, together {MOST_BYTES // 2**20} MB"),
    ("`Prefer: wait` and `?wait=`", f"at most {LONGEST_WAIT_S} seconds"),
    ("A quote binds", _minutes(QUOTE_BINDS)),
    ("A candidate is kept", "7 days, a license and its track without end"),
    ("An `Idempotency-Key` is remembered", f"{KEPT_DAYS} days"),
    ("Events of `GET /v1/events` are kept", f"{KEPT.days} days; live events {TOLD.days} days"),
    ("Webhook endpoints of an account", str(MOST_ENDPOINTS)),
    ("A link to a file opens", _minutes(LASTING)),
)
_SETTINGS = (
    ("Requests a minute and key", "rate_per_minute"),
    ("Of them at once", "rate_burst"),
    ("Unfinished briefs of an account", "open_briefs"),
    ("Requests for plans a minute and key", "plans_per_minute"),
    ("Unfinished renditions of an account", "open_renditions"),
    ("Streams of live events of an account", "event_streams_per_account"),
)


def tables() -> str:
    """Lengths by kind, what is fixed, and what is usual."""
    kinds: Any = accepted()["kinds"]
    lengths = "".join(
        f"<tr><th scope=row>{kind}</th><td>{_length(said['min_ms'])}</td>"
        f"<td>{_length(said['max_ms'])}</td></tr>"
        for kind, said in kinds.items()
    )
    defaults = {field.name: field.default for field in msgspec.structs.fields(GatewaySettings)}
    fixed = "".join(_row(name, value) for name, value in _FIXED)
    usual = "".join(_row(name, f"{defaults[field]:,}") for name, field in _SETTINGS)
    return (
        "<table><caption>How long a piece may be</caption><thead><tr><th scope=col>Kind</th>"
        f"<th scope=col>At least</th><th scope=col>At most</th></tr></thead>{lengths}</table>"
        f"<table><caption>The same everywhere</caption>{fixed}</table>"
        f"<table><caption>What a deployment usually sets</caption>{usual}</table>"
    )


def _row(name: str, value: str) -> str:
    return f"<tr><th scope=row>{coded(name)}</th><td>{text(value)}</td></tr>"


def _length(ms: int) -> str:
    seconds = ms / 1000
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"
