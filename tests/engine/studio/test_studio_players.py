"""Players that are processes: the same bytes as threads, and none of them is missed when killed."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from engine.contracts import Brief, Resolved, RetractedTake
from engine.errors import BankMissing
from engine.queue.contracts import Progress
from engine.queue.events import Told
from engine.render.banks import BUILTIN
from engine.studio import players as players_module
from engine.studio.players import PlayerLost, Players, PlayFailed, spool
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.studio.stage import LONG_MS, Stage
from engine.studio.takes import Take, sheets, written
from engine.words import resolve

CHIME = resolve(Brief(kind="chime", style="chiptune", duration_ms=700, candidates=2), 5)
LOOP = resolve(
    Brief(kind="loop", style="synthwave", bars=4, bpm=150, candidates=1, stems=["all"]), 5
)


@pytest.fixture(scope="module")
def players(rooms: Rooms) -> Iterator[Players]:
    """Two players that are ready."""
    made = Players(rooms.bank, BUILTIN, 2)
    yield made
    made.close()


@pytest.fixture
def chime(rooms: Rooms) -> Take:
    """A chime on paper."""
    return written(sheets(CHIME, 5, 0, 1, 1), 5, rooms)[0]


def _made(resolved: Resolved, rooms: Rooms, stage: Stage | None) -> list[dict[str, bytes]]:
    """The files of all candidates, read while they are offered, but for the clock's laps."""
    found = []
    for one in perform(resolved, 5, rooms, label=str, tell=lambda _: None, stage=stage):
        if isinstance(one, RetractedTake):
            found.append({"retracted": repr(one).encode()})
            continue
        stems = {
            name: content if isinstance(content, bytes) else content.read_bytes()
            for name, content in one.stems.items()
        }
        made = structs.replace(one.made, timings_s={})
        copies = {
            "evaluation": one.evaluation, "preview": one.preview, "midi": one.midi,
            "sheet": one.sheet,
        }  # fmt: skip
        found.append({"master": one.master, "made": repr(made).encode()} | copies | stems)
    return found


@pytest.mark.parametrize("resolved", [CHIME, LOOP], ids=["chime", "loop with stems"])
def test_processes_make_the_bytes_that_threads_make(
    resolved: Resolved, rooms: Rooms, players: Players
) -> None:
    apart = _made(resolved, rooms, players)
    assert apart == _made(resolved, rooms, None)
    assert sum("master" in one for one in apart) == resolved.candidates


def test_what_processes_begin_is_told(rooms: Rooms, players: Players) -> None:
    said: list[Progress | Told] = []
    made = perform(CHIME, 5, rooms, label=str, tell=said.append, stage=players)
    offered = {one.made.take for one in made if isinstance(one, Candidate)}
    begun = [one.facts for one in said if isinstance(one, Told) and one.kind == "stage"]
    rendered = [take for one in begun if one["stage"] == "rendering" for take in one["takes"]]
    assert offered <= set(rendered)
    assert len(rendered) == len(set(rendered)), "each once"


def test_stems_come_on_a_path_that_is_gone_afterwards(rooms: Rooms, players: Players) -> None:
    made = perform(LOOP, 5, rooms, label=str, tell=lambda _: None, stage=players)
    paths = [
        path
        for one in made
        if isinstance(one, Candidate)
        for path in one.stems.values()
        if isinstance(path, Path)
    ]
    assert len(paths) >= 2
    assert not [path for path in paths if path.exists()]


def test_who_stops_asking_leaves_no_file_behind(rooms: Rooms, players: Players) -> None:
    made = perform(LOOP, 5, rooms, label=str, tell=lambda _: None, stage=players)
    first = next(one for one in made if isinstance(one, Candidate))
    (one, *_) = (path for path in first.stems.values() if isinstance(path, Path))
    assert one.exists()
    made.close()
    assert not one.exists()
    _until(lambda: not list(one.parents[1].iterdir()))


def test_a_killed_player_is_replaced_and_its_take_played(
    players: Players, chime: Take, rooms: Rooms
) -> None:
    before = players.pids
    for pid in before:
        os.kill(pid, signal.SIGSTOP)  # so that it is sure to be killed over the take
    playing = players.submit(CHIME, chime)
    time.sleep(0.2)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    (told,) = [
        one for one in perform(
            structs.replace(CHIME, candidates=1), 5, rooms, label=str, tell=lambda _: None
        ) if isinstance(one, Candidate)
    ]  # fmt: skip
    outcome = playing.result(60)
    assert told.take.number == chime.number
    assert not isinstance(outcome, RetractedTake)
    assert outcome.master == told.master
    assert set(players.pids) != set(before)


def test_a_take_that_ends_every_player_is_given_up_and_no_other_is(
    players: Players, chime: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = players_module.PLAYERS_LOST._value.get()  # pyright: ignore
    monkeypatch.setattr(players_module._Player, "play", _killed_over_it)
    with pytest.raises(PlayerLost, match="take 1"):
        players.submit(CHIME, chime).result(60)
    monkeypatch.undo()
    assert players_module.PLAYERS_LOST._value.get() - lost == players_module.TRIES  # pyright: ignore
    assert not isinstance(players.submit(CHIME, chime).result(60), RetractedTake)


def test_a_player_that_cannot_be_replaced_at_once_is_replaced_later(
    rooms: Rooms, chime: Take
) -> None:
    players = Players(rooms.bank, BUILTIN, 1)
    try:
        players._place = "/nowhere/bank.sf2"  # as when memory runs out before it is ready
        os.kill(players.pids[0], signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(PlayerLost):
                players.submit(CHIME, chime).result(60)
        assert players.pids == [], "nobody took the place of the one that was killed"
        players._place = BUILTIN
        assert not isinstance(players.submit(CHIME, chime).result(60), RetractedTake)
        assert len(players.pids) == 1
    finally:
        players.close()


def _killed_over_it(player: players_module._Player, order: object) -> object:
    """As when memory runs out in the middle of a take."""
    os.kill(player.pid, signal.SIGKILL)
    return ORIGINAL(player, order)


ORIGINAL = players_module._Player.play


def test_what_a_player_cannot_play_is_told_and_it_plays_on(players: Players, chime: Take) -> None:
    before = players.pids
    with pytest.raises(PlayFailed, match="Traceback"):
        players.submit(structs.replace(CHIME, duration_frames=-1), chime).result(60)
    assert not isinstance(players.submit(CHIME, chime).result(60), RetractedTake)
    assert players.pids == before


def test_players_with_another_bank_are_refused(rooms: Rooms) -> None:
    other = structs.replace(rooms.bank, digest="0" * 64)
    with pytest.raises(BankMissing, match="another bank"):
        Players(other, BUILTIN, 1)


def test_closed_players_are_gone(rooms: Rooms) -> None:
    closing = Players(rooms.bank, BUILTIN, 1)
    (pid,) = closing.pids
    closing.close()
    assert not Path(f"/proc/{pid}").exists()


def test_folders_of_studios_that_are_no_more_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ours = spool()
    killed = tmp_path / f"{players_module.SPOOL}-{os.getuid()}-{os.getpid()}.1-abc"
    killed.mkdir()
    (killed / "master").write_bytes(b"x")
    foreign = tmp_path / f"{players_module.SPOOL}-{os.getuid() + 1}-1.1-abc"
    foreign.mkdir()
    second = spool()
    assert ours.exists()
    assert second.exists()
    assert foreign.exists()
    assert not killed.exists()


def test_a_long_take_needs_the_room_of_two() -> None:
    from engine.studio.stage import Room

    room = Room(2)
    with room.taken(LONG_MS + 1):
        assert not room._free.acquire(blocking=False)
    with room.taken(LONG_MS):
        assert room._free.acquire(blocking=False)


def _until(done) -> None:
    for _ in range(1000):
        if done():
            return
        time.sleep(0.02)
    pytest.fail("it never happened")
