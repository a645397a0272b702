"""The model card: what the weights are, whose works they learned from, how well, and their limits.

It is written from the manifest and the list of files alone, so that whoever has the weights can
write it again, and a test can tell whether the card beside them is theirs.
"""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from engine.critique import originality
from engine.workshop.corpus import ACCEPTED, CORPORA, CREDITS, HELD_OUT
from engine.workshop.index import manifest_of, training_files

NAME = "card.md"

_PURPOSE = """\
It writes melodies, bass lines, counter-melodies, the inner voices of the harmony, broken chords and
drum strokes, bar by bar, under a plan that gives it meter, key, chords, form and register. What is
made of them (who plays the voices and how, orchestration, timing, loudness) is the arranger's work
and not the model's. It never sees audio, lyrics or names."""

_LIMITS = """\
- Most of what it learned from is European music before 1955: songs, piano pieces, quartets. Modern
  music in several parts is there from two game projects only. Genre comes from the arranger.
- It was trained on notes alone. Nobody has judged it by ear on behalf of this card.
- Held-out works are kept apart with all their editions, movements and revisions, by name and, where
  names do not tell, by notes (`python -m engine.workshop leaks`). Themes that a composer used again
  in another work can stand on both sides, as the longest shared runs above show.
- Rhythms finer than sixteenths and triplet eighths, grace notes and tempo are not seen.
- The index knows works by the outer voices of each part; inner voices of a keyboard part are not in
  it. A melody with its rhythm changed is another melody to it. Runs of more than 13 notes are put
  together from shorter ones that may stand in several works: human works' longest ones, mostly
  figures that go on for bars, are upper bounds."""


def make(models: Path) -> Path:
    """Write the card beside the weights."""
    file = models / NAME
    file.write_text(text(models))
    return file


def text(models: Path) -> str:
    """The card of the weights in a folder."""
    manifest, files = manifest_of(models), training_files(models)
    parts = [
        f"# {manifest['name']}\n\n{_PURPOSE}",
        _facts(manifest),
        _digests(models, manifest),
        _learned(manifest, files),
        _rights(manifest, files),
        _left_out(manifest),
        _held_out(manifest),
        _originality(manifest),
        _gates(models, manifest),
        f"## Limits\n\n{_LIMITS}",
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _facts(manifest: dict[str, Any]) -> str:
    config = manifest["config"]
    shape = ", ".join(f"{name} {config[name]}" for name in ("width", "layers", "heads", "context"))
    return _table(
        ("what", "value"),
        [
            ("licence of the weights", manifest["licence"]),
            ("made on", manifest["made_at"]),
            ("parameters", f"{manifest['parameters']:,}"),
            ("shape", f"{shape}; a decoder with one key-value head"),
            ("trained for", _spent(manifest["training"], manifest["seed"])),
            ("largest difference from torch", manifest["parity_max_abs"]),
        ],
    )


def _spent(training: dict[str, Any], seed: int) -> str:
    where = {"cpu": "a CPU", "cuda": "a GPU"}[training["device"]]
    return (
        f"{training['spent_s']:.0f} s on {where}, {training['batches']:,} batches, "
        f"{training['steps']:,} steps, seed {seed}"
    )


def _digests(models: Path, manifest: dict[str, Any]) -> str:
    named = dict(manifest["files"])
    for name in ("originality", "frequencies"):
        if name in manifest:
            named[manifest[name]["file"]] = manifest[name]["sha256"]
    listed = (models / "training-files.tsv").read_bytes()
    named["training-files.tsv"] = hashlib.sha256(listed).hexdigest()
    rows = [
        (f"`{name}`", f"`{sha256}`", f"{(models / name).stat().st_size:,}")
        for name, sha256 in sorted(named.items())
    ]
    return "## Files\n\n" + _table(("file", "SHA-256", "bytes"), rows)


def _gates(models: Path, manifest: dict[str, Any]) -> str:
    """What the weights are held to: bits, and the AUCs of critics that stand beside them."""
    rows: list[tuple[str, ...]] = []
    if "comparison" in manifest:
        ratio = manifest["comparison"]["ratio"]["pitched"]
        rows.append(
            ("bits of a plain network of equal size, data and steps", "at most 0.80", ratio)
        )
    critics = models.parent / "critics" / "manifest.json"
    if critics.exists():
        for against, found in msgspec.json.decode(critics.read_bytes())["auc"].items():
            asked = "at least 0.75" if against == "model" else "at least 0.85"
            rows.append((f"critic's AUC, people against {against}", asked, found["own"]))
    if not rows:
        return ""
    said = "The whole table, with what is missed and why, is `deploy/reports/score-model.md`."
    return f"## Gates\n\n{_table(('what', 'asked', 'measured'), rows)}\n\n{said}"


def _learned(manifest: dict[str, Any], files: list[dict[str, str]]) -> str:
    sides = Counter((row["corpus"], row["side"]) for row in files)
    rows = []
    for corpus in CORPORA:
        if corpus not in manifest["corpora"]:
            continue
        licences = sorted(
            {one.strip() for row in files if row["corpus"] == corpus
             for one in row["licence"].split("|")}
        )  # fmt: skip
        kept = sides[corpus, "held out"]
        weight = CORPORA[corpus][0]
        rows.append((corpus, "; ".join(licences), sides[corpus, "train"], kept, weight))
    total = Counter(row["side"] for row in files)
    rows.append(("together", "", total["train"], total["held out"], ""))
    heads = ("corpus", "licences", "files trained on", "held out", "weight")
    return (
        "## What it learned from\n\n"
        "Every file with its licence, origin at a fixed commit and digest is a row of "
        "`training-files.tsv`. A file without a licence row, or whose row is not marked as "
        f"certain, is not used. One work in {HELD_OUT} is held out, all its files together.\n\n"
        + _table(heads, rows)
        + "\n\nMarked less than certain and used all the same: "
        + ", ".join(sorted(ACCEPTED.keys() & CORPORA.keys()))
        + "; the reason stands beside the name in `engine/workshop/corpus.py`."
    )


def _rights(manifest: dict[str, Any], files: list[dict[str, str]]) -> str:
    used = {row["corpus"] for row in files}
    lines = [f"- {corpus}: {CREDITS[corpus]}." for corpus in CORPORA if corpus in used]
    if manifest.get("typesetters"):
        lines.append("- Typesetters of Mutopia: " + ", ".join(manifest["typesetters"]) + ".")
    return "## Credits\n\n" + "\n".join(lines)


def _left_out(manifest: dict[str, Any]) -> str:
    rows = [
        (line.split(": ", 1)[0], line.split(": ", 1)[1], count)
        for line, count in manifest["selection"].items()
        if not line.endswith(": taken")
    ]
    return "## Left out\n\n" + _table(("corpus", "why", "files"), rows)


def _held_out(manifest: dict[str, Any]) -> str:
    rows = [
        (corpus, one["bits_per_note"], one["baseline_bits_per_note"], one["notes"])
        for corpus, one in manifest["held_out"].items()
    ]
    notes = sum(row[3] for row in rows)
    means = [round(sum(row[at] * row[3] for row in rows) / notes, 3) for at in (1, 2)]
    rows.append(("together", *means, notes))
    return (
        "## Bits per note on held-out works\n\nThe baseline knows only how often a code follows a "
        "code and a duration a code. `python -m engine.workshop bits DIR` measures any folder.\n\n"
        + _table(("corpus", "model", "baseline", "notes"), rows)
    )


def _originality(manifest: dict[str, Any]) -> str:
    said = manifest.get("originality")
    if said is None:
        return "## Originality\n\nNot measured: there is no index of the training works."
    rows = [("human works held out", said["human_held_out"])]
    if "composed" in said:
        each = said["composed"]["seconds_each"]
        rows += [
            (f"composed, {each} s each, before any is retracted",
             said["composed"]["before_retraction"]),
            ("composed, offered", said["composed"]["offered"]),
        ]  # fmt: skip
    heads = ("pieces", "number", "median", "p90", "p95", "p99", "longest", "at or over the limit")
    names = ("pieces", "median", "p90", "p95", "p99", "longest", "at_or_over_limit")
    table = _table(heads, [(what, *(one[name] for name in names)) for what, one in rows])
    return (
        f"## Originality\n\nNotes of the longest run that a piece shares with any of "
        f"{said['works']} training works ({said['places']:,} places), by intervals and relative "
        f"lengths, whatever the key and tempo; runs of fewer than "
        f"{said['limit_distinct_intervals']} different intervals do not count. A take that reaches "
        f"{originality.MOST_NOTES} notes is retracted.\n\n{table}"
    )


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
