"""What the models have learned from, counted again from the files that ship with them."""

import csv
import json
from collections import Counter
from pathlib import Path

from api.docs import training
from tests.api.conftest import Door

MODELS = Path(__file__).resolve().parents[3] / "engine" / "models"


def _rows() -> list[dict[str, str]]:
    with (MODELS / "composer" / "training-files.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_corpus_of_every_manifest_is_named_with_owner_and_licence() -> None:
    said = training.said()
    manifests = {file.parent.name: json.loads(file.read_text()) for file in
                 MODELS.glob("*/manifest.json")}  # fmt: skip
    assert {one.name for one in said.models} == {one["name"] for one in manifests.values()}
    corpora = {*manifests["composer"]["corpora"], *manifests["planner"]["sources"]}
    assert set(said.corpora) == corpora
    for one in said.corpora.values():
        assert one.owner
        assert one.licences
        assert one.models


def test_the_counts_are_those_of_the_list_of_files() -> None:
    counted = Counter((row["corpus"], row["side"]) for row in _rows())
    sides = {side for _, side in counted}
    held = next(side for side in sides if side != "train")
    for corpus in {corpus for corpus, _ in counted}:
        one = training.said().corpora[corpus]
        assert one.files_learned == counted[corpus, "train"]
        assert one.files_held_out == counted[corpus, held]


def test_every_source_says_where_it_was_taken_from_at_which_commit() -> None:
    said = training.said()
    for row in _rows():
        commit = row["origin"].rpartition("github.com/")[2].partition(":")[0]
        assert f"github.com/{commit.replace('@', ' at ')}" in said.corpora[row["corpus"]].origins


def test_no_licence_forbids_what_we_do() -> None:
    for one in training.said().corpora.values():
        for licence in one.licences:
            assert not any(word in licence for word in ("NC", "ND", "SA", "GPL")), licence


async def test_it_is_a_page_for_those_who_ask_for_one(door: Door) -> None:
    said = (await door.http.get("/training-data")).json()
    page = (await door.http.get("/training-data", headers={"accept": "text/html"})).text
    for name, facts in said["corpora"].items():
        assert f"corpus-{name}" in page
        assert all(licence in page for licence in facts["licences"])
    assert all(one["asked"] in page for one in said["statements"])
    assert "CC-BY-4.0" in page


def test_it_says_whom_to_ask() -> None:
    said = training.said("data@music.example")
    assert "data@music.example" in training.body(said)
    assert training.said().contact
