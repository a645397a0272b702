"""Rises, falls, hits and the noises of places."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Bed, Glide, Osc, Rise

EFFECTS: dict[str, Patch] = {
    "riser": Patch(
        voice=Rise(start_hz=300, end_hz=8000, tone_semitones=12, growth_db=22), exact=True,
        release_s=0.02, longest_s=20, dynamics_db=14,
    ),
    "rev_swell": Patch(
        voice=Rise(start_hz=900, end_hz=6500, growth_db=30), exact=True, release_s=0.015,
        longest_s=12, dynamics_db=14,
    ),
    "downer": Patch(
        voice=Rise(start_hz=7000, end_hz=220, tone_semitones=-12, growth_db=24, reverse=True),
        exact=True, release_s=0.1, longest_s=20, dynamics_db=14,
    ),
    "impact": Patch(
        voice=Glide(semitones=15, glide_s=0.06, tau_s=0.9, drive=1.8, fixed_hz=38, click_db=-10,
                    rumble_db=-6),
        rings=True, longest_s=4, dynamics_db=20,
    ),
    "sub_drop": Patch(
        voice=Glide(semitones=14, glide_s=0.4, tau_s=1.0, drive=1.4, fixed_hz=34),
        rings=True, longest_s=3.5, dynamics_db=16,
    ),
    "braam": Patch(
        voice=sub(
            Osc("saw", -12, 0, 5, 14), Osc("brass", 0, -3, 3, 9), Osc("sub", -12, -2),
            cutoff_hz=420, env_octaves=2.6, env_rise_s=0.12, env_tau_s=1.4, q=1.0, attack_s=0.05,
            decay_s=1.6, sustain=0.15, drive=2.4, spread=0.7, scoop_cents=-60, scoop_tau_s=0.08,
        ),
        release_s=0.5, longest_s=5, dynamics_db=16, low=24, high=72,
    ),
    "heartbeat": Patch(
        voice=Glide(semitones=10, glide_s=0.02, tau_s=0.11, drive=1.3, fixed_hz=46, rumble_db=-22),
        rings=True, longest_s=0.9, dynamics_db=18,
    ),
    "scrape": Patch(
        voice=Bed(low_hz=900, high_hz=5200, tilt=0, attack_s=0.25, sway_hz=3.1, sway_db=9,
                  tuned=(26.2, 33.7, 38.9), resonance_q=40),
        release_s=0.25, dynamics_db=16,
    ),
    "vinyl": Patch(
        voice=Bed(low_hz=60, high_hz=7500, tilt=-3, sway_hz=0.556, sway_db=1.5, events_per_s=9,
                  event_db=28, event_tau_s=0.0006, attack_s=0.4),
        release_s=0.3, dynamics_db=10,
    ),
    "rain": Patch(
        voice=Bed(low_hz=900, high_hz=9000, tilt=1, events_per_s=60, event_db=16,
                  event_tau_s=0.004, event_band=(1500, 7000), attack_s=0.8, sway_hz=0.11,
                  sway_db=1.5),
        release_s=0.6, dynamics_db=10,
    ),
    "wind": Patch(
        voice=Bed(low_hz=180, high_hz=900, tilt=-3, sway_hz=0.13, sway_db=8, attack_s=1.2),
        release_s=0.8, dynamics_db=10,
    ),
}  # fmt: skip
