"""Bowed strings: a saw through the body, brighter under more bow, with the noise of the hair."""

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import Curve
from engine.render.synth.singing import Line
from engine.render.synth.wavetables import Turn


class Bowed(Line, frozen=True, kw_only=True):
    """A string and its body; ``formants`` are (hertz, decibels, q)."""

    power: float = 0.9  # harmonic h is h**-power before the body
    formants: tuple[tuple[float, float, float], ...] = ()
    soft_hz: float = 3200.0  # where the tone closes when played most softly and most loudly
    hard_hz: float = 6500.0

    def gate(self, turn: Turn) -> Curve:
        """The hair grips and slips once a cycle, and is loudest while it grips."""
        return np.float32(0.4) + np.float32(0.6 / 2.0**32) * turn.whole().astype(np.float32)

    def spectrum(self, hertz: Curve, press: Curve, count: int) -> Curve:
        """The saw under the body's resonances, closing above a cutoff that the bow moves."""
        h = np.arange(1.0, count + 1)
        places = hertz[:, None] * h
        open_ = np.clip((press - 0.2) / 0.75, 0.0, 1.2)
        cutoff = self.soft_hz * (self.hard_hz / self.soft_hz) ** open_
        body = osc.peaks(places, self.formants)
        return h**-self.power * body * osc.low_pass(places / cutoff[:, None], 0.707, 12)
