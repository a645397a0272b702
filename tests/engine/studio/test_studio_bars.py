"""Bars are told as they are kept: of all takes, seldom, and never too many."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import pytest
from msgspec import structs

from engine.contracts import Brief, Resolved
from engine.errors import Stopped
from engine.plan import draw
from engine.queue.contracts import Progress
from engine.queue.events import Told
from engine.studio.bars import MOST, PAUSE_S, Bars
from engine.studio.pace import FIRST, Pace
from engine.studio.rooms import Rooms
from engine.studio.takes import Sheet, Take, sheets, written
from engine.words import resolve

SEED = 11


class _Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def _two() -> list[Sheet]:
    resolved = resolve(Brief(kind="bed", style="lofi", duration_ms=20_000), SEED)
    return [Sheet(number=at, plan=plan) for at, plan in enumerate(draw(resolved, SEED, 2), 7)]


def _bars() -> tuple[Bars, list[Any], _Clock, list[Sheet]]:
    said: list[Progress | Told] = []
    clock, planned = _Clock(), _two()
    bars = Bars(said.append, clock)
    bars.begin(planned)
    return bars, said, clock, planned


def test_what_changed_since_the_last_time_is_told_with_the_next() -> None:
    bars, said, clock, planned = _bars()
    bars.kept(0, 1, 1)
    bars.kept(1, 0, 1)
    bars.kept(1, 0, 2)
    assert [one.facts["takes"][0]["take"] for one in said] == [7]
    clock.now += PAUSE_S
    bars.kept(1, 1, 1)
    assert said[-1].kind == "bars.written"
    (of_second,) = said[-1].facts["takes"]
    assert (of_second["take"], of_second["bars"], of_second["of"]) == (8, 3, planned[1].plan.bars)
    assert of_second["written"][:2] == [2, 1]
    assert len(of_second["written"]) == len(planned[1].plan.sections)


def test_at_most_two_a_second_ever_rarer_and_never_more_than_so_many() -> None:
    bars, said, clock, _ = _bars()
    at: list[float] = []
    for step in range(200_000):
        clock.now = 100 + step * 0.01
        bars.kept(step % 2, 0, 1)
        at += [clock.now] * (len(said) - len(at))
    assert len(said) == MOST
    assert sum(one < 110 for one in at) <= 20
    pauses = [after - before for before, after in pairwise(at)]
    assert min(pauses) > PAUSE_S - 0.01
    assert pauses == sorted(pauses, key=lambda pause: round(pause, 1))


def test_a_lap_forgets_the_takes_before_it() -> None:
    bars, said, clock, planned = _bars()
    bars.kept(0, 0, 3)
    bars.begin([structs.replace(planned[0], number=9)])
    clock.now += 10
    bars.kept(0, 1, 1)
    (only,) = said[-1].facts["takes"]
    assert (only["take"], only["bars"]) == (9, 1)


def test_many_threads_lose_no_bar() -> None:
    bars, said, clock, _ = _bars()
    bars.kept(0, 0, 0)

    def work(take: int, section: int) -> None:
        for bar in range(1, 5):
            bars.kept(take, section, bar)

    threads = [threading.Thread(target=work, args=(at % 2, at // 2)) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    clock.now += PAUSE_S
    bars.kept(0, 0, 4)
    assert [one["written"][:2] for one in said[-1].facts["takes"]] == [[4, 4], [4, 4]]


@pytest.fixture(scope="module")
def short_plans(short: Resolved) -> list[Sheet]:
    return sheets(short, SEED, 0, 1, 3)


def test_the_composer_tells_of_every_bar_that_stays_and_of_no_other(
    rooms: Rooms, short_plans: list[Sheet]
) -> None:
    heard: dict[tuple[int, int], list[int]] = {}
    lock = threading.Lock()

    def kept(take: int, section: int, bars: int) -> None:
        with lock:
            heard.setdefault((take, section), []).append(bars)

    told = written(short_plans, SEED, rooms, kept=kept)
    assert told == written(short_plans, SEED, rooms), "it writes the same whoever listens"
    for place, one in enumerate(short_plans):
        for index, section in enumerate(one.plan.sections):
            bars = heard.get((place, index), [])
            assert bars == sorted(set(bars)), "a bar that is written again is told once"
            assert not bars or bars[-1] == section.bars
        assert any(take == place for take, _ in heard)


def test_two_sessions_at_the_same_desks_hear_each_of_their_own(
    rooms: Rooms, short_plans: list[Sheet]
) -> None:
    heard: dict[str, set[int]] = {"one": set(), "other": set()}

    def session(name: str, planned: list[Sheet]) -> list[Take]:
        bars = Bars(lambda said: heard[name].update(
            one["take"] for one in said.facts["takes"]  # type: ignore[union-attr]
        ), clock=count(0.0, 1.0).__next__)  # fmt: skip
        bars.begin(planned)
        return written(planned, SEED, rooms, kept=bars.kept)

    later = [structs.replace(one, number=one.number + 10) for one in short_plans[:2]]
    with ThreadPoolExecutor(2) as both:
        list(both.map(session, heard, (short_plans, later)))
    assert heard["one"] <= {one.number for one in short_plans}
    assert heard["other"] <= {one.number for one in later}
    assert all(heard.values())


def test_who_stops_in_the_middle_of_being_told_ends_that_call(
    rooms: Rooms, short_plans: list[Sheet]
) -> None:
    def leave(*_: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        written(short_plans, SEED, rooms, kept=leave)
    assert written(short_plans, SEED, rooms), "the desks go on"


def test_the_pace_is_that_of_lately() -> None:
    pace = Pace()
    assert pace.expected_s("rendering", 10) == FIRST["rendering"] * 10
    pace.took("rendering", 10, 3000)
    assert pace.expected_s("rendering", 10) == FIRST["rendering"] * 10, "that was a cold start"
    pace.took("rendering", 10, 30)
    assert pace.expected_s("rendering", 10) == 30
    pace.took("rendering", 10, 10)
    assert pace.expected_s("rendering", 10) == 20
    pace.took("rendering", 0, 10)
    assert pace.expected_s("rendering", 10) == 20
    assert pace.expected_s("composing", 0) == 0
