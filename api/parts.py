"""One child process of a house on one machine: started, seen to be ready, started again, ended."""

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from api.tether import tied

START_S = 60
STOP_S = 15
STEADY_S = 60
"""A part that lived so long died of something new: its next start waits for nothing."""
LONGEST_PAUSE_S = 30.0


class WorkbenchError(RuntimeError):
    """One machine could not be set up; the message says what to do."""


class Part:
    """One child process: how it is started, and how one sees that it is ready."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        ready: str,
    ) -> None:
        self.name, self.command, self.environment = name, command, dict(environment)
        self._log, self._ready = log, ready
        self._child: subprocess.Popen[bytes] | None = None
        self._log_begins = 0
        self._began = self._not_before = 0.0
        self._deaths = 0

    @property
    def pid(self) -> int:
        """The child's id."""
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the child is there."""
        return self._child is not None and self._child.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it answers, or has said in its log that it works."""
        if self._ready.startswith("http"):
            try:
                return httpx.get(self._ready, timeout=2).is_success
            except httpx.HTTPError:
                return False
        with self._log.open("rb") as log:
            log.seek(self._log_begins)
            return self._ready.encode() in log.read()

    def start(self) -> None:
        """Start the child; call it from the main thread."""
        with self._log.open("ab") as log:
            self._log_begins = log.tell()
            self._child = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, preexec_fn=tied(signal.SIGKILL),
            )  # fmt: skip
        self._began = time.monotonic()

    def wait_until_ready(self, wait_s: float = START_S) -> None:
        """Return when it works; raises with the end of its log when it does not."""
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if not self.alive:
                raise WorkbenchError(f"the {self.name} did not start:\n{self.last_words()}")
            if self.ready:
                return
            time.sleep(0.05)
        raise WorkbenchError(f"the {self.name} is not ready after {wait_s:g} s; see {self._log}")

    def start_again_if_dead(self) -> str | None:
        """Start a dead child once its pause is over; returns what happened, if anything did."""
        now = time.monotonic()
        if self.alive:
            return None
        if self._began:
            steady = now - self._began > STEADY_S
            self._deaths = 1 if steady else self._deaths + 1
            pause = min(0.5 * 2 ** (self._deaths - 1), LONGEST_PAUSE_S)
            self._not_before, self._began = now + pause, 0.0
            return f"the {self.name} died and starts again in {pause:g} s; see {self._log}"
        if now < self._not_before:
            return None
        self.start()
        return f"the {self.name} was started again"

    def stop(self, wait_s: float = STOP_S) -> None:
        """Ask the child to end, and end it when it does not."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(wait_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def kill(self) -> None:
        """End the child at once."""
        child = self._child  # another thread may start another one meanwhile
        if child is not None:
            child.kill()
            child.wait()

    def last_words(self) -> str:
        """The end of what this start wrote into its log."""
        with self._log.open("rb") as log:
            log.seek(self._log_begins)
            return log.read()[-2000:].decode(errors="replace").strip()
