"""The committed card belongs to the committed weights, and the committed figures to each other."""

import hashlib
import shutil
from pathlib import Path

import pytest

from engine.compose.composer import PACKAGED
from engine.critique import originality
from engine.workshop import card
from engine.workshop.corpus import CORPORA, CREDITS
from engine.workshop.index import manifest_of, training_files


def test_the_committed_card_is_that_of_the_committed_weights() -> None:
    assert (PACKAGED / card.NAME).read_text() == card.text(PACKAGED)


def test_every_digest_on_the_card_is_that_of_its_file() -> None:
    text = (PACKAGED / card.NAME).read_text()
    names = [*manifest_of(PACKAGED)["files"], "training-runs.npz", "frequencies.npz",
             "training-files.tsv"]  # fmt: skip
    for name in names:
        sha256 = hashlib.sha256((PACKAGED / name).read_bytes()).hexdigest()
        assert f"| `{name}` | `{sha256}` |" in text


def test_every_corpus_stands_on_the_card_with_its_licences_and_credit() -> None:
    text, files = card.text(PACKAGED), training_files(PACKAGED)
    for corpus in {row["corpus"] for row in files}:
        assert CREDITS[corpus] in text
        row = next(line for line in text.splitlines() if line.startswith(f"| {corpus} |"))
        for licence in {one["licence"] for one in files if one["corpus"] == corpus}:
            assert all(part.strip() in row for part in licence.split("|"))
    assert manifest_of(PACKAGED)["corpora"].keys() <= CORPORA.keys()


def test_every_file_of_the_weights_has_a_licence_an_origin_and_a_digest() -> None:
    for row in training_files(PACKAGED):
        assert row["licence"].strip()
        assert row["origin"].strip()
        assert len(row["sha256"]) == 64
        assert row["side"] in ("train", "held out")


def test_the_index_knows_every_work_that_was_trained_on_and_no_other() -> None:
    trained = {f"{row['corpus']}/{row['path']}" for row in training_files(PACKAGED)
               if row["side"] == "train" and row["corpus"] != "groove_midi"}  # fmt: skip
    assert set(originality.packaged().names) <= trained
    # A file may have no part of enough notes to be known by.
    assert len(originality.packaged().names) > 0.99 * len(trained)


def test_no_piece_that_is_offered_reaches_the_limit() -> None:
    said = manifest_of(PACKAGED)["originality"]
    assert said["composed"]["offered"]["longest"] < said["limit_notes"]
    assert said["composed"]["before_retraction"]["pieces"] >= 500
    assert said["composed"]["offered"]["longest"] <= said["human_held_out"]["p99"]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for file in PACKAGED.iterdir():
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


def test_another_list_of_files_makes_another_card(models: Path) -> None:
    before = card.make(models).read_text()
    listed = (models / "training-files.tsv").read_text().splitlines(keepends=True)
    (models / "training-files.tsv").write_text("".join(listed[:-1]))
    assert card.text(models) != before
