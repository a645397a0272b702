"""Candidates of one brief differ by who plays, how, and in two more things at least."""

import itertools
import random

import pytest
from plan_briefs import METERS, resolved

from engine import styles
from engine.plan import draw
from engine.plan.diversity import apart, face


def clashes(plans) -> int:
    """Pairs that a listener would take for one track."""
    faces = [face(plan) for plan in plans]
    return sum(not apart(one, other) for one, other in itertools.combinations(faces, 2))


@pytest.mark.parametrize("kind", ["bed", "loop"])
def test_every_pair_of_six_differs_where_no_instrument_is_named(kind) -> None:
    pairs = found = 0
    for style in styles.names():
        for seed in range(3):
            plans = draw(resolved(style, kind, 60.0, meter=METERS[seed]), seed, 6)
            pairs += 15
            found += clashes(plans)
    print(f"{kind}: {found} of {pairs} pairs of six are too alike")
    assert found == 0


@pytest.mark.parametrize("count", [7, 8, 9, 10])
def test_of_up_to_ten_hardly_any_pair_is_too_alike(count) -> None:
    pairs = found = 0
    for style in styles.names():
        for kind in ("bed", "loop"):
            plans = draw(resolved(style, kind, 60.0), count, count)
            pairs += count * (count - 1) // 2
            found += clashes(plans)
    print(f"{count} candidates: {found} of {pairs} pairs are too alike")
    assert found <= 0.01 * pairs


def test_random_briefs_with_named_instruments_still_differ() -> None:
    dice = random.Random(7)
    pairs = found = 0
    for _ in range(30):
        style = dice.choice(styles.names())
        brief = resolved(style, "bed", 45.0, require=(dice.choice(("piano", "strings", "flute")),))
        plans = draw(brief, dice.randrange(99), 4)
        pairs += 6
        found += clashes(plans)
    print(f"named instruments: {found} of {pairs} pairs are too alike")
    assert found <= 0.1 * pairs


def test_new_plans_differ_from_those_they_stand_beside() -> None:
    for style in ("lofi", "rock", "orchestral_epic"):
        brief = resolved(style, "bed", 60.0)
        before = draw(brief, 1, 4)
        after = draw(brief, 2, 2, before)
        assert clashes([*before, *after]) == 0


def test_two_briefs_in_one_style_do_not_share_their_four_chords() -> None:
    for style in styles.names():
        openings = set()
        for seed in range(20):
            plan = draw(resolved(style, "bed", 60.0, tonality=_home(style)), seed, 1)[0]
            theme = next(one for one in plan.sections if one.name[0] == "A")
            openings.add(tuple(
                chord.symbol for chord in plan.chords
                if theme.bar * 1920 <= chord.at < (theme.bar + 4) * 1920
            ))  # fmt: skip
        # The sheets have one to three options of a mode; twenty briefs hear more than those.
        assert len(openings) >= 6, (style, openings)


def _home(style: str) -> str:
    modes = styles.load(style).modes
    return f"C {max(modes, key=lambda mode: modes[mode])}"
