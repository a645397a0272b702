"""Guzheng, pipa, yangqin, erhu, dizi and xiao, and the koto beside them."""

from engine.render.synth.blown import Blown
from engine.render.synth.bowed import Bowed
from engine.render.synth.patches.patch import Patch
from engine.render.synth.voices import Plucked

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

_ERHU = Bowed(
    power=0.9,
    formants=((480, 5, 4), (950, 9, 5), (1650, 5, 5), (2900, 7, 4)),
    soft_hz=3200,
    hard_hz=6500,
    attack_s=0.07,
    accent_s=0.025,
    fade_s=0.07,
    dip_db=3.0,
    vibrato_hz=5.6,
    vibrato_delay_s=0.18,
    vibrato_db=1.2,
    noise_db=-30,
    noise_band=(1500, 6000, -3),
    chiff_db=6,
)
_DIZI = Blown(
    harmonics=(1.0, 0.55, 0.38, 0.18, 0.12, 0.07, 0.04),
    buzz_db=-18,
    buzz_from_hz=2500,
    buzz_formants=((4200, 4, 4), (6000, 4, 4)),
    attack_s=0.035,
    accent_s=0.018,
    fade_s=0.05,
    dip_db=4.0,
    vibrato_hz=4.9,
    vibrato_delay_s=0.22,
    vibrato_db=2.5,
    vibrato_full=10,
    drift_cents=2,
    noise_db=-34,
    noise_band=(1000, 8000, -3),
    chiff_db=10,
)
_XIAO = Blown(
    harmonics=(1.0, 0.28, 0.16, 0.05),
    opening=0.9,
    attack_s=0.09,
    accent_s=0.05,
    fade_s=0.09,
    dip_db=3.0,
    vibrato_hz=4.6,
    vibrato_delay_s=0.5,
    vibrato_db=1.5,
    vibrato_full=12,
    fall_cents=15,
    noise_db=-28,
    noise_band=(700, 6000, -3),
    chiff_db=6,
    chiff_s=0.06,
    low_pass_hz=7000,
)


CHINESE: dict[str, Patch] = {
    "zheng_ks": Patch(voice=_ZHENG, key_width=0.4, rings=True, longest_s=5, low=38, high=91),
    "zheng_stopped": Patch(
        voice=_ZHENG, key_width=0.4, release_s=0.03, longest_s=5, low=38, high=91,
    ),
    "koto_ks": Patch(voice=_KOTO, key_width=0.3, release_s=0.5, longest_s=3.5, low=38, high=91),
    "pipa_ks": Patch(voice=_PIPA, release_s=0.08, longest_s=2.5, low=45, high=91),
    "yangqin_modal": Patch(
        voice=_YANGQIN, key_width=0.4, rings=True, longest_s=3.2, low=43, high=93,
    ),
    "erhu_bow": Patch(voice=_ERHU, release_s=0.07, dynamics_db=16, low=55, high=98),
    "dizi_air": Patch(voice=_DIZI, release_s=0.06, dynamics_db=14, low=62, high=100),
    "xiao_air": Patch(voice=_XIAO, release_s=0.1, dynamics_db=14, low=55, high=88),
}  # fmt: skip
