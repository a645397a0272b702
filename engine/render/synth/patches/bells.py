"""Bells and mallets."""

from engine.render.synth.patches.patch import Patch
from engine.render.synth.voices import Fm, Modal

_SOFT_GLASS = Modal(
    ratios=(1, 2, 3.01, 4.1, 5.43),
    levels_db=(0, -9, -15, -20, -26),
    t60_s=(2.2, 1.5, 1.1, 0.8, 0.5),
    contact_ms=0.8,
    attack_s=0.008,
    pair_hz=0.2,
    soft_db=6,
)
_BOWL = Modal(
    ratios=(1, 2.77, 5.18, 8.16, 11.7),
    levels_db=(0, -5, -11, -18, -26),
    t60_s=(14, 8, 4.5, 2.4, 1.2),
    contact_ms=5,
    attack_s=0.006,
    pair_hz=0.5,
    halving=30,
)
_TUBULAR = Modal(
    ratios=(0.5, 0.99, 2.0, 2.99, 4.17, 5.55, 7.1),
    levels_db=(-14, -7, 0, -3, -6, -10, -15),
    t60_s=(6, 5, 5, 4.5, 3, 2, 1.4),
    contact_ms=0.5,
    knock=(3000, 6000, 0.003, -22),
    pair_hz=0.2,
)
_CELESTA = Modal(
    ratios=(1, 2, 4.0, 6.2, 9.7),
    levels_db=(0, -18, -16, -24, -30),
    t60_s=(1.8, 0.9, 0.5, 0.25, 0.15),
    contact_ms=1.2,
    knock=(200, 600, 0.008, -20),
)
_GLOCK = Modal(
    ratios=(1, 2.76, 5.40, 8.93),
    levels_db=(0, -8, -13, -20),
    t60_s=(2.4, 1.2, 0.6, 0.35),
    contact_ms=0.3,
)
_MUSIC_BOX = Modal(
    ratios=(1, 2.0, 5.2, 8.4),
    levels_db=(0, -12, -16, -26),
    t60_s=(1.4, 0.9, 0.25, 0.12),
    contact_ms=0.4,
    knock=(3000, 6000, 0.002, -22),
    fixed_drift_cents=4,
)
_KALIMBA = Modal(
    ratios=(1, 5.8, 14.9),
    levels_db=(0, -16, -28),
    t60_s=(1.2, 0.2, 0.07),
    contact_ms=0.8,
    knock=(900, 3000, 0.003, -18),
)
_MARIMBA = Modal(
    ratios=(1, 3.98, 9.4, 16.5),
    levels_db=(0, -14, -24, -34),
    t60_s=(0.9, 0.28, 0.1, 0.05),
    contact_ms=1.6,
    halving=12,
    knock=(150, 900, 0.004, -22),
)
_VIBES = Modal(
    ratios=(1, 4.0, 10.2, 17),
    levels_db=(0, -15, -26, -36),
    t60_s=(4.5, 1.8, 0.6, 0.25),
    contact_ms=1.0,
    tremolo_hz=4.5,
    tremolo_db=3.0,
)
_XYLO = Modal(
    ratios=(1, 3.0, 6.6, 11),
    levels_db=(0, -9, -17, -25),
    t60_s=(0.5, 0.2, 0.1, 0.06),
    contact_ms=0.4,
    halving=12,
)
_STEEL_DRUM = Modal(
    ratios=(1, 2, 3.0, 4.07),
    levels_db=(0, -3, -9, -14),
    t60_s=(1.1, 0.8, 0.5, 0.35),
    contact_ms=0.8,
)
_CHIME = Modal(
    ratios=(1, 2, 3.0, 4.2, 5.4),
    levels_db=(0, -8, -14, -20, -26),
    t60_s=(1.6, 1.1, 0.8, 0.5, 0.35),
    contact_ms=0.6,
    attack_s=0.004,
    soft_db=5,
)
_WOODBLOCK = Modal(
    ratios=(1, 1.42, 2.55, 3.9),
    levels_db=(0, -4, -9, -15),
    t60_s=(0.09, 0.06, 0.045, 0.03),
    contact_ms=0.3,
    halving=60,
)
_TIMPANI = Modal(
    ratios=(1, 1.5, 1.99, 2.44, 2.9),
    levels_db=(0, -3, -7, -12, -17),
    t60_s=(2.2, 1.7, 1.2, 0.8, 0.6),
    contact_ms=4,
    attack_s=0.002,
    halving=40,
    knock=(80, 500, 0.012, -12),
)
_TAIKO = Modal(
    ratios=(1, 1.58, 2.27, 2.9),
    levels_db=(0, -4, -9, -15),
    t60_s=(1.1, 0.7, 0.45, 0.3),
    contact_ms=3,
    attack_s=0.001,
    halving=60,
    knock=(200, 1200, 0.012, -8),
)
_BELL_FM = Fm(
    pairs=((1, 3.5, 1.5, 0.9, 0), (1, 1.41, 0.5, 0.4, -10)),
    t60_s=3.6,
    velocity_index=0.5,
    low_pass_hz=11_000,
)

BELLS: dict[str, Patch] = {
    "toy_bell": Patch(voice=_MUSIC_BOX, key_width=0.3, rings=True, longest_s=2.2, low=55, high=108),
    "bell_fm": Patch(voice=_BELL_FM, key_width=0.3, rings=True, longest_s=4, low=48, high=103),
    "bell_modal": Patch(voice=_TUBULAR, rings=True, longest_s=6, low=48, high=90),
    "bowl_modal": Patch(voice=_BOWL, rings=True, longest_s=9, low=36, high=84),
    "chime_modal": Patch(voice=_CHIME, rings=True, longest_s=2.4, low=48, high=103),
    "bell_soft": Patch(
        voice=_SOFT_GLASS, key_width=0.25, rings=True, longest_s=3, low=48, high=100,
    ),
    "celesta": Patch(voice=_CELESTA, key_width=0.3, release_s=0.3, longest_s=2.5, low=48, high=108),
    "glock": Patch(voice=_GLOCK, key_width=0.3, rings=True, longest_s=2.6, low=60, high=108),
    "vibes": Patch(voice=_VIBES, key_width=0.35, release_s=0.35, longest_s=4.5, low=41, high=96),
    "marimba": Patch(voice=_MARIMBA, key_width=0.4, rings=True, longest_s=2.5, low=36, high=100),
    "xylophone": Patch(voice=_XYLO, key_width=0.3, rings=True, longest_s=1.0, low=53, high=108),
    "kalimba": Patch(voice=_KALIMBA, key_width=0.3, rings=True, longest_s=2.2, low=43, high=96),
    "steel_drum": Patch(voice=_STEEL_DRUM, rings=True, longest_s=1.8),
    "woodblock": Patch(voice=_WOODBLOCK, rings=True, longest_s=0.5),
    "timpani": Patch(voice=_TIMPANI, key_width=0.3, rings=True, longest_s=3, low=28, high=64),
    "taiko": Patch(voice=_TAIKO, rings=True, longest_s=2, low=24, high=72),
}  # fmt: skip
