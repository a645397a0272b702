"""Which tonality a score is heard in, estimated from its notes alone.

How much a note counts grows with its length, and with its place: the bass, the strong beats and the
last bar say more. What is then compared with it are the key profiles of `engine.styles.profiles`.
"""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.critique import reading
from engine.score import Note, Score, bar_ticks
from engine.styles.profiles import CHURCH, SEVEN_NOTES
from engine.words.tonality import Tonality

_PENTATONICS: dict[str, tuple[int, ...]] = {
    "gong": (0, 2, 4, 7, 9),
    "shang": (0, 2, 5, 7, 10),
    "jue": (0, 3, 5, 8, 10),
    "zhi": (0, 2, 5, 7, 9),
    "yu": (0, 3, 5, 7, 10),
}

MODE_HANDICAP = 0.06
"""A church mode must fit better than plain major or minor by this much to be named unasked."""

BASS_WEIGHT, LAST_BAR_WEIGHT, STRONG_WEIGHT = 2.0, 3.0, 1.5
TONIC_IN_BASS = 0.1
"""How much the share of a pitch class in the bass at phrase ends speaks for it as tonic.

This and the handicap were the best of a grid on 57 lead sheets of OpenEWLD with a printed key (79 %
tonic right or relative on the first 16 bars, where the pieces may already have modulated).
"""

MODAL_BASS = 0.25
"""The same where a church mode or a pentatonic was asked for: its scale alone has no centre."""


class Estimate(Struct, frozen=True, kw_only=True):
    """A tonality and how well the notes fit it, -1 to 1 and a little over."""

    tonality: Tonality
    fit: float
    asked_fit: float = -1.0  # of the tonality that was asked for


def _pentatonic(steps: tuple[int, ...]) -> tuple[float, ...]:
    weights = [0.05] * 12
    for step in steps:
        weights[step] = 0.5
    weights[0] = 0.75
    if 7 in steps:
        weights[7] = 0.65
    return tuple(weights)


_FIVE_NOTES: dict[str, tuple[float, ...]] = {
    mode: _pentatonic(steps) for mode, steps in _PENTATONICS.items()
}


def estimate(score: Score, asked: Tonality | None = None) -> Estimate | None:
    """The tonality heard in a score; None when nothing pitched sounds.

    What was asked for decides only which modes are worth naming and is measured beside the best:
    a pentatonic is looked for among the pentatonics, a church mode carries no handicap.
    """
    heard, bass = _histograms(score)
    if heard.sum() <= 0:
        return None
    mode = asked.mode if asked is not None else "major"
    profiles = _FIVE_NOTES if mode in _FIVE_NOTES else SEVEN_NOTES
    centre = TONIC_IN_BASS if mode in ("major", "minor", "aeolian") else MODAL_BASS
    fits: dict[tuple[int, str], float] = {}
    for name, profile in profiles.items():
        handicap = MODE_HANDICAP if name in CHURCH and name != mode else 0.0
        for tonic in range(12):
            fit = float(np.corrcoef(heard, np.roll(np.array(profile), tonic))[0, 1])
            fits[tonic, name] = fit + centre * float(bass[tonic]) - handicap
    best = max(fits, key=lambda place: fits[place])
    wanted = -1.0
    if asked is not None:
        wanted = fits.get((asked.tonic, _SAME_NOTES.get(mode, mode)), -1.0)
    tonality = Tonality(tonic=best[0], mode=best[1])
    return Estimate(tonality=tonality, fit=fits[best], asked_fit=wanted)


_SAME_NOTES = {"aeolian": "minor"}


def _histograms(score: Score) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted pitch classes of everything pitched, and shares in the bass at resting points."""
    plan = score.plan
    strong = {tick for bar in range(plan.bars) for tick in reading.strong_beats(plan, bar)}
    last = (plan.bars - 1) * bar_ticks(plan.meter)
    heard, bass = np.zeros(12), np.zeros(12)
    for part in score.parts:
        if part.plan.role in reading.UNPITCHED:
            continue
        for note in part.notes:
            weight = float(min(note.length, bar_ticks(plan.meter)))
            weight *= STRONG_WEIGHT if _near(note, strong) else 1.0
            weight *= BASS_WEIGHT if part.plan.role == "bass" else 1.0
            weight *= LAST_BAR_WEIGHT if note.start >= last - reading.GRAIN else 1.0
            heard[note.pitch % 12] += weight
    for note in _resting(score):
        bass[note.pitch % 12] += 1.0
    return heard, bass / max(1.0, bass.sum())


def _near(note: Note, ticks: set[int]) -> bool:
    grain = reading.GRAIN
    return any(round(note.start / grain) * grain + off in ticks for off in (0, -grain, grain))


def _resting(score: Score) -> Iterable[Note]:
    """The lowest note at the first beat of every section, and in the last bar."""
    plan = score.plan
    pitched = reading.sorted_by_start(
        [n for part in score.parts if part.plan.role not in reading.UNPITCHED for n in part.notes]
    )
    places = [section.bar for section in plan.sections]
    if plan.ending != "turnaround":
        places += [plan.bars - 1] * 2
    for bar in places:
        start = bar * bar_ticks(plan.meter)
        here = reading.within(pitched, start - reading.GRAIN, start + 2 * reading.GRAIN)
        if here:
            yield min(here, key=lambda note: note.pitch)
