"""What counting alone can say: the simpler forms that the planner's network is measured against,
and how sections of songs follow one another.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.plan.degrees import CODES, FEATURES, KINDS
from engine.workshop.planner_charts import Song
from engine.workshop.planner_net import Example

DISCOUNT = 0.8  # taken from every count and given to the shorter context
ROUNDS = 60  # of finding the shares of a blend
_AT = {name: at for at, (name, _) in enumerate(FEATURES)}
UNIGRAM: tuple[tuple[str, ...], ...] = ((),)
BIGRAM: tuple[tuple[str, ...], ...] = (("mode", "chord before"),)
TRIGRAM: tuple[tuple[str, ...], ...] = (("mode", "chord before", "chord before that"),)
# Each chain backs off from its longest context to none; the blend weighs them.
BLEND: tuple[tuple[str, ...], ...] = (
    ("mode", "chord before"),
    ("mode", "chord before", "chord before that"),
    ("mode", "chord before", "chord four bars ago", "chord before that"),
    ("mode", "chord before", "place in the bar", "bars left", "chord before that"),
    ("mode", "chord before", "kind of section", "chord before that"),
    ("mode", "chord before", "length before", "bar of eight", "chord before that"),
    ("mode", "bar of eight", "place in the bar", "bars left", "kind of section"),
)


class Chain:
    """Counts of chords after ever longer contexts, each blended with the shorter one."""

    def __init__(self, names: Sequence[str], examples: Sequence[Example]) -> None:
        self._columns = [_AT[name] for name in names]
        self._counts: list[defaultdict[tuple[int, ...], Counter[int]]] = [
            defaultdict(Counter) for _ in range(len(names) + 1)
        ]
        for example in examples:
            for ids, (chord, *_) in zip(example.ids, example.told, strict=True):
                context = tuple(int(ids[at]) for at in self._columns)
                for size in range(len(context) + 1):
                    self._counts[size][context[:size]][int(chord)] += 1
        self._totals = [
            {context: (found.total(), len(found)) for context, found in level.items()}
            for level in self._counts
        ]

    def probability(self, ids: np.ndarray, chord: int) -> float:
        """Of a chord where these features hold."""
        context = tuple(int(ids[at]) for at in self._columns)
        likely = 1.0 / CODES
        for size in range(len(context) + 1):
            total, kinds = self._totals[size].get(context[:size], (0, 0))
            if not total:
                break
            here = max(0.0, self._counts[size][context[:size]][chord] - DISCOUNT)
            likely = (here + DISCOUNT * kinds * likely) / total
        return likely


def blended(
    chains: Sequence[Sequence[str]], train: Sequence[Example], tested: Sequence[Example]
) -> list[np.ndarray]:
    """(chords,) bits of the chord of each tested example. The shares of a blend are found on one
    in nine training sections that its counts have not seen."""
    if len(chains) == 1:
        alone = Chain(chains[0], train)
        return [-np.log2([p[0] for p in _table([alone], one)]) for one in tested]
    aside = [one for at, one in enumerate(train) if at % 9 == 0]
    counted = [one for at, one in enumerate(train) if at % 9]
    built = [Chain(names, counted) for names in chains]
    seen = np.concatenate([_table(built, one) for one in aside])
    shares = np.full(len(chains), 1.0 / len(chains))
    for _ in range(ROUNDS):
        parts = seen * shares
        shares = (parts / parts.sum(1, keepdims=True)).mean(0)
    built = [Chain(names, train) for names in chains]
    return [-np.log2(_table(built, one) @ shares) for one in tested]


def _table(chains: Sequence[Chain], example: Example) -> np.ndarray:
    """(chords, chains) probabilities of the chords of an example."""
    return np.array([
        [chain.probability(ids, int(told[0])) for chain in chains]
        for ids, told in zip(example.ids, example.told, strict=True)
    ])  # fmt: skip


def sections(songs: Sequence[Song]) -> dict[str, dict[str, dict[str, float]]]:
    """How long sections are, what follows what, and how often one returns, as shares; counted in
    the songs whose sections are named. ``returns`` are mean hearings of a letter in its song."""
    bars: defaultdict[str, Counter[str]] = defaultdict(Counter)
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    heard: defaultdict[str, list[int]] = defaultdict(list)
    letters: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for song in songs:
        if not song.named:
            continue
        named = [(KINDS[part.kind], part.letter.rstrip("'")) for part in song.parts]
        for part, (kind, _) in zip(song.parts, named, strict=True):
            bars[kind][str(part.bars)] += 1
        line = ["begin", *(kind for kind, _ in named), "end"]
        for one, other in pairwise(line):
            after[one][other] += 1
        for (_, one), (_, other) in pairwise(named):
            if one and other:
                letters[one][other] += 1
        times = Counter(one for one in named if one[1])
        for (kind, _), count in times.items():
            heard[kind].append(count)
    return {
        "bars": {kind: _shares(found) for kind, found in sorted(bars.items())},
        "after": {kind: _shares(found) for kind, found in sorted(after.items())},
        "letters": {one: _shares(found) for one, found in sorted(letters.items())},
        "returns": {
            kind: {"mean": round(float(np.mean(counts)), 2), "sections": float(len(counts))}
            for kind, counts in sorted(heard.items())
        },
    }


def _shares(found: Counter[str]) -> dict[str, float]:
    """Shares of a count, the commonest first; what is rarer than one in a hundred is left out."""
    total = found.total()
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return {name: round(count / total, 3) for name, count in ordered if count >= total / 100}
