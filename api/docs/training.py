"""What our models have learned from, as the law asks: California's AB 2013 (Civil Code § 3111) and
the public summary of Article 53(1)(d) of the EU's AI Act.

Everything that can be counted is read from what ships with the weights: the models' manifests, the
composer's card and its list of files. The rest are statements about how we work.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from msgspec import Struct

from api.docs.frame import text

_MODELS = resources.files("engine") / "models"
COLLECTED = "2026-11"
"""When the sources were collected; nothing has been added since."""
_CREDIT = re.compile(r"^- (\w+): (.+?)\.?$", re.MULTILINE)
_TYPESETTERS = re.compile(r"^- (Typesetters of .+?)\.?$", re.MULTILINE)
_WHERE = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)@([\w.-]+)")

STATEMENT = (
    "Trained only on scores and annotations that are in the public domain or under CC0, CC BY, "
    "BSD or MIT, and on notes that our own models wrote. No sound recording, no lyrics, no "
    "scraped web page and nothing of any client was used."
)


class TrainedModel(Struct, frozen=True, kw_only=True):
    """A model that ships with this service, its weights named by their digests."""

    name: str
    purpose: str
    made_at: str
    parameters: int
    licence: str
    weights: dict[str, str]


class Source(Struct, frozen=True, kw_only=True):
    """A collection that a model has learned from. ``origins`` are repositories at a fixed commit;
    ``files_learned`` counts scores, or charts of chords."""

    corpus: str
    owner: str
    licences: tuple[str, ...]
    origins: tuple[str, ...]
    models: tuple[str, ...]
    kind: str
    files_learned: int
    files_held_out: int


class Statement(Struct, frozen=True, kw_only=True):
    """What is asked of everybody who trains a model, and our answer."""

    asked: str
    answer: str


class TrainingData(Struct, frozen=True, kw_only=True):
    """What the models have seen: sources with licences and counts, what was done with them, whom
    to credit and whom to ask."""

    statement: str
    models: tuple[TrainedModel, ...]
    corpora: dict[str, Source]
    selection: dict[str, int]
    statements: tuple[Statement, ...]
    credits: tuple[str, ...]
    contact: str


def said(contact: str = "") -> TrainingData:
    """The whole summary; ``contact`` is where this deployment takes questions."""
    sources = {one.corpus: one for one in _sources()}
    credits_ = [f"{one.owner} ({', '.join(one.licences)})" for one in sources.values()]
    return TrainingData(
        statement=STATEMENT,
        models=tuple(_models()),
        corpora=sources,
        selection=_manifest("composer")["selection"],
        statements=tuple(_statements(sources)),
        credits=(*credits_, *_TYPESETTERS.findall(_card())),
        contact=contact or "whoever gave you your API key",
    )


def _models() -> Iterator[TrainedModel]:
    purposes = {
        "composer": "writes melodies, basses, inner voices and drum strokes under a plan",
        "planner": "proposes chords for the sections of a plan",
        "critics": "rates bars and takes, so that weak ones are rewritten or retracted",
    }
    for folder, purpose in purposes.items():
        one = _manifest(folder)
        yield TrainedModel(
            name=one["name"], purpose=purpose, made_at=one["made_at"],
            parameters=one["parameters"], licence=one.get("licence", "Apache-2.0"),
            weights=one["files"],
        )  # fmt: skip


def _sources() -> Iterator[Source]:
    """The composer's, which the critics share, then the planner's."""
    composer, planner, critics = (_manifest(one) for one in ("composer", "planner", "critics"))
    credit, where = dict(_CREDIT.findall(_card())), _origins()
    charts = planner["sources"]
    for corpus, facts in composer["corpora"].items():
        also = (planner["name"],) if corpus in charts else ()
        yield Source(
            corpus=corpus, owner=credit[corpus], licences=_plain(facts["licences"]),
            origins=where[corpus], models=(composer["name"], critics["name"], *also),
            kind="scores as notes (MIDI)", files_learned=facts["train"],
            files_held_out=facts["held out"],
        )  # fmt: skip
    for corpus, facts in charts.items():
        if corpus not in composer["corpora"]:
            yield Source(
                corpus=corpus, owner=facts["credit"], licences=_plain(facts["licences"]),
                origins=(), models=(planner["name"],), kind="chord symbols",
                files_learned=facts["works"] - facts["works_held_out"],
                files_held_out=facts["works_held_out"],
            )  # fmt: skip


def _statements(sources: dict[str, Source]) -> Iterator[Statement]:
    composer, critics = _manifest("composer"), _manifest("critics")
    learned = sum(one.files_learned for one in sources.values())
    own = sum(critics["pieces by the model"].values())
    first = min(one["made_at"] for one in map(_manifest, ("composer", "planner", "critics")))
    for asked, answer in (
        ("Sources and owners of the data", f"{len(sources)} public collections; the table names "
         "each with its owner, licence and where it was taken from, at a fixed commit."),
        ("How the data serves the purpose", "The service writes background music as a score. "
         "Scores teach how melodies, basses, harmonies and drum strokes go on; charts teach which "
         "chord follows which."),
        ("How much it is", f"{learned:,} scores and charts, "
         f"{composer['originality']['works']:,} works in the index of what may not be quoted, "
         f"{composer['training']['steps']:,} training steps of a note. All of it is text-like: "
         "less than 0.2 GB."),
        ("What kind of data it is", "Symbolic music: pitches, onsets, lengths, meters, keys and "
         "chord symbols; no audio, images, lyrics or prose. No labels were bought or written by "
         "hand for it."),
        ("Copyright, trade marks, patents", "The works are in the public domain or were put under "
         "CC0, CC BY, BSD or MIT by their authors; the licences stand in the table. Works whose "
         "authors died after 1955 were left out unless they licensed them themselves. Patents and "
         "trade marks play no part."),
        ("Bought or licensed", "Nothing was bought, and nothing is under a licence made with us "
         "alone: all licences are public ones."),
        ("Personal information", "None is learned. Names of composers and typesetters stand in "
         "the list of files, for credit; no model sees them."),
        ("Aggregate consumer information", "None."),
        ("Data of clients", "Never: briefs, uploads, picks and generated music of clients are "
         "not trained on."),
        ("Crawled or scraped from the web", "No. Whole repositories were copied at a commit; "
         "reservations of rights (Article 4 of Directive 2019/790) do not arise where works are "
         "free or licensed for this use."),
        ("Cleaning and changing", "Scores were converted to one form of notes; files without a "
         "licence row, or whose row is not certain, were left out, as were files without lines to "
         "learn from. Editions of a work were kept together, and one work in twenty was held out "
         "to measure with."),
        ("When it was collected", f"In {COLLECTED}. Collecting is not going on."),
        ("When it was first used", f"For the models that serve now, on {first} or shortly before."),
        ("Synthetic data", f"The composer and the planner have seen none. The critics learned to "
         f"tell {own:,} pieces that our own composer wrote from those of people, and bars that "
         "were spoilt on purpose from whole ones."),
        ("Quoting", f"A take that shares {composer['originality']['limit_notes']} notes or more "
         "with a work that was learned from is retracted; every license states the longest run."),
    ):  # fmt: skip
        yield Statement(asked=asked, answer=answer)


def body(summary: TrainingData) -> str:
    """The summary as a page to read."""
    models = "".join(
        f"<tr><th scope=row>{text(one.name)}</th><td>{text(one.purpose)}</td>"
        f"<td class=day>{one.made_at}</td><td class=number>{one.parameters:,}</td></tr>"
        for one in summary.models
    )
    sources = "".join(map(_row, summary.corpora.values()))
    left_out = "".join(
        f"<tr><th scope=row>{text(name)}</th><td class=number>{count:,}</td></tr>"
        for name, count in summary.selection.items()
    )
    statements = "".join(
        f"<dt>{text(one.asked)}</dt><dd>{text(one.answer)}</dd>" for one in summary.statements
    )
    credits_ = "".join(f"<li>{text(one)}</li>" for one in summary.credits)
    return (
        f"<h1>What our models have learned from</h1><p class=lead>{text(summary.statement)}</p>"
        "<p>This is the summary that California’s AB 2013 and Article 53(1)(d) of the EU’s AI Act "
        "ask for. The same for programs: this address without <code>Accept: text/html</code>.</p>"
        "<h2>The models</h2><table class=fields><thead><tr><th scope=col>Model</th>"
        "<th scope=col>What it does</th><th scope=col>Made on</th>"
        f"<th scope=col class=number>Parameters</th></tr></thead><tbody>{models}</tbody></table>"
        f"<h2>The sources</h2>{sources}"
        f"<h2>What is asked, and our answers</h2><dl>{statements}</dl>"
        "<details><summary>What was taken and what was left out, by file</summary>"
        f"<table>{left_out}</table></details>"
        f"<h2>Credits</h2><ul>{credits_}</ul>"
        f"<h2>Questions</h2><p>Ask {text(summary.contact)}, naming the license or the candidate "
        "that you ask about. Whoever finds a work here that is not free to use is heard first: the "
        "files that a model has learned from are listed one by one, with digests, in "
        "<code>engine/models/composer/training-files.tsv</code> beside its weights.</p>"
    )


def _row(one: Source) -> str:
    origins = "; ".join(one.origins)
    where = f"<br><span class=quiet>{text(origins)}</span>" if origins else ""
    return (
        f"<h3 id='corpus-{one.corpus}'>{text(one.corpus)}</h3><p>{text(one.owner)}{where}</p>"
        f"<p>{text(', '.join(one.licences))} · {text(one.kind)} · {one.files_learned:,} learned "
        f"from, {one.files_held_out:,} held out · {text(', '.join(one.models))}</p>"
    )


def _plain(licences: list[str]) -> tuple[str, ...]:
    """Each licence once: rows that join two say the same twice."""
    return tuple(
        dict.fromkeys(part.strip() for licence in licences for part in licence.split(" | "))
    )


@cache
def _origins() -> dict[str, tuple[str, ...]]:
    """By corpus the repositories and commits that its files came from, the most frequent first."""
    found: dict[str, Counter[str]] = {}
    file = _MODELS / "composer" / "training-files.tsv"
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines(), delimiter="\t"):
        counts = found.setdefault(row["corpus"], Counter())
        if (where := _WHERE.search(row["origin"])) is not None:
            counts[f"github.com/{where[1]} at {where[2][:12]}"] += 1
    return {corpus: tuple(one for one, _ in counts.most_common()) for corpus, counts in
            found.items()}  # fmt: skip


@cache
def _manifest(folder: str) -> dict[str, Any]:
    return json.loads((_MODELS / folder / "manifest.json").read_text(encoding="utf-8"))


@cache
def _card() -> str:
    return (_MODELS / "composer" / "card.md").read_text(encoding="utf-8")
