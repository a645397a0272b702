"""Players that are processes: sound is made beside the studio, which has the notes to write.

Each player has the bank loaded and the loops ready before it is given a take, and hands a take back
as files in a folder. When one is killed, because its machine had no memory left, only what it
played is lost: that is tried once more in a new player. Players end with their studio, however that
ends.
"""

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

import structlog

from engine.contracts import Resolved, RetractedTake
from engine.errors import BankMissing, EngineError
from engine.memory import resident_bytes
from engine.render.banks import Bank
from engine.studio import player as one_player
from engine.studio.gauges import MEMORY, PLAYERS, PLAYERS_BUSY, PLAYERS_LOST
from engine.studio.player import Answer, Fault, Filed, Order
from engine.studio.playing import Sounded
from engine.studio.stage import Playing, Room
from engine.studio.takes import Take

TRIES = 2  # of one take, when the players that have it are killed
ENDS_S = 5.0  # a player that does not end in this time is killed

SPOOL = "cuesmith-players"

log = structlog.get_logger()


class PlayerLost(EngineError):
    """Every player that was given a take was killed over it."""


class PlayFailed(EngineError):
    """A take cannot be played; the message is the player's own traceback."""


class Players:
    """So many processes that play takes; `BankMissing` where they find another bank than ours."""

    def __init__(self, bank: Bank, place: str | None, count: int) -> None:
        self.places = count
        self._bank, self._place, self._room = bank, place, Room(count)
        self._spool = spool()
        self._lock, self._closed = Lock(), False
        self._all: list[_Player] = []
        self._idle: SimpleQueue[_Player] = SimpleQueue()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="stage")
        try:
            for player in self._threads.map(lambda _: self._new(), range(count)):
                self._idle.put(player)
        except BaseException:  # also Ctrl-C: players that have begun must not stay
            self.close()
            raise
        MEMORY.labels("players").set_function(self.resident_bytes)

    def submit(self, resolved: Resolved, take: Take) -> Playing:
        """A start on a take; its stems lie in its folder until `Sounded.close`."""
        return self._threads.submit(self._play, resolved, take)

    def close(self) -> None:
        """End all players, whatever they play."""
        with self._lock:
            players, self._all, self._closed = self._all, [], True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for player in players:
            player.end()
        PLAYERS.dec(len(players))
        shutil.rmtree(self._spool, ignore_errors=True)

    @property
    def turns(self) -> int:
        """How often a take was begun or ended."""
        return self._room.turns

    def resident_bytes(self) -> int:
        """The memory of all players; what they share counts for each."""
        with self._lock:
            return sum(resident_bytes(player.pid) for player in self._all)

    @property
    def pids(self) -> list[int]:
        """The processes."""
        with self._lock:
            return [player.pid for player in self._all]

    def _play(self, resolved: Resolved, take: Take) -> Sounded | RetractedTake:
        with self._room.taken(resolved.duration_ms), PLAYERS_BUSY.track_inprogress():
            for _ in range(TRIES):
                folder = Path(tempfile.mkdtemp(dir=self._spool))
                try:
                    with self._taken() as player:
                        answer = player.play(Order(resolved=resolved, take=take, folder=folder))
                    return _sounded(answer, folder)
                except _Gone:
                    log.warning("studio.player_lost", take=take.number, kind=resolved.kind)
                    shutil.rmtree(folder, ignore_errors=True)
        raise PlayerLost(f"take {take.number} ended every player that was given it")

    @contextmanager
    def _taken(self) -> "Iterator[_Player]":
        """A player that nobody has; a new one in place of one that was killed."""
        player = self._idle.get()
        try:
            if not player.alive:
                player = self._instead_of(player)
            yield player
        except _Gone:
            PLAYERS_LOST.inc()
            player.end()
            with suppress(EngineError):  # who comes next tries again
                player = self._instead_of(player)
            raise
        finally:
            self._idle.put(player)

    def _instead_of(self, lost: "_Player") -> "_Player":
        with self._lock:
            if self._closed:
                raise PlayerLost("this studio plays no more")
            if lost in self._all:  # not where whoever should have replaced it did not get ready
                self._all.remove(lost)
                PLAYERS.dec()
        return self._new()

    def _new(self) -> "_Player":
        player = _Player(self._place)
        if player.bank_digest != self._bank.digest:
            player.end()
            raise BankMissing(f"a player found another bank than {self._bank.name}")
        with self._lock:
            if self._closed:
                player.end()
                raise PlayerLost("this studio plays no more")
            self._all.append(player)
        PLAYERS.inc()
        return player


def _sounded(answer: Answer, folder: Path) -> Sounded | RetractedTake:
    """The player's answer with what lies in its folder; stems stay there."""
    if not isinstance(answer, Filed):
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(answer, Fault):
            raise PlayFailed(answer.told)
        return answer
    return Sounded(
        master=_taken_out(folder / "master"),
        preview=_taken_out(folder / "preview"),
        sheet=_taken_out(folder / "sheet"),
        stems={name: folder / f"stem.{name}" for name in answer.stems},
        peaks=answer.peaks,
        measured=answer.measured,
        laps=answer.laps,
        folder=folder,
    )


def _taken_out(file: Path) -> bytes:
    content = file.read_bytes()
    file.unlink()
    return content


# --- one player, as its studio sees it -----------------------------------------------------------


class _Gone(Exception):
    """The process at the other end is not there any more."""


class _Player:
    """A process that has said which bank it plays."""

    def __init__(self, place: str | None) -> None:
        context = _context()
        self._studio, theirs = context.Pipe()
        self._process = context.Process(
            target=one_player.serve, args=(theirs, place), name="player", daemon=True
        )
        try:
            self._process.start()
            theirs.close()  # or nobody would hear it when the player's own is closed
            self.bank_digest: str = self._studio.recv()
        except (EOFError, OSError):
            raise PlayerLost("a player ended before it was ready") from None

    @property
    def pid(self) -> int:
        assert self._process.pid is not None, "it was started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def play(self, order: Order) -> Answer:
        """What became of the take; `_Gone` when the player did not live to tell."""
        try:
            self._studio.send(order)
            return self._studio.recv()
        except (EOFError, OSError):
            raise _Gone from None

    def end(self) -> None:
        """End it at once: it holds nothing that would be missed."""
        self._process.kill()
        self._process.join(ENDS_S)


def _context() -> ForkServerContext | SpawnContext:
    """How players are started. From a server that has imported all they need, where the system has
    one: a studio itself has threads and cannot be copied."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([one_player.__name__, "numba"])
    return context


# --- folders -------------------------------------------------------------------------------------


def spool() -> Path:
    """A new folder for what players write. Those of studios that are no more are removed: a
    container that starts again finds what it left when it was killed."""
    ours = Path(tempfile.gettempdir())
    for left in ours.glob(f"{SPOOL}-{os.getuid()}-*"):
        _, _, owner, _ = left.name.rsplit("-", 3)
        if owner != _incarnation(owner.partition(".")[0]):
            shutil.rmtree(left, ignore_errors=True)
    mine = _incarnation(str(os.getpid()))
    return Path(tempfile.mkdtemp(prefix=f"{SPOOL}-{os.getuid()}-{mine}-", dir=ours))


def _incarnation(pid: str) -> str:
    """A process as nobody else was ever called on this machine: its number and when it began."""
    try:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        began = "gone"
    return f"{pid}.{began}"
