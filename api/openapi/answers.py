"""An answer of every shape, as a gateway once gave it."""

import json
from functools import cache
from importlib import resources
from typing import Any

FILE = "answers.json"


@cache
def answers() -> dict[str, Any]:
    """By the shape's name. The file is written by what `tests/api/docs` says, never by hand."""
    return json.loads(resources.files("api.openapi").joinpath(FILE).read_text(encoding="utf-8"))
