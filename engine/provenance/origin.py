"""Where a sound comes from: the facts that would make it again, byte for byte."""

import hashlib
from importlib import metadata
from typing import Any

import msgspec

from engine.contracts import Plan, Resolved

_DOMAIN = b"cuesmith/seed/1"


def digest(value: Any) -> str:
    """SHA-256 of a value in canonical JSON: sorted keys, no spaces."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def derive_seed(*numbers: int) -> int:
    """A seed of 53 bits that depends on every number given, and on their order."""
    text = b"/".join(str(number).encode() for number in numbers)
    return int.from_bytes(hashlib.sha256(_DOMAIN + text).digest()[:8], "big") >> 11


def build() -> str:
    """The version of this engine."""
    return metadata.version("cuesmith")


def origin(
    *,
    resolved: Resolved,
    plan: Plan,
    seed: int,
    model_digest: str,
    planner_digest: str,
    bank_name: str,
    bank_digest: str,
    midi: bytes,
    master: bytes,
) -> dict[str, Any]:
    """The provenance of one candidate."""
    return {
        "build": build(),
        "seed": seed,
        "brief_sha256": digest(resolved),
        "plan_sha256": digest(plan),
        "score_sha256": hashlib.sha256(midi).hexdigest(),
        "master_sha256": hashlib.sha256(master).hexdigest(),
        "model_sha256": model_digest,
        "planner_sha256": planner_digest,
        "sound_set": bank_name,
        "sound_set_sha256": bank_digest,
        "digital_source_type": "trainedAlgorithmicMedia",
    }
