"""The briefs that people look at, and the pages they are laid out on."""

from collections import Counter

import numpy as np

from engine import styles
from engine.__main__ import _parser
from engine.reports import gallery
from engine.words import resolve


def test_the_briefs_are_two_of_every_style_in_english_and_in_chinese() -> None:
    briefs = gallery.briefs()
    assert Counter(one.style for one in briefs) == dict.fromkeys(styles.names(), 2)
    for style in styles.names():
        languages = {any("一" <= c <= "鿿" for c in b.prompt) for b in briefs if b.style == style}
        assert languages == {True, False}, style
    assert sum(one.kind == "loop" for one in briefs) >= 5


def test_every_brief_is_accepted_and_as_long_as_a_listener_has_time_for() -> None:
    for number, brief in enumerate(gallery.briefs()):
        resolved = resolve(brief, number)
        assert resolved.style == brief.style
        assert 10_000 <= resolved.duration_ms <= 40_000, brief.prompt


def test_pictures_of_several_widths_stand_side_by_side_on_white() -> None:
    dark = [np.zeros((4, width, 3), np.float32) for width in (6, 3, 5)]
    page = gallery.laid_out(dark)
    assert page.shape == (8, 12, 3)
    assert page[0, 5].max() == page[0, 6].max() == page[4, 0].max() == 0.0
    assert page[0, 9].min() == page[4, 6].min() == 1.0


def test_the_shell_knows_both_reports() -> None:
    for what in ("arrangement", "briefs"):
        assert _parser().parse_args(["report", what]).what == what
