"""Pianos, electric pianos and organs."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Fm, Osc, Plucked

_GRAND = Plucked(
    t60_s=9.0,
    damping=0.006,
    position=0.12,
    bright_hz=2100,
    stiffness=3e-4,
    roll=0.85,
    halving=16,
    strings=2,
    detune_cents=0.5,
    contact_ms=0.5,
    late_t60_s=16.0,
    body=((110, 2, 2), (260, 1.5, 2)),
    nail=(200, 1400, 0.012, -24),
)
_FELT = Plucked(
    t60_s=6.5,
    damping=0.012,
    position=0.12,
    bright_hz=1000,
    stiffness=3e-4,
    roll=1.0,
    halving=16,
    strings=2,
    detune_cents=0.6,
    contact_ms=1.1,
    late_t60_s=12.0,
    attack_s=0.003,
    body=((120, 2, 2), (240, 2, 2)),
    nail=(150, 900, 0.025, -22),
)
_HARPSICHORD = Plucked(
    t60_s=3.4,
    damping=0.003,
    position=0.08,
    bright_hz=5200,
    stiffness=4e-5,
    roll=0.65,
    strings=2,
    detune_cents=1.5,
    nail=(2500, 6000, 0.0015, -22),
)
_EP = Fm(
    pairs=((1, 1, 1.9, 0.9, 0), (1, 14, 0.5, 0.09, -14)),
    t60_s=6.0,
    asymmetry=0.12,
    low_pass_hz=6500,
    tremolo_hz=4.6,
    tremolo_db=1.6,
)
_EP_REED = Fm(
    pairs=((1, 1, 2.3, 0.6, 0), (1, 2, 0.7, 0.3, -9)),
    t60_s=3.6,
    asymmetry=0.2,
    low_pass_hz=5200,
    tremolo_hz=5.4,
    tremolo_db=2.0,
)
_ORGAN = sub(
    Osc("organ_soft", -12, -3, 1),
    Osc("organ_soft", 0, 0, 2, 1.5),
    cutoff_hz=5600,
    keytrack=0.1,
    attack_s=0.008,
    click_db=-32,
    spread=0.5,
    tremolo_hz=5.7,
    tremolo_db=1.4,
)

KEYS: dict[str, Patch] = {
    "felt_piano": Patch(voice=_FELT, key_width=0.35, release_s=0.14, longest_s=7, low=28, high=96),
    "piano_grand": Patch(voice=_GRAND, key_width=0.4, release_s=0.1, longest_s=8, low=21, high=108),
    "ep_tine": Patch(voice=_EP, key_width=0.25, release_s=0.09, longest_s=6, low=28, high=96),
    "ep_reed": Patch(voice=_EP_REED, key_width=0.25, release_s=0.08, longest_s=4, low=28, high=96),
    "organ": Patch(voice=_ORGAN, release_s=0.03, dynamics_db=8, low=24, high=96),
    "church_organ": Patch(
        voice=sub(
            Osc("organ_full", -12, -4),
            Osc("organ_full", 0, 0, 3, 2),
            Osc("organ_soft", 12, -6, 2, 2),
            cutoff_hz=6500, keytrack=0.1, attack_s=0.05, spread=0.7, breath_db=-42,
        ),
        release_s=0.12, dynamics_db=6, low=24, high=96,
    ),
    "accordion": Patch(
        voice=sub(
            Osc("reed", 0, 0, 3, 7),
            cutoff_hz=3600, keytrack=0.3, attack_s=0.04, spread=0.5, velocity_octaves=0.8,
            formants=((600, 3, 2), (1800, 4, 2)), breath_db=-40,
        ),
        release_s=0.05, dynamics_db=12, low=36, high=96,
    ),
    "harpsichord": Patch(
        voice=_HARPSICHORD, key_width=0.3, release_s=0.06, dynamics_db=6, longest_s=4,
    ),
    "clavinet": Patch(
        voice=Plucked(t60_s=2.2, damping=0.006, position=0.09, bright_hz=3000, roll=0.75),
        release_s=0.03, longest_s=3,
    ),
}  # fmt: skip
