import numpy as np
import pytest

from engine.master.hearing import hear, onset_envelope, short_term_lufs

RATE = 48_000


def noise(seconds: float = 4, level: float = 0.1, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((int(seconds * RATE), 2))).astype(np.float32)


def test_a_plain_master_is_described_in_numbers() -> None:
    heard = hear(noise(), RATE)
    assert {"lufs", "true_peak_dbtp", "dc", "clipped", "longest_silence_s", "sample_rate",
            "channels", "correlation", "tail_db", "head_ms"} <= heard.keys()  # fmt: skip
    assert all(isinstance(value, float) and np.isfinite(value) for value in heard.values())
    assert heard["channels"] == 2 and heard["clipped"] == 0 and heard["longest_silence_s"] < 0.01
    assert "seam_db" not in heard


def test_silence_is_described_without_infinities() -> None:
    heard = hear(np.zeros((RATE * 4, 2), np.float32), RATE)
    assert all(np.isfinite(value) for value in heard.values())
    assert heard["longest_silence_s"] == 4


def test_a_gap_an_offset_and_clipping_are_found() -> None:
    sound = noise()
    sound[RATE : RATE + 24_000] = 0
    sound[RATE * 2 : RATE * 2 + 10] = 1.0
    heard = hear(sound + np.float32(0), RATE)
    assert heard["longest_silence_s"] == pytest.approx(0.5, abs=0.01)
    assert heard["clipped"] > 0
    assert hear(noise() + np.float32(0.01), RATE)["dc"] == pytest.approx(0.01, abs=0.001)


def test_a_ring_out_is_not_a_gap() -> None:
    sound = noise()
    sound[RATE * 3 :] = 0
    heard = hear(sound, RATE)
    assert heard["longest_silence_s"] < 0.01
    assert heard["tail_db"] <= -119


def whole_turns() -> np.ndarray:
    t = np.arange(4 * RATE) / RATE
    wave = 0.2 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 331 * t)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def test_a_joint_that_fits_is_quieter_than_the_music() -> None:
    assert hear(whole_turns(), RATE, loop=True)["seam_db"] < 1


@pytest.mark.parametrize("fault", ["shift", "detune", "fade"])
def test_a_planted_fault_at_the_joint_is_found(fault: str) -> None:
    good = hear(whole_turns(), RATE, loop=True)
    t = np.arange(4 * RATE) / RATE
    bad = {
        "shift": whole_turns()[:-40],
        "detune": (0.2 * np.sin(2 * np.pi * 220.09 * t))[:, None].repeat(2, axis=1),
        "fade": whole_turns() * np.minimum(1, (4 - t) / 0.2)[:, None],
    }[fault]
    heard = hear(bad.astype(np.float32), RATE, loop=True)
    worse = heard["seam_db"] > good["seam_db"] + 6
    jumped = abs(heard["seam_level_db"]) > abs(good["seam_level_db"]) + 1.5
    assert worse or jumped


def test_onsets_are_seen_where_they_are() -> None:
    sound = noise(2, 0.001)
    for place in (0.5, 1.25):
        at = int(place * RATE)
        sound[at : at + 4800] += noise(0.1, 0.3)
    envelope = onset_envelope(sound, RATE)
    strongest = sorted(int(at) for at in np.argsort(envelope)[-2:])
    assert abs(strongest[0] - 50) <= 2 and abs(strongest[1] - 125) <= 2


def test_loudness_over_time_follows_the_music() -> None:
    sound = noise(9)
    sound[3 * RATE : 6 * RATE] *= 0.1
    levels = short_term_lufs(sound, RATE)
    assert len(levels) == 3 and levels[0] - levels[1] > 15 and levels[2] - levels[1] > 15
