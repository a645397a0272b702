import io
from struct import unpack, unpack_from

import numpy as np
import pytest
import soundfile

from engine.errors import BriefRefused
from engine.master import files
from engine.master.files import Labels
from engine.sound.downmix import stereo
from engine.words.formats import Form
from tests.engine.master import readers

RATES = (44_100, 48_000, 96_000)
ALL = [(name, channels) for name in ("wav", "flac", "ogg") for channels in (1, 2, 4, 6)]
ALL += [("mp3", 1), ("mp3", 2)]


def noise(frames: int, channels: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((frames, channels)) * 0.1).astype(np.float32)


def form(name: str, channels: int = 2, rate: int = 48_000, depth: int = 24) -> Form:
    return Form(format=name, channels=channels, sample_rate=rate, bit_depth=depth)  # type: ignore[arg-type]


def heard(content: bytes) -> tuple[np.ndarray, int]:
    return soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)


@pytest.mark.parametrize(("name", "channels"), ALL)
@pytest.mark.parametrize("frames", [1, 4_801, 30_000])
def test_every_form_keeps_rate_channels_and_every_frame(
    name: str, channels: int, frames: int
) -> None:
    sound, wanted = noise(frames, channels), form(name, channels)
    content = files.sound_file(sound, wanted, seed=5)
    read, rate = heard(content)
    assert read.shape == sound.shape and rate == 48_000
    assert content == files.sound_file(sound, wanted, seed=5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ["wav", "flac", "ogg"])
def test_every_rate_comes_back(name: str, rate: int) -> None:
    read = soundfile.info(io.BytesIO(files.sound_file(noise(2_000, 6), form(name, 6, rate))))
    assert (read.samplerate, read.frames, read.channels) == (rate, 2_000, 6)


@pytest.mark.parametrize("depth", [16, 24])
@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_a_flac_holds_the_same_numbers_as_the_wav_of_its_seed(depth: int, channels: int) -> None:
    sound = noise(5_000, channels)
    one, two = (
        files.sound_file(sound, form(name, channels, depth=depth), seed=9)
        for name in ("flac", "wav")
    )
    assert np.array_equal(heard(one)[0], heard(two)[0])
    with soundfile.SoundFile(io.BytesIO(one)) as read:
        assert read.subtype == f"PCM_{depth}"


@pytest.mark.parametrize(("channels", "mask"), [(1, 0x4), (2, 0x3), (4, 0x33), (6, 0x3F)])
@pytest.mark.parametrize(("depth", "kind"), [(16, 1), (24, 1), (32, 3)])
def test_a_wav_says_which_loudspeaker_each_channel_is_for(
    channels: int, mask: int, depth: int, kind: int
) -> None:
    content = files.sound_file(noise(10, channels), form("wav", channels, depth=depth))
    said = readers.chunks(content)[b"fmt "][0]
    code, count, rate, speed, step, bits = unpack_from("<HHIIHH", said)
    assert (count, rate, bits) == (channels, 48_000, depth)
    assert (step, speed) == (channels * depth // 8, 48_000 * channels * depth // 8)
    if (channels == 1 and depth != 24) or (channels == 2 and depth != 24):
        assert code == kind and len(said) in (16, 18)
        return
    assert code == 0xFFFE and len(said) == 40
    size, valid, speakers, sub = unpack_from("<HHIH", said, 16)
    assert (size, valid, speakers, sub) == (22, depth, mask, kind)
    assert said[26:] == bytes.fromhex("000000001000800000aa00389b71")


def test_a_float_wav_counts_its_frames_in_a_fact() -> None:
    content = files.sound_file(noise(77, 6), form("wav", 6, depth=32))
    assert unpack("<I", readers.chunks(content)[b"fact"][0]) == (77,)


def test_the_channels_of_ogg_stand_in_the_order_of_vorbis() -> None:
    """§4.3.9 of Vorbis I: front left, centre, front right, rear left, rear right, LFE."""
    t = np.arange(24_000) / 48_000
    tones = (200, 300, 500, 60, 700, 1100)  # FL FR C LFE RL RR, as in a WAV
    sound = np.stack([0.3 * np.sin(2 * np.pi * hertz * t) for hertz in tones], axis=1)
    read, rate = heard(files.sound_file(sound.astype(np.float32), form("ogg", 6)))
    loudest = np.abs(np.fft.rfft(read, axis=0)).argmax(axis=0) * rate / len(read)
    assert np.abs(loudest - (200, 500, 300, 700, 1100, 60)).max() <= 2


def test_vorbis_takes_the_sixth_channel_for_the_subwoofer() -> None:
    """Why the order matters: the encoder keeps the lows alone of what stands last."""
    read, rate = heard(files.sound_file(noise(48_000, 6), form("ogg", 6)))
    power = np.abs(np.fft.rfft(read, axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(read), 1 / rate)
    high = power[(hertz > 2_000) & (hertz < 15_000)].mean(axis=0)
    assert 10 * np.log10(high[5] / high[:5].min()) < -20


def test_the_pages_of_an_ogg_end_with_its_last_frame() -> None:
    packets, position = readers.ogg_packets(files.sound_file(noise(12_345, 2), form("ogg")))
    assert position == 12_345
    assert unpack_from("<IBI", packets[0], 7) == (0, 2, 48_000)


@pytest.mark.parametrize("name", ["mp3", "ogg"])
def test_what_a_decoder_hears_stays_under_the_asked_ceiling(name: str) -> None:
    loud = np.clip(noise(48_000, 2) * 20, -0.97, 0.97)
    free = files.sound_file(loud, form(name))
    held = files.sound_file(loud, form(name), ceiling_dbtp=-1.0)
    assert files.decoded_peak_dbtp(free) > -1.0
    assert -2.5 < files.decoded_peak_dbtp(held) <= -1.0


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        (form("mp3", 4), "/channels"),
        (form("mp3", 2, 96_000), "/sample_rate"),
        (form("flac", depth=32), "/bit_depth"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_what_can(wanted: Form, pointer: str) -> None:
    with pytest.raises(BriefRefused) as refused:
        files.sound_file(noise(10, wanted.channels), wanted)
    (reason,) = refused.value.reasons
    assert reason.pointer == pointer and reason.limit
    assert all(str(one) in reason.detail for one in reason.limit)  # type: ignore[union-attr]


def test_a_sound_of_other_channels_than_its_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="2 channels"):
        files.sound_file(noise(10, 2), form("wav", 4))


def test_six_channels_fold_to_two_without_the_subwoofer() -> None:
    sound = np.eye(6, dtype=np.float32)
    folded = stereo(sound)
    half = 0.5**0.5
    expected = [(1, 0), (0, 1), (half, half), (0, 0), (half, 0), (0, half)]
    assert np.allclose(folded, expected)
    assert np.allclose(stereo(np.eye(4)), [(1, 0), (0, 1), (half, 0), (0, half)])


def test_a_licensed_mp3_has_its_highs_and_every_frame_of_it_320_kbit() -> None:
    content = files.sound_file(noise(96_000, 2), form("mp3"))
    at = readers.id3_bytes(content)
    assert content[at] == 0xFF and content[at + 1] & 0xFE == 0xFA  # MPEG 1, layer III
    assert abs(len(content) * 8 / 2 / 1000 - 320) < 20
    read, rate = heard(content)
    power = np.abs(np.fft.rfft(read[:, 0])) ** 2
    hertz = np.fft.rfftfreq(len(read), 1 / rate)
    high = power[(hertz > 18_000) & (hertz < 19_500)].mean()
    assert 10 * np.log10(high / power[(hertz > 1_000) & (hertz < 2_000)].mean()) > -6


def test_labels_may_be_left_out_of_every_form() -> None:
    for name, channels in ALL:
        content = files.sound_file(noise(100, channels), form(name, channels), Labels())
        assert len(heard(content)[0]) == 100
