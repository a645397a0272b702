"""What every singing voice has: how a line moves, whatever its tone is made of."""

from msgspec import Struct

from engine.render.synth.oscillators import Curve
from engine.render.synth.wavetables import Turn


class Line(Struct, frozen=True, kw_only=True):
    """How a line moves, whatever it is made of. Seconds, decibels and cents."""

    attack_s: float = 0.06
    accent_s: float = 0.025  # attack of an accent
    fade_s: float = 0.06  # 1/e time after a note that nothing is bound to
    dip_db: float = 2.5  # where bow or tongue change inside a slur
    vibrato_hz: float = 5.4
    vibrato_delay_s: float = 0.18
    vibrato_rise_s: float = 0.35
    vibrato_db: float = 0.0  # whole swing of the level at ``vibrato_full`` cents
    vibrato_full: float = 40.0
    drift_cents: float = 3.0
    fall_cents: float = 0.0  # how far the end of a phrase sinks
    noise_db: float = -30.0  # re the tone
    noise_band: tuple[float, float, float] = (1500.0, 6000.0, -3.0)  # hertz, hertz, dB an octave
    chiff_db: float = 0.0  # how much louder the noise begins
    chiff_s: float = 0.04

    def spectrum(self, hertz: Curve, press: Curve, count: int) -> Curve:
        """Amplitudes of ``count`` harmonics at every moment, (moments, count)."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of its harmonics")

    def gate(self, turn: Turn) -> Curve | float:
        """How the noise breathes with the tone as it turns."""
        del turn
        return 1.0
