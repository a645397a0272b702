"""Tonality and chords of a passage, estimated from its notes."""

import numpy as np

from engine.compose.codes import Bar
from engine.workshop.lines import Line

_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
# Triads and sevenths as chroma from the root, with a small price for the rarer ones.
_CHORDS = {
    "major": (0b000010010001, 0.0), "minor": (0b000010001001, 0.0),
    "dim": (0b000001001001, 0.06), "aug": (0b000100010001, 0.10),
    "7": (0b010010010001, 0.03), "maj7": (0b100010010001, 0.05), "m7": (0b010010001001, 0.04),
}  # fmt: skip
NO_ROOT = 12


def key_of(notes: Line) -> tuple[int, int]:
    """Tonic (pitch class) and mode (0 major, 1 minor) whose profile the notes are likest to."""
    weights = np.zeros(12)
    for start, end, pitch in notes:
        weights[pitch % 12] += min(end - start, 24)
    rated = [
        (float(np.corrcoef(np.roll(profile, tonic), weights)[0, 1]), tonic, mode)
        for mode, profile in enumerate((_MAJOR, _MINOR))
        for tonic in range(12)
    ]
    _, tonic, mode = max(rated)
    return tonic, mode


def harmony_of(
    notes: Line, bars: list[Bar], units: int, tonic: int
) -> tuple[np.ndarray, np.ndarray]:
    """(units,) chord roots and chromas from the tonic, one harmony per half bar (whole bar in
    3/4); root 12 where nothing sounds."""
    sounding, lowest = np.zeros((units, 12), np.float32), np.full(units, 128)
    for start, end, pitch in notes:
        sounding[start:end, (pitch - tonic) % 12] += 1.0
        lowest[start:end] = np.minimum(lowest[start:end], pitch)
    starts = [start for bar in bars for start in _spans(bar)]
    ends = [*starts[1:], bars[-1].start + bars[-1].units]
    spans = [slice(*span) for span in zip(starts, ends, strict=True)]
    roots, chromas = _chords(
        np.array([sounding[span].sum(0) for span in spans]),
        np.array([_bass(lowest[span], tonic) for span in spans]),
    )
    found = np.full(units, NO_ROOT, np.int64), np.zeros(units, np.int64)
    for span, root, chroma in zip(spans, roots, chromas, strict=True):
        found[0][span], found[1][span] = root, chroma
    return found


def _spans(bar: Bar) -> range:
    """Where a harmony may begin in a bar."""
    halves = 2 if bar.units % 24 == 0 else 1
    return range(bar.start, bar.start + bar.units, bar.units // halves)


def _bass(lowest: np.ndarray, tonic: int) -> int:
    """The pitch class that is lowest most of the time, from the tonic; 12 where nothing sounds."""
    heard = lowest[lowest < 128]
    return int(np.bincount((heard - tonic) % 12).argmax()) if len(heard) else NO_ROOT


def _chords(held: np.ndarray, basses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of what is ``held`` (spans, 12) and the ``basses`` (spans,): roots and masks (spans,)."""
    whole = held.sum(1)
    shares = held / np.maximum(1.0, whole)[:, None]
    ratings, masks = [], []
    for shape, price in _CHORDS.values():
        steps = [step for step in range(12) if shape >> step & 1]
        for root in range(12):
            tones = [(root + step) % 12 for step in steps]
            inside = shares[:, tones].sum(1)
            third = np.minimum(shares[:, tones[1]], shares[:, root])
            rating = inside - 0.35 * (1 - inside) - price + 0.12 * (basses == root) + 0.25 * third
            ratings.append(rating)
            masks.append(sum(1 << tone for tone in tones))
    best = np.array(ratings).argmax(0)
    silent = whole < 1
    return np.where(silent, NO_ROOT, best % 12), np.where(silent, 0, np.array(masks)[best])
