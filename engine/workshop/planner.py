"""The planner learns how usual a chord is: from charts to weights, with figures on held-out songs.

Of a song only what was counted remains: the weights know how likely chords are after one another,
no chart can be read out of the folder.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from engine.plan import degrees
from engine.plan.degrees import CODES, FEATURES, TOLD
from engine.plan.likelihood import Graph
from engine.workshop import planner_counts, planner_net
from engine.workshop.corpus import CREDITS
from engine.workshop.planner_charts import CHARTS, Song, songs
from engine.workshop.planner_net import Config, Example

NAME = "cuesmith-plans-1"
WEIGHTS = "planner.onnx"
LONGEST = 64  # chords of a section that are learned in one go
WITHOUT_TIME = "free_midi_chords"  # progressions without lengths and basses: chords alone count


def train(
    corpus: Path, models: Path, seed: int, config: Config | None = None, threads: int = 2
) -> dict[str, Any]:
    """Learn from the archives in ``corpus`` and write weights and manifest into ``models``; returns
    the figures: bits per chord on held-out songs, of the network and of simpler forms."""
    torch.set_num_threads(threads)
    report: Counter[str] = Counter()
    read = list(songs(corpus, report))
    trained = [one for song in read if not song.held_out for one in examples(song)]
    tested = [one for song in read if song.held_out for one in examples(song)]
    config = config or Config()
    net = planner_net.fit(trained, config, seed)
    figures = {
        "bits_per_chord": _measured(net, trained, tested),
        "held_out_chords": dict(_sizes(tested)),
        "trained_chords": dict(_sizes(trained)),
    }
    kept = [song for song in read if not song.held_out]
    _write(net, tested, models, {
        "seed": seed, "config": msgspec.to_builtins(config), "figures": figures,
        "rows": dict(sorted(report.items())), "sources": _sources(read),
        "sections": planner_counts.sections(kept),
    })  # fmt: skip
    return figures


def examples(song: Song) -> list[Example]:
    """The sections of a song, each that is heard again only once, long ones in pieces."""
    found: list[Example] = []
    heard: set[tuple[degrees.Change, ...]] = set()
    before = (CODES, CODES)
    for part in song.parts:
        if part.changes and part.changes not in heard:
            heard.add(part.changes)
            ids = degrees.features(part.changes, part.bars, song.mode, part.kind, before)
            told = np.array(degrees.told(part.changes), np.int64)
            if song.corpus == WITHOUT_TIME:
                told[:, 1:] = -1
            found += [
                Example(
                    corpus=song.corpus,
                    ids=np.array(ids[first : first + LONGEST], np.int64),
                    told=told[first : first + LONGEST],
                )
                for first in range(0, len(ids), LONGEST)
            ]
        before = degrees.nearest(part.changes, before)
    return found


def _measured(
    net: planner_net.Net, trained: Sequence[Example], tested: Sequence[Example]
) -> dict[str, dict[str, float]]:
    """Mean bits of a chord (root and quality) by form and corpus, and of the rest that is told."""
    forms: dict[str, Callable[[], list[np.ndarray]]] = {
        name: lambda chains=chains: planner_counts.blended(chains, trained, tested)
        for name, chains in (
            ("unigram", planner_counts.UNIGRAM),
            ("bigram", planner_counts.BIGRAM),
            ("trigram", planner_counts.TRIGRAM),
            ("blend of n-grams", planner_counts.BLEND),
        )
    }
    found = {name: _by_corpus(tested, counted()) for name, counted in forms.items()}
    said = planner_net.bits(net, tested)
    for at, (what, _) in enumerate(TOLD):
        name = "network" if at == 0 else f"network, {what}"
        found[name] = _by_corpus(tested, [one[:, at] for one in said])
    return found


def _by_corpus(tested: Sequence[Example], said: Sequence[np.ndarray]) -> dict[str, float]:
    groups: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    for example, heard in zip(tested, said, strict=True):
        for name in (example.corpus, "together"):
            groups[name].append(heard[~np.isnan(heard)])
    means = {name: np.concatenate(found) for name, found in sorted(groups.items())}
    return {name: round(float(one.mean()), 3) for name, one in means.items() if one.size}


def _sizes(chosen: Sequence[Example]) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for one in chosen:
        sizes[one.corpus] += len(one.ids)
    return sizes


def _sources(read: Sequence[Song]) -> dict[str, dict[str, Any]]:
    """Per corpus: works on both sides of the split, licences, and who is to be named."""
    found: dict[str, dict[str, Any]] = {}
    for name in CHARTS:
        mine = [song for song in read if song.corpus == name]
        if not mine:
            continue
        works = {song.work: song.held_out for song in mine}
        found[name] = {
            "charts": len(mine),
            "works": len(works),
            "works_held_out": sum(works.values()),
            "licences": sorted({song.licence for song in mine}),
            "credit": CREDITS[name],
        }
    return found


def _write(
    net: planner_net.Net, tested: Sequence[Example], models: Path, facts: dict[str, Any]
) -> None:
    """Weights and manifest; refuses a graph that answers otherwise than the network."""
    models.mkdir(parents=True, exist_ok=True)
    file = models / WEIGHTS
    planner_net.save(net, file)
    error = parity(net, tested, file)
    if error > 1e-3:
        raise RuntimeError(f"the exported planner differs from torch by {error:.2e} bits")
    manifest = {
        "name": NAME,
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest()},
        "made_at": datetime.now(UTC).date().isoformat(),
        "features": [list(one) for one in FEATURES],
        "told": [list(one) for one in TOLD],
        "parameters": sum(one.numel() for one in net.parameters()),
        "parity_max_abs": float(f"{error:.3g}"),
        **facts,
        "licence": "Apache-2.0",
    }
    (models / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    )


def parity(net: planner_net.Net, tested: Sequence[Example], file: Path) -> float:
    """The largest difference in bits between the graph and torch, over at most 40 sections."""
    graph = Graph(file)
    chosen = [one for one in tested if (one.told >= 0).all()][:40]
    differences = [
        np.abs(graph.bits(one.ids[None], one.told[None])[0] - said).max()
        for one, said in zip(chosen, planner_net.bits(net, chosen), strict=True)
    ]
    return float(max(differences))
