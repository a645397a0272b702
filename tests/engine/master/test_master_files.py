import io
from struct import unpack, unpack_from

import numpy as np
import pytest
import soundfile
from msgspec import structs

from engine.contracts import Delivery, Marker, PartPlan, Plan, Section
from engine.master import Master, files
from engine.master.files import Labels
from engine.score import Part, Score
from engine.words.formats import Form
from tests.engine.master import readers
from tests.engine.master.readers import chunks

RATE = 48_000


def tone(frames: int = 24_000, level: float = 0.5, channels: int = 2) -> np.ndarray:
    t = np.arange(frames) / RATE
    wave = level * np.sin(2 * np.pi * 440 * t)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def wav(sound: np.ndarray, depth: int, *, seed: int = 0, dithered: bool = True) -> bytes:
    form = Form(bit_depth=depth, channels=sound.shape[1])  # type: ignore[arg-type]
    return files.sound_file(sound, form, seed=seed, dithered=dithered)


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
    content = wav(sound, depth, seed=4)
    with soundfile.SoundFile(io.BytesIO(content)) as read:
        assert (read.subtype, read.samplerate, read.channels) == (subtype, RATE, channels)
        assert len(read) == 12_345
        back = read.read(dtype="float32", always_2d=True)
    assert np.abs(back - sound).max() <= (2.01 / 2 ** (depth - 1) if depth < 32 else 0)


def test_sixty_seconds_at_48_khz_are_2880000_frames() -> None:
    content = wav(np.zeros((2_880_000, 2), np.float32), 24, dithered=False)
    assert soundfile.info(io.BytesIO(content)).frames == 2_880_000
    assert len(chunks(content)[b"data"][0]) == 2_880_000 * 6


def test_a_master_of_a_loop_carries_loop_points_and_its_sections() -> None:
    audio = tone(4 * 2 * RATE)
    content = files.master_wav(
        mastered(audio), Delivery(sample_rate=48000), score(), loop=True, seed=1
    )
    found = chunks(content)
    assert list(found) == [b"bext", b"fmt ", b"data", b"smpl", b"cue ", b"LIST", b"id3 "]
    smpl = unpack("<9I", found[b"smpl"][0][:36])
    assert smpl[7] == 1
    assert unpack("<6I", found[b"smpl"][0][36:])[2:4] == (0, len(audio) - 1)
    assert readers.cues(content) == [(0, "A"), (4 * RATE, "B")]
    assert readers.info(content)["INAM"] == "lofi loop"
    assert readers.id3(found[b"id3 "][0]) == {"TBPM": "120", "TXXX:BPM": "120", "TKEY": "C"}
    assert unpack_from("<5h", found[b"bext"][0], 412) == (-1604, 0x7FFF, -321, 0x7FFF, 0x7FFF)
    assert found[b"bext"][0][602:] == b"A=PCM,F=48000,W=24,M=stereo,T=Cuesmith\r\n"


def test_an_evaluation_copy_names_its_candidate_and_has_no_loop() -> None:
    clean = files.master_wav(
        mastered(tone()), Delivery(sample_rate=48000), score(), loop=True, seed=1
    )
    found = chunks(files.evaluation_wav(clean, label="cand_123"))
    assert found[b"data"] == chunks(clean)[b"data"]
    assert found[b"fmt "] == chunks(clean)[b"fmt "]
    assert found.keys() == {b"bext", b"fmt ", b"data", b"LIST", b"id3 "}
    assert b"smpl" not in found and b"cue " not in found
    assert b"CUESMITH_CANDIDATE=cand_123" in found[b"LIST"][0]
    assert b"unlicensed" in found[b"LIST"][0]
    assert b"unlicensed" in found[b"bext"][0]


def test_the_same_seed_gives_the_same_file_and_another_another_dither() -> None:
    one, two, other = (wav(tone(), 16, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_dither_keeps_a_tone_far_below_the_last_bit() -> None:
    frames = 1 << 18
    t = np.arange(frames) / RATE
    quiet = (10 ** (-100 / 20) * np.sin(2 * np.pi * 997 * t))[:, None].astype(np.float32)
    read, _ = soundfile.read(io.BytesIO(wav(quiet, 16, seed=3)), dtype="float64")
    turn = np.exp(-2j * np.pi * 997 * t)
    heard = 2 * abs((read * turn).mean())
    third = 2 * abs((read * turn**3).mean())
    assert abs(20 * np.log10(heard) + 100) < 1
    assert 20 * np.log10(third) < -115


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    loud = np.array([[1.5, -1.5], [1.0, -1.0]], np.float32)
    read, _ = soundfile.read(io.BytesIO(wav(loud, 24, seed=1)), dtype="float64")
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
    content = files.preview_mp3(files.small_copy(mastered(tone(RATE * 2, 0.99))), label="cand_9")
    assert content[:3] == b"ID3"
    assert readers.id3(content) == {
        "TIT2": "cand_9",
        "COMM": files.UNLICENSED,
        "TXXX:CUESMITH_CANDIDATE": "cand_9",
        "TXXX:CUESMITH_LICENSE": "unlicensed",
        "TSSE": "Cuesmith",
    }
    read, rate = soundfile.read(io.BytesIO(content))
    assert rate == RATE and abs(len(read) / RATE - 2) < 0.06
    assert np.abs(read).max() < 1.0


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_a_preview_of_96_khz_and_many_channels_is_stereo_at_48_khz(channels: int) -> None:
    done = structs.replace(mastered(tone(96_000, channels=channels)), sample_rate=96_000)
    content = files.preview_mp3(files.small_copy(done), label="x")
    read = soundfile.info(io.BytesIO(content))
    assert (read.samplerate, read.channels) == (48_000, min(channels, 2))


def test_markers_with_odd_names_keep_the_chunks_even() -> None:
    markers = tuple(
        Marker(frame=at * 100, name=name) for at, name in enumerate(("i", "AB", "前奏"))
    )
    content = files.sound_file(tone(1001, channels=1), Form(channels=1), Labels(markers=markers))
    assert readers.cues(content) == [(0, "i"), (100, "AB"), (200, "前奏")]


def test_peaks_are_four_a_second_and_never_above_one() -> None:
    peaks = files.peaks(np.concatenate([tone(RATE), np.full((600, 2), 3, np.float32)]), RATE)
    assert len(peaks) == 5
    assert peaks[0] == pytest.approx(0.5, abs=0.01) and peaks[-1] == 1.0


def test_resampling_keeps_the_length_in_seconds() -> None:
    assert files.resample(tone(48_000), 48_000, 44_100).shape == (44_100, 2)
    assert files.resample(tone(44_100), 44_100, 96_000).shape == (96_000, 2)
    assert files.mono(tone(10)).shape == (10, 1)
