"""What a studio is told, read once from its environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from engine.stock.places import Bucket, bucket

CPU = "CPUExecutionProvider"


class SettingMissing(RuntimeError):
    """A studio was started without something it cannot guess."""


class StudioSettings(Struct, frozen=True, kw_only=True):
    """One studio's settings."""

    database_url: str
    """``DATABASE_URL``: where jobs come from."""
    store: str
    """``CUESMITH_STORE``: a folder or an ``s3://bucket/prefix`` for audio."""
    bucket: Bucket = Bucket()
    """``CUESMITH_STORE_ENDPOINT`` and ``CUESMITH_STORE_REGION``: how buckets are reached."""
    bank: str | None = None
    """``CUESMITH_BANK``: a sound font's path, or ``builtin``; found by itself when unset."""
    marks: Path | None = None
    """``CUESMITH_MARKS``: a PEM file with the chain and the key that sign content credentials;
    nothing is signed when unset."""
    models: Path | None = None
    """``CUESMITH_MODELS``: the composer's folder; the packaged one when unset."""
    provider: str = CPU
    """``CUESMITH_PROVIDER``: the onnxruntime provider; the studio refuses to start on another."""
    backend: str = "score"
    """``CUESMITH_BACKEND``: who makes the music, ``score`` (ours) or ``module:factory``."""
    sessions: int = 1
    """``CUESMITH_SESSIONS``: briefs made at the same time; 1 on the CPU, 8 on an accelerator."""
    players: int = 0
    """``CUESMITH_PLAYERS``: processes that render and encode, each some 250 MB and what it plays;
    0: threads of the studio do, which is the choice on the CPU."""
    rows: int | None = None
    """``CUESMITH_ROWS``: lines that a desk of the composer writes at the same time, whose memory is
    set aside at the start; as many as its provider is given when unset."""
    warm: bool = False
    """``CUESMITH_WARM``: whether a short brief is made before the first one is claimed; 1 on an
    accelerator, 0 on the CPU."""
    drain_s: float = 25.0
    """``CUESMITH_DRAIN_S``: how long a studio that is told to end goes on with what it has; what is
    not done by then goes back to the queue."""
    stuck_s: float = 300.0
    """``CUESMITH_STUCK_S``: a session that has not moved for so long makes /healthz fail."""
    lease_s: int = 30
    """``CUESMITH_LEASE_S``: how long a silent studio keeps a job."""
    metrics_port: int | None = None
    """``CUESMITH_METRICS_PORT``: where /metrics, /healthz and /readyz listen; unset: nowhere."""
    health_port: int | None = None
    """``CUESMITH_HEALTH_PORT``: a further port for the same, where probes may not read metrics
    through the same one; unset: none."""
    metrics_host: str = "127.0.0.1"
    """``CUESMITH_METRICS_HOST``: the address all of these listen on."""


def read(environ: Mapping[str, str] = os.environ) -> StudioSettings:
    """The settings of this process; raises `SettingMissing` with what to set."""
    models, marks = environ.get("CUESMITH_MODELS"), environ.get("CUESMITH_MARKS")
    provider = environ.get("CUESMITH_PROVIDER", CPU)
    fast = provider != CPU
    return StudioSettings(
        database_url=_needed(environ, "DATABASE_URL"),
        store=_needed(environ, "CUESMITH_STORE"),
        bucket=bucket(environ),
        bank=environ.get("CUESMITH_BANK"),
        marks=Path(marks) if marks else None,
        models=Path(models) if models else None,
        provider=provider,
        backend=environ.get("CUESMITH_BACKEND") or "score",
        sessions=_number(environ, "CUESMITH_SESSIONS", 8 if fast else 1, least=1),
        players=_number(environ, "CUESMITH_PLAYERS", _spare_cores() if fast else 0),
        rows=_number(environ, "CUESMITH_ROWS", None, least=1),
        warm=_number(environ, "CUESMITH_WARM", int(fast)) > 0,
        drain_s=_number(environ, "CUESMITH_DRAIN_S", 25),
        stuck_s=_number(environ, "CUESMITH_STUCK_S", 300, least=1),
        lease_s=_number(environ, "CUESMITH_LEASE_S", 30, least=1),
        metrics_port=_number(environ, "CUESMITH_METRICS_PORT", None, least=1),
        health_port=_number(environ, "CUESMITH_HEALTH_PORT", None, least=1),
        metrics_host=environ.get("CUESMITH_METRICS_HOST", "127.0.0.1"),
    )


def _spare_cores() -> int:
    """Cores for players: all but those of the studio itself, which writes and talks."""
    return max(1, min(8, len(os.sched_getaffinity(0)) - 2))


_Unset = TypeVar("_Unset", int, None)


def _number(
    environ: Mapping[str, str], name: str, unset: _Unset, *, least: int = 0
) -> int | _Unset:
    text = environ.get(name)
    if text is None:
        return unset
    if not text.isascii() or not text.isdigit() or int(text) < least:
        kind = "a positive whole number" if least else "a whole number, or 0"
        raise SettingMissing(f"{name} must be {kind}")
    return int(text)


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingMissing(f"set {name}; `cuesmith dev` sets it for you on one machine")
    return value
