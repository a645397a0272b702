"""A gateway as a process of its own, and raw sockets that no client of ours would speak."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from api.licenses.signing import Signer
from api.ports import any_port
from api.tether import tied
from tests.api.conftest import PEPPER

PATIENCE_S = 60


class Served(Struct, frozen=True, kw_only=True):
    """A running gateway."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self, sent: bytes = b"", buffered: int | None = None) -> socket.socket:
        """A connection on which so much has been sent; ``buffered`` bytes are taken unread."""
        made = socket.socket()
        made.settimeout(PATIENCE_S)
        if buffered is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffered)
        made.connect(("127.0.0.1", self.port))
        if sent:
            made.sendall(sent)
        return made

    def ask(self, request: bytes) -> bytes:
        """The first bytes of the answer to a request on a connection of its own."""
        with self.connect(request) as line:
            return line.recv(65_536)

    @property
    def sockets(self) -> int:
        """How many the gateway holds open."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        return sum(_is_socket(one) for one in folder.iterdir())

    @property
    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def _is_socket(file: Path) -> bool:
    try:
        return file.readlink().name.startswith("socket:")
    except OSError:  # closed meanwhile
        return False


@contextmanager
def serving(folder: Path, dsn: str, **told: str) -> Iterator[Served]:
    """A gateway with these settings, ``header_s="2"`` for ``CUESMITH_HEADER_S``."""
    port = any_port()
    key = folder / "signing.pem"
    Signer.create(key)
    environ = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER.decode(), "CUESMITH_SIGNING_KEY": str(key),
        **{f"CUESMITH_{name.upper()}": text for name, text in told.items()},
    }  # fmt: skip
    start = "import sys; from api.cli import main; sys.exit(main())"
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", start, "gateway", "--port", str(port)],
            env=environ, stdout=log, stderr=log, preexec_fn=tied(signal.SIGKILL),
        )  # fmt: skip
    served = Served(process=process, port=port, log=folder / "gateway.log")
    try:
        _wait_until_ready(served)
        yield served
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def _wait_until_ready(served: Served) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and served.process.poll() is None:
        try:
            if b" 200 " in served.ask(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(served.log.read_text())


def wait_until(true: object, what: str) -> None:
    """Return when ``true()`` is; a test that waits for ever says for what."""
    deadline = time.monotonic() + PATIENCE_S
    assert callable(true)
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.05)


def closed(line: socket.socket) -> bool:
    """Whether the other side has ended the connection; what it says before that is read away."""
    line.setblocking(False)
    try:
        while line.recv(65_536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
