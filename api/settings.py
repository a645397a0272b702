"""What the gateway is told, read once from its environment. It holds no Stripe key."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from engine.stock.places import Bucket, StoreMisnamed, bucket


class SettingMissing(RuntimeError):
    """The gateway was started without something it cannot guess, or with nonsense."""


class GatewaySettings(Struct, frozen=True, kw_only=True):
    """One gateway's settings."""

    database_url: str
    """``DATABASE_URL``: where everything is kept."""
    store: str
    """``CUESMITH_STORE``: a folder or an ``s3://bucket/prefix`` where the studio puts audio."""
    bucket: Bucket = Bucket()
    """``CUESMITH_STORE_ENDPOINT``, ``…_PUBLIC_ENDPOINT`` and ``…_REGION``: how buckets are
    reached; credentials come from the usual AWS_* variables."""
    pepper: bytes
    """``CUESMITH_PEPPER``: what API keys are hashed with; at least 16 characters."""
    public_url: str = "http://127.0.0.1:8000"
    """``CUESMITH_PUBLIC_URL``: how clients reach this gateway; links start with it."""
    stripe_webhook_secrets: tuple[str, ...] = ()
    """``CUESMITH_STRIPE_WEBHOOK_SECRETS``: comma-separated; none means no webhook is accepted."""
    stripe_thin_secrets: tuple[str, ...] = ()
    """``CUESMITH_STRIPE_THIN_SECRETS``: the same for Stripe's thin events about meters."""
    rate_per_minute: int = 600
    """``CUESMITH_RATE_PER_MINUTE``: requests per key and replica."""
    rate_burst: int = 60
    """``CUESMITH_RATE_BURST``: how many of them may come at once."""
    open_briefs: int = 100
    """``CUESMITH_OPEN_BRIEFS``: unfinished briefs an account may have."""
    open_briefs_per_key: int = 0
    """``CUESMITH_OPEN_BRIEFS_PER_KEY``: unfinished briefs one of its keys may have; 0: as many as
    the account."""
    backlog_s: int = 0
    """``CUESMITH_BACKLOG_S``: studio seconds that all accounts together may have waiting and
    running, batch work apart; 0: any amount."""
    batch_backlog_s: int = 0
    """``CUESMITH_BATCH_BACKLOG_S``: the same of batch work."""
    plans_per_minute: int = 60
    """``CUESMITH_PLANS_PER_MINUTE``: how often a key may ask a replica for plans."""
    plans_burst: int = 10
    """``CUESMITH_PLANS_BURST``: how many of these requests may come at once."""
    open_plans: int = 20
    """``CUESMITH_OPEN_PLANS``: requests for plans an account may have waiting."""
    open_renditions: int = 20
    """``CUESMITH_OPEN_RENDITIONS``: renditions an account may have waiting."""
    event_streams: int = 12_000
    """``CUESMITH_EVENT_STREAMS``: streams of events a replica holds open."""
    event_streams_per_account: int = 1_000
    """``CUESMITH_EVENT_STREAMS_PER_ACCOUNT``: how many of them may be one account's."""
    webhooks_loopback: bool = False
    """``CUESMITH_WEBHOOKS_LOOPBACK``: 1 lets webhooks go to this machine; for development only."""
    contact: str = ""
    """``CUESMITH_CONTACT``: whom to ask about training data, as `/training-data` says it: an
    address, or a name with one."""
    marks_root: str = ""
    """``CUESMITH_MARKS_ROOT``: a PEM file with the certificate to trust when checking our files'
    content credentials; published where it is set."""
    console_key_file: str = ""
    """``CUESMITH_CONSOLE_KEY_FILE``: a file with a test key that the console gives to browsers on
    this machine; for the sandbox only."""
    pool_size: int = 10
    """``CUESMITH_POOL_SIZE``: connections to Postgres."""
    open_requests: int = 1000
    """``CUESMITH_OPEN_REQUESTS``: requests a replica works on at once; health always answers."""
    waits_per_key: int = 100
    """``CUESMITH_WAITS_PER_KEY``: requests of a key that a replica holds back; more do not wait.
    So many bodies of a key may take their time to arrive."""
    open_connections: int = 15_000
    """``CUESMITH_OPEN_CONNECTIONS``: sockets a replica keeps, whatever comes through them."""
    header_s: int = 10
    """``CUESMITH_HEADER_S``: seconds a connection may take for a request's headers, or be idle."""
    body_s: int = 30
    """``CUESMITH_BODY_S``: seconds in which a request's body must be here."""
    database_s: int = 10
    """``CUESMITH_DATABASE_S``: seconds a statement may take; half as long is waited for a
    connection."""
    metrics_port: int | None = None
    """``CUESMITH_METRICS_PORT``: where /metrics listens, apart from clients; unset: nowhere."""
    metrics_host: str = "127.0.0.1"
    """``CUESMITH_METRICS_HOST``: the address /metrics listens on."""


def read(environ: Mapping[str, str] = os.environ) -> GatewaySettings:
    """The settings of this process; raises `SettingMissing` with what to set."""
    defaults = {field: environ.get(f"CUESMITH_{field.upper()}") for field in _NUMBERS}
    return GatewaySettings(
        database_url=_needed(environ, "DATABASE_URL"),
        store=_needed(environ, "CUESMITH_STORE"),
        bucket=_bucket(environ),
        pepper=pepper(environ),
        public_url=environ.get("CUESMITH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        stripe_webhook_secrets=_secrets(environ, "CUESMITH_STRIPE_WEBHOOK_SECRETS"),
        stripe_thin_secrets=_secrets(environ, "CUESMITH_STRIPE_THIN_SECRETS"),
        webhooks_loopback=environ.get("CUESMITH_WEBHOOKS_LOOPBACK") == "1",
        contact=environ.get("CUESMITH_CONTACT", "").strip(),
        marks_root=_certificate(environ.get("CUESMITH_MARKS_ROOT")),
        console_key_file=environ.get("CUESMITH_CONSOLE_KEY_FILE", ""),
        metrics_host=environ.get("CUESMITH_METRICS_HOST", "127.0.0.1"),
        **{field: _number(field, text) for field, text in defaults.items() if text is not None},
        **{field: _bound(environ, field) for field in _BOUNDS},
    )


_BOUNDS = ("open_briefs_per_key", "backlog_s", "batch_backlog_s")
_NUMBERS = (
    "rate_per_minute", "rate_burst", "open_briefs", "plans_per_minute", "plans_burst",
    "open_plans", "open_renditions", "event_streams", "event_streams_per_account",
    "pool_size", "metrics_port",
    "open_requests", "waits_per_key", "open_connections", "header_s", "body_s", "database_s",
)  # fmt: skip


def _bucket(environ: Mapping[str, str]) -> Bucket:
    try:
        return bucket(environ)
    except StoreMisnamed as error:
        raise SettingMissing(str(error)) from None


def _certificate(file: str | None) -> str:
    """What a PEM file says; empty where none is named."""
    if not file:
        return ""
    try:
        text = Path(file).read_text()
    except (OSError, UnicodeError) as error:
        raise SettingMissing(f"CUESMITH_MARKS_ROOT cannot be read: {error}") from None
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        raise SettingMissing(f"{file} must hold a certificate in PEM, and no key")
    return text


def _secrets(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Any number of them: while one is changed, the old and the new are both believed."""
    return tuple(part.strip() for part in environ.get(name, "").split(",") if part.strip())


def pepper(environ: Mapping[str, str] = os.environ) -> bytes:
    """What API keys are hashed with; every process that issues or checks keys needs the same."""
    value = _needed(environ, "CUESMITH_PEPPER")
    if len(value) < 16:
        raise SettingMissing("CUESMITH_PEPPER must have at least 16 characters")
    return value.encode()


def _number(field: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingMissing(f"CUESMITH_{field.upper()} must be a positive whole number")
    return int(text)


def _bound(environ: Mapping[str, str], field: str) -> int:
    """What may be 0, which stands for no bound."""
    text = environ.get(f"CUESMITH_{field.upper()}", "0")
    return 0 if text == "0" else _number(field, text)


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingMissing(f"set {name}; `cuesmith dev` sets it for you on one machine")
    return value
