"""The whole recipe, on scores that our own code makes: one command from nothing to weights."""

import csv
import hashlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.midi.reading import read
from engine.workshop import corpus

pytest.importorskip("zstandard", reason="the corpora are packed with it")

ROOT = Path(__file__).resolve().parents[3]
PIECES = 16  # of which the seventh is held out


def workshop(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.workshop", *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


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


@pytest.mark.workshop
@pytest.mark.slow
def test_one_command_goes_from_our_own_scores_to_weights_that_compose(
    corpora: Path, tmp_path: Path
) -> None:
    given = ("recipe", "--corpus", str(corpora), "--out", str(tmp_path), "--budget", "6s")
    first = workshop(*given)
    assert first.returncode == 0, first.stderr[-3000:]
    for step in ("data", "train", "export", "index", "bits", "card", "done"):
        assert f" s  {step}" in first.stdout
    models = tmp_path / "models"
    composes(models)
    measured(models)
    again = workshop(*given)
    assert "resumed at" in again.stdout, "a run that was stopped goes on"


def composes(models: Path) -> None:
    from engine.compose.composer import Composer
    from engine.contracts import Brief
    from engine.plan import draw
    from engine.words import resolve

    plans = draw(resolve(Brief(prompt="solo piano", duration_ms=10_000), 1), 1, 1)
    composed = Composer(models).write(plans, [1])
    assert sum(len(line.notes) for line in composed[0].lines) > 5


def measured(models: Path) -> None:
    import msgspec

    found = msgspec.json.decode((models / "bits.json").read_bytes())
    assert found["per_corpus"].keys() == {"own"}
    assert {one["side"] for one in found["per_file"]} == {"held out"}
    assert found["bits_per_note"] > 0
    manifest = msgspec.json.decode((models / "manifest.json").read_bytes())
    assert manifest["corpora"]["own"]["licences"] == ["CC0-1.0"]
    assert manifest["originality"]["works"] > 5
    with (models / "training-files.tsv").open(newline="") as listed:
        sides = Counter(row["side"] for row in csv.DictReader(listed, delimiter="\t"))
    assert sides["held out"] >= 1
    assert sides["train"] >= 8
    assert "| own | CC0-1.0 |" in (models / "card.md").read_text()


@pytest.mark.workshop
def test_a_folder_without_corpora_and_one_with_too_few_works_are_refused_in_words(
    tmp_path: Path,
) -> None:
    from engine.workshop import own

    out = str(tmp_path / "run")
    nothing = workshop("recipe", "--corpus", str(tmp_path), "--out", out, "--budget", "1s")
    assert nothing.returncode == 1
    assert "no corpus in" in nothing.stderr
    own.make(tmp_path, 3, 7)
    few = workshop("recipe", "--corpus", str(tmp_path), "--out", out, "--budget", "1s")
    assert few.returncode == 1
    assert "no work in" in few.stderr
    assert "Traceback" not in nothing.stderr + few.stderr
