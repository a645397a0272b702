"""Loops that go through a sound frame by frame, compiled by numba when they are first called.

An array library passes over memory once for every operation, which is most of what a moving filter,
a wave table or an amplifier costs; and what feeds back upon itself it cannot say at all. A compiled
loop keeps a frame in registers from its source to the buffer it is added to. Three rules:

* A loop names the types of its arguments. There is one machine code for each, made once per machine
  and kept in a folder, and an argument of any other type is refused instead of compiled for.
* No fast mathematics: every machine adds in the order that is written, so a sound's bytes depend
  neither on the width of a processor's registers nor on a loop having been compiled or loaded.
* No state and no global lock: loops of several threads run beside each other.

numba is imported at the first call, so who plays nothing does not pay for it.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, update_wrapper
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

FOLDER = "NUMBA_CACHE_DIR"
"""The variable that may name the folder in which machine code is kept."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MAKING = RLock()
_LOOPS: "list[_Loop]" = []


def compiled(*arguments: str, gives: str = "void") -> Callable[[_Function], _Function]:
    """Make a function a compiled loop over ``arguments``, which ``gives`` a number or nothing.

    Types are written as numba has them, ``"int64"``, ``"float32[:]"``, ``"const float32[:, :]"``;
    every array lies in one piece, and what is only read is ``const``.
    """

    def declared(plain: _Function) -> _Function:
        _LOOPS.append(_Loop(plain, arguments, gives))
        return cast("_Function", _LOOPS[-1])

    return declared


def inlined(plain: _Function) -> _Function:
    """Make a function part of the compiled loops of its file that call it."""
    return cast("_Function", _Part(plain))


def ready() -> int:
    """Compile or load the loops of all modules that are imported, so that nobody waits for them
    later; returns how many there are. Some 15 s where none was ever compiled, half a second else.
    """
    for loop in tuple(_LOOPS):
        loop.machine()
    return len(_LOOPS)


class _Part:
    """A function for use inside loops; called from elsewhere it is plain Python."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        update_wrapper(self, plain)
        self.plain = cast("FunctionType", plain)
        self._made: Any = None

    def __call__(self, *arguments: object) -> object:
        return self.plain(*arguments)

    def made(self) -> Any:
        """What numba calls from a loop."""
        if self._made is None:
            import numba

            self._made = numba.njit(**_WAYS)(_linked(self.plain))
        return self._made


class _Loop:
    """A loop, compiled or loaded when it is first called."""

    def __init__(self, plain: Callable[..., Any], arguments: tuple[str, ...], gives: str) -> None:
        update_wrapper(self, plain)
        self.plain = cast("FunctionType", plain)
        self.arguments, self.gives = arguments, gives
        self._made: Any = None

    def __call__(self, *arguments: object) -> object:
        return (self._made or self.machine())(*arguments)

    def machine(self) -> Any:
        """What runs, made once however many threads ask for it."""
        with _MAKING:
            self._made = self._made or self._make()
        return self._made

    def _make(self) -> Any:
        import numba

        signature = _type(self.gives)(*(_type(one) for one in self.arguments))
        kept = _keep(_files(self.plain), _frozen(self.plain))
        return numba.njit(signature, cache=kept, **_WAYS)(_linked(self.plain))


_WAYS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


def _parts(plain: FunctionType) -> dict[str, _Part]:
    """What a function calls that is for use inside loops, by name."""
    called = {name: plain.__globals__.get(name) for name in plain.__code__.co_names}
    return {name: one for name, one in called.items() if isinstance(one, _Part)}


def _linked(plain: FunctionType) -> FunctionType:
    """The function again, with the parts it calls as numba wants them."""
    parts = {name: one.made() for name, one in _parts(plain).items()}
    return FunctionType(
        plain.__code__, plain.__globals__ | parts, plain.__name__, plain.__defaults__
    )


def _files(plain: FunctionType) -> set[str]:
    """The files that a function's machine code is made from."""
    files = {plain.__code__.co_filename, __file__}
    return files.union(*(_files(one.plain) for one in _parts(plain).values()))


def _frozen(plain: FunctionType) -> list[str]:
    """The constants that go into a function's machine code, wherever they stand."""
    told = []
    for name in sorted(set(plain.__code__.co_names)):
        value = plain.__globals__.get(name)
        if isinstance(value, (int, float, complex, tuple, np.generic)):
            told.append(f"{name}={value!r}")
        elif isinstance(value, np.ndarray):
            told.append(f"{name}={hashlib.sha256(value.tobytes()).hexdigest()}")
    return told + [line for _, one in sorted(_parts(plain).items()) for line in _frozen(one.plain)]


def _type(written: str) -> Any:
    """A numba type from its name; arrays are contiguous, and may be read-only where ``const``."""
    import numba

    name, _, axes = written.removeprefix("const ").partition("[")
    scalar = getattr(numba.types, name)
    if not axes:
        return scalar
    const = written.startswith("const ")
    return numba.types.Array(scalar, axes.count(":"), "C", readonly=const)


# --- where machine code is kept ------------------------------------------------------------------


def _keep(files: set[str], frozen: list[str]) -> bool:
    """Tell numba where to keep what is made next; False where no folder can be written to."""
    import numba.core.config

    folder = _folder(_version(files, frozen))
    numba.core.config.CACHE_DIR = str(folder or "")  # pyright: ignore
    return folder is not None


def _version(files: set[str], frozen: list[str]) -> str:
    """A name for what the files and the frozen constants say. numba asks only for the size and the
    date of a loop's file, and those of a package are all of one date; so every version has a folder
    of its own."""
    version = hashlib.sha256()
    for file in sorted(files):
        version.update(Path(file).read_bytes())
    version.update("\n".join(frozen).encode())
    return version.hexdigest()[:16]


@cache
def _folder(version: str) -> Path | None:
    """The best place there is: what was named, the user's cache, or temporary files of the user's
    own, for who has no home or may not write there."""
    named, home = os.environ.get(FOLDER), os.environ.get("XDG_CACHE_HOME")
    user = Path(home) if home else Path(os.path.expanduser("~"), ".cache")  # noqa: PTH111
    places = [Path(named, version)] if named else []
    places.append(user / "cuesmith" / "compiled" / version)
    places.append(Path(tempfile.gettempdir(), f"cuesmith-{os.getuid()}-{version}"))
    found = next((one for one in places if _ours(one)), None)
    baked = places[0]  # an image may bring along what it cannot write to
    if found not in (None, baked) and _trusted(baked):
        shutil.copytree(baked, found, dirs_exist_ok=True)
    return found


def _ours(folder: Path) -> bool:
    """Whether the folder is ours to write into."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return _trusted(folder)
    except OSError:
        return False


def _trusted(folder: Path) -> bool:
    """Whether only we or the system's owner can have put code there: no other's is run."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid in (os.getuid(), 0) and not found.st_mode & 0o022
