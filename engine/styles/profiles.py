"""How much each degree of a mode speaks for its tonic: key profiles, and the fit of notes to them.

After Krumhansl and Kessler (1982) as revised by Temperley (2001); the church modes exchange the
weights of the one degree in which they differ from major or minor.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from operator import mul

MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.300, 0.250)

CHURCH: dict[str, tuple[tuple[float, ...], int, int]] = {
    "dorian": (MINOR, 8, 9),
    "phrygian": (MINOR, 2, 1),
    "lydian": (MAJOR, 5, 6),
    "mixolydian": (MAJOR, 11, 10),
}


def _exchanged(profile: tuple[float, ...], one: int, other: int) -> tuple[float, ...]:
    weights = list(profile)
    weights[one], weights[other] = weights[other], weights[one]
    return tuple(weights)


SEVEN_NOTES: dict[str, tuple[float, ...]] = {
    "major": MAJOR,
    "minor": MINOR,
    **{mode: _exchanged(*exchange) for mode, exchange in CHURCH.items()},
}


def home_lead(heard: Sequence[float], tonic: int, mode: str) -> float:
    """How much better pitch classes fit one tonality than the best with another tonic.

    Below zero a listener would put the tonic elsewhere. ``heard`` are twelve weights.
    """
    own = SEVEN_NOTES.get(mode, MINOR if mode in ("aeolian", "yu", "jue", "shang") else MAJOR)
    mean = sum(heard) / 12
    spread = sum((one - mean) ** 2 for one in heard) ** 0.5
    if not spread:
        return 0.0
    others = (
        sum(map(mul, heard, _centred(profile, other)))
        for profile in (MAJOR, MINOR)
        for other in range(12)
        if other != tonic
    )
    return (sum(map(mul, heard, _centred(own, tonic % 12))) - max(others)) / spread


def weighed(tones: Iterable[tuple[int, float]]) -> list[float]:
    """Twelve weights from (pitch class, weight) pairs."""
    heard = [0.0] * 12
    for pitch_class, weight in tones:
        heard[pitch_class % 12] += weight
    return heard


@cache
def _centred(profile: tuple[float, ...], tonic: int) -> tuple[float, ...]:
    """A profile on a tonic with mean 0 and length 1: its product with heard pitch classes is
    Pearson's correlation with them, but for their own spread."""
    mean = sum(profile) / 12
    length = sum((one - mean) ** 2 for one in profile) ** 0.5
    return tuple((profile[(pitch_class - tonic) % 12] - mean) / length for pitch_class in range(12))
