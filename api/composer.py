"""The model that composes here, as the manifest beside its weights describes it."""

import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def manifest() -> dict[str, Any]:
    """Name, files with their digests, and what it was trained on. Read as a plain file: the
    gateway never loads a model."""
    file = resources.files("engine") / "models" / "composer" / "manifest.json"
    return json.loads(file.read_text())


def digest() -> str:
    """The digest of all its weights, as the studio writes it into a candidate's provenance."""
    return hashlib.sha256("".join(sorted(manifest()["files"].values())).encode()).hexdigest()


@cache
def manifest_digest() -> str:
    """The digest of the manifest itself, which says what the model has seen."""
    file = resources.files("engine") / "models" / "composer" / "manifest.json"
    return hashlib.sha256(file.read_bytes()).hexdigest()
