"""Pads and drones."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Bed, Osc

_STRINGS = sub(
    Osc("saw", 0, 0, 5, 9),
    cutoff_hz=2600,
    keytrack=0.4,
    velocity_octaves=1.2,
    env_octaves=-0.5,
    env_tau_s=0.25,
    attack_s=0.2,
    decay_s=0.8,
    sustain=0.85,
    spread=0.9,
    drift_cents=3,
    vibrato_cents=9,
    formants=((300, 2, 2), (1100, 2.5, 2), (2800, 2, 2)),
    breath_db=-36,
    breath_band=(1500, 6000),
)
_CHOIR = sub(
    Osc("saw", 0, 0, 4, 9),
    cutoff_hz=4200,
    attack_s=0.28,
    decay_s=0.8,
    sustain=0.9,
    spread=0.8,
    drift_cents=4,
    vibrato_cents=14,
    vibrato_hz=5.3,
    formants=((400, 14, 4), (800, 11, 5), (2500, 4, 7), (3400, 3, 8)),
    breath_db=-30,
    breath_band=(800, 5000),
    velocity_octaves=0.8,
)

PADS: dict[str, Patch] = {
    "pad_warm": Patch(
        voice=sub(
            Osc("saw", 0, 0, 4, 8),
            cutoff_hz=1000, keytrack=0.35, sweep_hz=0.09, sweep_octaves=0.4, velocity_octaves=1.0,
            attack_s=0.55, sustain=1.0, spread=0.9, drift_cents=3,
        ),
        release_s=0.45, dynamics_db=12, low=36, high=88,
    ),
    "pad_glass": Patch(
        voice=sub(
            Osc("hollow", 0, 0, 3, 5), Osc("sine", 19, -15, 2, 4), Osc("sine", 24, -18, 2, 6),
            cutoff_hz=4200, attack_s=0.45, spread=0.9, drift_cents=2,
            tremolo_hz=0.6, tremolo_db=2.0,
        ),
        release_s=0.7, dynamics_db=12, low=36, high=96,
    ),
    "pad_dark": Patch(
        voice=sub(
            Osc("dark", 0, 0, 3, 5), Osc("dark", 7, -12, 2, 4),
            cutoff_hz=420, keytrack=0.3, sweep_hz=0.05, sweep_octaves=0.5, velocity_octaves=0.8,
            attack_s=0.9, spread=0.8, drift_cents=4,
        ),
        release_s=0.8, dynamics_db=12, low=28, high=76,
    ),
    "pad_choir": Patch(voice=_CHOIR, release_s=0.35, dynamics_db=14, low=40, high=86),
    "pad_poly": Patch(
        voice=sub(
            Osc("saw", 0, 0, 3, 9), Osc("pulse42", 0, -6, 2, 6),
            cutoff_hz=1500, keytrack=0.4, env_octaves=1.0, env_tau_s=0.9, velocity_octaves=1.2,
            q=0.9, attack_s=0.09, decay_s=0.9, sustain=0.75, spread=0.9, drift_cents=3,
        ),
        release_s=0.28, dynamics_db=14, low=36, high=91,
    ),
    "pad_strings": Patch(voice=_STRINGS, release_s=0.22, dynamics_db=16, low=28, high=96),
    "pad_grain": Patch(
        voice=sub(
            Osc("hollow", 0, 0, 3, 5), Osc("hollow", 12, -11, 2, 6), Osc("hollow", 7, -14, 2, 4),
            cutoff_hz=3000, attack_s=0.5, spread=1.0, drift_cents=6, tremolo_hz=7.0,
            tremolo_db=2.5, breath_db=-24, breath_band=(1500, 7000),
        ),
        release_s=0.7, dynamics_db=12, low=40, high=91,
    ),
    "drone_sub": Patch(
        voice=sub(
            Osc("sub", 0, 0), Osc("dark", 12, -13, 2, 3),
            cutoff_hz=300, attack_s=0.8, sweep_hz=0.06, sweep_octaves=0.4, drift_cents=2,
        ),
        release_s=0.6, dynamics_db=10, low=20, high=60,
    ),
    "drone_bow": Patch(
        voice=sub(
            Osc("bowed", 0, 0, 3, 4), Osc("bowed", 12, -14, 2, 3),
            cutoff_hz=1300, keytrack=0.4, attack_s=0.6, sweep_hz=0.11, sweep_octaves=0.5,
            spread=0.6, drift_cents=4, formants=((180, 3, 3), (420, 3, 3), (1100, 2, 3)),
            breath_db=-30, breath_band=(800, 5000),
        ),
        release_s=0.5, dynamics_db=12, low=24, high=84,
    ),
    "drone_metal": Patch(
        voice=sub(
            Osc("sine", 0, 0, 3, 4), Osc("sine", 17.65, -8, 2, 5), Osc("sine", 28.5, -13, 2, 6),
            Osc("sine", 36.4, -19, 2, 7),
            cutoff_hz=6000, attack_s=1.2, spread=1.0, drift_cents=5,
            tremolo_hz=0.35, tremolo_db=3.0,
        ),
        release_s=0.9, dynamics_db=12, low=28, high=84,
    ),
    "drone_breath": Patch(
        voice=Bed(
            low_hz=120, high_hz=2600, tilt=-3, attack_s=0.9, sway_hz=0.23, sway_db=5,
            tuned=(0, 12, 19), resonance_q=90,
        ),
        release_s=0.7, dynamics_db=12,
    ),
}  # fmt: skip
