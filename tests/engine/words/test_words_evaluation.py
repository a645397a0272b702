"""The evaluation sentences are understood, English and Chinese alike."""

import pytest

from engine.words import evaluation
from engine.words.confusion import figures, report
from engine.words.evaluation import (
    FIELDS,
    HELD_OUT,
    Outcome,
    Sentence,
    evaluate,
    of_language,
    sentences,
    tally,
)
from engine.words.lexicon import KINDS, MOODS, STYLE_NAMES


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return evaluate(sentences())


def test_there_are_sentences_enough_in_both_languages() -> None:
    languages = [sentence.language for sentence in sentences()]
    assert len(languages) >= 260
    assert languages.count("English") >= 110
    assert languages.count("Chinese") >= 110
    assert languages.count("mixed") >= 20
    assert len(sentences(HELD_OUT)) == 40


@pytest.mark.parametrize("language", evaluation.LANGUAGES)
def test_at_least_95_of_100_fields_are_right_in_each_language(
    outcomes: list[Outcome], language: str
) -> None:
    assert tally(of_language(outcomes, language)).share >= 0.95, report(outcomes)


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_is_worse_than_the_rest(outcomes: list[Outcome], field: str) -> None:
    assert tally([one for one in outcomes if one.field == field]).share >= 0.95, figures(outcomes)


def test_sentences_written_before_the_reader_are_understood_too() -> None:
    held_out = evaluate(sentences(HELD_OUT))
    assert tally(held_out).share >= 0.95, report(held_out)


def test_every_style_and_mood_is_among_the_sentences() -> None:
    meant = {
        name.strip("?")
        for sentence in sentences()
        for field in ("style", "moods")
        for listed in sentence.means.get(field, "").split(",")
        for name in listed.split("/")
    }
    assert {style for style, _, _ in STYLE_NAMES} <= meant
    assert {mood for mood, *_ in MOODS} <= meant


def test_a_meaning_names_only_fields_and_names_that_exist() -> None:
    moods = {mood for mood, *_ in MOODS}
    kinds = {kind for kind, _, _ in KINDS}
    for sentence in (*sentences(), *sentences(HELD_OUT)):
        assert set(sentence.means) <= set(FIELDS), sentence.text
        said = sentence.means.get("moods", "").replace("?", "").replace("/", ",").split(",")
        assert set(said) - {"", "*"} <= moods, sentence.text
        assert sentence.means.get("kind", "*").lstrip("?") in {*kinds, "*"}, sentence.text


def test_what_is_wrong_is_counted_as_wrong() -> None:
    meant = {"style": "rock,metal", "moods": "calm,?warm", "forbid": "drums", "bpm": "?99"}
    heard = evaluate([Sentence(text="calm rock, 120 bpm, with drums", means=meant)])
    verdicts = {one.field: one.verdict for one in heard if one.verdict != "silent"}
    assert verdicts == {
        "style": "right", "moods": "right", "forbid": "missed", "bpm": "mistaken",
        "require": "invented",
    }  # fmt: skip
    assert tally(heard).share == 2 / 5


def test_the_report_shows_what_was_taken_for_what() -> None:
    shown = report(evaluate([Sentence(text="sad rock", means={"style": "bossa", "moods": "cute"})]))
    (row,) = [line for line in shown.splitlines() if line.startswith("bossa ")]
    assert "1" in row.split()
    assert "sad 1" in shown
    assert "style: meant bossa, heard rock: sad rock" in shown
