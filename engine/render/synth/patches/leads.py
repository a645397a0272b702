"""Leads, and the voices of the consoles."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Osc, Rise

LEADS: dict[str, Patch] = {
    "lead_saw": Patch(
        voice=sub(
            Osc("saw", 0, 0, 2, 6), Osc("square", -12, -10),
            cutoff_hz=2600, keytrack=0.8, env_octaves=0.9, env_tau_s=0.3, velocity_octaves=1.0,
            q=0.9, attack_s=0.008, decay_s=0.4, sustain=0.75, vibrato_cents=15, drift_cents=2,
            spread=0.25,
        ),
        release_s=0.09, dynamics_db=14,
    ),
    "lead_square": Patch(
        voice=sub(
            Osc("pulse42", 0, 0, 2, 3),
            cutoff_hz=2300, keytrack=0.7, velocity_octaves=1.0, attack_s=0.012, decay_s=0.4,
            sustain=0.82, vibrato_cents=13, drift_cents=2, spread=0.2,
        ),
        release_s=0.08, dynamics_db=14,
    ),
    "lead_soft": Patch(
        voice=sub(
            Osc("triangle", 0, 0, 2, 4), Osc("soft_saw", 0, -12),
            cutoff_hz=1900, keytrack=0.7, velocity_octaves=1.0, attack_s=0.03, decay_s=0.5,
            sustain=0.85, vibrato_cents=12, drift_cents=2, spread=0.3, breath_db=-38,
        ),
        release_s=0.14, dynamics_db=14,
    ),
    "lead_sine": Patch(
        voice=sub(
            Osc("whistle", 0, 0, 1),
            cutoff_hz=6000, attack_s=0.03, vibrato_cents=14, scoop_cents=-35, scoop_tau_s=0.05,
            breath_db=-36, breath_band=(900, 4000),
        ),
        release_s=0.1, dynamics_db=14,
    ),
    "supersaw": Patch(
        voice=sub(
            Osc("saw", 0, 0, 7, 20),
            cutoff_hz=7000, keytrack=0.3, env_octaves=0.5, env_tau_s=0.5, velocity_octaves=1.0,
            attack_s=0.01, decay_s=0.6, sustain=0.75, spread=0.85, drift_cents=2,
        ),
        release_s=0.18, dynamics_db=14, low=36, high=96,
    ),
    "theremin": Patch(
        voice=sub(
            Osc("hollow", 0, 0, 1),
            cutoff_hz=5000, attack_s=0.12, vibrato_cents=34, vibrato_hz=5.8, scoop_cents=-140,
            scoop_tau_s=0.09, tremolo_hz=5.8, tremolo_db=1.5,
        ),
        release_s=0.15, dynamics_db=14,
    ),
    "pulse12": Patch(voice=sub(Osc("pulse12"), chip=True, sustain=0.5, decay_s=0.25),
                     release_s=0.008, dynamics_db=12),
    "pulse25": Patch(voice=sub(Osc("pulse25"), chip=True, sustain=0.55, decay_s=0.3),
                     release_s=0.008, dynamics_db=12),
    "pulse50": Patch(voice=sub(Osc("square"), chip=True, sustain=0.6, decay_s=0.35,
                                vibrato_cents=14, vibrato_hz=6),
                     release_s=0.008, dynamics_db=12),
    "tri_chip": Patch(voice=sub(Osc("triangle"), Osc("square", 48, -34), chip=True, sustain=1.0),
                      release_s=0.006, dynamics_db=4, low=20, high=96),
    "noise_chip": Patch(
        voice=Rise(start_hz=5000, end_hz=2500, growth_db=26, reverse=True), exact=True,
        release_s=0.008, longest_s=0.6,
    ),
}  # fmt: skip
