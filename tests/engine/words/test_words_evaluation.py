"""The evaluation sentences are understood in both languages."""

from engine.words import evaluation


def test_every_field_is_read_exactly_in_at_least_95_of_100_sentences() -> None:
    cases = evaluation.sentences()
    assert len(cases) >= 150
    tallies, mistakes = evaluation.evaluate(cases)
    for field, tally in tallies.items():
        assert tally.exact >= 0.95, evaluation.table(tallies, mistakes)
        assert tally.found >= 0.95, f"{field}\n{evaluation.table(tallies, mistakes)}"


def test_english_and_chinese_are_equals() -> None:
    cases = evaluation.sentences()
    chinese = [case for case in cases if any("一" <= sign <= "鿿" for sign in case.text)]
    english = [case for case in cases if case not in chinese]
    assert len(chinese) >= 60
    assert len(english) >= 60
    shares = []
    for half in (chinese, english):
        tallies, _ = evaluation.evaluate(half)
        shares.append(sum(tally.exact for tally in tallies.values()) / len(tallies))
    assert abs(shares[0] - shares[1]) < 0.02


def test_every_style_is_among_the_sentences() -> None:
    from engine.words.lexicon import STYLE_NAMES

    meant = {
        style for case in evaluation.sentences() for style in case.means.get("style", "").split(",")
    }
    assert {style for style, _, _ in STYLE_NAMES} <= meant
