"""The voice types: what a patch says of its sound. How each is played: see `sounds`."""

from msgspec import Struct


class Osc(Struct, frozen=True):
    """One oscillator: a shape, semitones from the note, level in dB, and its unison."""

    shape: str = "saw"
    semitones: float = 0.0
    level_db: float = 0.0
    voices: int = 1
    detune_cents: float = 0.0


class Subtractive(Struct, frozen=True, kw_only=True):
    """Oscillators through a moving low-pass, baked into tables so that nothing aliases."""

    oscillators: tuple[Osc, ...]
    cutoff_hz: float = 20_000.0
    q: float = 0.707
    slope: int = 12
    keytrack: float = 0.5
    env_octaves: float = 0.0
    env_rise_s: float = 0.0
    env_tau_s: float = 0.2
    velocity_octaves: float = 0.0
    sweep_hz: float = 0.0
    sweep_octaves: float = 0.0
    attack_s: float = 0.005
    decay_s: float = 0.3
    sustain: float = 1.0
    spread: float = 0.0
    drift_cents: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.3
    scoop_cents: float = 0.0
    scoop_tau_s: float = 0.04
    formants: tuple[tuple[float, float, float], ...] = ()
    breath_db: float = -120.0
    breath_band: tuple[float, float] = (1000.0, 6000.0)
    chiff_db: float = 0.0
    click_db: float = -120.0
    drive: float = 0.0
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    chip: bool = False


class Modal(Struct, frozen=True, kw_only=True):
    """A struck body: partials that ring."""

    ratios: tuple[float, ...]
    levels_db: tuple[float, ...]
    t60_s: tuple[float, ...]
    contact_ms: float = 0.5
    attack_s: float = 0.0005
    halving: float = 18.0  # semitones up the keyboard that halve the ring
    pair_hz: float = 0.0
    soft_db: float = 0.0  # what partial q loses per q when played softly
    knock: tuple[float, float, float, float] | None = None  # low Hz, high Hz, tau s, dB
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    fixed_drift_cents: float = 0.0


class Plucked(Struct, frozen=True, kw_only=True):
    """A string: harmonics shaped by where and how it is plucked, ringing through a body."""

    t60_s: float
    damping: float = 0.01
    position: float = 0.2
    bright_hz: float = 1200.0
    stiffness: float = 1e-5
    roll: float = 1.0
    body: tuple[tuple[float, float, float], ...] = ()
    nail: tuple[float, float, float, float] | None = None
    strings: int = 1
    detune_cents: float = 0.0
    halving: float = 20.0
    attack_s: float = 0.0008
    late_t60_s: float = 0.0
    contact_ms: float = 0.0
    scoop_cents: float = 0.0


class Fm(Struct, frozen=True, kw_only=True):
    """Phase modulation: pairs of (carrier ratio, modulator ratio, index, index tau s, dB)."""

    pairs: tuple[tuple[float, float, float, float, float], ...]
    t60_s: float = 4.0
    halving: float = 18.0
    attack_s: float = 0.001
    sustain: float = 0.0
    spread_cents: float = 0.0
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    asymmetry: float = 0.0
    low_pass_hz: float = 20_000.0
    velocity_index: float = 0.65
    drift_cents: float = 0.0


class Glide(Struct, frozen=True, kw_only=True):
    """A sine that falls or rises to its pitch, driven for harmonics: 808 bass, drops, booms."""

    semitones: float = 12.0
    glide_s: float = 0.03
    tau_s: float = 0.7
    drive: float = 1.5
    click_db: float = -120.0
    attack_s: float = 0.002
    fixed_hz: float = 0.0
    rumble_db: float = -120.0


class Bed(Struct, frozen=True, kw_only=True):
    """A texture: coloured noise that moves slowly, and events scattered over it."""

    low_hz: float
    high_hz: float
    tilt: float = -3.0
    attack_s: float = 0.5
    sway_hz: float = 0.0
    sway_db: float = 0.0
    tuned: tuple[float, ...] = ()  # semitones of resonances above the note
    resonance_q: float = 120.0
    events_per_s: float = 0.0
    event_band: tuple[float, float] = (1500.0, 6000.0)
    event_tau_s: float = 0.001
    event_db: float = 18.0


class Rise(Struct, frozen=True, kw_only=True):
    """A sweep of noise and tone over the whole note, up or down."""

    start_hz: float
    end_hz: float
    tone_semitones: float = 0.0
    growth_db: float = 18.0
    reverse: bool = False
    pulse_hz: float = 0.0
