"""Guzheng, pipa, yangqin, erhu and dizi, and the koto beside them."""

from engine.render.synth.patches.patch import Patch, sub
from engine.render.synth.voices import Osc, Plucked

_YANGQIN = Plucked(
    t60_s=3.0,
    damping=0.006,
    position=0.11,
    bright_hz=3600,
    stiffness=1e-4,
    roll=0.85,
    strings=2,
    detune_cents=2.5,
    contact_ms=0.35,
    body=((240, 4, 6), (520, 4, 6), (1400, 3, 5)),
    nail=(2000, 5000, 0.0018, -18),
)
_PIPA = Plucked(
    t60_s=1.3,
    damping=0.012,
    position=0.1,
    bright_hz=3200,
    stiffness=4e-5,
    roll=0.9,
    body=((420, 5, 8), (720, 4, 8), (1350, 4, 6), (2400, 3, 5)),
    nail=(3000, 7000, 0.0015, -14),
    scoop_cents=-25,
)
_ZHENG = Plucked(
    t60_s=4.6,
    damping=0.006,
    position=0.13,
    bright_hz=2600,
    stiffness=1.2e-4,
    roll=0.95,
    body=((180, 4, 7), (330, 3, 7), (700, 2, 5)),
    nail=(2500, 6000, 0.002, -20),
    scoop_cents=-18,
)
_KOTO = Plucked(
    t60_s=2.6,
    damping=0.008,
    position=0.12,
    bright_hz=2700,
    stiffness=8e-5,
    roll=0.95,
    body=((180, 3, 7), (430, 4, 7), (900, 2, 5)),
    nail=(2500, 6500, 0.0016, -18),
    scoop_cents=-12,
)

CHINESE: dict[str, Patch] = {
    "zheng_ks": Patch(voice=_ZHENG, key_width=0.4, rings=True, longest_s=5, low=38, high=91),
    "koto_ks": Patch(voice=_KOTO, key_width=0.3, release_s=0.5, longest_s=3.5, low=38, high=91),
    "pipa_ks": Patch(voice=_PIPA, release_s=0.08, longest_s=2.5, low=45, high=91),
    "yangqin_modal": Patch(
        voice=_YANGQIN, key_width=0.4, rings=True, longest_s=3.2, low=43, high=93,
    ),
    "erhu_bow": Patch(
        voice=sub(
            Osc("bowed", 0, 0, 1),
            cutoff_hz=4200, keytrack=0.3, velocity_octaves=1.2, attack_s=0.06, decay_s=0.6,
            sustain=0.88, vibrato_cents=34, vibrato_hz=5.6, scoop_cents=-60, scoop_tau_s=0.045,
            formants=((480, 5, 4), (950, 9, 5), (1650, 5, 5), (2900, 7, 4)),
            breath_db=-30, breath_band=(1500, 6000), tremolo_hz=5.6, tremolo_db=1.4,
        ),
        release_s=0.08, dynamics_db=16, low=55, high=98,
    ),
    "dizi_air": Patch(
        voice=sub(
            Osc("dizi", 0, 0, 1),
            cutoff_hz=6500, keytrack=0.3, velocity_octaves=0.8, attack_s=0.035, decay_s=0.5,
            sustain=0.92, vibrato_cents=10, vibrato_hz=4.9, tremolo_hz=4.9, tremolo_db=2.4,
            formants=((4200, 5, 4), (6000, 4, 4)), breath_db=-30, breath_band=(1000, 8000),
            chiff_db=10, scoop_cents=25, scoop_tau_s=0.02,
        ),
        release_s=0.07, dynamics_db=14, low=55, high=100,
    ),
}  # fmt: skip
