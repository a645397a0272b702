"""Basses."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Fm, Glide, Osc, Plucked

_UPRIGHT = Plucked(
    t60_s=1.9,
    damping=0.06,
    position=0.22,
    bright_hz=900,
    roll=1.1,
    halving=30,
    body=((100, 4, 4), (210, 3, 5)),
    nail=(300, 1800, 0.008, -22),
)
_FINGER_BASS = Plucked(
    t60_s=2.8,
    damping=0.05,
    position=0.17,
    bright_hz=1300,
    roll=1.0,
    halving=36,
    body=((90, 3, 3), (750, 3, 2)),
    nail=(400, 2600, 0.005, -24),
)
_SLAP_BASS = Plucked(
    t60_s=2.2,
    damping=0.02,
    position=0.09,
    bright_hz=3400,
    roll=0.9,
    halving=36,
    nail=(1800, 6000, 0.003, -12),
)

BASSES: dict[str, Patch] = {
    "bass_sub": Patch(
        voice=sub(Osc("sub", 0, 0), cutoff_hz=2000, attack_s=0.006),
        release_s=0.03, dynamics_db=8, low=20, high=60,
    ),
    "bass_saw": Patch(
        voice=sub(
            Osc("saw", 0, 0, 2, 4), Osc("sine", 0, -1),
            cutoff_hz=520, keytrack=0.5, env_octaves=1.9, env_tau_s=0.2, velocity_octaves=0.9,
            q=1.1, slope=24, attack_s=0.003, decay_s=0.35, sustain=0.6, drive=1.0,
        ),
        release_s=0.045, dynamics_db=8, low=20, high=67,
    ),
    "bass_pluck": Patch(
        voice=sub(
            Osc("saw", 0, 0), Osc("square", 0, -6), Osc("sine", 0, -2),
            cutoff_hz=420, keytrack=0.5, env_octaves=2.6, env_tau_s=0.09, velocity_octaves=1.0,
            slope=24, attack_s=0.002, decay_s=0.3, sustain=0.15,
        ),
        release_s=0.05, dynamics_db=10, low=20, high=67,
    ),
    "bass_fm": Patch(
        voice=Fm(
            pairs=((1, 1, 2.4, 0.16, 0), (1, 2, 0.7, 0.4, -6), (1, 7, 1.0, 0.012, -16)),
            t60_s=3.0, halving=40, attack_s=0.002, low_pass_hz=5000,
        ),
        release_s=0.05, longest_s=4, dynamics_db=9, low=20, high=67,
    ),
    "bass_reese": Patch(
        voice=sub(
            Osc("saw", 0, 0, 3, 13), Osc("sine", 0, -3),
            cutoff_hz=560, keytrack=0.4, sweep_hz=0.28, sweep_octaves=0.8, slope=24, q=1.0,
            attack_s=0.02, sustain=1.0, drift_cents=2,
        ),
        release_s=0.07, dynamics_db=8, low=20, high=62,
    ),
    "bass_808": Patch(
        voice=Glide(semitones=7, glide_s=0.022, tau_s=0.85, drive=2.2, click_db=-24),
        release_s=0.05, longest_s=3, dynamics_db=8, low=20, high=60,
    ),
    "bass_upright": Patch(
        voice=_UPRIGHT, release_s=0.06, longest_s=3, dynamics_db=12, low=24, high=67
    ),
    "bass_finger": Patch(
        voice=_FINGER_BASS, release_s=0.05, longest_s=4, dynamics_db=10, low=24, high=67
    ),
    "bass_slap": Patch(
        voice=_SLAP_BASS, release_s=0.04, longest_s=3, dynamics_db=14, low=24, high=67
    ),
}  # fmt: skip
