import io
from struct import iter_unpack, unpack, unpack_from

import numpy as np
import pytest
import soundfile

from engine.contracts import Delivery, PartPlan, Plan, Section
from engine.master import Master, files
from engine.master.files import Marker, Tags
from engine.score import Part, Score

RATE = 48_000


def tone(frames: int = 24_000, level: float = 0.5, channels: int = 2) -> np.ndarray:
    t = np.arange(frames) / RATE
    wave = level * np.sin(2 * np.pi * 440 * t)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def chunks(content: bytes) -> dict[bytes, list[bytes]]:
    """A reader of its own: every chunk by name, in order."""
    assert content[:4] == b"RIFF" and content[8:12] == b"WAVE"
    assert unpack("<I", content[4:8])[0] == len(content) - 8
    found: dict[bytes, list[bytes]] = {}
    at = 12
    while at < len(content):
        name, size = content[at : at + 4], unpack("<I", content[at + 4 : at + 8])[0]
        found.setdefault(name, []).append(content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    assert at == len(content)
    return found


def mastered(audio: np.ndarray) -> Master:
    return Master(
        audio=audio,
        stems={"lead": audio * np.float32(0.25), "bass": audio * np.float32(0.75)},
        sample_rate=RATE,
        loudness_lufs=-16.04,
        true_peak_dbtp=-3.21,
        limiter_gr_db=0,
        limiter_mean_gr_db=0,
        tilt_db=0,
        passes=1,
        passed=True,
    )


def score() -> Score:
    sections = tuple(
        Section(name=name, bar=bar, bars=2, energy=4, roles=())
        for bar, name in ((0, "A"), (2, "B"), (40, "lost"))
    )
    plan = Plan(
        style="lofi", kind="loop", tempo=120, meter="4/4", bars=4, tonic=0, mode="major",
        sections=sections, chords=(), parts=(),
    )  # fmt: skip
    lead = PartPlan(role="lead", group="lead", name="Flute", family="flute", program=73)
    return Score(plan=plan, parts=(Part(plan=lead, notes=()),))


@pytest.mark.parametrize(("depth", "subtype"), [(16, "PCM_16"), (24, "PCM_24"), (32, "FLOAT")])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_is_read_back_by_another_reader(depth: int, subtype: str, channels: int) -> None:
    sound = tone(12_345, channels=channels)
    content = files.wav(sound, RATE, depth, seed=4)  # type: ignore[arg-type]
    with soundfile.SoundFile(io.BytesIO(content)) as read:
        assert (read.subtype, read.samplerate, read.channels) == (subtype, RATE, channels)
        assert len(read) == 12_345
        back = read.read(dtype="float32", always_2d=True)
    assert np.abs(back - sound).max() <= (2.01 / 2 ** (depth - 1) if depth < 32 else 0)


def test_sixty_seconds_at_48_khz_are_2880000_frames() -> None:
    content = files.wav(np.zeros((2_880_000, 2), np.float32), RATE, 24, dithered=False)
    assert soundfile.info(io.BytesIO(content)).frames == 2_880_000
    assert len(chunks(content)[b"data"][0]) == 2_880_000 * 6


def test_a_master_of_a_loop_carries_loop_points_and_its_sections() -> None:
    audio = tone(4 * 2 * RATE)
    content = files.master_wav(
        mastered(audio), Delivery(sample_rate=48000), score(), loop=True, seed=1
    )
    found = chunks(content)
    assert list(found) == [b"bext", b"fmt ", b"data", b"smpl", b"cue ", b"LIST"]
    smpl = unpack("<9I", found[b"smpl"][0][:36])
    assert smpl[7] == 1
    assert unpack("<6I", found[b"smpl"][0][36:])[2:4] == (0, len(audio) - 1)
    points = list(iter_unpack("<II4sIII", found[b"cue "][0][4:]))
    assert [point[5] for point in points] == [0, 4 * RATE]
    assert b"A\0" in found[b"LIST"][0] and b"B\0" in found[b"LIST"][0]
    assert b"lofi loop" in found[b"LIST"][1]
    assert unpack_from("<5h", found[b"bext"][0], 412) == (-1604, 0x7FFF, -321, 0x7FFF, 0x7FFF)
    assert len(found[b"bext"][0]) == 602


def test_an_evaluation_copy_names_its_candidate_and_has_no_loop() -> None:
    content = files.evaluation_wav(
        mastered(tone()), Delivery(sample_rate=48000), label="cand_123", seed=1
    )
    found = chunks(content)
    assert b"smpl" not in found and b"cue " not in found
    assert b"CUESMITH_CANDIDATE=cand_123" in found[b"LIST"][0]
    assert b"unlicensed" in found[b"LIST"][0]
    assert b"unlicensed" in found[b"bext"][0]


def test_the_same_seed_gives_the_same_file_and_another_another_dither() -> None:
    one, two, other = (files.wav(tone(), RATE, 16, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_dither_keeps_a_tone_far_below_the_last_bit() -> None:
    frames = 1 << 18
    t = np.arange(frames) / RATE
    quiet = (10 ** (-100 / 20) * np.sin(2 * np.pi * 997 * t))[:, None].astype(np.float32)
    read, _ = soundfile.read(io.BytesIO(files.wav(quiet, RATE, 16, seed=3)), dtype="float64")
    turn = np.exp(-2j * np.pi * 997 * t)
    heard = 2 * abs((read * turn).mean())
    third = 2 * abs((read * turn**3).mean())
    assert abs(20 * np.log10(heard) + 100) < 1
    assert 20 * np.log10(third) < -115


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    loud = np.array([[1.5, -1.5], [1.0, -1.0]], np.float32)
    read, _ = soundfile.read(io.BytesIO(files.wav(loud, RATE, 24, seed=1)), dtype="float64")
    assert (np.sign(read) == np.sign(loud)).all()


def test_stems_add_up_to_the_master_after_quantising() -> None:
    done = mastered(tone())
    stems = files.stem_wavs(done, Delivery(sample_rate=48000), ("all",), seed=1)
    assert set(stems) == {"lead", "bass"}
    total = sum(soundfile.read(io.BytesIO(one), dtype="float64")[0] for one in stems.values())
    assert np.abs(total - done.audio).max() < 10 ** (-80 / 20)


def test_a_stem_that_does_not_play_is_delivered_as_digital_silence() -> None:
    stems = files.stem_wavs(mastered(tone()), Delivery(sample_rate=48000), ("pads", "lead"), seed=1)
    assert list(stems) == ["pads", "lead"]
    read, _ = soundfile.read(io.BytesIO(stems["pads"]), dtype="float64")
    assert read.shape == (24_000, 2) and not read.any()


def test_a_preview_is_an_mp3_that_says_what_it_is() -> None:
    content = files.preview_mp3(
        mastered(tone(RATE * 2, 0.99)), Delivery(sample_rate=48000), label="cand_9"
    )
    assert content[:3] == b"ID3"
    size = (content[6] << 21) | (content[7] << 14) | (content[8] << 7) | content[9]
    tag = content[10 : 10 + size]
    assert "cand_9".encode("utf-16-le") in tag
    assert "CUESMITH_CANDIDATE".encode("utf-16-le") in tag
    assert "unlicensed".encode("utf-16-le") in tag
    assert content[10 + size] == 0xFF
    names = []
    at = 0
    while at < size:
        names.append(tag[at : at + 4])
        at += 10 + unpack(">I", tag[at + 4 : at + 8])[0]
    assert at == size and names == [b"TIT2", b"TSSE", b"TXXX", b"TXXX", b"COMM"]
    read, rate = soundfile.read(io.BytesIO(content))
    assert rate == RATE and abs(len(read) / RATE - 2) < 0.06
    assert np.abs(read).max() < 1.0


def test_a_preview_of_96_khz_is_48_khz() -> None:
    content = files.mp3(tone(96_000), 96_000, Tags(title="x"))
    assert soundfile.info(io.BytesIO(content)).samplerate == 48_000


def test_markers_with_odd_names_keep_the_chunks_even() -> None:
    markers = [Marker(frame=at * 100, name=name) for at, name in enumerate(("i", "AB", "前奏"))]
    content = files.wav(tone(1001, channels=1), RATE, 24, markers=markers, seed=1)
    assert "前奏".encode() in chunks(content)[b"LIST"][0]


def test_peaks_are_four_a_second_and_never_above_one() -> None:
    peaks = files.peaks(np.concatenate([tone(RATE), np.full((600, 2), 3, np.float32)]), RATE)
    assert len(peaks) == 5
    assert peaks[0] == pytest.approx(0.5, abs=0.01) and peaks[-1] == 1.0


def test_resampling_keeps_the_length_in_seconds() -> None:
    assert files.resample(tone(48_000), 48_000, 44_100).shape == (44_100, 2)
    assert files.resample(tone(44_100), 44_100, 96_000).shape == (96_000, 2)
    assert files.mono(tone(10)).shape == (10, 1)
