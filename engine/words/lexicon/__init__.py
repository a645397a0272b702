"""The words we understand, as tables a musician can read and extend.

English words are separated by commas, Chinese by ``、``. English matches whole words, with or
without a plural ending, and a hyphen counts as a space; Chinese matches anywhere. The longest entry
wins, so ``haunted house`` is horror although ``house`` alone is a dance style.
"""

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from engine.words.lexicon.asks import ENDINGS, ENERGIES, KINDS, METERS, MODES, PACES, STEMS
from engine.words.lexicon.little import CONTEXT, FILLERS, JOINERS, LATE_NEGATORS, NEGATORS, UNKNOWN
from engine.words.lexicon.moods import MANNERS, MOODS
from engine.words.lexicon.players import INSTRUMENT_HINTS, INSTRUMENTAL, INSTRUMENTS, WITHOUT
from engine.words.lexicon.scenes import SCENES
from engine.words.lexicon.styles import GENRES, STYLE_NAMES


class Entry(Struct, frozen=True, kw_only=True):
    """What a word or phrase stands for. ``votes`` speak for styles; the loudest is taken."""

    field: str
    value: str
    votes: tuple[tuple[str, float], ...] = ()
    pace: int = 0  # -2 very slow … 2 very fast, relative to the style's usual tempo
    asked: str = ""  # a manner: the mood that asking for it means
    refused: str = ""  # and the mood that refusing it means


NAMED, GENRE, SCENE, MOOD = 10.0, 6.0, 4.0, 1.0
"""How loudly a style's own name, a wider genre, a scene and a mood speak for a style."""

CARRIES_NOTHING = ("filler", "context")
"""Fields of words that stand between those that say something."""

DEFAULT_STYLE = "lofi"
"""Taken when nothing speaks for a style: mild, mid-tempo, and written to stay under speech."""


def rows() -> Iterator[tuple[str, Entry]]:
    """Every word or phrase with what it stands for; later rows win over earlier ones."""
    for words in _split(*FILLERS):
        yield words, Entry(field="filler", value="")
    yield from _all(Entry(field="context", value=""), *CONTEXT)
    for speak, english, chinese in GENRES:
        votes = _votes(speak, GENRE)
        yield from _all(Entry(field="genre", value=votes[0][0], votes=votes), english, chinese)
    for style, english, chinese in SCENES:
        yield from _all(
            Entry(field="scene", value=style, votes=((style, SCENE),)), english, chinese
        )
    for mood, speak, pace, english, chinese in MOODS:
        entry = Entry(field="moods", value=mood, votes=_votes(speak, MOOD), pace=pace)
        yield from _all(entry, english, chinese)
    for style, english, chinese in STYLE_NAMES:
        entry = Entry(field="style", value=style, votes=((style, NAMED),))
        yield from _all(entry, f"{english}, {style}", chinese)
    for field, table in (
        ("instrument", INSTRUMENTS),
        ("kind", KINDS),
        ("energy", ENERGIES),
        ("mode", MODES),
        ("meter", METERS),
        ("stems", STEMS),
        ("ending", ENDINGS),
        ("without", WITHOUT),
    ):
        for value, english, chinese in table:
            yield from _all(Entry(field=field, value=value), english, chinese)
    for name, asked, refused, english, chinese in MANNERS:
        entry = Entry(field="manner", value=name, asked=asked, refused=refused)
        yield from _all(entry, english, chinese)
    for pace, english, chinese in PACES:
        yield from _all(Entry(field="pace", value=str(pace), pace=pace), english, chinese)
    yield from _all(Entry(field="instrumental", value="vocals"), *INSTRUMENTAL)
    yield from _all(Entry(field="not", value=""), *NEGATORS)
    yield from _all(Entry(field="not", value="late"), *LATE_NEGATORS)
    yield from _all(Entry(field="unknown", value=""), *UNKNOWN)
    for words in _split(*JOINERS):
        yield words, Entry(field="join", value=words)


@cache
def hints_of(instrument: str) -> tuple[tuple[str, float], ...]:
    """What an instrument says about the style."""
    return _votes(INSTRUMENT_HINTS.get(instrument, ""), 1.0)


def votes_of_mood(mood: str) -> tuple[tuple[str, float], ...]:
    """What a mood says about the style."""
    return next(_votes(speak, MOOD) for name, speak, *_ in MOODS if name == mood)


def _votes(speak: str, loudness: float) -> tuple[tuple[str, float], ...]:
    """``"lofi synthwave:3"`` -> the styles and how loudly each is spoken for."""
    votes: list[tuple[str, float]] = []
    for word in speak.split():
        style, _, share = word.partition(":")
        votes.append((style, loudness * float(share or 1)))
    return tuple(votes)


def _all(entry: Entry, english: str, chinese: str) -> Iterator[tuple[str, Entry]]:
    for words in _split(english, chinese):
        yield words, entry


def _split(english: str, chinese: str) -> Iterator[str]:
    for words in english.split(","):
        if words.strip():
            yield " ".join(words.lower().replace("-", " ").split())
    # The joiner 、 separates the rows, so it cannot be written in them.
    yield from (words.strip() for words in chinese.split("、") if words.strip())
