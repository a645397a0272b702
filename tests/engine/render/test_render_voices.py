import re
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from engine.render.notes import NOTES
from engine.render.strokes import Stroke
from engine.render.synth import kits, player, steady, trims
from engine.render.synth import oscillators as osc
from engine.render.synth.patches import GENERAL_MIDI, PATCHES
from engine.render.synth.singing import Line
from engine.render.synth.sounds import play, varies
from engine.render.synth.voices import Bed, Rise
from engine.render.synth.wavetables import bent_turn, read, steady_turn, tables
from engine.render.synth.wheels import wheels
from engine.sound.loudness import momentary_lufs

NAMED_BY_STYLES = re.findall(
    r"\w+",
    """felt_piano ep_tine ep_reed toy_bell pluck_soft pluck_glass arp_saw koto_ks zheng_ks pipa_ks
    lute_ks nylon_ks bell_fm bell_modal bowl_modal yangqin_modal chime_modal pad_warm pad_glass
    pad_dark pad_choir pad_poly pad_strings pad_grain drone_sub drone_bow drone_metal drone_breath
    lead_saw lead_square lead_soft lead_sine supersaw erhu_bow dizi_air theremin bass_sub bass_saw
    bass_pluck bass_fm bass_reese bass_808 pulse12 pulse25 pulse50 tri_chip noise_chip riser downer
    impact braam rev_swell vinyl rain wind heartbeat scrape sub_drop""",
)


PLAYED = sorted(name for name, patch in PATCHES.items() if not isinstance(patch.voice, Line))
PITCHED = [
    name
    for name in PLAYED
    if not isinstance(PATCHES[name].voice, Bed | Rise)
    and not getattr(PATCHES[name].voice, "fixed_hz", 0)
    and name not in ("woodblock", "drone_metal", "bell_fm", "bell_modal", "sub_drop")
]
"""Patches whose first partial is their pitch."""
MOVED = [
    "lead_saw", "supersaw", "nylon_ks", "ep_tine", "ep_reed", "bell_fm", "brass", "horn",
    "piano_grand", "felt_piano", "pad_warm", "pad_poly", "pad_strings", "arp_saw", "bass_saw",
    "bass_fm", "bass_finger", "marimba", "vibes", "harp_ks", "pipa_ks", "steel_ks", "pluck_soft",
]  # fmt: skip
BEATING = ("drone_metal", "drone_bow", "drone_sub", "pad_choir", "pad_grain", "pad_dark", "organ")


def unison(name: str) -> int:
    """How many voices or strings sound a note together."""
    voice = PATCHES[name].voice
    voices = [one.voices for one in getattr(voice, "oscillators", ())]
    return max([*voices, getattr(voice, "strings", 1)])


def held(patch: str, pitch: int, seconds: float = 1.0, velocity: int = 100) -> np.ndarray:
    frames = int(seconds * 48_000)
    return player.play_part(patch, [Stroke(0, frames, pitch, velocity)], frames + 48_000)


def test_every_patch_that_the_styles_name_is_there() -> None:
    assert not set(NAMED_BY_STYLES) - PATCHES.keys()
    assert {"kit_lofi", "kit_808", "kit_909", "kit_80s", "kit_cinema", "kit_soft", "kit_chip",
            "kit_cn"} <= kits.KITS.keys()  # fmt: skip


def test_every_general_midi_program_has_a_stand_in_of_even_loudness() -> None:
    assert len(GENERAL_MIDI) == 128
    spread = {}
    for name in sorted(set(GENERAL_MIDI)):
        patch = PATCHES[name]
        pitch = int(np.clip(60, patch.low, patch.high))
        spread[name] = momentary_lufs(held(name, pitch, 2.5))
    loud = {name: level for name, level in spread.items() if abs(level + 20) > 3}
    assert not loud


@pytest.mark.parametrize("name", PLAYED)
def test_a_note_begins_and_ends_without_a_click_and_without_offset(name: str) -> None:
    patch = PATCHES[name]
    sound = held(name, int(np.clip(57, patch.low, patch.high)), 0.4)
    assert np.isfinite(sound).all()
    assert np.abs(sound[0]).max() < 1e-3
    # A note that is cut before it has died keeps half a period of what it was made of.
    assert np.abs(sound.mean(axis=0)).max() < 3e-3 * np.abs(sound).max()
    assert np.abs(sound).max() > 1e-3


@pytest.mark.parametrize("name", PLAYED)
def test_every_patch_is_as_loud_as_the_others(name: str) -> None:
    patch = PATCHES[name]
    home = int(np.clip(60, patch.low, patch.high))
    seconds = 1 + getattr(patch.voice, "attack_s", 0.0)
    if patch.exact:  # its length is its sound: there is no one level
        assert abs(loudness(name, home, seconds) + 20) < 2.5
        return
    # A bed sways: what half a minute of it would be cannot be told from four seconds.
    assert abs(loudness(name, home, seconds) + 20) < (1 if isinstance(patch.voice, Bed) else 0.6)
    for pitch in (patch.low, (patch.low + home) // 2, (patch.high + home) // 2, patch.high):
        assert abs(loudness(name, pitch, seconds, times=2) + 20) < (4 if name in BEATING else 2)


def loudness(name: str, pitch: int, seconds: float, times: int = 4) -> float:
    """LUFS of the loudest 400 ms, the mean of some notes: no two of an ensemble are alike."""
    patch = PATCHES[name]
    gap = int((seconds + (patch.longest_s if patch.rings else 5 * patch.release_s)) * 48_000)
    notes = [Stroke(i * gap, int(seconds * 48_000), pitch, 100) for i in range(times)]
    sound = player.play_part(name, notes, gap * times)
    heard = [momentary_lufs(sound[i * gap : (i + 1) * gap]) for i in range(times)]
    return float(10 * np.log10(np.mean(10 ** (np.array(heard) / 10))))


def test_the_kept_levels_are_those_of_the_patches() -> None:
    kept = trims._kept()
    fresh = [name for name in PLAYED if name in kept
             and kept[name].fingerprint == trims.fingerprint(PATCHES[name])]  # fmt: skip
    assert len(fresh) > 0.8 * len(PLAYED), "python -m engine.render.synth measures them anew"
    for name in ("lead_saw", "pad_poly", "marimba", "bass_sub"):
        if name in fresh:
            now, then = trims.measured(name, 2, 2), kept[name].layers[2][2]
            assert abs(now.lufs - then.lufs) < 0.1
            assert abs(now.power_db - then.power_db) < 0.1


@pytest.mark.parametrize("shape", ["saw", "square", "pulse12", "reed", "brass"])
@pytest.mark.parametrize("pitch", [48, 72, 84, 96])
def test_what_an_oscillator_folds_back_is_60_db_under_its_tone(shape: str, pitch: int) -> None:
    base, frames = osc.hertz(pitch), 1 << 15
    h = np.arange(1.0, int(min(osc.TOP_HZ / base, 480)) + 1)
    size = 512 if len(h) < 48 else 1024 if len(h) < 128 else 2048
    cycles = tables(osc.SHAPES[shape](h)[None, :], size)
    sound = read(cycles, steady_turn(base, frames, 0.1)).astype(np.float64)
    assert stray_db(sound, base) < -60


@pytest.mark.parametrize("name", ["ep_tine", "ep_reed", "bass_fm"])
@pytest.mark.parametrize("pitch", [60, 84, 96])
def test_what_phase_modulation_folds_back_is_60_db_under_its_tone(name: str, pitch: int) -> None:
    voice = msgspec.structs.replace(
        PATCHES[name].voice, spread_cents=0.0, drift_cents=0.0, tremolo_db=0.0
    )
    sound = play(voice, pitch, 0.92, 1 << 16, np.random.default_rng(1))
    assert stray_db(np.asarray(sound[8192:40_960], np.float64), osc.hertz(pitch)) < -60


def stray_db(sound: np.ndarray, base: float) -> float:
    """What lies below 16 kHz and on no harmonic, re everything."""
    window = np.blackman(len(sound)) ** 2
    power = np.abs(np.fft.rfft(sound * window)) ** 2
    f = np.fft.rfftfreq(len(sound), 1 / 48_000)
    off = np.abs(f / base - np.round(f / base)) * base
    stray = (off > 12 * 48_000 / len(sound)) & (f < 16_000) & (f > base / 2)
    return float(10 * np.log10(power[stray].sum() / power.sum() + 1e-20))


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_is_in_tune(name: str) -> None:
    patch = PATCHES[name]
    pitch = int(np.clip(69, patch.low, patch.high))
    while pitch > patch.high - 3:
        pitch -= 12
    sound = held(name, pitch, 1.4)[9600:67_200].sum(axis=1)
    size = 1 << 19
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n=size))
    low, high = (int(osc.hertz(pitch + step) * size / 48_000) for step in (-0.7, 0.7))
    power = spectrum[low:high] ** 2
    # Voices in unison stand on both sides of the pitch: their middle is what is heard.
    found = low + (np.argmax(power) if unison(name) == 1 else (power @ np.arange(len(power))
                                                                / power.sum()))  # fmt: skip
    cents = 1200 * np.log2(found * 48_000 / size / osc.hertz(pitch))
    assert abs(cents) < (3.5 if unison(name) == 1 else 6)


@pytest.mark.parametrize("name", PLAYED)
def test_a_note_comes_the_same_every_time_and_its_neighbour_differs(name: str) -> None:
    patch = PATCHES[name]
    pitch = int(np.clip(64, patch.low, patch.high))
    twice = [Stroke(0, 9600, pitch, 90), Stroke(24_000, 9600, pitch, 90)]
    first = player.play_part(name, twice, 48_000)
    NOTES.clear()
    player.play_part(name, [Stroke(0, 30_000, pitch, 60)], 4_800)
    again = player.play_part(name, twice, 48_000)
    assert first.tobytes() == again.tobytes()
    if varies(patch.voice) and not patch.rings:
        assert np.abs(first[:9600] - first[24_000:33_600]).max() > 1e-5


@pytest.mark.parametrize("name", MOVED)
def test_a_harder_note_is_louder_and_brighter(name: str) -> None:
    def centroid(sound: np.ndarray) -> float:
        level = np.abs(np.fft.rfft(sound[:48_000], axis=0)).sum(axis=1)
        return float((level * np.fft.rfftfreq(48_000, 1 / 48_000)).sum() / level.sum())

    patch = PATCHES[name]
    pitch = int(np.clip(60, patch.low, patch.high))
    soft, hard = held(name, pitch, 1.0, 40), held(name, pitch, 1.0, 120)
    asked = 20 * np.log10(player.gain(120, patch.dynamics_db) / player.gain(40, patch.dynamics_db))
    assert abs(momentary_lufs(hard) - momentary_lufs(soft) - asked) < 2
    assert centroid(hard) > 1.08 * centroid(soft)


@pytest.mark.parametrize("name", [name for name in PLAYED if not PATCHES[name].rings])
def test_a_note_is_let_go_without_a_click_and_gone_after_its_release(name: str) -> None:
    patch = PATCHES[name]
    if patch.exact or isinstance(patch.voice, Bed):
        return  # noise has no clicks to be found
    pitch = int(np.clip(57, patch.low, patch.high))
    sound = held(name, pitch, 0.5)
    let_go = 24_000
    gone = let_go + int(5 * patch.release_s * 48_000) + 480
    assert np.abs(sound[gone:]).max(initial=0.0) < 0.012 * np.abs(sound).max()
    bend = np.abs(np.diff(sound, n=2, axis=0)).max(axis=1)
    around = bend[let_go - 48 : let_go + 1200].max()
    assert around < 1.3 * bend[let_go // 2 : let_go - 48].max() + 1e-4


@pytest.mark.parametrize("name", [name for name in PLAYED if unison(name) >= 3])
def test_voices_in_unison_do_not_begin_with_a_zap(name: str) -> None:
    patch = PATCHES[name]
    sound = held(name, int(np.clip(57, patch.low, patch.high)), 0.5).sum(axis=1)
    first = sound[:1440]
    assert 20 * np.log10(np.abs(first).max() / np.sqrt((first**2).mean())) < 14


def test_the_product_form_of_modes_is_their_plain_sum() -> None:
    rng = np.random.default_rng(3)
    frequency, t60 = rng.uniform(100, 9000, 80), rng.uniform(0.05, 2, 80)
    level, phase = rng.uniform(0, 1, 80), rng.uniform(0, 6, 80)
    t = np.arange(30_000) / 48_000
    plain = sum(
        a * np.exp(-6.9078 * t / long) * np.sin(2 * np.pi * f * t + turn)
        for f, a, long, turn in zip(frequency, level, t60, phase, strict=True)
    )
    sound = osc.modal(frequency, level, t60, phase, 30_000)
    assert np.abs(sound - plain).max() < 5e-4 * np.abs(plain).max()


def test_a_morph_that_stands_still_is_the_table_itself() -> None:
    h = np.arange(1.0, 60)
    one = tables((1 / h)[None, :], 1024)
    turn = bent_turn(220.0, 40_000, 0.3, np.linspace(0, 30, 90), 480)
    still = read(np.repeat(one, 3, axis=0), turn, np.linspace(0, 2, 40_000, dtype=np.float32))
    assert np.abs(still - read(one, turn)).max() < 1e-6


def test_a_turn_keeps_its_pitch_for_ten_minutes() -> None:
    turn = steady_turn(1000.0, 600 * 48_000, 0.0).whole()
    cycles = 1000.0 * (len(turn) - 1) / 48_000
    assert abs((int(turn[-1]) / 2**32 - cycles + 0.5) % 1 - 0.5) < 0.01


WHEELS = sorted(name for name, patch in PATCHES.items() if steady.goes_on(patch.voice))


@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_joins_its_own_beginning(name: str) -> None:
    patch = PATCHES[name]
    pitch = int(np.clip(55, patch.low, patch.high))
    (wheel,) = wheels(name, patch.voice, pitch, 0, 0).values()
    round_it = np.concatenate([wheel, wheel], axis=1)
    bend = np.abs(np.diff(round_it, n=2, axis=1)).max(axis=0)
    at = wheel.shape[1]
    assert bend[at - 4 : at + 4].max() <= 1.05 * bend[: at - 8].max()


def test_a_long_note_of_an_ensemble_has_no_pulse_and_no_wandering_level() -> None:
    for name in ("pad_warm", "pad_strings", "pad_choir"):
        sound = held(name, 60, 20.0)[96_000 : 96_000 * 9]
        hops = (sound.astype(np.float64) ** 2).sum(axis=1).reshape(-1, 2400).mean(axis=1)
        level = 10 * np.log10(hops)
        assert level.std() < 3.0
        second = level.reshape(-1, 20).mean(axis=1)
        assert np.ptp(second) < 6.0


def test_a_note_that_is_let_go_is_gone_soon() -> None:
    sound = held("lead_saw", 69, 0.5)
    assert np.abs(sound[24_000 + 36_000 :]).max() < 1e-3
    assert np.abs(sound[12_000:20_000]).max() > 0.02


def test_repeated_notes_are_not_copies_of_one_sound() -> None:
    strokes = [Stroke(i * 24_000, 12_000, 60, 90) for i in range(3)]
    sound = player.play_part("pad_poly", strokes, 72_000)
    one, two = sound[:24_000], sound[24_000:48_000]
    assert np.abs(one - two).max() > 0.01


def test_a_cached_note_is_never_written_to() -> None:
    first = held("nylon_ks", 64).copy()
    held("nylon_ks", 64, 0.2)
    assert (held("nylon_ks", 64) == first).all()


def test_a_bass_never_sounds_two_notes_together() -> None:
    notes = [Stroke(0, 24_000, 36, 100), Stroke(12_000, 12_000, 43, 100)]
    both = player.play_part("bass_sub", notes, 48_000)
    later = player.play_part("bass_sub", notes[1:], 48_000)
    settled = slice(12_000 + 1_440, 24_000)
    assert np.abs(both[settled] - later[settled]).max() < 0.02 * np.abs(later).max()
    assert np.abs(np.diff(both[:, 0], n=2)).max() < 2 * np.abs(np.diff(later[:, 0], n=2)).max()


def test_what_plays_beside_changes_nothing() -> None:
    names = ["pad_warm", "nylon_ks", "lead_saw", "vibes", "pad_warm", "ep_tine"]
    notes = [Stroke(i * 9_000, 20_000, 52 + 5 * i, 60 + 10 * i) for i in range(4)]
    NOTES.clear()
    alone = [player.play_part(name, notes, 72_000).tobytes() for name in names]
    NOTES.clear()
    with ThreadPoolExecutor(3) as pool:
        beside = pool.map(lambda name: player.play_part(name, notes, 72_000).tobytes(), names)
    assert list(beside) == alone
