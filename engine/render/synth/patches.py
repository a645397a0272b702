"""The patches: every sound of ours by name, and which of them stands in for a General MIDI program.

The numbers come from our own bench (levels in dB, times in seconds); nothing is sampled.
"""

from typing import Any

from msgspec import Struct

from engine.render.synth.voices import Bed, Fm, Glide, Modal, Osc, Plucked, Rise, Subtractive


class Patch(Struct, frozen=True, kw_only=True):
    """A voice and how its notes end."""

    voice: Any
    release_s: float = 0.12  # 1/e time after the note is let go
    rings: bool = False  # ignores the end of the note, as a bell does
    longest_s: float = 6.0  # a ringing note is over after this
    dynamics_db: float = 26.0  # how far the softest note lies under the loudest
    low: int = 24
    high: int = 108
    exact: bool = False  # its length is part of the sound (risers), never rounded
    key_width: float = 0.0  # how far the keys spread from left to right, 0-1


def _sub(*oscillators: Osc, **settings: Any) -> Subtractive:
    return Subtractive(oscillators=oscillators, **settings)


_GLASS = Modal(
    ratios=(1, 2.32, 4.25, 6.63, 9.38),
    levels_db=(0, -7, -12, -18, -25),
    t60_s=(2.4, 1.3, 0.7, 0.4, 0.2),
    contact_ms=0.3,
    pair_hz=0.25,
    soft_db=4,
)
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
_BELL_FM = Fm(
    pairs=((1, 3.5, 1.5, 0.9, 0), (1, 1.41, 0.5, 0.4, -10)),
    t60_s=3.6,
    velocity_index=0.5,
    low_pass_hz=11_000,
)
_STRINGS = _sub(
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
_SOLO_BOW = _sub(
    Osc("bowed", 0, 0, 1),
    cutoff_hz=3600,
    keytrack=0.4,
    velocity_octaves=1.0,
    slope=12,
    attack_s=0.07,
    decay_s=0.5,
    sustain=0.85,
    vibrato_cents=17,
    vibrato_hz=5.6,
    scoop_cents=-30,
    scoop_tau_s=0.045,
    formants=((290, 4, 3), (480, 3, 3), (1150, 4, 3), (2900, 4, 3)),
    breath_db=-30,
    breath_band=(1500, 6000),
    tremolo_hz=5.6,
    tremolo_db=1.2,
)
_CHOIR = _sub(
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
_BRASS = _sub(
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
_HORN = _sub(
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
_SAX = _sub(
    Osc("reed", 0, 0, 1),
    cutoff_hz=1700,
    keytrack=0.4,
    velocity_octaves=1.4,
    attack_s=0.03,
    decay_s=0.5,
    sustain=0.85,
    vibrato_cents=12,
    scoop_cents=-35,
    scoop_tau_s=0.035,
    formants=((520, 5, 3), (1250, 5, 3), (2500, 3, 3)),
    breath_db=-30,
    breath_band=(900, 6000),
    chiff_db=8,
)
_OBOE = _sub(
    Osc("bowed", 0, 0, 1),
    cutoff_hz=2800,
    keytrack=0.3,
    velocity_octaves=0.8,
    attack_s=0.035,
    decay_s=0.5,
    sustain=0.9,
    vibrato_cents=9,
    formants=((1050, 9, 4), (2900, 5, 4)),
    breath_db=-38,
)
_CLARINET = _sub(
    Osc("clarinet", 0, 0, 1),
    cutoff_hz=2300,
    keytrack=0.4,
    velocity_octaves=1.2,
    attack_s=0.04,
    decay_s=0.5,
    sustain=0.92,
    vibrato_cents=4,
    breath_db=-36,
    breath_band=(1200, 5000),
)
_FLUTE = _sub(
    Osc("flute", 0, 0, 1),
    cutoff_hz=3800,
    keytrack=0.6,
    velocity_octaves=1.0,
    attack_s=0.045,
    decay_s=0.5,
    sustain=0.9,
    vibrato_cents=11,
    vibrato_hz=5.1,
    tremolo_hz=5.1,
    tremolo_db=1.5,
    breath_db=-30,
    breath_band=(1200, 7000),
    chiff_db=10,
)
_ORGAN = _sub(
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


PATCHES: dict[str, Patch] = {
    # keys
    "felt_piano": Patch(voice=_FELT, key_width=0.35, release_s=0.14, longest_s=7, low=28, high=96),
    "piano_grand": Patch(voice=_GRAND, key_width=0.4, release_s=0.1, longest_s=8, low=21, high=108),
    "ep_tine": Patch(voice=_EP, key_width=0.25, release_s=0.09, longest_s=6, low=28, high=96),
    "ep_reed": Patch(voice=_EP_REED, key_width=0.25, release_s=0.08, longest_s=4, low=28, high=96),
    "toy_bell": Patch(voice=_MUSIC_BOX, key_width=0.3, rings=True, longest_s=2.2, low=55, high=108),
    "organ": Patch(voice=_ORGAN, release_s=0.03, dynamics_db=8, low=24, high=96),
    "church_organ": Patch(
        voice=_sub(
            Osc("organ_full", -12, -4),
            Osc("organ_full", 0, 0, 3, 2),
            Osc("organ_soft", 12, -6, 2, 2),
            cutoff_hz=6500, keytrack=0.1, attack_s=0.05, spread=0.7, breath_db=-42,
        ),
        release_s=0.12, dynamics_db=6, low=24, high=96,
    ),
    "accordion": Patch(
        voice=_sub(
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
    # plucks
    "pluck_soft": Patch(
        voice=_sub(
            Osc("soft_saw", 0, 0, 2, 5), Osc("sine", 12, -12),
            cutoff_hz=600, keytrack=0.8, env_octaves=2.4, env_tau_s=0.09, velocity_octaves=1.4,
            attack_s=0.002, decay_s=0.28, sustain=0.0, spread=0.5,
        ),
        release_s=0.16, longest_s=2,
    ),
    "pluck_glass": Patch(voice=_GLASS, key_width=0.3, rings=True, longest_s=2.6, low=48, high=100),
    "arp_saw": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 2, 7), Osc("square", -12, -9),
            cutoff_hz=650, keytrack=0.8, env_octaves=3.0, env_tau_s=0.11, velocity_octaves=1.2,
            q=1.3, slope=24, attack_s=0.002, decay_s=0.22, sustain=0.25, spread=0.4,
        ),
        release_s=0.09, dynamics_db=16,
    ),
    "koto_ks": Patch(voice=_KOTO, key_width=0.3, release_s=0.5, longest_s=3.5, low=38, high=91),
    "zheng_ks": Patch(voice=_ZHENG, key_width=0.4, rings=True, longest_s=5, low=38, high=91),
    "pipa_ks": Patch(voice=_PIPA, release_s=0.08, longest_s=2.5, low=45, high=91),
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
    # bells and mallets
    "bell_fm": Patch(voice=_BELL_FM, key_width=0.3, rings=True, longest_s=4, low=48, high=103),
    "bell_modal": Patch(voice=_TUBULAR, rings=True, longest_s=6, low=48, high=90),
    "bowl_modal": Patch(voice=_BOWL, rings=True, longest_s=9, low=36, high=84),
    "yangqin_modal": Patch(
        voice=_YANGQIN, key_width=0.4, rings=True, longest_s=3.2, low=43, high=93,
    ),
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
    # pads
    "pad_warm": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 4, 8),
            cutoff_hz=1000, keytrack=0.35, sweep_hz=0.09, sweep_octaves=0.4, velocity_octaves=1.0,
            attack_s=0.55, sustain=1.0, spread=0.9, drift_cents=3,
        ),
        release_s=0.45, dynamics_db=12, low=36, high=88,
    ),
    "pad_glass": Patch(
        voice=_sub(
            Osc("hollow", 0, 0, 3, 5), Osc("sine", 19, -15, 2, 4), Osc("sine", 24, -18, 2, 6),
            cutoff_hz=4200, attack_s=0.45, spread=0.9, drift_cents=2,
            tremolo_hz=0.6, tremolo_db=2.0,
        ),
        release_s=0.7, dynamics_db=12, low=36, high=96,
    ),
    "pad_dark": Patch(
        voice=_sub(
            Osc("dark", 0, 0, 3, 5), Osc("dark", 7, -12, 2, 4),
            cutoff_hz=420, keytrack=0.3, sweep_hz=0.05, sweep_octaves=0.5, velocity_octaves=0.8,
            attack_s=0.9, spread=0.8, drift_cents=4,
        ),
        release_s=0.8, dynamics_db=12, low=28, high=76,
    ),
    "pad_choir": Patch(voice=_CHOIR, release_s=0.35, dynamics_db=14, low=40, high=86),
    "pad_poly": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 3, 9), Osc("pulse42", 0, -6, 2, 6),
            cutoff_hz=1500, keytrack=0.4, env_octaves=1.0, env_tau_s=0.9, velocity_octaves=1.2,
            q=0.9, attack_s=0.09, decay_s=0.9, sustain=0.75, spread=0.9, drift_cents=3,
        ),
        release_s=0.28, dynamics_db=14, low=36, high=91,
    ),
    "pad_strings": Patch(voice=_STRINGS, release_s=0.22, dynamics_db=16, low=28, high=96),
    "pad_grain": Patch(
        voice=_sub(
            Osc("hollow", 0, 0, 3, 5), Osc("hollow", 12, -11, 2, 6), Osc("hollow", 7, -14, 2, 4),
            cutoff_hz=3000, attack_s=0.5, spread=1.0, drift_cents=6, tremolo_hz=7.0,
            tremolo_db=2.5, breath_db=-24, breath_band=(1500, 7000),
        ),
        release_s=0.7, dynamics_db=12, low=40, high=91,
    ),
    # drones
    "drone_sub": Patch(
        voice=_sub(
            Osc("sub", 0, 0), Osc("dark", 12, -13, 2, 3),
            cutoff_hz=300, attack_s=0.8, sweep_hz=0.06, sweep_octaves=0.4, drift_cents=2,
        ),
        release_s=0.6, dynamics_db=10, low=20, high=60,
    ),
    "drone_bow": Patch(
        voice=_sub(
            Osc("bowed", 0, 0, 3, 4), Osc("bowed", 12, -14, 2, 3),
            cutoff_hz=1300, keytrack=0.4, attack_s=0.6, sweep_hz=0.11, sweep_octaves=0.5,
            spread=0.6, drift_cents=4, formants=((180, 3, 3), (420, 3, 3), (1100, 2, 3)),
            breath_db=-30, breath_band=(800, 5000),
        ),
        release_s=0.5, dynamics_db=12, low=24, high=84,
    ),
    "drone_metal": Patch(
        voice=_sub(
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
    # leads
    "lead_saw": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 2, 6), Osc("square", -12, -10),
            cutoff_hz=2600, keytrack=0.8, env_octaves=0.9, env_tau_s=0.3, velocity_octaves=1.0,
            q=0.9, attack_s=0.008, decay_s=0.4, sustain=0.75, vibrato_cents=15, drift_cents=2,
            spread=0.25,
        ),
        release_s=0.09, dynamics_db=14,
    ),
    "lead_square": Patch(
        voice=_sub(
            Osc("pulse42", 0, 0, 2, 3),
            cutoff_hz=2300, keytrack=0.7, velocity_octaves=1.0, attack_s=0.012, decay_s=0.4,
            sustain=0.82, vibrato_cents=13, drift_cents=2, spread=0.2,
        ),
        release_s=0.08, dynamics_db=14,
    ),
    "lead_soft": Patch(
        voice=_sub(
            Osc("triangle", 0, 0, 2, 4), Osc("soft_saw", 0, -12),
            cutoff_hz=1900, keytrack=0.7, velocity_octaves=1.0, attack_s=0.03, decay_s=0.5,
            sustain=0.85, vibrato_cents=12, drift_cents=2, spread=0.3, breath_db=-38,
        ),
        release_s=0.14, dynamics_db=14,
    ),
    "lead_sine": Patch(
        voice=_sub(
            Osc("whistle", 0, 0, 1),
            cutoff_hz=6000, attack_s=0.03, vibrato_cents=14, scoop_cents=-35, scoop_tau_s=0.05,
            breath_db=-36, breath_band=(900, 4000),
        ),
        release_s=0.1, dynamics_db=14,
    ),
    "supersaw": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 7, 20),
            cutoff_hz=7000, keytrack=0.3, env_octaves=0.5, env_tau_s=0.5, velocity_octaves=1.0,
            attack_s=0.01, decay_s=0.6, sustain=0.75, spread=0.85, drift_cents=2,
        ),
        release_s=0.18, dynamics_db=14, low=36, high=96,
    ),
    "erhu_bow": Patch(
        voice=_sub(
            Osc("bowed", 0, 0, 1),
            cutoff_hz=4200, keytrack=0.3, velocity_octaves=1.2, attack_s=0.06, decay_s=0.6,
            sustain=0.88, vibrato_cents=34, vibrato_hz=5.6, scoop_cents=-60, scoop_tau_s=0.045,
            formants=((480, 5, 4), (950, 9, 5), (1650, 5, 5), (2900, 7, 4)),
            breath_db=-30, breath_band=(1500, 6000), tremolo_hz=5.6, tremolo_db=1.4,
        ),
        release_s=0.08, dynamics_db=16, low=55, high=98,
    ),
    "dizi_air": Patch(
        voice=_sub(
            Osc("dizi", 0, 0, 1),
            cutoff_hz=6500, keytrack=0.3, velocity_octaves=0.8, attack_s=0.035, decay_s=0.5,
            sustain=0.92, vibrato_cents=10, vibrato_hz=4.9, tremolo_hz=4.9, tremolo_db=2.4,
            formants=((4200, 5, 4), (6000, 4, 4)), breath_db=-30, breath_band=(1000, 8000),
            chiff_db=10, scoop_cents=25, scoop_tau_s=0.02,
        ),
        release_s=0.07, dynamics_db=14, low=55, high=100,
    ),
    "theremin": Patch(
        voice=_sub(
            Osc("hollow", 0, 0, 1),
            cutoff_hz=5000, attack_s=0.12, vibrato_cents=34, vibrato_hz=5.8, scoop_cents=-140,
            scoop_tau_s=0.09, tremolo_hz=5.8, tremolo_db=1.5,
        ),
        release_s=0.15, dynamics_db=14,
    ),
    # basses
    "bass_sub": Patch(
        voice=_sub(Osc("sub", 0, 0), cutoff_hz=2000, attack_s=0.006),
        release_s=0.03, dynamics_db=8, low=20, high=60,
    ),
    "bass_saw": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 2, 4), Osc("sine", 0, -1),
            cutoff_hz=520, keytrack=0.5, env_octaves=1.9, env_tau_s=0.2, velocity_octaves=0.9,
            q=1.1, slope=24, attack_s=0.003, decay_s=0.35, sustain=0.6, drive=1.0,
        ),
        release_s=0.045, dynamics_db=8, low=20, high=67,
    ),
    "bass_pluck": Patch(
        voice=_sub(
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
        voice=_sub(
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
    # consoles
    "pulse12": Patch(voice=_sub(Osc("pulse12"), chip=True, sustain=0.5, decay_s=0.25),
                     release_s=0.008, dynamics_db=12),
    "pulse25": Patch(voice=_sub(Osc("pulse25"), chip=True, sustain=0.55, decay_s=0.3),
                     release_s=0.008, dynamics_db=12),
    "pulse50": Patch(voice=_sub(Osc("square"), chip=True, sustain=0.6, decay_s=0.35,
                                vibrato_cents=14, vibrato_hz=6),
                     release_s=0.008, dynamics_db=12),
    "tri_chip": Patch(voice=_sub(Osc("triangle"), Osc("square", 48, -34), chip=True, sustain=1.0),
                      release_s=0.006, dynamics_db=4, low=20, high=96),
    "noise_chip": Patch(
        voice=Rise(start_hz=5000, end_hz=2500, growth_db=26, reverse=True), exact=True,
        release_s=0.008, longest_s=0.6,
    ),
    # winds, strings and brass, for when no bank is installed
    "violin": Patch(voice=_SOLO_BOW, release_s=0.07, dynamics_db=16, low=28, high=100),
    "horn": Patch(voice=_HORN, release_s=0.09, dynamics_db=18, low=29, high=84),
    "brass": Patch(voice=_BRASS, release_s=0.06, dynamics_db=18, low=29, high=88),
    "sax": Patch(voice=_SAX, release_s=0.06, dynamics_db=16, low=36, high=90),
    "oboe": Patch(voice=_OBOE, release_s=0.06, dynamics_db=14, low=34, high=93),
    "clarinet": Patch(voice=_CLARINET, release_s=0.06, dynamics_db=18, low=38, high=93),
    "flute": Patch(voice=_FLUTE, release_s=0.07, dynamics_db=16, low=48, high=103),
    "tremolo_strings": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 5, 10), cutoff_hz=2600, velocity_octaves=1.2, attack_s=0.05,
            spread=0.9, drift_cents=4, tremolo_hz=11.5, tremolo_db=7,
            formants=((300, 2, 2), (1100, 2.5, 2)), breath_db=-30, breath_band=(1500, 6000),
        ),
        release_s=0.15, dynamics_db=16, low=28, high=96,
    ),
    "overdrive": Patch(
        voice=_sub(
            Osc("saw", 0, 0, 2, 4), cutoff_hz=2600, keytrack=0.2, slope=24, attack_s=0.004,
            decay_s=1.5, sustain=0.7, drive=3.5, velocity_octaves=0.6, spread=0.3,
            formants=((500, 4, 2), (2200, 4, 2)),
        ),
        release_s=0.06, dynamics_db=12, low=28, high=91,
    ),
    # effects
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
        voice=_sub(
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

# One stand-in for every program 0-127, family by family.
GENERAL_MIDI: tuple[str, ...] = (
    "piano_grand", "piano_grand", "ep_reed", "piano_grand", "ep_tine", "ep_tine", "harpsichord",
    "clavinet",
    "celesta", "glock", "toy_bell", "vibes", "marimba", "xylophone", "bell_modal", "yangqin_modal",
    "organ", "organ", "organ", "church_organ", "accordion", "accordion", "accordion", "accordion",
    "nylon_ks", "steel_ks", "steel_ks", "steel_ks", "muted_ks", "overdrive", "overdrive",
    "steel_ks",
    "bass_upright", "bass_finger", "bass_finger", "bass_finger", "bass_slap", "bass_slap",
    "bass_saw", "bass_fm",
    "violin", "violin", "violin", "violin", "tremolo_strings", "pizzicato", "harp_ks", "timpani",
    "pad_strings", "pad_strings", "pad_strings", "pad_poly", "pad_choir", "pad_choir", "pad_choir",
    "impact",
    "brass", "brass", "brass", "horn", "horn", "brass", "brass", "brass",
    "sax", "sax", "sax", "sax", "oboe", "oboe", "sax", "clarinet",
    "flute", "flute", "flute", "flute", "dizi_air", "dizi_air", "lead_sine", "flute",
    "lead_square", "lead_saw", "lead_soft", "lead_soft", "lead_saw", "pad_choir", "supersaw",
    "bass_saw",
    "pad_glass", "pad_warm", "pad_poly", "pad_choir", "drone_bow", "drone_metal", "pad_choir",
    "pad_dark",
    "rain", "pad_glass", "bell_fm", "pad_grain", "bell_soft", "pad_dark", "pad_grain", "pad_glass",
    "sitar", "banjo_ks", "shamisen", "koto_ks", "kalimba", "drone_bow", "violin", "oboe",
    "glock", "xylophone", "steel_drum", "woodblock", "taiko", "timpani", "taiko", "rev_swell",
    "scrape", "drone_breath", "wind", "dizi_air", "bell_fm", "wind", "wind", "impact",
)  # fmt: skip
