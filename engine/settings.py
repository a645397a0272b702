"""What a studio is told, read once from its environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from engine.stock.places import Bucket, bucket


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
    models: Path | None = None
    """``CUESMITH_MODELS``: the composer's folder; the packaged one when unset."""
    provider: str = "CPUExecutionProvider"
    """``CUESMITH_PROVIDER``: the onnxruntime provider; the studio refuses to start on another."""
    backend: str = "score"
    """``CUESMITH_BACKEND``: who makes the music, ``score`` (ours) or ``module:factory``."""
    lease_s: int = 30
    """``CUESMITH_LEASE_S``: how long a silent studio keeps a job."""
    metrics_port: int | None = None
    """``CUESMITH_METRICS_PORT``: where /metrics listens; unset: nowhere."""
    metrics_host: str = "127.0.0.1"
    """``CUESMITH_METRICS_HOST``: the address /metrics listens on."""


def read(environ: Mapping[str, str] = os.environ) -> StudioSettings:
    """The settings of this process; raises `SettingMissing` with what to set."""
    models = environ.get("CUESMITH_MODELS")
    return StudioSettings(
        database_url=_needed(environ, "DATABASE_URL"),
        store=_needed(environ, "CUESMITH_STORE"),
        bucket=bucket(environ),
        bank=environ.get("CUESMITH_BANK"),
        models=Path(models) if models else None,
        provider=environ.get("CUESMITH_PROVIDER", "CPUExecutionProvider"),
        backend=environ.get("CUESMITH_BACKEND") or "score",
        lease_s=_number(environ, "CUESMITH_LEASE_S") or 30,
        metrics_port=_number(environ, "CUESMITH_METRICS_PORT"),
        metrics_host=environ.get("CUESMITH_METRICS_HOST", "127.0.0.1"),
    )


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingMissing(f"{name} must be a positive whole number")
    return int(text)


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingMissing(f"set {name}; `cuesmith dev` sets it for you on one machine")
    return value
