"""Choices of all rows at once, each by its own dice; a row's choice depends on no other row."""

from collections.abc import Sequence

import numpy as np

MIN_P = 0.01  # codes less likely than this share of the likeliest are never drawn


def drawn(
    wanted: np.ndarray,
    masks: np.ndarray,
    temperature: float | np.ndarray,
    thrown: Sequence[float],
    least: float | np.ndarray = MIN_P,
) -> np.ndarray:
    """(rows,) an index where ``masks`` (rows, n) is true, by temperature and min-p.

    ``wanted`` (rows, n) are logits; ``thrown`` is one number from 0 to below 1 for each row;
    ``least`` is the smallest share of the likeliest chance that may be drawn. Rows may each have
    a temperature and a smallest share of their own, (rows, 1).
    """
    logits = np.where(masks, wanted / temperature, -np.inf)
    chances = np.exp(logits - logits.max(1, keepdims=True))
    chances[chances < least] = 0.0
    edges = chances.cumsum(1)
    return (edges <= (edges[:, -1] * thrown)[:, None]).sum(1)


def surprises(logits: np.ndarray, masks: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(rows,) bits of choices under the network alone, among what the grammar allowed.

    A choice that was made for it counts as allowed.
    """
    rows, opinion = np.arange(len(chosen)), logits.astype(np.float64)
    own = opinion[rows, chosen]
    allowed = np.where(masks, opinion, -np.inf)
    allowed[rows, chosen] = own
    top = allowed.max(1)
    return (np.log(np.exp(allowed - top[:, None]).sum(1)) + top - own) / np.log(2)
