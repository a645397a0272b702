"""Winds, strings and brass for when no bank is installed."""

from engine.render.synth.blown import Blown
from engine.render.synth.bowed import Bowed
from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Osc

_BRASS = sub(
    Osc("brass", 0, 0, 2, 5),
    cutoff_hz=750,
    keytrack=0.5,
    env_octaves=1.7,
    env_rise_s=0.08,
    env_tau_s=1.6,
    velocity_octaves=2.2,
    q=0.8,
    attack_s=0.035,
    decay_s=0.6,
    sustain=0.8,
    scoop_cents=-25,
    scoop_tau_s=0.03,
    vibrato_cents=7,
    drive=0.9,
    spread=0.25,
    drift_cents=2,
)
_HORN = sub(
    Osc("brass", 0, 0, 2, 4),
    cutoff_hz=520,
    keytrack=0.5,
    env_octaves=1.1,
    env_rise_s=0.1,
    env_tau_s=2.5,
    velocity_octaves=2.0,
    attack_s=0.055,
    decay_s=0.8,
    sustain=0.85,
    scoop_cents=-20,
    formants=((350, 4, 2),),
    spread=0.3,
    drift_cents=2,
)


def _reed(power: float, even: float) -> tuple[float, ...]:
    """Harmonics of a reed: falling with ``power``, the even ones ``even`` times as strong."""
    return tuple((1.0 if h % 2 else even) * h**-power for h in range(1, 17))


_VIOLIN = Bowed(
    power=0.95,
    formants=((290, 4, 3), (480, 3, 3), (1150, 4, 3), (2900, 4, 3)),
    soft_hz=2800,
    hard_hz=6000,
    attack_s=0.07,
    fade_s=0.06,
    vibrato_hz=5.6,
    vibrato_db=1.2,
    vibrato_full=15,
    noise_db=-32,
    chiff_db=5,
)
_SAX = Blown(
    harmonics=_reed(1.1, 0.6),
    formants=((520, 5, 3), (1250, 5, 3), (2500, 3, 3)),
    opening=1.6,
    attack_s=0.035,
    vibrato_hz=5.0,
    vibrato_db=1.2,
    vibrato_full=12,
    noise_db=-32,
    noise_band=(900, 6000, -3),
    chiff_db=8,
    low_pass_hz=5500,
)
_OBOE = Blown(
    harmonics=_reed(0.9, 1.0),
    formants=((1050, 9, 4), (2900, 5, 4)),
    attack_s=0.035,
    vibrato_hz=5.2,
    vibrato_db=1.0,
    vibrato_full=12,
    noise_db=-40,
    low_pass_hz=4500,
)
_CLARINET = Blown(
    harmonics=_reed(1.2, 0.14),
    opening=1.6,
    attack_s=0.04,
    vibrato_full=60,
    noise_db=-38,
    noise_band=(1200, 5000, -3),
    low_pass_hz=5000,
)
_FLUTE = Blown(
    harmonics=(1.0, 0.42, 0.22, 0.1, 0.05, 0.03),
    attack_s=0.045,
    vibrato_hz=5.1,
    vibrato_db=1.5,
    vibrato_full=12,
    noise_db=-32,
    noise_band=(1200, 7000, -3),
    chiff_db=10,
    low_pass_hz=9000,
)

ORCHESTRA: dict[str, Patch] = {
    "violin": Patch(voice=_VIOLIN, release_s=0.07, dynamics_db=16, low=28, high=100),
    "horn": Patch(voice=_HORN, release_s=0.09, dynamics_db=18, low=29, high=84),
    "brass": Patch(voice=_BRASS, release_s=0.06, dynamics_db=18, low=29, high=88),
    "sax": Patch(voice=_SAX, release_s=0.06, dynamics_db=16, low=36, high=90),
    "oboe": Patch(voice=_OBOE, release_s=0.06, dynamics_db=14, low=34, high=93),
    "clarinet": Patch(voice=_CLARINET, release_s=0.06, dynamics_db=18, low=38, high=93),
    "flute": Patch(voice=_FLUTE, release_s=0.07, dynamics_db=16, low=48, high=103),
    "tremolo_strings": Patch(
        voice=sub(
            Osc("saw", 0, 0, 5, 10), cutoff_hz=2600, velocity_octaves=1.2, attack_s=0.05,
            spread=0.9, drift_cents=4, tremolo_hz=11.5, tremolo_db=7,
            formants=((300, 2, 2), (1100, 2.5, 2)), breath_db=-30, breath_band=(1500, 6000),
        ),
        release_s=0.15, dynamics_db=16, low=28, high=96,
    ),
}  # fmt: skip
