"""The players of this process: a font is opened once and stays open."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from engine.render.sampler.audit import audit
from engine.render.sampler.library import library
from engine.render.sampler.player import Player

_MOST_OPEN = 2
_OPEN: OrderedDict[str, Player] = OrderedDict()
_OPENING = Lock()  # two threads must not convert one font side by side


def player(font: Path, digest: str, cache: Path) -> Player:
    """The player of a font with this digest, converted on first use into ``cache``.

    Raises `BankMissing` for a font that cannot be played.
    """
    with _OPENING:
        if digest not in _OPEN:
            _OPEN[digest] = Player(library(font, digest, cache, audit))
            while len(_OPEN) > _MOST_OPEN:
                _OPEN.popitem(last=False)
        _OPEN.move_to_end(digest)
        return _OPEN[digest]


def close() -> None:
    """Let every font go; the next note opens it again."""
    with _OPENING:
        _OPEN.clear()
