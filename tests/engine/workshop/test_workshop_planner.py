"""The planner learns from charts: they are read right, split by song, and the figures are real."""

import csv
import hashlib
import io
import random
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.errors import ModelMissing
from engine.plan import degrees
from engine.plan.degrees import CODES, KINDS, QUALITIES, Change, code

zstandard = pytest.importorskip("zstandard", reason="the corpora are packed with it")
pytestmark = pytest.mark.workshop
planner = pytest.importorskip("engine.workshop.planner", reason="needs torch")
charts = pytest.importorskip("engine.workshop.planner_charts")
counts = pytest.importorskip("engine.workshop.planner_counts")
net_of = pytest.importorskip("engine.workshop.planner_net")

SONG = """# title: Ours
# artist: Us
# metre: 4/4
# tonic: {tonic}

0.0\tsilence
0.5\tA, intro, | {i} | {i} |
1.0\tB, verse, | {i} | {v}:7/3 . {vi}:min . |, (voice
2.0\t| {iv} N | {v}:sus4 {v}:maj |, x2, voice)
3.0\tB, verse, | {i} | {iv} |
4.0\tend
"""
SHARP = {"tonic": "D", "i": "D:maj", "iv": "G:maj7", "v": "A", "vi": "B"}
FLAT = {"tonic": "Eb", "i": "Eb:maj", "iv": "Ab:maj7", "v": "Bb", "vi": "C"}


def written(song: dict[str, str]) -> str:
    return SONG.format(**song)


def packed(folder: Path, name: str, files: dict[str, bytes], **changed: str) -> None:
    """An archive of a corpus with a licence row for every file."""
    table = io.StringIO()
    fields = ["path", "title", "composer", "licence", "origin", "sha256_midi", "sha256_orig",
              "confidence", "extra"]  # fmt: skip
    sheet = csv.DictWriter(table, fields, delimiter="\t")
    sheet.writeheader()
    for path, content in files.items():
        sheet.writerow({
            "path": path, "title": Path(path).stem, "composer": "Us", "licence": "CC0-1.0",
            "origin": "made by a test", "sha256_midi": "", "confidence": "medium", "extra": "",
            "sha256_orig": hashlib.sha256(content).hexdigest(), **changed,
        })  # fmt: skip
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in {**files, "SOURCES.tsv": table.getvalue().encode()}.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    (folder / f"{name}.tar.zst").write_bytes(
        zstandard.ZstdCompressor().compress(archive.getvalue())
    )


def lead_sheet(*chords: str) -> bytes:
    """A tune in D: two sharps, one chord marker a bar."""
    track = b"\x00\xff\x59\x02\x02\x00\x00\xff\x58\x04\x04\x02\x18\x08"
    for at, name in enumerate(chords):
        text = f"chord:{name}".encode()
        track += (b"\x8f\x00" if at else b"\x00") + b"\xff\x06" + bytes([len(text)]) + text
    track += b"\x00\x90\x3e\x50\x8f\x00\x80\x3e\x00\x00\xff\x2f\x00"
    head = b"MThd" + (6).to_bytes(4, "big") + b"\0\0\0\1" + (480).to_bytes(2, "big")
    return head + b"MTrk" + len(track).to_bytes(4, "big") + track


def made(folder: Path, annotated: dict[str, bytes] | None = None) -> Path:
    """The three corpora, tiny."""
    dice = random.Random(1)
    known = ["C", "F", "G", "A:min", "D:min"]
    songs = {
        f"chords/{at}.txt": "".join(
            ["# tonic: C\n0.0\tsilence\n"]
            + [f"1.0\t{letter}, {kind}, | {' | '.join(dice.choices(known, k=8))} |\n"
               for letter, kind in (("A", "intro"), ("B", "verse"), ("C", "chorus"))]
        ).encode()
        for at in range(40)
    }  # fmt: skip
    packed(folder, "mcgill_billboard", annotated or songs)
    packed(folder, "openewld", {f"midi/{at}.mid": lead_sheet("D", "G/B", "A7", "D")
                                for at in range(20)},
           sha256_midi=hashlib.sha256(lead_sheet("D", "G/B", "A7", "D")).hexdigest())  # fmt: skip
    table = "mode\tprogression\tmoods\n" + "".join(
        f"{line}\tPlain\n" for line in ("maj\tI V7 vi7 IV", "min\ti VI III VII",
                                        "modal\tbVIIM im bIIM7 Vdom7")
    )  # fmt: skip
    packed(folder, "free_midi_chords", {"progressions.tsv": table.encode()}, confidence="high")
    return folder


def read(folder: Path) -> tuple[list, Counter[str]]:
    report: Counter[str] = Counter()
    return list(charts.songs(folder, report)), report


def shown(changes: tuple[Change, ...]) -> list[tuple[int, str, int, int, int]]:
    return [
        (one.code // len(QUALITIES), QUALITIES[one.code % len(QUALITIES)], one.inversion, one.at,
         one.length)
        for one in changes
    ]  # fmt: skip


def test_a_chart_is_read_over_its_tonic_with_sections_times_and_basses(tmp_path: Path) -> None:
    folder = made(tmp_path, {"chords/a.txt": written(SHARP).encode(),
                             "chords/b.txt": written(FLAT).encode()})  # fmt: skip
    (one, other), _ = ([song for song in read(folder)[0] if song.named], None)
    assert one.parts == other.parts
    assert one.mode == 0
    assert [KINDS[part.kind] for part in one.parts] == ["intro", "verse", "verse"]
    assert [part.bars for part in one.parts] == [2, 6, 2]
    assert shown(one.parts[1].changes) == [
        (0, "major", 0, 0, 12), (7, "dominant", 1, 12, 6), (9, "minor", 0, 18, 6),
        (5, "major7", 0, 24, 6), (7, "suspended", 0, 36, 6), (7, "major", 0, 42, 6),
        (5, "major7", 0, 48, 6), (7, "suspended", 0, 60, 6), (7, "major", 0, 66, 6),
    ]  # fmt: skip


def test_lead_sheets_and_progressions_are_read_over_their_tonic(tmp_path: Path) -> None:
    songs, report = read(made(tmp_path))
    sheet = next(song for song in songs if song.corpus == "openewld")
    assert shown(sheet.parts[0].changes)[:3] == [
        (0, "major", 0, 0, 12), (5, "major", 1, 12, 12), (7, "dominant", 0, 24, 12),
    ]  # fmt: skip
    lines = [shown(song.parts[0].changes) for song in songs if song.corpus == "free_midi_chords"]
    assert [[one[:2] for one in line] for line in lines] == [
        [(0, "major"), (7, "dominant"), (9, "minor7"), (5, "major")],
        [(0, "minor"), (8, "major"), (3, "major"), (10, "major")],
        [(10, "major"), (0, "minor"), (1, "major7"), (7, "dominant")],
    ]
    assert report["openewld: taken"] == 20


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"licence": " "}, "no licence: chords/a.txt"),
        ({"confidence": "low"}, "confidence low"),
        ({"sha256_orig": "0" * 64}, "digest differs"),
    ],
)
def test_a_row_that_may_not_be_counted_is_refused_and_said(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    folder = made(tmp_path)
    packed(folder, "mcgill_billboard", {"chords/a.txt": written(SHARP).encode()}, **changed)
    songs, report = read(folder)
    assert not [song for song in songs if song.named]
    assert report[f"mcgill_billboard: {said}"] == 1


def test_a_folder_may_lack_archives_but_not_all_of_them(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "mcgill_billboard.tar.zst").unlink()
    songs, report = read(folder)
    assert {song.corpus for song in songs} == {"openewld", "free_midi_chords"}
    assert report["mcgill_billboard: archive not there"] == 1
    with pytest.raises(LookupError, match="mcgill_billboard"):
        read(tmp_path / "nowhere")


def test_charts_of_one_song_fall_on_one_side_of_the_split(tmp_path: Path) -> None:
    files = {f"chords/{at}.txt": written(SHARP if at % 2 else FLAT).encode() for at in range(12)}
    folder = made(tmp_path)
    packed(folder, "mcgill_billboard", files, title="Same")
    songs = [song for song in read(folder)[0] if song.named]
    assert len(songs) == 12
    assert len({(song.work, song.held_out) for song in songs}) == 1


def test_a_section_heard_again_is_learned_once(tmp_path: Path) -> None:
    again = written(SHARP) + written(SHARP).split("\n\n")[1]
    once, twice = (
        next(song for song in read(made(tmp_path, {"chords/a.txt": text.encode()}))[0]
             if song.named)
        for text in (written(SHARP), again)
    )  # fmt: skip
    assert len(twice.parts) == 2 * len(once.parts)
    assert len(planner.examples(twice)) == len(planner.examples(once)) == 3


def trained(corpus: Path, models: Path, seed: int = 1) -> dict:
    return planner.train(corpus, models, seed, net_of.Config(width=16, epochs=2), threads=1)


def test_training_writes_small_weights_that_the_plan_room_reads(tmp_path: Path) -> None:
    from engine.plan.likelihood import Likelihood

    corpus = made(tmp_path)
    figures = trained(corpus, tmp_path / "models")
    manifest = msgspec.json.decode((tmp_path / "models" / "manifest.json").read_bytes())
    assert manifest["figures"] == figures
    assert set(figures["bits_per_chord"]) >= {"unigram", "bigram", "blend of n-grams", "network"}
    assert all(one["credit"] and one["licences"] for one in manifest["sources"].values())
    assert manifest["sections"]["after"]["verse"] == {"chorus": 1.0}
    assert (tmp_path / "models" / "planner.onnx").stat().st_size < 1_000_000
    heard = Likelihood(tmp_path / "models")
    assert heard.digest == manifest["files"]["planner.onnx"]
    trained(corpus, tmp_path / "again")
    assert Likelihood(tmp_path / "again").digest == heard.digest
    weights = tmp_path / "models" / "planner.onnx"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(ModelMissing, match="not the file its manifest names"):
        Likelihood(tmp_path / "models")


def example(chords: list[int]) -> Any:
    changes = tuple(
        Change(code=one, inversion=0, at=12 * at, length=12) for at, one in enumerate(chords)
    )
    ids = degrees.features(changes, len(chords), 0, 1, (CODES, CODES))
    return net_of.Example(corpus="ours", ids=np.array(ids), told=np.array(degrees.told(changes)))


FORMS: dict[str, Callable[[list, list], list[np.ndarray]]] = {
    "counts": lambda train, test: counts.blended(counts.BLEND, train, test),
    "network": lambda train, test: [
        one[:, 0]
        for one in net_of.bits(net_of.fit(train, net_of.Config(width=24, epochs=30), 1), test)
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_what_always_follows_costs_little_and_what_never_does_costs_much(form: str) -> None:
    loop = [code(root, 0) for root in (0, 7, 9, 5)]
    usual, odd = example(loop * 4), example([loop[0], loop[2], *loop[2:], *loop * 3])
    familiar, strange = FORMS[form]([usual] * 200, [usual, odd])
    assert familiar[1:].mean() < 0.5
    assert strange[1] > 4.0


def test_the_shares_of_a_count_are_proper_probabilities() -> None:
    loop = example([code(root, 0) for root in (0, 7, 9, 5)] * 4)
    chain = counts.Chain(counts.BLEND[2], [loop])
    total = sum(chain.probability(loop.ids[5], chord) for chord in range(CODES))
    assert total == pytest.approx(1.0)
