"""Erhu, dizi, xiao, guzheng and pipa are measured as they sing: pitch, formants, breath, rolls."""

import numpy as np
import pytest
import render_scores as scores
from render_scores import BAR, QUARTER

from engine.contracts import Brief, Instruments
from engine.plan import draw
from engine.render import instruments
from engine.render.banks import builtin
from engine.render.performance import perform
from engine.render.strokes import Stroke
from engine.render.synth import bends, lines
from engine.render.synth.patches import PATCHES
from engine.score import Note
from engine.sound.loudness import momentary_lufs
from engine.styles import palettes
from engine.words import resolve

SECOND = 48_000
Sound = np.ndarray


def sung(name: str, *strokes: Stroke, seconds: float = 3.0) -> Sound:
    """One channel of a line."""
    frames = int(seconds * SECOND)
    return lines.play_line(name, PATCHES[name], list(strokes), frames)[:, 0].astype(np.float64)


def pitches(sound: Sound, near: float, hop: int = 240) -> Sound:
    """Semitones (MIDI) of the fundamental near ``near``, every ``hop`` frames until silence."""
    hertz = 440 * 2 ** ((near - 69) / 12)
    size, span = 4096, 2048
    window = np.hanning(span)
    low, high = (int(hertz * 2 ** (step / 12) * size * 8 / SECOND) for step in (-6, 6))
    found = []
    for at in range(0, len(sound) - span, hop):
        if np.abs(sound[at : at + span]).max() < 1e-4:
            break
        spectrum = np.abs(np.fft.rfft(sound[at : at + span] * window, n=size * 8))
        top = low + int(np.argmax(spectrum[low:high]))
        one, two, three = np.log(spectrum[top - 1 : top + 2] + 1e-20)
        place = top + 0.5 * (one - three) / (one - 2 * two + three)
        found.append(69 + 12 * np.log2(place * SECOND / (size * 8) / 440))
    return np.array(found)


def level_db(sound: Sound, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / SECOND)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() + 1e-20))


def slur(slide: float, frames: int, first: int, second: int) -> list[Stroke]:
    return [
        Stroke(0, SECOND, first, 95),
        Stroke(SECOND, SECOND, second, 95, slide=slide, slide_frames=frames, legato=True),
    ]


@pytest.mark.parametrize("name", ["erhu_bow", "dizi_air", "xiao_air", "violin", "flute"])
def test_a_held_tone_is_in_tune_and_struck_at_100_it_is_at_minus_twenty(name: str) -> None:
    for pitch in (67, 74, 81):
        both = lines.play_line(name, PATCHES[name], [Stroke(0, 72_000, pitch, 100)], 96_000)
        assert abs(momentary_lufs(both) + 20) < 0.5
        track = pitches(both[12_000:60_000, 0].astype(np.float64), pitch)
        assert abs(track.mean() - pitch) < 0.05


def test_an_erhus_slide_takes_its_time_and_passes_every_pitch_on_the_way() -> None:
    track = pitches(sung("erhu_bow", *slur(-4.0, 4320, 69, 73)), 71)
    around = track[150:260]
    assert abs(track[80:150].mean() - 69) < 0.1 and abs(track[240:350].mean() - 73) < 0.1
    between = np.flatnonzero((around > 69.4) & (around < 72.6))
    assert 0.04 < len(between) * 240 / SECOND < 0.13
    assert np.all(np.diff(around) > -0.2)


def test_a_bound_note_has_no_new_attack() -> None:
    def dip(strokes: list[Stroke]) -> float:
        sound = sung("erhu_bow", *strokes)
        loud = [np.sqrt(np.mean(sound[at : at + 960] ** 2)) for at in range(40_000, 56_000, 240)]
        return float(20 * np.log10(min(loud) / np.median(loud)))

    bound = slur(0.0, 0, 69, 71)
    apart = [Stroke(0, SECOND - 3000, 69, 95), Stroke(SECOND, SECOND, 71, 95)]
    assert dip(bound) > -5
    assert dip(apart) < dip(bound) - 3


def test_vibrato_comes_late_and_is_as_deep_as_the_stroke_says() -> None:
    track = pitches(sung("erhu_bow", Stroke(0, 2 * SECOND, 69, 95, vibrato=40.0)), 69)
    early, late = track[10:30], track[160:360]
    assert np.ptp(early) < 0.2
    assert 0.55 < np.ptp(late) < 1.0
    turns = np.count_nonzero(np.diff(np.sign(late - late.mean()))) / 2
    assert 5.0 < turns / (len(late) * 240 / SECOND) < 6.3


def test_the_erhus_body_and_bow_are_heard() -> None:
    sound = sung("erhu_bow", Stroke(0, 2 * SECOND, 62, 95))[24_000:72_000]
    body = level_db(sound, 800, 1200)
    assert body > level_db(sound, 1250, 1450) + 3  # between the formants
    # Noise between the harmonics, 30 dB under the tone.
    base = 440 * 2 ** ((62 - 69) / 12)
    between = sum(10 ** (level_db(sound, h * base + 60, h * base + 200) / 10) for h in range(6, 18))
    tone = 10 ** (level_db(sound, 100, 18_000) / 10)
    assert -42 < 10 * np.log10(between / tone) < -26


def test_more_bow_is_brighter() -> None:
    def tilt(velocity: int) -> float:
        sound = sung("erhu_bow", Stroke(0, SECOND, 69, velocity), seconds=1.0)[12_000:40_000]
        return level_db(sound, 4000, 9000) - level_db(sound, 300, 2000)

    assert tilt(120) > tilt(40) + 5


def test_the_dizis_membrane_buzzes_where_the_xiao_is_silent() -> None:
    def buzz(name: str) -> float:
        sound = sung(name, Stroke(0, 2 * SECOND, 76, 100))[24_000:72_000]
        return level_db(sound, 3500, 7500) - level_db(sound, 300, 1500)

    assert buzz("dizi_air") > -22
    assert buzz("xiao_air") < buzz("dizi_air") - 12


def test_a_blown_note_begins_with_breath() -> None:
    sound = sung("dizi_air", *(Stroke(at * SECOND, 24_000, 76, 95) for at in range(6)), seconds=6.0)

    def breath(after: int) -> float:
        pieces = [sound[at * SECOND + after :][:1440] for at in range(6)]
        return float(np.mean([level_db(one, 1500, 1850) - level_db(one, 600, 720)
                              for one in pieces]))  # fmt: skip

    assert breath(240) > breath(18_000) + 3


def test_a_grace_falls_onto_its_note() -> None:
    grace = Stroke(0, SECOND, 76, 95, slide=2.0, slide_frames=2160, articulation="grace")
    track = pitches(sung("dizi_air", grace), 76, hop=120)
    assert track[:3].mean() > 76.5
    assert abs(track[60:200].mean() - 76) < 0.1


def test_chords_on_a_singing_voice_are_several_players() -> None:
    strokes = [Stroke(0, SECOND, pitch, 95) for pitch in (62, 69, 76)]
    sound = sung("erhu_bow", *strokes, seconds=1.0)[12_000:44_000]
    for pitch in (62, 69, 76):
        assert np.abs(pitches(sound, pitch) - pitch).min() < 0.3


def test_a_line_ends_in_silence_and_without_a_click() -> None:
    sound = sung("xiao_air", Stroke(4800, SECOND, 69, 100, vibrato=12.0), seconds=4.0)
    assert not sound[:4800].any() and not sound[-24_000:].any()
    assert np.abs(np.diff(sound)).max() < 0.25 * np.abs(sound).max()


# --- plucked --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zheng_ks", "pipa_ks"])
def test_a_string_is_pressed_up_to_its_pitch(name: str) -> None:
    stroke = Stroke(0, 2 * SECOND, 62, 95, slide=-2.0, slide_frames=4800, articulation="bend")
    sound = bends.play_bent(name, [stroke], 2 * SECOND)[:, 0].astype(np.float64)
    track = pitches(sound, 61)
    assert 59.8 < track[0] < 60.8
    assert abs(track[60:120].mean() - 62) < 0.05
    assert np.all(np.diff(track[:30]) > -0.1)


def test_a_shaken_string_only_goes_sharp() -> None:
    stroke = Stroke(0, 2 * SECOND, 62, 95, vibrato=28.0)
    sound = bends.play_bent("zheng_ks", [stroke], 2 * SECOND)[:, 0].astype(np.float64)
    cents = 100 * (pitches(sound, 62)[100:300] - 62)
    assert -8 < cents.min() < 8
    assert 18 < cents.max() < 36


def test_a_bent_note_is_as_loud_as_a_plain_one_and_ends_where_it_ends() -> None:
    plain = bends.play_bent("pipa_ks", [Stroke(0, 24_000, 69, 90)], 96_000)
    bent = bends.play_bent("pipa_ks", [Stroke(0, 24_000, 69, 90, slide=-2.0, slide_frames=4800)],
                           96_000)  # fmt: skip
    assert abs(momentary_lufs(plain) - momentary_lufs(bent)) < 1.0
    ends = [int(np.flatnonzero(np.abs(one[:, 0]) > 1e-4)[-1]) for one in (plain, bent)]
    assert abs(ends[0] - ends[1]) < 4800


def test_a_pipas_roll_is_heard_stroke_by_stroke() -> None:
    notes = [Note(0, 4 * QUARTER, 69, 90), Note(8 * QUARTER, BAR, 72, 90)]
    part = scores.part("lead", "lead", notes, program=106)
    plan = scores.score([part], style="chinese_traditional").plan
    tries = (perform(part, plan, 50.0, 240_000, loop=False, seed=seed) for seed in range(8))
    performance = next(one for one in tries if one.strokes[0].articulation == "roll")
    sound = instruments.play(part, "chinese_traditional", builtin(), performance, 240_000)[:, 0]
    loud = np.sqrt(np.convolve(sound.astype(np.float64) ** 2, np.ones(480) / 480, "same"))[::240]
    rise = np.diff(np.log(loud[4:380] + 1e-6))
    peaks = [at for at in range(2, len(rise) - 2) if rise[at] == rise[at - 2 : at + 3].max() > 0.12]
    assert 18 <= len(peaks) <= 30  # of 26 strokes in two seconds


@pytest.mark.parametrize("seed", range(3))
def test_a_chinese_piece_is_cast_with_chinese_instruments_that_no_bank_plays(seed: int) -> None:
    brief = Brief(kind="bed", style="chinese_traditional", duration_ms=30_000, seed=seed)
    (plan, *_) = draw(resolve(brief, seed), seed, 1)
    ours = {palettes.own("chinese_traditional", part)
            for part in plan.parts if part.role in ("lead", "comp")}  # fmt: skip
    assert ours & set(palettes.NAMED.values())
    assert not {part.name for part in plan.parts} & {"Fiddle", "Koto", "Shakuhachi", "Shamisen"}


@pytest.mark.parametrize("style", ["acoustic_folk", "lofi", "orchestral_epic"])
def test_who_requires_them_hears_them_in_any_style(style: str) -> None:
    asked = Instruments(require=("erhu", "guzheng", "dizi"))
    brief = Brief(kind="bed", style=style, duration_ms=30_000, seed=3, instruments=asked)
    (plan, *_) = draw(resolve(brief, 3), 3, 1)
    heard = {palettes.own(style, part) for part in plan.parts if part.group != "drums"}
    assert {"erhu_bow", "zheng_ks", "dizi_air"} <= heard
    assert {"Erhu", "Guzheng", "Dizi"} <= {part.name for part in plan.parts}
