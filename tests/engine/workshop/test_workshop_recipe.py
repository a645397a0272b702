"""Scores that our own code makes are a corpus that the recipe can be tried on."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from engine.midi.reading import read
from engine.workshop import corpus

pytest.importorskip("zstandard", reason="the corpora are packed with it")

PIECES = 16  # of which the seventh is held out


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus of our own and no other."""
    from engine.workshop import own

    folder = tmp_path_factory.mktemp("corpora")
    own.make(folder, PIECES, 7)
    return folder


def test_our_own_scores_are_a_corpus_like_any_other(corpora: Path) -> None:
    report: Counter[str] = Counter()
    rows = list(corpus.rows(corpora, report))
    assert report["own: taken"] == len(rows) == PIECES
    assert {row.licence for row in rows} == {"CC0-1.0"}
    assert {row.held_out for row in rows} == {False, True}
    assert len({row.path.split("_", 1)[1] for row in rows}) >= 12, "styles"
    for row in rows:
        heard = read(row.content)
        assert sum(len(track.notes) for track in heard.tracks) > 20
        assert heard.seconds > 10


def test_our_own_corpus_is_the_same_to_the_byte_each_time(corpora: Path, tmp_path: Path) -> None:
    from engine.workshop import own

    again = own.make(tmp_path, PIECES, 7).read_bytes()
    assert again == (corpora / "own.tar.zst").read_bytes()
    assert own.make(tmp_path, 2, 8).read_bytes() != own.make(tmp_path, 2, 7).read_bytes()


def test_archives_that_are_not_there_are_named_and_no_archive_at_all_is_refused(
    corpora: Path, tmp_path: Path
) -> None:
    report: Counter[str] = Counter()
    list(corpus.rows(corpora, report))
    missing = {line for line in report if line.endswith(": no archive")}
    assert missing == {f"{name}: no archive" for name in corpus.CORPORA if name != corpus.OWN}
    with pytest.raises(LookupError, match=r"engine\.workshop own"):
        list(corpus.rows(tmp_path, report))


def test_a_row_whose_licence_was_taken_away_is_left_out_and_named(tmp_path: Path) -> None:
    from engine.workshop import own

    own.make(tmp_path, 2, 7)
    members, listed = corpus.opened(tmp_path / "own.tar.zst", "own")
    path = listed[0]["path"]
    listed[0]["licence"] = " "
    assert corpus.refused("own", listed[0], members) == f"no licence: {path}"


@pytest.mark.parametrize("spoilt", ["no archive", "cut off", "no rows", "strange rows"])
def test_an_archive_that_is_none_is_refused_by_name(spoilt: str, tmp_path: Path) -> None:
    file = tmp_path / "own.tar.zst"
    file.write_bytes(archive(spoilt))
    with pytest.raises(LookupError, match=r"own\.tar\.zst(: its SOURCES| cannot be unpacked)"):
        list(corpus.rows(tmp_path, Counter()))


def test_a_row_without_a_title_is_left_out_and_named(tmp_path: Path) -> None:
    from engine.workshop import own

    rows = "path\torigin\tlicence\tconfidence\tsha256_midi\n" + (
        f"midi/a.mid\there\tCC0-1.0\thigh\t{hashlib.sha256(b'MThd').hexdigest()}\n"
    )
    members = {"SOURCES.tsv": rows.encode(), "midi/a.mid": b"MThd"}
    (tmp_path / "own.tar.zst").write_bytes(own.packed(members))
    report: Counter[str] = Counter()
    assert list(corpus.rows(tmp_path, report)) == []
    assert report["own: no title and composer: midi/a.mid"] == 1


def archive(spoilt: str) -> bytes:
    from engine.workshop import own

    listed = {"no rows": {}, "strange rows": {"SOURCES.tsv": b"file\tlicense\na.mid\tmine\n"}}
    whole = own.packed(listed.get(spoilt, {"SOURCES.tsv": bytes(9000)}))
    return {"no archive": b"PK" + bytes(100), "cut off": whole[:-9]}.get(spoilt, whole)
