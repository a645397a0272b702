"""The report as it is kept: sections, each with the weights that it was measured on.

A section that was measured on other weights than the committed ones stays in the file and is shown
as such; `stale` names it, and the test of the committed report fails for it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from engine.compose.composer import PACKAGED as COMPOSER
from engine.critique.trained import PACKAGED as CRITICS

DIGITS = 16  # of a digest
_NUMBERS = re.compile(rb"\[[-+.\deE,\s]+\]")


class Section(Struct, frozen=True, kw_only=True):
    """One section's figures, and how they came about. ``weights`` are digests by name."""

    weights: dict[str, str]
    seed: int
    seconds: int
    made_at: str
    figures: Any
    quick: bool = False


class Report(Struct, frozen=True, kw_only=True):
    """All sections that were ever measured, by name."""

    sections: dict[str, Section] = {}

    def having(self, name: str, section: Section) -> "Report":
        """The report with one section measured anew."""
        return structs.replace(self, sections={**self.sections, name: section})


def read(file: Path) -> Report:
    """What `write` wrote; an empty report where nothing was written yet."""
    return msgspec.json.decode(file.read_bytes(), type=Report) if file.exists() else Report()


def write(report: Report, file: Path) -> None:
    """Keep the report as JSON, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    text = msgspec.json.format(msgspec.json.encode(report), indent=1)
    text = _NUMBERS.sub(lambda found: b" ".join(found[0].split()), text)  # a list on one line
    unfinished.write_bytes(text + b"\n")
    unfinished.replace(file)


def weights(models: Path = COMPOSER, critics: Path = CRITICS) -> dict[str, str]:
    """Digests of the composer, the critic of bars and the judge, as they lie in their folders."""
    composer = json.loads((models / "manifest.json").read_text())["files"]
    return {
        "composer": hashlib.sha256("".join(sorted(composer.values())).encode()).hexdigest()[
            :DIGITS
        ],
        "critic": _digest(critics / "critic.onnx"),
        "judge": _digest(critics / "judge.json"),
    }


def stale(
    report: Report, asked: Mapping[str, tuple[str, ...]], now: Mapping[str, str]
) -> list[str]:
    """Sections that are missing, or were measured on other weights than ``now``'s.

    ``asked`` names for every section the weights that its figures depend on.
    """
    found = []
    for name, needs in asked.items():
        section = report.sections.get(name)
        if section is None or any(section.weights.get(one) != now[one] for one in needs):
            found.append(name)
    return found


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:DIGITS]
