"""Nothing is learned from without a licence, and a work stands on one side of the split."""

import hashlib

import pytest

from engine.workshop.corpus import ACCEPTED, CORPORA, CREDITS, Row, refused, row_of

CONTENT = b"MThd"


def source(**changed: str) -> dict[str, str]:
    return {
        "path": "midi/a.mid", "title": "Study", "composer": "Ours", "licence": "CC0-1.0",
        "origin": "made by a test", "sha256_midi": hashlib.sha256(CONTENT).hexdigest(),
        "confidence": "high",
    } | changed  # fmt: skip


def said(corpus: str = "freedoom", **changed: str) -> str | None:
    return refused(corpus, source(**changed), {"midi/a.mid": CONTENT})


@pytest.mark.parametrize("licence", ["", "   "])
def test_a_row_without_a_licence_is_refused_and_named(licence: str) -> None:
    assert said(licence=licence) == "no licence: midi/a.mid"
    without = source()
    del without["licence"]
    assert refused("freedoom", without, {"midi/a.mid": CONTENT}) == "no licence: midi/a.mid"


def test_other_rows_are_refused_with_their_reason() -> None:
    assert said() is None
    assert said(confidence="medium") == "confidence medium"
    assert said(sha256_midi="0" * 64) == "digest differs"
    assert said(path="midi/b.mid") == "file missing"


def test_a_row_less_than_certain_is_taken_only_where_a_reason_is_recorded() -> None:
    taken = {corpus for corpus in CORPORA if said(corpus, confidence="medium") is None}
    assert taken == set(ACCEPTED)
    assert all(said(corpus, confidence="low") for corpus in CORPORA)


def test_every_corpus_has_its_credit() -> None:
    assert set(CREDITS) == set(CORPORA)
    assert all(CREDITS.values())


def row(corpus: str, title: str, composer: str = "Chopin, Fryderyk") -> Row:
    return row_of(corpus, source(title=title, composer=composer), CONTENT)


def test_editions_and_revisions_of_one_title_are_one_work() -> None:
    chopin, freedoom = "chopin_first_editions", "freedoom"
    first, second = row(chopin, "Ballade Op. 38"), row(chopin, "BALLADE Op. 38 (Leipzig)")
    assert first.work == second.work
    assert row(freedoom, "Oxidine", "Korp").work == row(freedoom, " oxidine ", " korp").work
    assert row(freedoom, "Oxidine", "Korp").work != row(freedoom, "Oxidine", "Jute").work
    assert row(freedoom, "Oxidine").work != row(chopin, "Oxidine").work


def test_one_work_in_twenty_is_held_out_whole() -> None:
    works = [row("freedoom", f"Tune {number}") for number in range(2000)]
    share = sum(one.held_out for one in works) / len(works)
    assert 0.03 < share < 0.07
    for one in works[:200]:
        again = row("freedoom", f"{one.work.rsplit('/', 1)[1]} (revised)")
        assert again.held_out == one.held_out


def test_typesetters_are_kept_for_their_credit() -> None:
    extra = "inst=Piano;style=Romantic;typesetter=Our Own Hand"
    assert row_of("mutopia", source(extra=extra), CONTENT).typesetter == "Our Own Hand"
    assert row("freedoom", "Tune").typesetter == ""
