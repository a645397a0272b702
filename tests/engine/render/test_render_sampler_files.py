"""What the sampler does with fonts and caches that are not whole."""

import hashlib
import os
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
import sound_fonts as made
from sound_fonts import Preset, Sample, Zone

from engine.errors import BankMissing
from engine.render import banks, sampled
from engine.render.notes import NOTES
from engine.render.sampler import library, shelf, zones
from engine.render.strokes import Stroke

RATE = 48_000


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    NOTES.clear()
    shelf.close()
    return tmp_path / "cache" / "cuesmith" / "banks"


def small() -> bytes:
    sample = made.looped(100, 4800)
    return made.written([sample], [Preset([Zone([(54, 1), (53, 0)])])])


def play(path: Path) -> np.ndarray:
    return sampled.play_part(path, 0, [Stroke(0, 9600, 60, 100)], 19_200)


def test_a_font_is_converted_once(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    first = play(path)
    (folder,) = own_cache.glob("converted-*")
    assert folder.name.split("-")[1] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    made_at = (folder / library.SAMPLES).stat().st_mtime_ns
    shelf.close()
    assert (play(path) == first).all()
    assert (folder / library.SAMPLES).stat().st_mtime_ns == made_at
    assert [one.name for one in own_cache.iterdir()] == [folder.name]


def test_a_changed_font_is_converted_again(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    play(path)
    path.write_bytes(made.written([made.looped(50, 4800)], [Preset([Zone([(54, 1), (53, 0)])])]))
    play(path)
    assert len(list(own_cache.glob("converted-*"))) == 2


@pytest.mark.parametrize(
    "harm",
    ["cut samples", "cut tables", "flip a sample", "flip a table", "no tables", "other format"],
)
def test_a_cache_that_is_not_whole_is_made_again(
    tmp_path: Path, own_cache: Path, harm: str
) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    first = play(path)
    (folder,) = own_cache.glob("converted-*")
    shelf.close()
    samples, tables = folder / library.SAMPLES, folder / library.TABLES
    file = samples if "sample" in harm else tables
    content = file.read_bytes()
    match harm.split()[0]:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "flip":
            middle = len(content) // 2
            file.write_bytes(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
        case "no":
            file.unlink()
        case _:
            body = b"\x81\xa1a\x01"
            file.write_bytes(hashlib.sha256(body).digest() + body)
    assert (play(path) == first).all()
    assert [one.name for one in own_cache.iterdir()] == [folder.name]
    assert samples.stat().st_size == 9600


def test_a_cache_that_cannot_be_written_gives_way_to_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setattr(library, "_elsewhere", lambda: tmp_path / "elsewhere")
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    assert np.abs(play(path)).max() > 0.01
    assert len(list((tmp_path / "elsewhere").glob("converted-*"))) == 1


def test_an_earlier_format_is_taken_away(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (own_cache / f"converted-{digest[:16]}-0").mkdir(parents=True)
    (own_cache / f"converted-{'0' * 16}-0").mkdir()  # of another font: not ours to judge
    play(path)
    assert sorted(one.name for one in own_cache.iterdir()) == [
        f"converted-{'0' * 16}-0", f"converted-{digest[:16]}-{library.FORMAT}",
    ]  # fmt: skip


def test_many_threads_convert_one_font_once(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    sounds: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: sounds.append(play(path).tobytes())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sounds) == 4
    assert len(set(sounds)) == 1
    assert len(list(own_cache.iterdir())) == 1


def test_another_process_that_was_faster_is_believed(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    first = library.library(path, digest, own_cache, shelf.audit)

    def late(made: library.Library) -> dict[int, library.Program]:
        (tmp_path / "moved").rename(own_cache / f"converted-{digest[:16]}-{library.FORMAT}")
        return shelf.audit(made)

    (own_cache / f"converted-{digest[:16]}-{library.FORMAT}").rename(tmp_path / "moved")
    second = library.library(path, digest, own_cache, late)
    assert first.programs == second.programs
    assert len(list(own_cache.iterdir())) == 1


def refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken.sf2"
    path.write_bytes(content)
    with pytest.raises(BankMissing, match=says):
        banks.find(str(path))


def test_what_is_no_font_is_refused_with_a_reason(tmp_path: Path) -> None:
    refused(tmp_path, b"", "not a sound font")
    refused(tmp_path, b"RIFF", "not a sound font")
    refused(tmp_path, b"ID3 and then some music", "not a sound font")
    refused(tmp_path, b"RIFF\x04\0\0\0sfbk", "lacks ibag")
    refused(tmp_path, small()[:-40], "not whole")
    refused(tmp_path, small()[:2000], "lacks")
    for name in (b"shdr", b"igen", b"phdr"):
        broken = made.written([made.looped(1, 480)], [Preset([Zone([(53, 0)])])], without=name)
        refused(tmp_path, broken, name.decode())


def test_a_font_without_sound_is_refused(tmp_path: Path) -> None:
    zone, tone = Zone([(54, 1), (53, 0)]), made.looped(1, 480)
    nothing = Sample(np.zeros(4800, "<i2"), loop=(0, 4800))
    refused(tmp_path, made.written([nothing], [Preset([zone])]), "makes no sound")
    refused(tmp_path, made.written([nothing], [Preset([Zone([(54, 1)])])]), "no playable")
    refused(tmp_path, made.written([tone], [Preset([zone], bank=9)]), "no playable")
    refused(tmp_path, made.written([tone], [Preset([Zone([(53, 7)])])]), "no sample 7")


def test_a_vorbis_sample_that_is_no_vorbis_is_refused(tmp_path: Path) -> None:
    whole = made.written(
        [made.looped(100, 4800)], [Preset([Zone([(54, 1), (53, 0)])])], vorbis=True
    )
    at = whole.index(b"OggS")
    refused(tmp_path, whole[:at] + b"xxxx" + whole[at + 4 :], "cannot be decoded")


def test_more_zones_than_any_instrument_has_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(zones, "MOST_ZONES", 10)
    many = [Preset([Zone([(54, 1), (53, 0)])] * 6, program=number) for number in range(3)]
    refused(tmp_path, made.written([made.looped(1, 480)], many), "more than 10 zones")


def test_a_broken_font_is_refused_or_played_but_never_crashes(tmp_path: Path) -> None:
    samples = [made.looped(100, 4800), Sample(made.sine(300, 0.1))]
    presets = [
        Preset([Zone([(54, 1), (53, 0)]), Zone([(53, 1)])]),
        Preset([Zone([(53, 1)])], bank=128),
    ]
    whole = made.written(samples, presets)
    packed = made.written(samples, presets, vorbis=True)
    dice = np.random.default_rng(5)
    refusals = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in range(40):
        content = bytearray((whole, packed)[turn % 2])
        tables = content.index(b"pdta")
        for _ in range(int(dice.integers(1, 6))):
            first = tables if turn % 3 else 0
            content[int(dice.integers(first, len(content)))] = int(dice.integers(256))
        if turn % 5 == 0:
            content = content[: int(dice.integers(1, len(content)))]
        path = tmp_path / "fuzzed.sf2"
        path.write_bytes(bytes(content))
        shelf.close()
        try:
            sound = sampled.play_part(path, 0, [Stroke(0, 4800, 60, 100)], 9600)
        except BankMissing as refusal:
            refusals += 1
            assert str(refusal)
        else:
            assert np.isfinite(sound).all()
    assert 5 < refusals < 40
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 600_000  # kilobytes


def test_random_bytes_behind_a_good_head_are_refused(tmp_path: Path) -> None:
    dice = np.random.default_rng(9)
    for size in (0, 1, 40, 4000):
        noise = dice.integers(0, 256, size, np.uint8).tobytes()
        refused(tmp_path, b"RIFF" + (size + 4).to_bytes(4, "little") + b"sfbk" + noise, "lacks")


def test_an_installed_font_that_is_broken_gives_way_to_the_builtin_bank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUESMITH_BANK", raising=False)
    monkeypatch.setattr(banks, "_FOLDERS", (str(tmp_path),))
    (tmp_path / "FluidR3_GM.sf2").write_bytes(small()[:-40])
    assert banks.find().kind == "synthesised"
    (tmp_path / "FluidR3Mono_GM.sf3").write_bytes(small())
    assert banks.find().name == "FluidR3Mono_GM"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a folder away")
def test_a_folder_of_somebody_else_is_not_trusted(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "one.sf2"
    path.write_bytes(small())
    play(path)
    (folder,) = own_cache.glob("converted-*")
    shelf.close()
    os.chown(folder, 12_345, -1)
    play(path)
    assert folder.stat().st_uid == 0
