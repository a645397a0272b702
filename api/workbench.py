"""All of Cuesmith on one machine: Postgres, a sandbox for Stripe, gateway, studio and clerk.

One folder holds the state, one process owns the parts. They start in the order in which they need
each other, stop in the opposite one, are started again when they die, and die with their owner.
Gateway, studio and clerk may be there several times, as they are where the service is deployed.
``DATABASE_URL`` wins over the embedded Postgres; Stripe is always the sandbox here.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

import asyncpg
import msgspec
from msgspec import Struct

from api import database
from api.licenses.signing import Signer
from api.parts import Part, WorkbenchError
from api.ports import HOST, any_port, free_ports, is_free
from api.postgres import Embedded, PostgresFailed
from api.tether import tied

GATEWAY_PORT = 8000
FETCH_S = 180
LOG_BYTES = 10_000_000
TEST_KEY = "test-key"
"""The file in the folder with the key that the console gives to whoever sits here."""
DRAIN_S = "2"
"""How long a stopping studio makes on; here somebody waits for the prompt to come back."""


class Address(Struct, frozen=True, kw_only=True):
    """How the parts are reached; the owner of a running workbench leaves it in its folder.

    ``url`` is the first gateway's; ``urls`` are those of all.
    """

    url: str
    urls: tuple[str, ...] = ()
    sandbox_url: str
    database_url: str
    pepper: str


class Workbench:
    """The owner of one machine's parts. Use it in a ``with`` of the main thread."""

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        environ: Mapping[str, str] = os.environ,
        tell: Callable[[str], None] = lambda line: None,
        replicas: Mapping[str, int] | None = None,
    ) -> None:
        self.home, self._environ, self._tell = home.resolve(), dict(environ), tell
        self._port, self._replicas = port, _counted(replicas or {})
        self._lock: IO[bytes] | None = None
        self.postgres: Embedded | None = None
        self.parts: dict[str, Part] = {}
        self.address = Address(url="", sandbox_url="", database_url="", pepper="")

    def __enter__(self) -> Self:
        if self._environ.get("CUESMITH_STRIPE", "sandbox") != "sandbox":
            raise WorkbenchError(
                "one machine works with Stripe's sandbox only: unset CUESMITH_STRIPE, or start "
                "`cuesmith gateway`, `clerk` and `studio` by themselves"
            )
        self._make_home()
        self._lock = _locked(self.home)
        try:
            self._start()
        except BaseException:  # whatever it was, also Ctrl-C: what has started must not stay
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def tend(self) -> None:
        """Start again what has died; call it several times a second, from the main thread."""
        if self.postgres is not None and not self.postgres.running:
            self._tell("Postgres died and starts again")
            with contextlib.suppress(PostgresFailed):
                self.postgres.start()
        for part in self.parts.values():
            if (happened := part.start_again_if_dead()) is not None:
                self._tell(happened)

    def tend_until_interrupted(self) -> NoReturn:
        """Keep the parts alive until a KeyboardInterrupt."""
        while True:
            self.tend()
            time.sleep(0.2)

    def run(self, errand: Callable[[], None]) -> None:
        """Keep the parts alive while an errand runs beside; its exception is raised here."""
        faults: list[BaseException] = []

        def go() -> None:
            try:
                errand()
            except BaseException as fault:  # noqa: BLE001 - it is raised again below
                faults.append(fault)

        # A daemon, so that an interrupt need not wait for what the errand waits for.
        aside = threading.Thread(target=go, daemon=True)
        aside.start()
        while aside.is_alive():
            self.tend()
            aside.join(0.2)
        if faults:
            raise faults[0]

    def stop(self) -> None:
        """Stop all parts, those that others need last. A second interrupt ends them at once."""
        parts = list(reversed(self.parts.values()))
        try:
            for part in parts:
                part.stop()
        except KeyboardInterrupt:
            for part in parts:
                part.kill()
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            (self.home / "address.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    # --- starting ---

    def _start(self) -> None:
        database_url = self._environ.get("DATABASE_URL") or self._own_database()
        applied = asyncio.run(_migrated(database_url))
        if applied:
            self._tell(f"database: {', '.join(applied)}")
        self._find_bank()
        port = self._port or next(free_ports(GATEWAY_PORT), None)
        if port is None:
            raise WorkbenchError(f"no port is free from {GATEWAY_PORT} on")
        if self._port is not None and not is_free(port):
            raise WorkbenchError(f"port {port} is in use: choose another with --port")
        ports = [port]
        while len(ports) <= self._replicas["gateway"]:  # the last one is the sandbox's
            if (another := any_port()) not in ports:
                ports.append(another)
        *gateway_ports, sandbox_port = ports
        urls = tuple(f"http://{HOST}:{one}" for one in gateway_ports)
        self.address = Address(
            url=urls[0],
            urls=urls,
            sandbox_url=f"http://{HOST}:{sandbox_port}",
            database_url=database_url,
            pepper=self._environ.get("CUESMITH_PEPPER") or self._secret("pepper"),
        )
        self._start_parts(gateway_ports, sandbox_port)
        write_private(self.home / "address.json", msgspec.json.encode(self.address))

    def _start_parts(self, ports: list[int], sandbox_port: int) -> None:
        url, sandbox_url = self.address.url, self.address.sandbox_url
        webhook_secret = self._secret("webhook-secret", "whsec_")
        thin_secret = self._secret("thin-webhook-secret", "whsec_")
        shared = self._shared()
        store = {"CUESMITH_STORE": self._environ.get("CUESMITH_STORE", str(self.home / "store"))}
        clerk = store | {"CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": sandbox_url,
                         "CUESMITH_PUBLIC_URL": url, "CUESMITH_PEPPER": self.address.pepper,
                         "CUESMITH_WEBHOOKS_LOOPBACK": "1"}  # fmt: skip
        studio = store | {
            "CUESMITH_DRAIN_S": self._environ.get("CUESMITH_DRAIN_S", DRAIN_S),
            "CUESMITH_MARKS": str(self._marks()),
        }
        gateway = (
            {name: self._environ[name] for name in _GATEWAY_ONLY if name in self._environ}
            | store
            | {
                "CUESMITH_PEPPER": self.address.pepper,
                "CUESMITH_PUBLIC_URL": url,
                "CUESMITH_SIGNING_KEY": self._signing_key(),
                "CUESMITH_MARKS_ROOT": str(self._marks().with_suffix(".root.pem")),
                "CUESMITH_STRIPE_WEBHOOK_SECRETS": webhook_secret,
                "CUESMITH_STRIPE_THIN_SECRETS": thin_secret,
                "CUESMITH_WEBHOOKS_LOOPBACK": "1",
                "CUESMITH_CONSOLE_KEY_FILE": str(self.home / TEST_KEY),
            }
        )
        self._add("sandbox", ["billing.sandbox", "--port", str(sandbox_port),
                              "--webhook-url", f"{url}/webhooks/stripe",
                              "--thin-webhook-url", f"{url}/webhooks/stripe/thin",
                              "--state", str(self.home / "sandbox.json")],
                  shared | {"CUESMITH_SANDBOX_WEBHOOK_SECRET": webhook_secret,
                            "CUESMITH_SANDBOX_THIN_WEBHOOK_SECRET": thin_secret},
                  f"{sandbox_url}/sandbox")  # fmt: skip
        for name in self._named("clerk"):
            self._add(name, ["api.cli", "clerk"], shared | store | clerk, "clerk.ready")
        for name in self._named("studio"):
            self._add(name, ["engine", "studio"], shared | studio, "studio.ready")
        for name, port in zip(self._named("gateway"), ports, strict=True):
            self._add(name, ["api.cli", "gateway", "--host", HOST, "--port", str(port)],
                      shared | gateway, f"http://{HOST}:{port}/readyz")  # fmt: skip
            for first_only in _GATEWAY_ONLY:  # a port that is told can be taken once
                gateway.pop(first_only, None)
        for part in self.parts.values():
            part.start()
        for part in self.parts.values():
            part.wait_until_ready()
            self._tell(f"{part.name} ready")

    def _named(self, kind: str) -> list[str]:
        """What the replicas of a part are called: gateway, gateway-2 and so on."""
        return [kind, *(f"{kind}-{number}" for number in range(2, self._replicas[kind] + 1))]

    def _add(
        self, name: str, module: list[str], environment: Mapping[str, str], ready: str
    ) -> None:
        log = self.home / "logs" / f"{name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        log.touch()
        # -P: a folder called "api" where the user stands is not ours.
        command = [sys.executable, "-P", "-m", *module]
        # The database's own list of who is connected says which part it is.
        named = {"DATABASE_URL": _signed(self.address.database_url, name)}
        self.parts[name] = Part(name, command, {**environment, **named}, log, ready)

    def _shared(self) -> dict[str, str]:
        """The owner's environment without Stripe's keys and without what others are told."""
        kept = {
            name: value for name, value in self._environ.items()
            if not name.startswith(("CUESMITH_STRIPE", "STRIPE_")) and name not in _NOT_FOR_ALL
        }  # fmt: skip
        return kept | {"DATABASE_URL": self.address.database_url, "PYTHONUNBUFFERED": "1"}

    def _own_database(self) -> str:
        self._tell("starting Postgres")
        self.postgres = Embedded(self.home / "postgres").start()
        return self.postgres.dsn

    def _find_bank(self) -> None:
        """Bring a sampled bank into the user's cache, once; without one our own plays."""
        if self._environ.get("CUESMITH_BANK"):
            return
        tried = self.home / "bank.txt"
        if not tried.exists():
            self._tell("looking for an instrument bank")
            tried.write_text(self._fetched_bank())
        plays = tried.read_text().splitlines()[-1]
        why = f"; no sampled bank came, {tried} says why" if "synthesised" in plays else ""
        self._tell(f"instruments: {plays}{why}")

    def _fetched_bank(self) -> str:
        """What looking for a bank has said; its last line is what plays."""
        # One try each: npm repeats a refused connection for a minute, and our own bank is there.
        patience = {"npm_config_fetch_retries": "0", "npm_config_update_notifier": "false"}
        looking = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine", "sounds", "fetch"],
            env=self._environ | patience, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=tied(signal.SIGKILL),
        )  # fmt: skip
        try:
            said, _ = looking.communicate(timeout=FETCH_S)
        except subprocess.TimeoutExpired:
            said = f"no bank came within {FETCH_S} s; the built-in synthesised bank plays"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(looking.pid, signal.SIGKILL)
            looking.wait()
        return said.strip() or "the built-in synthesised bank plays"

    # --- the folder ---

    def _make_home(self) -> None:
        for folder in (self.home, self.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:  # root's Postgres runs as "nobody", who has to pass through here
            self.home.chmod(0o755)

    def _secret(self, name: str, prefix: str = "") -> str:
        file = self.home / name
        if not file.exists():
            write_private(file, (prefix + secrets.token_hex(24)).encode())
        return file.read_text()

    def _signing_key(self) -> str:
        if given := self._environ.get("CUESMITH_SIGNING_KEY"):
            return given
        file = self.home / "signing-key.pem"
        if not file.exists():
            Signer.create(file)
        return str(file)

    def _marks(self) -> Path:
        """The credentials that the studio signs files with; made by the engine, once."""
        file = self.home / "marks.pem"
        if not file.exists():
            made = subprocess.run(
                [sys.executable, "-P", "-m", "engine", "marks", "create", str(file)],
                env=self._environ, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if made.returncode:
                raise WorkbenchError(f"the studio cannot sign: {made.stderr.strip()}")
        return file


_NOT_FOR_ALL = frozenset(
    {"CUESMITH_PEPPER", "CUESMITH_SIGNING_KEY", "CUESMITH_PUBLIC_URL", "CUESMITH_METRICS_PORT"}
)
_GATEWAY_ONLY = ("CUESMITH_METRICS_PORT",)
_REPLICATED = frozenset({"gateway", "studio", "clerk"})


def _counted(replicas: Mapping[str, int]) -> dict[str, int]:
    """How often each part is there; refuses what cannot be there several times."""
    if wrong := sorted(replicas.keys() - _REPLICATED):
        raise WorkbenchError(
            f"no replicas of {', '.join(wrong)}: only of {', '.join(sorted(_REPLICATED))}"
        )
    if any(count < 1 for count in replicas.values()):
        raise WorkbenchError("every part is there at least once")
    return dict.fromkeys(_REPLICATED, 1) | dict(replicas)


def _signed(database_url: str, name: str) -> str:
    """The database's address with the name of who connects, where none is given."""
    if "application_name=" in database_url:
        return database_url
    return f"{database_url}{'&' if '?' in database_url else '?'}application_name={name}"


def running(home: Path) -> Address | None:
    """How the parts of a folder are reached, if their owner is there."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        address = msgspec.json.decode((home / "address.json").read_bytes(), type=Address)
        with (home / "lock").open("rb") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None  # nobody holds it: the owner was killed and left its address behind
        return address
    return None


async def _migrated(database_url: str) -> list[str]:
    try:
        return await database.migrate(database_url)
    except (OSError, asyncpg.PostgresError) as error:
        raise WorkbenchError(f"the database cannot be used: {error}; check DATABASE_URL") from error


def _locked(home: Path) -> IO[bytes]:
    lock = (home / "lock").open("a+b")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().decode() or "another process"
        lock.close()
        raise WorkbenchError(
            f"{home} is in use by process {owner}: stop that one, or set CUESMITH_HOME"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()).encode())
    lock.flush()
    return lock


def write_private(file: Path, content: bytes) -> None:
    """Write a file whole, readable by its owner alone."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    partial.replace(file)
