"""A session: what it tells, what it repeats, what it leaves out, how it stops."""

from collections.abc import Iterator
from contextlib import closing
from threading import Event

import msgspec
import pytest

from engine.contracts import Resolved, RetractedTake
from engine.critique.panel import Verdict
from engine.errors import Stopped
from engine.queue.contracts import Progress
from engine.queue.events import Told
from engine.render.banks import Bank
from engine.studio import playing
from engine.studio import session as sessions
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.studio.stage import Playing, Threads
from engine.studio.takes import Take

SEED = 11


def _performed(resolved: Resolved, rooms: Rooms, **more) -> list[Candidate | RetractedTake]:
    given = {"label": lambda number: f"c{number}", "tell": lambda _: None} | more
    return list(perform(resolved, SEED, rooms, **given))


@pytest.fixture(scope="module")
def performed(short: Resolved, rooms: Rooms) -> tuple[list[Candidate], list[Progress | Told]]:
    said: list[Progress | Told] = []
    made = _performed(short, rooms, tell=said.append)
    return [one for one in made if isinstance(one, Candidate)], said


def test_every_candidate_asked_for_is_offered(performed, short: Resolved) -> None:
    offered, _ = performed
    assert [one.made.number for one in offered] == [1, 2]
    assert len({one.made.take for one in offered}) == 2
    for one in offered:
        assert one.master[:4] == b"RIFF"
        assert one.made.measured
        assert all(measured.passed for measured in one.made.measured)
        assert {"render", "master", "write"} <= one.made.timings_s.keys()
        assert one.made.resolved == short


def test_progress_is_told_step_by_step_and_never_goes_back(performed) -> None:
    _, said = performed
    told = [one for one in said if isinstance(one, Progress)]
    steps = [one.step for one in told]
    assert steps[:2] == ["plan", "compose"]
    rendered = [one.done for one in told if one.step == "render"]
    assert rendered == sorted(rendered)
    assert rendered[0] == 0
    assert all(one.done <= one.total for one in told)


def test_plans_takes_and_their_order_are_told_as_they_come(performed, short: Resolved) -> None:
    offered, said = performed
    told = [one for one in said if isinstance(one, Told)]
    kinds = [one.kind for one in told]
    assert kinds[:2] == ["plans.drawn", "stage"]
    assert kinds.index("takes.ranked") > max(
        at for at, kind in enumerate(kinds) if kind in ("bars.written", "take.written")
    )
    plans = {one["take"]: one for one in told[0].facts["plans"]}
    written = {one.facts["take"] for one in told if one.kind == "take.written"}
    (ranked,) = (one.facts["takes"] for one in told if one.kind == "takes.ranked")
    assert set(ranked) <= written == set(plans)
    for one in offered:
        assert one.made.take in ranked
        assert plans[one.made.take]["tempo"] == one.made.plan.tempo
    assert len(msgspec.json.encode(said)) < 20_000


def test_stages_and_bars_are_told_of_takes_that_were_drawn(performed) -> None:
    offered, said = performed
    told = [one for one in said if isinstance(one, Told)]
    plans = {one["take"]: one for one in told[0].facts["plans"]}
    stages = [one.facts for one in told if one.kind == "stage"]
    assert (stages[0]["stage"], set(stages[0]["takes"])) == ("composing", set(plans))
    rendered = [take for one in stages[1:] for take in one["takes"]]
    assert {one["stage"] for one in stages[1:]} == {"rendering"}
    assert len(rendered) == len(set(rendered))
    assert {one.made.take for one in offered} <= set(rendered)
    assert all(one["expected_s"] > 0 for one in stages)
    bars = [one for event in told if event.kind == "bars.written" for one in event.facts["takes"]]
    assert bars
    for one in bars:
        plan = plans[one["take"]]
        assert 0 < one["bars"] == sum(one["written"]) <= one["of"] == plan["bars"]
        assert all(0 <= bars <= form["bars"]
                   for bars, form in zip(one["written"], plan["form"], strict=True))  # fmt: skip
    assert plans[1]["seconds"] == pytest.approx(
        plans[1]["bars"] * 240 / plans[1]["tempo"], rel=0.01
    )
    assert all(one.facts["passed"] in (True, False) for one in told if one.kind == "take.written")


def test_the_label_names_the_evaluation_copy_and_not_the_master(performed) -> None:
    offered, _ = performed
    assert b"CUESMITH_CANDIDATE=c1" in offered[0].evaluation
    assert b"CUESMITH_CANDIDATE" not in offered[0].master


def test_what_was_delivered_before_is_not_rendered_again(
    performed, short: Resolved, rooms: Rooms
) -> None:
    first = performed[0][0].made
    with closing(_Noting(rooms.bank)) as stage:
        rest = _performed(short, rooms, done={first.number: first.take}, stage=stage)
    (second,) = [one for one in rest if isinstance(one, Candidate)]
    assert second.made.take in stage.played
    assert first.take not in stage.played
    assert second.made.number == 2
    assert second.master == performed[0][1].master


def test_a_take_that_fails_the_second_hearing_is_replaced(
    performed, short: Resolved, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst = iter([Verdict(rating=0.0, kept=False, reasons=("too quiet",))])
    real = playing.panel.hear
    monkeypatch.setattr(playing.panel, "hear", lambda score, heard: next(worst, None)
                        or real(score, heard))  # fmt: skip
    with closing(Threads(rooms.bank, 1)) as stage:
        made = _performed(short, rooms, stage=stage)
    retracted = [one for one in made if isinstance(one, RetractedTake)]
    offered = [one for one in made if isinstance(one, Candidate)]
    assert {one.code for one in retracted if one.reason == "too quiet"} == {"heard"}
    assert [one.reason for one in retracted if one.take == performed[0][0].made.take] == [
        "too quiet"
    ]
    assert [one.made.number for one in offered] == [1, 2]
    assert performed[0][0].made.take not in {one.made.take for one in offered}


def test_a_stop_ends_the_session_before_the_next_take(short: Resolved, rooms: Rooms) -> None:
    def stop_at_render(progress: Progress | Told) -> None:
        if isinstance(progress, Progress) and progress.step == "render" and progress.done == 1:
            raise Stopped

    made = perform(short, SEED, rooms, label=str, tell=stop_at_render)
    assert _offered(made) == [1]


def test_a_stop_is_heard_while_a_take_is_played(short: Resolved, rooms: Rooms) -> None:
    stage = _Noting(rooms.bank)
    made = perform(
        short, SEED, rooms, label=str, tell=lambda _: None, stop=lambda: bool(stage.played),
        stage=stage,
    )  # fmt: skip
    assert _offered(made) == []
    stage.close()
    assert stage.played


class _Noting(Threads):
    """Threads that note which takes they were given."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self.played: list[int] = []

    def submit(self, resolved: Resolved, take: Take) -> Playing:
        self.played.append(take.number)
        return super().submit(resolved, take)


def _offered(made: Iterator[Candidate | RetractedTake]) -> list[int]:
    numbers = []
    with pytest.raises(Stopped):
        numbers.extend(one.made.number for one in made if isinstance(one, Candidate))
        pytest.fail("the session went on")
    return numbers


def test_playing_ahead_changes_no_byte(performed, short: Resolved, rooms: Rooms) -> None:
    with closing(Threads(rooms.bank, 1)) as stage:
        made = _performed(short, rooms, stage=stage)
    alone = [one for one in made if isinstance(one, Candidate)]
    assert [one.master for one in alone] == [one.master for one in performed[0]]


def test_asked_stems_come_apart_and_add_up(short: Resolved, rooms: Rooms) -> None:
    asked = msgspec.structs.replace(short, candidates=1, stems=("all",))
    (one,) = [made for made in _performed(asked, rooms) if isinstance(made, Candidate)]
    assert len(one.stems) >= 3
    assert {len(content) for content in one.stems.values()}


class _Occupied(Threads):
    """A stage that plays only when it is let."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank, 1)
        self.let = Event()

    def submit(self, resolved: Resolved, take: Take) -> Playing:
        return self._pool.submit(self._late, resolved, take)

    def _late(self, resolved: Resolved, take: Take):
        assert self.let.wait(60), "nobody said that the session moves"
        return self._play(resolved, take)


def _renders(told: object) -> bool:
    return isinstance(told, Progress) and told.step == "render"


def test_who_waits_for_a_player_says_that_he_moves(
    short: Resolved, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RENDERING_TOLD_S", 0.0)
    monkeypatch.setattr(sessions, "SLOWEST", 1e9)
    said: list[Progress] = []
    with closing(_Occupied(rooms.bank)) as stage:

        def tell(told: object) -> None:
            if isinstance(told, Progress) and _renders(told):
                said.append(told)
                if len(said) == 4:
                    stage.let.set()

        made = _performed(msgspec.structs.replace(short, candidates=1), rooms, tell=tell,
                          stage=stage)  # fmt: skip
    assert any(isinstance(one, Candidate) for one in made)
    assert said[:4] == [Progress(step="render", done=0, total=1)] * 4


def test_who_waits_for_players_that_stand_still_is_stuck(
    short: Resolved, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RENDERING_TOLD_S", 0.0)
    monkeypatch.setattr(sessions, "SLOWEST", 0.0)
    said: list[object] = []
    asked = iter(range(4))
    with closing(_Occupied(rooms.bank)) as stage:
        try:
            with pytest.raises(Stopped):
                _performed(
                    short, rooms, tell=said.append, stage=stage,
                    stop=lambda: any(map(_renders, said)) and next(asked, None) is None,
                )  # fmt: skip
        finally:
            stage.let.set()
    assert sum(map(_renders, said)) == 1
