"""Tonality and chords of a passage, estimated from its notes."""

import numpy as np

from engine.compose.codes import Bar

_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
# Triads and sevenths as chroma from the root, with a small price for the rarer ones.
_CHORDS = {
    "major": (0b000010010001, 0.0), "minor": (0b000010001001, 0.0),
    "dim": (0b000001001001, 0.06), "aug": (0b000100010001, 0.10),
    "7": (0b010010010001, 0.03), "maj7": (0b100010010001, 0.05), "m7": (0b010010001001, 0.04),
}  # fmt: skip


Line = list[tuple[int, int, int]]  # (start, end, pitch) in grid units


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
    """Chord roots and chromas from the tonic, one harmony per half bar (whole bar in 3/4)."""
    weights = np.zeros((units, 12), np.float32)
    lowest = np.full(units, 128)
    for start, end, pitch in notes:
        weights[start:end, (pitch - tonic) % 12] += 1.0
        lowest[start:end] = np.minimum(lowest[start:end], pitch)
    roots, chromas = np.full(units, 12, np.int64), np.zeros(units, np.int64)
    for bar in bars:
        halves = 2 if bar.units % 24 == 0 else 1
        for half in range(halves):
            span = bar.units // halves
            at = bar.start + half * span
            root, chroma = _chord(weights[at : at + span], lowest[at : at + span], tonic)
            roots[at : at + span], chromas[at : at + span] = root, chroma
    return roots, chromas


def _chord(weights: np.ndarray, lowest: np.ndarray, tonic: int) -> tuple[int, int]:
    total = weights.sum(0)
    if total.sum() < 1:
        return 12, 0
    total = total / total.sum()
    low = lowest[lowest < 128]
    bass = int(np.bincount((low - tonic) % 12, minlength=12).argmax()) if len(low) else -1
    best = (-9.0, 12, 0)
    for shape, price in _CHORDS.values():
        members = [n for n in range(12) if shape >> n & 1]
        for root in range(12):
            inside = sum(total[(root + n) % 12] for n in members)
            rating = inside - 0.35 * (1 - inside) - price + 0.12 * (root == bass)
            rating += 0.25 * min(total[(root + members[1]) % 12], total[root])
            if rating > best[0]:
                mask = sum(1 << (root + n) % 12 for n in members)
                best = (float(rating), root, mask)
    return best[1], best[2]
