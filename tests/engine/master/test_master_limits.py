import numpy as np
import pytest
from master_sounds import RATE, Given, music, pink

from engine.contracts import Delivery
from engine.master import master
from engine.master.glue import glue_gain
from engine.master.limiting import limiter_gain
from engine.sound.loudness import integrated_lufs, programme_lufs, true_peak_dbtp


@pytest.mark.parametrize("lufs", [-23.0, -18.0, -16.0, -14.0, -12.0])
def test_the_asked_loudness_is_met_within_three_tenths(lufs: float) -> None:
    done = master(Given(groups=music()), lufs=lufs, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert done.passed, done.detail
    assert abs(integrated_lufs(done.audio) - lufs) <= 0.3
    assert true_peak_dbtp(done.audio) <= -1.0
    assert done.passes <= 6


@pytest.mark.parametrize("ceiling", [-0.1, -1.0, -3.0, -9.0])
def test_no_point_between_samples_rises_above_the_ceiling(ceiling: float) -> None:
    done = master(Given(groups=music()), lufs=-13.0, true_peak_dbtp=ceiling, loop=False, seed=1)
    assert true_peak_dbtp(done.audio) <= ceiling + 1e-3
    assert done.true_peak_dbtp <= ceiling + 1e-3


def test_what_only_crushing_could_reach_is_delivered_quieter_and_says_so() -> None:
    frames = 4 * RATE
    clicks = np.zeros((frames, 2), np.float32)
    clicks[::12_000] = 0.5
    given = Given(groups={"drums": clicks + pink(frames, 3, 0.001)}, style="solo_piano")
    done = master(given, lufs=-9.0, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert not done.passed
    assert "LUFS" in done.detail
    assert done.limiter_gr_db <= 4.6
    assert done.true_peak_dbtp <= -1.0 + 1e-3


def test_a_sine_between_the_samples_is_limited_to_the_ceiling() -> None:
    t = np.arange(RATE)
    sine = np.sin(np.pi / 2 * t + np.pi / 4)[:, None].repeat(2, axis=1).astype(np.float32)
    sine *= 1.4142 * 1.41
    gain = limiter_gain(sine, 0.8, RATE)
    assert gain is not None
    middle = (sine * gain[:, None])[4800:-4800]
    assert abs(true_peak_dbtp(middle) - 20 * np.log10(0.8)) < 0.15


@pytest.mark.parametrize("seed", range(3))
def test_bursts_of_white_noise_stay_within_the_safety(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((RATE, 2)).astype(np.float32) * 0.02
    for start in range(4000, RATE - 4000, 9000):
        noise[start : start + 700] *= 40
    gain = limiter_gain(noise, 0.5, RATE)
    assert gain is not None
    over = true_peak_dbtp(noise * gain[:, None]) - 20 * np.log10(0.5)
    assert over < 0.9  # the file is measured and scaled after this
    assert (gain <= 1).all() and (gain > 0).all()


def test_an_idle_limiter_touches_nothing() -> None:
    assert limiter_gain(pink(RATE, 1, 0.05), 0.9, RATE) is None


def test_a_single_peak_in_the_first_millisecond_is_caught() -> None:
    sound = np.zeros((RATE, 2), np.float32)
    sound[3] = 1.0
    gain = limiter_gain(sound, 0.5, RATE)
    assert gain is not None
    assert np.abs(sound * gain[:, None]).max() <= 0.5 + 1e-6
    assert gain[RATE // 2] == 1.0


def test_the_glue_takes_no_more_than_three_decibels() -> None:
    sound = sum(music().values())
    gain = glue_gain(np.asarray(sound), RATE)
    assert 10 ** (-3.1 / 20) < gain.min() < 10 ** (-1 / 20)
    assert gain.max() <= 1.0


def test_a_gain_of_the_limiter_is_the_same_wherever_the_piece_lies() -> None:
    sound = pink(RATE, 5, 0.3)
    later = np.concatenate([np.zeros((4800, 2), np.float32), sound])
    first, second = limiter_gain(sound, 0.5, RATE), limiter_gain(later, 0.5, RATE)
    assert first is not None and second is not None
    assert np.abs(second[4800 + 960 :] - first[960:]).max() < 1e-6


def test_the_stems_add_up_to_the_master() -> None:
    done = master(Given(groups=music()), lufs=-11.0, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert done.limiter_gr_db > 1
    difference = sum(done.stems.values()) - done.audio
    assert 20 * np.log10(np.abs(difference).max() + 1e-12) < -100


def test_nothing_is_left_of_an_offset() -> None:
    groups = music()
    groups["bass"] = groups["bass"] + np.float32(0.02)
    done = master(Given(groups=groups), lufs=-14.0, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert np.abs(done.audio.mean(axis=0)).max() < 1e-4


def test_the_bass_is_in_the_middle_whatever_comes_in() -> None:
    frames = 4 * RATE
    t = np.arange(frames) / RATE
    wide = np.stack([np.sin(2 * np.pi * 50 * t), -np.sin(2 * np.pi * 50 * t)], axis=1) * 0.1
    groups = {"bass": wide.astype(np.float32), "pads": pink(frames, 1, 0.05)}
    done = master(Given(groups=groups), lufs=-18.0, true_peak_dbtp=-1.0, loop=True, seed=1)
    raised = done.stems["pads"].std() / groups["pads"].std()
    bass = done.stems["bass"]
    left = np.abs((bass[:, 0] - bass[:, 1])[RATE : 3 * RATE]).max() / 2
    assert 20 * np.log10(left / (0.1 * raised)) < -20


@pytest.mark.parametrize("lufs", [-23.0, -11.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_master_knows_its_loudness_without_hearing_it_again(lufs: float, channels: int) -> None:
    done = master(
        Given(groups=music()),
        lufs=lufs,
        true_peak_dbtp=-1.0,
        loop=False,
        seed=1,
        delivery=Delivery(channels=channels),  # type: ignore[arg-type]
    )
    assert abs(done.loudness_lufs - integrated_lufs(done.audio)) < 0.05
    assert abs(done.true_peak_dbtp - true_peak_dbtp(done.audio)) < 0.02


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1), (96_000, 2), (44_100, 1)])
def test_the_delivery_decides_rate_channels_and_exact_length(rate: int, channels: int) -> None:
    frames = round(5.001 * rate)
    done = master(
        Given(groups=music(5.001)),
        lufs=-16.0,
        true_peak_dbtp=-1.0,
        loop=False,
        seed=1,
        delivery=Delivery(sample_rate=rate, channels=channels),  # type: ignore[arg-type]
        frames=frames,
    )
    assert done.audio.shape == (frames, channels)
    assert abs(integrated_lufs(done.audio, rate) + 16) <= 0.3
    assert true_peak_dbtp(done.audio, rate) <= -1.0


def test_a_loop_is_limited_as_if_it_had_come_round_before() -> None:
    groups = music(4)
    plain = {"kind": "chime"}  # neither tilt nor glue: what is left is the limiter
    once = master(Given(groups=groups, **plain), lufs=-11, true_peak_dbtp=-1, loop=True, seed=1)
    endless = {name: np.concatenate([one] * 3) for name, one in groups.items()}
    thrice = master(Given(groups=endless, **plain), lufs=-11, true_peak_dbtp=-1, loop=True, seed=1)
    assert once.limiter_gr_db > 1
    middle = thrice.audio[4 * RATE : 8 * RATE].astype(np.float64)
    gain = float((middle * once.audio).sum() / (middle**2).sum())
    assert np.abs(once.audio - gain * middle).max() < 2e-3


def test_a_loop_at_another_rate_still_meets_its_beginning() -> None:
    frames = 2 * RATE
    tone = np.sin(2 * np.pi * 330.0 * np.arange(frames) / RATE)[:, None].repeat(2, axis=1) * 0.2
    done = master(
        Given(groups={"lead": tone.astype(np.float32)}, kind="loop"),
        lufs=-20.0,
        true_peak_dbtp=-1.0,
        loop=True,
        seed=1,
        delivery=Delivery(sample_rate=44100),
        frames=88_200,
    )
    twice = np.concatenate([done.audio, done.audio])[:, 0]
    inside = np.abs(np.diff(twice[1000:80_000], 2)).max()
    joint = np.abs(np.diff(twice[88_190:88_210], 2)).max()
    assert joint <= 1.01 * inside


@pytest.mark.parametrize("milliseconds", [200, 350, 900, 2500])
def test_a_short_sound_is_brought_to_its_loudest_moment(milliseconds: int) -> None:
    frames = milliseconds * 48
    t = np.arange(frames) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 880 * t) * np.exp(-t / 0.1) * np.minimum(t / 0.004, 1)
    given = Given(groups={"lead": tone[:, None].repeat(2, 1).astype(np.float32)}, kind="chime")
    done = master(given, lufs=-20.0, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert len(done.audio) == frames
    assert abs(programme_lufs(done.audio) + 20) <= 0.3
    assert done.passed


def test_silence_comes_out_as_silence() -> None:
    given = Given(groups={"lead": np.zeros((RATE, 2), np.float32)})
    done = master(given, lufs=-16.0, true_peak_dbtp=-1.0, loop=False, seed=1)
    assert not done.audio.any()
    assert not done.passed


def test_music_sounds_the_same_in_one_piece_and_in_stems() -> None:
    """What the limiter leaves off the middle goes from the whole or from no stem of it."""
    within = np.arange(8 * RATE) / RATE % 0.5
    hits = np.exp(-within / 0.004) - 0.08 * np.exp(-within / 0.05)
    whole = (0.1 * (hits - hits.mean())[:, None] + pink(8 * RATE, 1, 0.05)).astype(np.float32)
    quarters = dict.fromkeys(("bass", "drums", "lead", "pads"), whole / 4)
    one, four = (
        master(Given(groups=groups), lufs=-14.0, true_peak_dbtp=-1.0, loop=False, seed=1)
        for groups in ({"mix": whole.copy()}, quarters)
    )
    assert np.abs(one.audio - four.audio).max() < 1e-6
    assert np.abs(one.audio.mean(axis=0)).max() < 2e-5
