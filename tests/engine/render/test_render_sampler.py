"""The sampler measured on fonts whose every number is known."""

from pathlib import Path

import numpy as np
import pytest
import sound_fonts as made
from sound_fonts import Preset, Sample, Zone

from engine.render import banks, sampled
from engine.render.notes import NOTES
from engine.render.sampler import shelf
from engine.render.strokes import Stroke

RATE = 48_000
LOOP, LOOP_ROOT = 500, 60  # whole turns of the looped tone per second, and the key it is said to be
# Generators by number, as the specification lists them.
CUTOFF, RESONANCE, ENVELOPE_CUTOFF, PAN, MOD_HOLD, MOD_DECAY, MOD_SUSTAIN = 8, 9, 11, 17, 27, 28, 29
ATTACK, HOLD, DECAY, SUSTAIN, RELEASE, KEYS, VELOCITIES, ATTENUATION = (
    34,
    35,
    36,
    37,
    38,
    43,
    44,
    48,
)
COARSE, FINE, SAMPLE_ID, MODE, KEY_TUNING, EXCLUSIVE, ROOT = 51, 52, 53, 54, 56, 57, 58


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    NOTES.clear()


def tone(**more: int) -> Sample:
    return made.looped(LOOP, RATE, root=LOOP_ROOT, **more)


def zone(*generators: tuple[int, int], sample: int = 0, loop: int = 1, modulators=()) -> Zone:
    return Zone([*generators, (MODE, loop), (SAMPLE_ID, sample)], modulators)


def font(tmp_path: Path, samples: list[Sample], *presets: Preset, vorbis: bool = False) -> Path:
    return made.saved(tmp_path / "tiny.sf2", samples, list(presets), vorbis=vorbis)


def play(path: Path, *strokes: Stroke, frames: int = RATE, program: int = 0) -> np.ndarray:
    """The part as the font has it: without the loudness that the audit gives every program."""
    trim = sampled.audit(path)[program].trim_db
    return sampled.play_part(path, program, strokes, frames) * np.float32(10 ** (-trim / 20))


def hertz_of(sound: np.ndarray) -> float:
    mono = sound if sound.ndim == 1 else sound.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.blackman(len(mono)), 1 << 20))
    at = int(np.argmax(spectrum))
    a, b, c = np.log(spectrum[at - 1 : at + 2] + 1e-12)
    return (at + 0.5 * (a - c) / (a - 2 * b + c)) * RATE / (1 << 20)


def level_db(sound: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(sound, dtype=float))) + 1e-12))


def cents(heard: float, wanted: float) -> float:
    return 1200 * float(np.log2(heard / wanted))


@pytest.mark.parametrize("key", [36, 52, 60, 61, 67, 84])
def test_every_key_sounds_at_its_pitch(tmp_path: Path, key: int) -> None:
    path = font(tmp_path, [tone()], Preset([zone()]))
    sound = play(path, Stroke(0, RATE, key, 100))
    assert abs(cents(hertz_of(sound[4800:]), LOOP * 2 ** ((key - LOOP_ROOT) / 12))) < 0.5


@pytest.mark.parametrize(
    ("generators", "correction", "moved"),
    [
        ([(ROOT, 57)], 0, 300), ([(COARSE, -5)], 0, -500), ([(FINE, 37)], 0, 37), ([], -23, -23),
        ([(ROOT, 72), (COARSE, 12), (FINE, -50)], 10, -40), ([(KEY_TUNING, 50)], 0, -200),
    ],
)  # fmt: skip
def test_roots_and_tunings_are_heard(tmp_path: Path, generators, correction, moved) -> None:
    sample = tone()
    sample.correction = correction
    path = font(tmp_path, [sample], Preset([zone(*generators)]))
    sound = play(path, Stroke(0, RATE, 64, 100))
    wanted = LOOP * 2 ** ((400 + moved) / 1200)
    assert abs(cents(hertz_of(sound[4800:]), wanted)) < 1


def test_what_is_pitched_up_does_not_fold_back(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal(3 * RATE)
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[(hertz < 11_000) | (hertz > 16_000)] = 0
    high = np.fft.irfft(spectrum)
    high = high / np.abs(high).max() * 15_000 + made.sine(300, 3.0, level=0.3)
    path = font(tmp_path, [Sample(np.round(high).astype("<i2"))], Preset([zone(loop=0)]))
    above = []
    for key in (60, 76):  # the noise of the second lies at 28 to 40 kHz: nothing of it is left
        sound = play(path, Stroke(0, RATE, key, 100))[2400:-2400, 0]
        heard = np.abs(np.fft.rfft(sound * np.blackman(len(sound))))
        above.append(level_db(heard[len(heard) // 12 :]))
    assert above[1] < above[0] - 70


def test_a_note_begins_on_its_frame_and_its_loop_has_no_seam(tmp_path: Path) -> None:
    sample = made.looped(5, 480, root=60)  # 500 Hz, 100 rounds a second
    path = font(tmp_path, [sample], Preset([zone()]))
    sound = play(path, Stroke(1000, RATE, 63, 100), frames=RATE + 1000)[:, 0]
    assert np.abs(sound[:990]).max() < 2e-4 * np.abs(sound).max()
    assert np.abs(sound[1000:1100]).max() > 0.5 * np.abs(sound).max()
    steady = sound[6000:46_000].astype(float)
    spectrum = np.abs(np.fft.rfft(steady * np.blackman(len(steady))))
    peak = int(np.argmax(spectrum))
    spectrum[peak - 6 : peak + 7] = 0
    assert spectrum.max() < 10 ** (-70 / 20) * np.abs(np.fft.rfft(steady)).max()


def test_a_recording_without_a_loop_plays_to_its_end(tmp_path: Path) -> None:
    path = font(tmp_path, [Sample(made.sine(400, 0.7), root=60)], Preset([zone(loop=0)]))
    sound = play(path, Stroke(0, 2 * RATE, 60, 100), frames=2 * RATE)
    assert level_db(sound[int(0.6 * RATE) : int(0.68 * RATE)]) > -17
    assert np.abs(sound[int(0.7 * RATE) + 50 :]).max() < 1e-4


@pytest.mark.parametrize(
    ("velocity", "wanted"), [(127, 0.0), (100, -4.15), (64, -11.9), (20, -32.1)]
)
def test_velocity_sets_the_level_as_the_specification_says(tmp_path, velocity, wanted) -> None:
    path = font(tmp_path, [tone()], Preset([zone()]))
    full = play(path, Stroke(0, RATE, 60, 127))[4800:40_000]
    sound = play(path, Stroke(0, RATE, 60, velocity))[4800:40_000]
    assert level_db(sound) - level_db(full) == pytest.approx(wanted, abs=0.3)


def test_a_font_may_set_its_own_law_of_velocity(tmp_path: Path) -> None:
    law = [(0x0502, ATTENUATION, 480, 0, 0)]  # half of the default's 960
    path = font(tmp_path, [tone()], Preset([zone(modulators=law)]))
    soft = play(path, Stroke(0, RATE, 60, 40))[4800:40_000]
    loud = play(path, Stroke(0, RATE, 60, 127))[4800:40_000]
    assert level_db(loud) - level_db(soft) == pytest.approx(20 * np.log10(127 / 40), abs=0.3)


def test_a_soft_note_is_darker_unless_the_font_says_otherwise(tmp_path: Path) -> None:
    saw = made.looped(1, 480, root=60)
    ramp = np.linspace(-12_000, 12_000, 480, endpoint=False)
    saw.wave = np.round(ramp).astype("<i2")
    plain = font(tmp_path, [saw], Preset([zone((CUTOFF, 9000))]))
    bright = [play(plain, Stroke(0, RATE, 60, v))[4800:40_000] for v in (30, 120)]
    assert centroid(bright[1]) > 1.3 * centroid(bright[0])
    even = made.saved(
        tmp_path / "even.sf2", [saw],
        [Preset([zone((CUTOFF, 9000), modulators=[(0x0102, CUTOFF, 0, 0x0D02, 0)])])],
    )  # fmt: skip
    same = [play(even, Stroke(0, RATE, 60, v))[4800:40_000] for v in (30, 120)]
    assert centroid(same[1]) == pytest.approx(centroid(same[0]), rel=0.01)


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum())


def test_the_filter_falls_twelve_decibels_an_octave_and_rings_as_asked(tmp_path: Path) -> None:
    corner = round(1200 * np.log2(2000 / 8.1758))
    still = [(0x0102, CUTOFF, 0, 0x0D02, 0)]
    levels, full = {}, level_db(made.sine(500) / 32_768) - 3.01  # in the middle of both sides
    for name, extra in (("flat", []), ("ring", [(RESONANCE, 120)])):
        for turns in (500, 2000, 8000):
            tuned = made.looped(turns, RATE, root=60)
            path = made.saved(
                tmp_path / f"{name}{turns}.sf2", [tuned],
                [Preset([zone((CUTOFF, corner), *extra, modulators=still)])],
            )  # fmt: skip
            sound = play(path, Stroke(0, RATE, 60, 127))[4800:40_000, 0]
            levels[name, turns] = level_db(sound) - full
    assert levels["flat", 500] == pytest.approx(0, abs=0.3)
    assert levels["flat", 2000] == pytest.approx(-3, abs=0.5)
    assert levels["flat", 8000] == pytest.approx(-24.1, abs=0.7)
    # Resonance lifts the corner by 12 dB over what is below it, and half of it is taken off first.
    assert levels["ring", 500] == pytest.approx(-5.7, abs=0.5)
    assert levels["ring", 2000] - levels["ring", 500] == pytest.approx(8.7, abs=0.6)


def test_an_envelope_opens_the_filter_and_lets_it_close(tmp_path: Path) -> None:
    corner, still = 6000, [(0x0102, CUTOFF, 0, 0x0D02, 0)]  # 262 Hz; opened it is 4.2 kHz
    opened = [(ENVELOPE_CUTOFF, 4800), (MOD_HOLD, 0), (MOD_DECAY, -2400), (MOD_SUSTAIN, 1000)]
    saw = made.looped(1, 480, root=60)
    saw.wave = np.round(np.linspace(-12_000, 12_000, 480, endpoint=False)).astype("<i2")

    def heard(name: str, *generators: tuple[int, int]) -> np.ndarray:
        path = made.saved(
            tmp_path / f"{name}.sf2", [saw], [Preset([zone(*generators, modulators=still)])]
        )
        return play(path, Stroke(0, 2 * RATE, 60, 127), frames=2 * RATE)

    moving = heard("moving", (CUTOFF, corner), *opened)
    bright, dark = heard("bright", (CUTOFF, corner + 4800)), heard("dark", (CUTOFF, corner))
    early, late = slice(4800, 40_000), slice(int(1.4 * RATE), int(1.9 * RATE))
    assert level_db(moving[early] - bright[early]) < level_db(bright[early]) - 40
    assert level_db(moving[late] - dark[late]) < level_db(dark[late]) - 40
    short = play(tmp_path / "moving.sf2", Stroke(0, RATE // 2, 60, 127))  # closed before it moves
    assert level_db(short[4800:20_000] - bright[4800:20_000]) < level_db(bright[early]) - 40


def test_the_envelope_keeps_its_times_and_levels(tmp_path: Path) -> None:
    timecents = lambda seconds: round(1200 * np.log2(seconds))  # noqa: E731
    path = font(
        tmp_path, [tone()],
        Preset([zone((ATTACK, timecents(0.2)), (HOLD, timecents(0.1)), (DECAY, timecents(1.0)),
                     (SUSTAIN, 200), (RELEASE, timecents(1.0)))]),
    )  # fmt: skip
    sound = play(path, Stroke(0, int(1.0 * RATE), 60, 127), frames=2 * RATE)[:, 0]

    def at(seconds: float) -> float:
        middle = int(seconds * RATE)
        return level_db(sound[middle - 480 : middle + 480])

    full = at(0.25)
    assert at(0.1) - full == pytest.approx(-6.0, abs=0.4)  # half way up a straight attack
    assert at(0.4) - full == pytest.approx(-10.0, abs=0.5)  # 100 dB a second
    assert at(0.8) - full == pytest.approx(-20.0, abs=0.3)
    assert at(1.2) - at(0.8) == pytest.approx(-20.0, abs=0.5)  # let go: 100 dB a second again
    assert at(1.5) - at(0.8) == pytest.approx(-50.0, abs=1.0)
    assert np.abs(sound[-480:]).max() < 1e-5


def test_a_key_let_go_in_the_attack_falls_from_where_it_is(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone((ATTACK, 0), (RELEASE, -1200))]))
    sound = play(path, Stroke(0, RATE // 4, 60, 127))[:, 0]
    before, after = level_db(sound[11_000:12_000]), level_db(sound[12_000:13_000])
    assert abs(before - after) < 3
    assert level_db(sound[RATE // 4 + 9600 : RATE // 4 + 10_560]) < before - 35


def test_keys_and_velocities_choose_their_recordings(tmp_path: Path) -> None:
    samples = [made.looped(turns, RATE, root=60) for turns in (400, 800, 1600)]
    path = font(
        tmp_path, samples,
        Preset([
            zone((KEYS, 0 | 59 << 8), (ROOT, 48), sample=0),
            zone((KEYS, 60 | 127 << 8), (VELOCITIES, 1 | 79 << 8), (ROOT, 72), sample=1),
            zone((KEYS, 60 | 127 << 8), (VELOCITIES, 80 | 127 << 8), (ROOT, 72), sample=2),
        ]),
    )  # fmt: skip
    heard = [
        hertz_of(play(path, Stroke(0, RATE, key, velocity))[4800:])
        for key, velocity in ((48, 100), (72, 79), (72, 80))
    ]
    assert heard == pytest.approx([400, 800, 1600], abs=0.5)


def test_where_a_font_has_a_hole_its_nearest_key_plays(tmp_path: Path) -> None:
    samples = [made.looped(turns, RATE, root=60) for turns in (400, 600)]
    path = font(
        tmp_path, samples,
        Preset([
            zone((KEYS, 48 | 51 << 8), (VELOCITIES, 1 | 110 << 8), (KEY_TUNING, 0), sample=0),
            zone((KEYS, 70 | 80 << 8), (KEY_TUNING, 0), sample=1),
        ]),
    )  # fmt: skip
    for key, velocity, turns in ((60, 80, 400), (65, 80, 600), (50, 120, 600), (24, 60, 400)):
        sound = play(path, Stroke(0, RATE, key, velocity))[4800:]
        assert hertz_of(sound) == pytest.approx(turns, abs=0.5), key


def test_numbers_beyond_all_reason_do_no_harm(tmp_path: Path) -> None:
    wild = [(5, 32_767), (6, -32_768), (7, 32_767), (11, 32_767), (13, 32_767), (24, 32_767),
            (ATTENUATION, -32_768), (RESONANCE, 32_767), (FINE, -32_768)]  # fmt: skip
    law = [(0x0502, ATTENUATION, -32_768, 0, 0)]
    path = font(
        tmp_path, [tone()], Preset([zone(*wild, modulators=law)]), Preset([zone()], program=1)
    )
    for key in (0, 60, 127):
        sound = sampled.play_part(path, 0, [Stroke(0, RATE // 4, key, 30)], RATE // 2)
        assert np.isfinite(sound).all()


def test_presets_add_to_instruments_and_globals_stand_behind_zones(tmp_path: Path) -> None:
    path = font(
        tmp_path, [tone()],
        Preset(
            [Zone([(FINE, 20), (ATTENUATION, 100)]), zone((FINE, 50)), ],
            preset_zone=Zone([(COARSE, 2), (ROOT, 20)]), preset_global=Zone([(FINE, 7)]),
        ),
        Preset([zone()], program=1),
    )  # fmt: skip
    sound = play(path, Stroke(0, RATE, 60, 127))[4800:40_000]
    # 50 of the zone in place of the global 20, and 207 of the preset; a preset's root counts not.
    assert abs(cents(hertz_of(sound), LOOP) - 257) < 1
    plain = play(path, Stroke(0, RATE, 60, 127), program=1)[4800:40_000]
    # Attenuation counts four tenths, as on the chip that the format was written for.
    assert level_db(sound) - level_db(plain) == pytest.approx(-4.0, abs=0.2)


def test_a_stereo_pair_stays_apart_and_together(tmp_path: Path) -> None:
    left, right = made.looped(300, RATE), made.looped(450, RATE)
    path = font(
        tmp_path, [left, right],
        Preset([zone((PAN, -500), sample=0), zone((PAN, 500), sample=1)]),
    )  # fmt: skip
    sound = play(path, Stroke(0, RATE, 60, 100))[4800:]
    assert hertz_of(sound[:, 0]) == pytest.approx(300, abs=0.5)
    assert hertz_of(sound[:, 1]) == pytest.approx(450, abs=0.5)


def test_a_loop_that_is_left_with_the_key_plays_what_follows_it(tmp_path: Path) -> None:
    wave = np.concatenate([made.sine(500, 0.5), made.sine(2000, 0.5)])
    sample = Sample(wave, loop=(0, RATE // 2))
    path = font(tmp_path, [sample], Preset([zone((RELEASE, 3600), loop=3)]))
    sound = play(path, Stroke(0, RATE, 60, 100), frames=2 * RATE)
    assert hertz_of(sound[RATE // 2 : RATE]) == pytest.approx(500, abs=1)
    assert hertz_of(sound[RATE + 2400 : RATE + 20_000]) == pytest.approx(2000, abs=2)


def test_compressed_fonts_sound_like_plain_ones(tmp_path: Path) -> None:
    samples, preset = [tone(), made.looped(700, RATE)], Preset([zone(sample=1)])
    plain = font(tmp_path, samples, preset)
    packed = made.saved(tmp_path / "tiny.sf3", samples, [preset], vorbis=True)
    one, two = (play(path, Stroke(0, RATE, 62, 100)) for path in (plain, packed))
    assert level_db(one[4800:40_000] - two[4800:40_000]) < level_db(one[4800:40_000]) - 30


def test_every_program_is_brought_to_one_loudness(tmp_path: Path) -> None:
    from engine.sound.loudness import momentary_lufs

    samples = [tone(level=0.6), tone(level=0.02)]
    path = font(tmp_path, samples, Preset([zone()]), Preset([zone(sample=1)], program=7))
    for program in (0, 7):
        sound = sampled.play_part(path, program, [Stroke(0, RATE, 61, 100)], RATE)
        assert momentary_lufs(sound) == pytest.approx(-20, abs=1.0)


def test_the_audit_says_what_is_wrong_with_a_program(tmp_path: Path) -> None:
    silent = Sample(np.zeros(RATE, "<i2"), loop=(0, RATE))
    swing = 1 + 0.5 * np.sin(2 * np.pi * 3 * np.arange(RATE // 3) / RATE)
    wave = np.round(swing * made.sine(600, 1 / 3, level=0.3)).astype("<i2")
    flutter = Sample(wave, loop=(0, RATE // 3))
    pitch = made.looped(262, RATE)
    law = [(0x0502, ATTENUATION, 0, 0, 0), (0x0102, CUTOFF, 0, 0, 0)]  # velocity does nothing
    path = font(
        tmp_path, [silent, pitch, flutter],
        Preset([zone(sample=0)], program=0), Preset([zone((FINE, 30), sample=1)], program=1),
        Preset([zone(sample=2)], program=2), Preset([zone(sample=1)], program=6),
        Preset([zone(sample=1, modulators=law)], program=4), Preset([zone(sample=1)], program=80),
    )  # fmt: skip
    marks = {program: row.marks for program, row in sampled.audit(path).items()}
    assert "silent" in marks[0]
    assert "out of tune" in marks[1]
    assert "short loop" in marks[2]
    assert marks[6] == ()
    assert "flat velocity" in marks[4]
    assert [sampled.plays(path, program) for program in (0, 1, 6, 4, 5, 80)] == [
        False, False, True, True, False, False,
    ]  # fmt: skip


def test_a_bound_note_has_no_new_attack_and_a_slide_arrives(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone((ATTACK, -3600), (RELEASE, -3600))]))
    plain = play(path, Stroke(0, RATE, 60, 100), frames=RATE)
    bound = play(path, Stroke(0, RATE, 60, 100, legato=True), frames=RATE)
    assert level_db(bound[1500:2500]) > level_db(plain[1500:2500]) + 6
    slid = play(path, Stroke(0, RATE, 60, 100, slide=-2.0, slide_frames=9600), frames=RATE)
    assert abs(cents(hertz_of(slid[500:3000]), LOOP) + 190) < 40
    assert abs(cents(hertz_of(slid[12_000:46_000]), LOOP)) < 1
    both = Stroke(0, RATE, 60, 100, legato=True, slide=-2.0, slide_frames=9600)
    bound = play(path, both, frames=RATE)
    assert abs(cents(hertz_of(bound[500:3000]), LOOP) + 190) < 40


def test_vibrato_comes_late_and_is_as_wide_as_asked(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone()]))
    sound = play(path, Stroke(0, 2 * RATE, 60, 100, vibrato=40.0), frames=2 * RATE)[:, 0]
    analytic = np.fft.fft(sound)
    analytic[len(sound) // 2 :] = 0
    turned = np.unwrap(np.angle(np.fft.ifft(analytic)))
    heard = np.diff(turned[::480]) / 480 * RATE / (2 * np.pi)
    swing = 1200 * np.log2(heard / LOOP)
    assert np.abs(swing[5:28]).max() < 2
    assert swing[80:190].max() == pytest.approx(40, abs=3)
    assert swing[80:190].min() == pytest.approx(-40, abs=3)


def test_a_very_long_note_goes_on_without_a_gap(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone((RELEASE, -3600))]))
    sound = play(path, Stroke(0, 40 * RATE, 60, 100), frames=41 * RATE)[:, 0]
    blocks = np.array([level_db(sound[at : at + 2400]) for at in range(4800, 39 * RATE, 2400)])
    assert np.ptp(blocks) < 3.5


def test_a_closed_hat_silences_the_open_one_and_a_drum_rings_out(tmp_path: Path) -> None:
    samples = [Sample(made.sine(900, 1.0)), Sample(made.sine(300, 1.0))]
    path = font(
        tmp_path, samples,
        Preset([
            zone((KEYS, 46 | 46 << 8), (EXCLUSIVE, 1), (ROOT, 46), loop=0),
            zone((KEYS, 42 | 42 << 8), (EXCLUSIVE, 1), (ROOT, 42), (ATTENUATION, 1440), loop=0),
            zone((KEYS, 36 | 36 << 8), (ROOT, 36), sample=1, loop=0),
        ], bank=128),
    )  # fmt: skip
    strokes = [Stroke(0, 2400, 46, 100), Stroke(0, 2400, 36, 100), Stroke(RATE // 2, 2400, 42, 100)]
    hands = sampled.play_kit(path, 0, strokes, RATE)
    hats, kick = hands["hats"], hands["kick"]
    assert level_db(hats[12_000:23_000]) > -40
    assert level_db(hats[RATE // 2 + 4800 :]) < level_db(hats[12_000:23_000]) - 30
    assert level_db(kick[30_000:46_000]) > level_db(kick[2400:12_000]) - 1


def test_the_same_strokes_give_the_same_bytes_whatever_is_cached(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone((RELEASE, -1200))]))
    strokes = [Stroke(at * 4000, 3000 + 900 * (at % 5), 55 + at % 9, 60 + at) for at in range(30)]
    first = sampled.play_part(path, 0, strokes, 3 * RATE)
    warm = sampled.play_part(path, 0, strokes, 3 * RATE)
    NOTES.clear()
    shelf.close()
    cold = sampled.play_part(path, 0, strokes, 3 * RATE)
    assert first.tobytes() == warm.tobytes() == cold.tobytes()


def test_the_bank_says_which_font_sounded(tmp_path: Path) -> None:
    path = font(tmp_path, [tone()], Preset([zone()]))
    bank = banks.find(str(path))
    assert (bank.name, bank.kind, len(bank.digest)) == ("tiny", "sampled", 64)
    assert bank.licence == "as the operator of this studio states"
