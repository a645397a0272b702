import re

import numpy as np
import pytest

from engine.render.strokes import Stroke
from engine.render.synth import kits, player
from engine.render.synth import oscillators as osc
from engine.render.synth.patches import GENERAL_MIDI, PATCHES
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


@pytest.mark.parametrize("name", sorted(PATCHES))
def test_a_note_begins_and_ends_without_a_click_and_without_offset(name: str) -> None:
    patch = PATCHES[name]
    sound = held(name, int(np.clip(57, patch.low, patch.high)), 0.4)
    assert np.isfinite(sound).all()
    assert np.abs(sound[0]).max() < 2e-3
    # What a driven note keeps of an offset, the role's high-pass takes away.
    assert np.abs(sound.mean(axis=0)).max() < 0.015 * np.abs(sound).max()
    assert np.abs(sound).max() > 1e-3


@pytest.mark.parametrize("name", ["lead_square", "supersaw", "bass_saw", "pulse25", "ep_tine"])
def test_high_notes_do_not_fold_back(name: str) -> None:
    pitch = min(93, PATCHES[name].high)
    base = osc.hertz(pitch)
    sound = held(name, pitch, 1.0)[9600:42_368, 0].astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    f = np.fft.rfftfreq(len(sound), 1 / 48_000)
    near = np.abs(f / (base / 2) - np.round(f / (base / 2))) * (base / 2)
    # Vibrato, unison and drift widen each harmonic; what lies far from all of them is alias.
    stray = (near > 0.04 * np.maximum(f, 400)) & (near > 60) & (f > 300) & (f < base * 4.4)
    assert 10 * np.log10(power[stray].sum() / power.sum()) < -42


@pytest.mark.parametrize(
    ("name", "cents"),
    [("lead_square", 6), ("piano_grand", 6), ("nylon_ks", 4), ("bell_soft", 4), ("bass_sub", 3)],
)
def test_a_note_is_in_tune(name: str, cents: float) -> None:
    sound = held(name, 57, 1.0)[4800:48_000].mean(axis=1)
    size = 1 << 20
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n=size))
    low, high = (int(osc.hertz(57 + step) * size / 48_000) for step in (-0.6, 0.6))
    found = (low + int(np.argmax(spectrum[low:high]))) * 48_000 / size
    assert abs(1200 * np.log2(found / 220.0)) < cents


@pytest.mark.parametrize("name", ["lead_saw", "nylon_ks", "ep_tine", "brass", "piano_grand"])
def test_a_harder_note_is_louder_and_brighter(name: str) -> None:
    def centroid(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound[:48_000, 0])) ** 2
        return float((power * np.fft.rfftfreq(48_000, 1 / 48_000)).sum() / power.sum())

    soft, hard = held(name, 60, 1.0, 40), held(name, 60, 1.0, 120)
    assert momentary_lufs(hard) - momentary_lufs(soft) > 4
    assert centroid(hard) > 1.1 * centroid(soft)


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


@pytest.mark.parametrize("name", sorted(kits.KITS))
def test_every_percussion_key_sounds_on_every_kit(name: str) -> None:
    for key in (*range(35, 60, 3), 36, 38, 42, 46, 49, 51, 54, 60, 64, 69, 76, 81, 116):
        stroke = kits.hit(kits.KITS[name], name, key, 4, 0)
        peak = 20 * np.log10(np.abs(stroke).max())
        assert abs(peak + 9) < 1.5, key
        assert np.abs(stroke[0]).max() < 0.01 and not stroke[-1].any(), key
        assert np.isfinite(stroke).all()


def test_an_open_hat_is_choked_by_the_closed_one() -> None:
    open_hat = [Stroke(0, 4800, 46, 110)]
    choked = player.play_kit("kit_909", [*open_hat, Stroke(4800, 4800, 42, 20)], 48_000)["hats"]
    free = player.play_kit("kit_909", open_hat, 48_000)["hats"]
    late = slice(9600, 14_400)
    assert np.abs(choked[late]).max() < 0.25 * np.abs(free[late]).max()
