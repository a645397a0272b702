"""A part ends the child that it meant to end, and none that was started meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.parts import Part

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); "
    "time.sleep(60)",
]  # fmt: skip


class _Raced(Part):
    """A part of which another thread starts a new child as soon as somebody has looked at the old
    one."""

    def __init__(self, *given) -> None:
        self.children: list[subprocess.Popen[bytes]] = []
        self.looks = -1
        super().__init__(*given)

    @property
    def _child(self) -> subprocess.Popen[bytes] | None:
        self.looks += 1
        return self.children[min(self.looks, 1)] if self.children else None

    @_child.setter
    def _child(self, child: subprocess.Popen[bytes] | None) -> None:
        if child is not None:
            self.children.append(child)


def _part(kind: type[Part], command: list[str], folder: Path) -> Part:
    return kind("sleeper", command, {}, folder / "log", "up")


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_what_was_started_meanwhile_lives_on(tmp_path: Path, how: str) -> None:
    part = _part(_Raced, SLEEPS, tmp_path)
    assert isinstance(part, _Raced)
    part.start()
    part.start()
    old, new = part.children
    part.looks = -1
    try:
        getattr(part, how)()
        assert old.poll() is not None
        assert new.poll() is None
    finally:
        for one in (old, new):
            one.kill()
            one.wait()


def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    part = _part(Part, STUBBORN, tmp_path)
    part.start()
    part.wait_until_ready()
    part.stop(0.2)
    assert not part.alive
    part.kill()
    part.stop()
