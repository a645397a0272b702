"""The arrangement report on two briefs of every style: a figure that falls fails here."""

import pytest

from engine import styles
from engine.reports import arrangement, markdown

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("music on paper")]


@pytest.fixture(scope="module")
def report() -> arrangement.Report:
    """Forty-four random briefs, three of them listened to."""
    return arrangement.run(2 * len(styles.names()), 1, 3, tell=lambda _: None)


def test_no_figure_of_the_arrangement_falls_short(report) -> None:
    print(f"\n{markdown.summary(report)}")
    assert len(report.findings) == 44
    assert report.waves == 3
    short = [f"{one.name}: {one.printed(one.measured)}" for one in report.figures if not one.passed]
    assert not short, short


def test_every_figure_was_measured_on_something(report) -> None:
    assert all(one.cases > 0 for one in report.figures if one.least is not None)
