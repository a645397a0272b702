"""What is written does not depend on who writes beside it, nor on how many desks there are."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.compose.choosing import MIN_P, drawn, surprises
from engine.compose.composer import Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import rate
from engine.errors import Stopped
from engine.plan import draw
from engine.score import BarRating, BarView
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    found = []
    for style in ("rock", "waltz_ballroom"):
        brief = Brief(kind="bed", style=style, duration_ms=30_000, seed=5)
        found += draw(resolve(brief, 5), 5, 3)
    return found


def test_bits_and_notes_are_the_same_at_one_desk_at_three_and_alone(plans) -> None:
    single = Composer(desks=1)
    together = single.write(plans, range(6), rate=rate)
    assert Composer(desks=3).write(plans, range(6), rate=rate) == together
    for at, plan in enumerate(plans):
        assert single.write([plan], [at], rate=rate) == [together[at]]


def test_each_desk_has_a_thread_of_its_own(plans) -> None:
    seen: set[str] = set()

    def listen(view: BarView) -> BarRating:
        seen.add(threading.current_thread().name)
        return rate(view)

    Composer(desks=2).write(plans[:2], [1, 2], rate=listen)
    assert len(seen) == 2
    assert threading.current_thread().name not in seen


def test_what_the_panel_raises_is_raised_to_its_own_caller_alone(plans) -> None:
    composer = Composer(desks=2)

    def stumble(view: BarView) -> BarRating:
        if view.plan is plans[0]:
            raise ArithmeticError("the panel stumbled")
        return rate(view)

    with ThreadPoolExecutor(2) as callers:
        wrong = callers.submit(composer.write, plans[:2], [1, 2], rate=stumble)
        right = callers.submit(composer.write, plans[1:3], [2, 3], rate=rate)
        with pytest.raises(ArithmeticError, match="stumbled"):
            wrong.result()
    alone = Composer(desks=1)
    assert right.result() == alone.write(plans[1:3], [2, 3], rate=rate)
    assert composer.write(plans[:2], [1, 2], rate=rate) == alone.write(plans[:2], [1, 2], rate=rate)


def test_threads_end_when_the_composer_is_closed_and_when_it_is_forgotten(plans) -> None:
    def begun_by(composer: Composer) -> set[threading.Thread]:
        before = set(threading.enumerate())
        composer.write(plans[:1], [1])
        return set(threading.enumerate()) - before

    closed, forgotten = Composer(desks=2), Composer(desks=2)
    threads, others = begun_by(closed), begun_by(forgotten)
    assert [len(threads), len(others)] == [2, 2]
    closed.close()
    assert not any(thread.is_alive() for thread in threads)
    assert all(thread.is_alive() for thread in others)
    with pytest.raises(Stopped, match="closed"):
        closed.write(plans[:1], [1])
    del forgotten
    gc.collect()
    for thread in others:
        thread.join(60)
    assert not any(thread.is_alive() for thread in others)


def test_draws_of_all_rows_at_once_are_those_of_each_row_by_its_definition() -> None:
    dice = np.random.default_rng(3)
    logits = dice.normal(0, 3, (200, 90))
    masks = dice.random((200, 90)) < 0.4
    masks[:, 7] = True
    thrown = dice.random(200)
    chosen = drawn(logits, masks, 0.9, thrown.tolist())
    spent = surprises(logits.astype(np.float32), masks, chosen)
    for row in range(200):
        allowed = np.flatnonzero(masks[row])
        chances = np.exp(logits[row, allowed] / 0.9)
        chances[chances < MIN_P * chances.max()] = 0
        chances /= chances.sum()
        at = int(np.searchsorted(chances.cumsum(), thrown[row], side="right"))
        assert chosen[row] == allowed[at]
        opinion = np.exp(logits[row, allowed])
        wanted = -np.log2(np.exp(logits[row, chosen[row]]) / opinion.sum())
        assert spent[row] == pytest.approx(wanted, rel=1e-5)
