"""Players: swing, small timing, small dynamics. Electronic parts stay on the grid."""

import numpy as np

from engine.contracts import PartPlan, Plan
from engine.score import Note, seconds_per_tick
from engine.styles.sheet import Style

# Standard deviation of timing in ms, offset against the grid in ms, spread of velocity.
_SPREAD: dict[str, tuple[float, float, float]] = {
    "lead": (8.0, -2.0, 4.0), "counter": (8.0, 0.0, 4.0), "bass": (5.0, 3.0, 4.0),
    "comp": (6.0, 2.0, 5.0), "harmony": (8.0, 0.0, 4.0), "pad": (6.0, 0.0, 2.0),
    "drums": (3.0, 0.0, 5.0), "fx": (0.0, 0.0, 0.0),
}  # fmt: skip
_STRINGS = frozenset(range(48, 55))  # slow patches speak late, so they start early
_BAND_MS = 3.0


def play(plan: Plan, part: PartPlan, style: Style, notes: list[Note], seed: int) -> list[Note]:
    """The notes as someone plays them; the same seed plays the same way."""
    rng = np.random.default_rng([seed % 2**63, *part.role.encode()])
    machine = part.patch is not None or style.id == "chiptune"
    spread, offset, loudness = (0.3, 0.0, 2.0) if machine else _SPREAD[part.role]
    if part.program in _STRINGS and not machine and part.role != "drums":
        offset -= 25.0
    tick = seconds_per_tick(plan.tempo, plan.meter) * 1000
    band = _band(plan, seed) if not machine else None
    played = []
    for note in notes:
        start, end = (_swung(at, style) for at in (note.start, note.start + note.length))
        drift = band[min(start // 1920, len(band) - 1)] if band is not None else 0.0
        late = rng.normal(0.0, spread) + offset + drift
        late = (
            float(np.clip(late, -60.0, 30.0))
            if part.role == "pad"
            else float(np.clip(late, -30, 30))
        )
        if part.role == "drums":
            late = float(np.clip(late, -8.0, 8.0))
        begin = max(0, start + round(late / tick))
        velocity = round(note.velocity + rng.normal(0.0, loudness))
        played.append(Note(begin, max(20, end - begin), note.pitch, min(127, max(1, velocity))))
    return played


def _swung(tick: int, style: Style) -> int:
    """Move the second half of each pair to where the style's swing wants it."""
    if style.swing == 0.5 or style.grid == 12:
        return tick
    pair = 240 if style.swing_unit == 16 else 480
    whole, inside = divmod(tick, pair)
    half = pair / 2
    if inside <= half:
        placed = inside * 2 * style.swing
    else:
        placed = pair * style.swing + (inside - half) * 2 * (1 - style.swing)
    return whole * pair + round(placed)


def _band(plan: Plan, seed: int) -> np.ndarray:
    """One slow walk for the whole band, in ms, a value a bar."""
    rng = np.random.default_rng([seed % 2**63, 99])
    steps = rng.normal(0.0, 1.0, plan.bars + 8)
    walk = np.convolve(steps, np.ones(3) / 3, "same")
    return walk * _BAND_MS / max(1e-9, float(np.abs(walk).max()))
