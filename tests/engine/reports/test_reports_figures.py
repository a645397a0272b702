"""Briefs, figures and the page: what is drawn, when a figure holds, what is told."""

from collections import Counter

import msgspec
import pytest

from engine import styles
from engine.reports import arrangement, briefs, figures, findings, markdown
from engine.reports.figures import Figure
from engine.reports.findings import Finding, Share

pytestmark = pytest.mark.xdist_group("report figures")


@pytest.fixture(scope="module")
def drawn() -> list[briefs.Asked]:
    """Five briefs of every style, resolved but not composed."""
    return [briefs.ask(number, 3) for number in range(110)]


def test_the_briefs_are_of_every_style_kind_meter_and_way_to_say_a_length(drawn) -> None:
    kept = [one.brief for one in drawn]
    assert {one.style for one in kept} == set(styles.names())
    assert {one.kind for one in kept} == {"bed", "loop"}
    assert {one.meter for one in kept} == {None, "4/4", "3/4", "6/8", "12/8"}
    ways = {(bool(one.duration_ms), bool(one.bars), bool(one.bpm)) for one in kept}
    assert len(ways) >= 6
    modes = {(one.tonality or "C none").split()[1] for one in kept}
    assert {"gong", "yu", "dorian", "phrygian", "major", "minor"} <= modes
    assert any(one.instruments.require for one in kept)
    assert any(one.instruments.forbid for one in kept)
    assert any(one.energy for one in kept)
    assert all(8_000 <= one.resolved.duration_ms <= 90_000 for one in drawn)


def test_the_same_seed_draws_the_same_briefs_and_another_draws_others(drawn) -> None:
    assert briefs.ask(17, 3) == drawn[17]
    assert briefs.ask(17, 4).brief != drawn[17].brief


def figure(least: float | None, measured: float | None) -> Figure:
    """One line."""
    return Figure(name="x", definition="y", least=least, measured=measured, cases=1)


def test_a_figure_below_what_is_asked_or_without_a_case_falls_short() -> None:
    assert figure(0.9, 0.9).passed
    assert not figure(0.9, 0.8999).passed
    assert not figure(0.9, None).passed
    assert figure(None, None).passed


def measured(*found: Finding) -> dict[str, Figure]:
    """Figures by name."""
    return {one.name: one for one in figures.figures(found)}


def test_shares_are_pooled_and_numbers_take_their_median() -> None:
    one = Finding(number=0, style="rock", shares={"chords": Share(right=9.0, total=10)},
                  values={"energy": 0.5})  # fmt: skip
    two = Finding(number=1, style="rock", shares={"chords": Share(right=30.0, total=30)},
                  values={"energy": 0.9})  # fmt: skip
    three = Finding(number=2, style="rock", values={"energy": 1.0})
    found = measured(one, two, three)
    assert found["sounding notes that fit the planned chord, per beat"].measured == 39 / 40
    assert found["energy asked against onset density × loudness"].measured == 0.9
    assert found["energy asked against onset density × loudness"].cases == 3


def test_a_brief_that_ends_in_an_error_is_counted_and_shown(drawn) -> None:
    broken = findings.crashed(drawn[0], ZeroDivisionError("by zero"))
    found = measured(broken, Finding(number=1, style="rock"))
    assert found["briefs composed without an error"].measured == 0.5
    assert "ZeroDivisionError: by zero" in markdown.worst([broken])


def test_every_line_says_how_it_is_measured() -> None:
    names = Counter(line.name for line in figures.LINES)
    assert max(names.values()) == 1
    assert all(len(line.definition.split()) > 2 for line in figures.LINES)


def test_the_words_are_counted_for_each_language() -> None:
    shares = figures.words_finding().shares
    assert min(shares["words en"].total, shares["words zh"].total) >= 100


def test_takes_to_listen_to_are_of_different_styles_first() -> None:
    found = [
        Finding(number=at, style=style, drums=drums, seconds=seconds)
        for at, (style, drums, seconds) in enumerate(
            [("rock", True, 30), ("rock", True, 9), ("lofi", True, 20), ("choir", False, 8)]
        )
    ]
    assert arrangement.chosen(found, 2) == [1, 2]
    assert arrangement.chosen(found, 9) == [1, 2, 0]


def test_the_page_has_the_command_the_figures_and_the_worst_with_its_brief(drawn) -> None:
    asked = drawn[5]
    bad = Finding(number=5, style=asked.resolved.style, seed=asked.seed, brief=asked.brief,
                  faults=("chords: 20 % fit",), causes=("chords",), badness=8.0,
                  refused=("/hits past_the_end",))  # fmt: skip
    report = arrangement.Report(briefs=1, seed=3, waves=0, findings=(bad,),
                                figures=(figure(0.9, 0.2),), seconds=1.0)  # fmt: skip
    page = markdown.page(report)
    assert "python -m engine report arrangement --briefs 1 --seed 3 --waves 0" in page
    assert "| x | 90.00 % | 20.00 % | 1 | **falls short** |" in page
    assert "chords: 20 % fit" in page
    assert "/hits past_the_end 1" in page
    told = page[page.index("`{") + 1 : page.index("}`", page.index("`{")) + 1]
    assert msgspec.json.decode(told)["style"] == asked.brief.style
    assert not report.passed
