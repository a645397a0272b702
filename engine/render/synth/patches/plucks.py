"""Plucked strings, and synthesisers that pluck."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Modal, Osc, Plucked

_GLASS = Modal(
    ratios=(1, 2.32, 4.25, 6.63, 9.38),
    levels_db=(0, -7, -12, -18, -25),
    t60_s=(2.4, 1.3, 0.7, 0.4, 0.2),
    contact_ms=0.3,
    pair_hz=0.25,
    soft_db=4,
)
_NYLON = Plucked(
    t60_s=3.2,
    damping=0.012,
    position=0.22,
    bright_hz=1500,
    stiffness=1e-5,
    roll=1.05,
    body=((98, 6, 8), (204, 5, 8), (390, 3, 7), (550, 2, 6)),
    nail=(700, 3500, 0.003, -26),
)
_STEEL = Plucked(
    t60_s=3.8,
    damping=0.004,
    position=0.14,
    bright_hz=2900,
    stiffness=8e-5,
    roll=0.95,
    body=((105, 5, 8), (210, 4, 8), (420, 2, 7)),
    nail=(2500, 7000, 0.002, -22),
)
_MUTED = Plucked(
    t60_s=0.45,
    damping=0.03,
    position=0.16,
    bright_hz=1500,
    roll=1.0,
    nail=(100, 500, 0.015, -14),
)
_HARP = Plucked(
    t60_s=5.5,
    damping=0.012,
    position=0.42,
    bright_hz=1300,
    stiffness=1e-5,
    roll=1.1,
    halving=16,
    body=((150, 3, 5), (310, 3, 5), (640, 2, 5)),
)
_LUTE = Plucked(
    t60_s=1.9,
    damping=0.012,
    position=0.18,
    bright_hz=2100,
    stiffness=2e-5,
    strings=2,
    detune_cents=2.0,
    body=((160, 4, 7), (320, 4, 7), (620, 2, 6)),
    nail=(1500, 5000, 0.002, -22),
)
_BANJO = Plucked(
    t60_s=0.9,
    damping=0.006,
    position=0.1,
    bright_hz=3400,
    stiffness=3e-5,
    body=((320, 6, 5), (760, 5, 5), (1500, 3, 4)),
    nail=(3000, 7000, 0.0015, -18),
)

PLUCKS: dict[str, Patch] = {
    "pluck_soft": Patch(
        voice=sub(
            Osc("soft_saw", 0, 0, 2, 5), Osc("sine", 12, -12),
            cutoff_hz=600, keytrack=0.8, env_octaves=2.4, env_tau_s=0.09, velocity_octaves=1.4,
            attack_s=0.002, decay_s=0.28, sustain=0.0, spread=0.5,
        ),
        release_s=0.16, longest_s=2,
    ),
    "pluck_glass": Patch(voice=_GLASS, key_width=0.3, rings=True, longest_s=2.6, low=48, high=100),
    "arp_saw": Patch(
        voice=sub(
            Osc("saw", 0, 0, 2, 7), Osc("square", -12, -9),
            cutoff_hz=650, keytrack=0.8, env_octaves=3.0, env_tau_s=0.11, velocity_octaves=1.2,
            q=1.3, slope=24, attack_s=0.002, decay_s=0.22, sustain=0.25, spread=0.4,
        ),
        release_s=0.09, dynamics_db=16,
    ),
    "lute_ks": Patch(voice=_LUTE, key_width=0.12, release_s=0.15, longest_s=3),
    "nylon_ks": Patch(voice=_NYLON, key_width=0.12, release_s=0.11, longest_s=4.5, low=36, high=88),
    "steel_ks": Patch(voice=_STEEL, key_width=0.12, release_s=0.11, longest_s=5, low=36, high=88),
    "banjo_ks": Patch(voice=_BANJO, release_s=0.08, longest_s=2),
    "muted_ks": Patch(voice=_MUTED, release_s=0.05, longest_s=1),
    "harp_ks": Patch(voice=_HARP, key_width=0.45, rings=True, longest_s=5, low=28, high=96),
    "pizzicato": Patch(
        voice=Plucked(
            t60_s=0.7, damping=0.03, position=0.25, bright_hz=1500, strings=3, detune_cents=5,
            body=((280, 4, 3), (520, 3, 3), (1100, 2, 3)), nail=(500, 2500, 0.004, -24),
        ),
        rings=True, longest_s=1.2,
    ),
    "shamisen": Patch(
        voice=Plucked(
            t60_s=0.8, damping=0.01, position=0.08, bright_hz=3400,
            body=((600, 6, 4), (1300, 4, 4)), nail=(2000, 6000, 0.002, -10), scoop_cents=-20,
        ),
        release_s=0.06, longest_s=1.5,
    ),
    "sitar": Patch(
        voice=Plucked(
            t60_s=4.0, damping=0.003, position=0.06, bright_hz=3800, stiffness=5e-5, roll=0.7,
            strings=2, detune_cents=3, scoop_cents=-30,
        ),
        release_s=0.4, longest_s=4.5,
    ),
}  # fmt: skip
