"""Harmonic materials: what a style's sheet offers in a mode, ready to be recombined."""

from collections import Counter
from functools import cache
from itertools import pairwise
from math import log2

from msgspec import Struct

from engine import styles
from engine.plan import modes
from engine.styles import harmony
from engine.styles.sheet import Style

Bars = tuple[tuple[str, ...], ...]  # the chords of each bar, at equal shares of it

# Styles whose chords are chromatic on purpose: in a mode nobody asked for they stay as written.
_CHROMATIC = frozenset(
    {"horror", "cinematic_tension", "dark_ambient", "metal", "trap_hiphop", "bossa", "jazz_trio",
     "funk_corporate"}
)  # fmt: skip
# Styles that stand on one bass tone or on roots alone; in all others a bass may walk.
_DRONES = frozenset({"dark_ambient", "meditation", "horror", "cinematic_tension", "metal"})
# How a style likes to come home.
_JAZZ = frozenset({"jazz_trio", "bossa", "lofi"})
_POWER = frozenset({"rock", "metal"})
_PLAGAL = frozenset({"meditation", "dark_ambient", "orchestral_tender"})
_DOMINANT = frozenset({"solo_piano", "orchestral_tender", "waltz_ballroom", "jazz_trio", "bossa",
                       "country", "fantasy_tavern"})  # fmt: skip
# Progressions that belong to everybody; moves between their chords sound likely anywhere.
_COMMON = (
    "I V vi IV I", "I vi IV V I", "vi IV I V vi", "I IV V I", "I ii IV V I", "ii V I vi ii",
    "I iii IV V I", "I IV vi V I", "IV V iii vi IV", "I bVII IV I", "I V vi iii IV I IV V",
    "i bVI bIII bVII i", "i bVII bVI V i", "i iv bVII bIII bVI ii V i", "i bVI bVII i",
    "i iv V i", "i bIII bVII IV i", "i bVII IV i", "i v iv i", "i bII i", "i bII bVII i",
    "bVI bVII i bVI", "iv bVI bVII i", "I II IV I", "I II vi I",
)  # fmt: skip


class Materials(Struct, frozen=True, kw_only=True):
    """Progressions and single chords of a style in a mode."""

    mode: str
    themes: tuple[Bars, ...]  # for A
    contrasts: tuple[Bars, ...]  # for B, C and breaks
    turns: tuple[Bars, ...]  # the ends of loops
    chords: tuple[str, ...]  # every chord of the above, once
    halves: tuple[str, ...]  # chords that leave a section open
    before: tuple[str, ...]  # chords that go home
    home: tuple[str, ...]  # home, the usual one first
    inversions: bool
    secondary: bool
    suspended: bool
    moves: dict[tuple[str, str], float]  # bits of a move from chord to chord
    rare: float  # bits of a move that nobody has made before


@cache
def materials(style_id: str, mode: str, *, asked: bool) -> Materials:
    """What a style offers; ``asked`` says that the client named the mode, so it must be heard."""
    style = styles.load(style_id)
    known = bool(_of_family(style, "A", mode))
    as_written = known and (mode in modes.BOTH or (not asked and style_id in _CHROMATIC))
    themes = _list(style, "A", mode, as_written)
    contrasts = _list(style, "B", mode, as_written)
    turns = _list(style, "turn", mode, as_written)
    chords = tuple(dict.fromkeys(
        chord for option in (*themes, *contrasts, *turns) for bar in option for chord in bar
    ))  # fmt: skip
    before, home = _cadence(style_id, mode, as_written)
    degrees = Counter(_moves(themes + contrasts + turns))
    likely, rare = _bits(degrees)
    return Materials(
        mode=mode, themes=themes, contrasts=contrasts, turns=turns, chords=chords,
        halves=_halves(turns, chords, before), before=before, home=home,
        inversions=style_id not in _DRONES,
        secondary=any(_is_secondary(chord) for chord in chords),
        suspended=any("sus" in chord for chord in chords), moves=likely, rare=rare,
    )  # fmt: skip


@cache
def root(symbol: str) -> int:
    """Semitones of a chord's root over the tonic."""
    return harmony.read(symbol).root


@cache
def plain(symbol: str) -> str:
    """A chord without suffix and bass: what a move between chords is counted by."""
    sign, degree, suffix, _ = harmony.taken_apart(symbol)
    return f"{sign}{degree}{'°' if suffix.startswith(('dim', 'm7b5')) else ''}"


def _list(style: Style, name: str, mode: str, as_written: bool) -> tuple[Bars, ...]:
    """The options of the mode's own family; the other family's, transposed into the mode, where
    a style has none."""
    fitting = _of_family(style, name, mode)
    if fitting and as_written:
        return fitting
    scale = "aeolian" if mode == "minor" else mode
    taken = tuple(
        tuple(
            _once(tuple(modes.shown(chord, scale, at) for chord in bar))
            for at, bar in enumerate(option)
        )
        for option in fitting or style.chords[name]
    )
    return taken if name == "turn" else (*taken, *_modal(scale, name))


def _of_family(style: Style, name: str, mode: str) -> tuple[Bars, ...]:
    """The options of a list that are in major, or in minor, as the mode is."""
    wanted = "major" if mode in modes.MAJORS else "minor"
    return tuple(
        option
        for option in style.chords[name]
        if harmony.mode_of([chord for bar in option for chord in bar]) == wanted
    )


def _modal(mode: str, name: str) -> tuple[Bars, ...]:
    """Plain progressions that any music in a mode has: home, its colours, what leads home."""
    home, colour, before = modes.HOME[mode], modes.COLOUR[mode], modes.BEFORE_HOME[mode]
    lines = {
        "A": ((home[0], colour[0], home[0], before[0]),
              (home[-1], colour[1], colour[2], before[-1])),
        "B": ((colour[1], colour[0], home[0], before[0]),
              (colour[2], colour[3], colour[0], before[-1])),
    }  # fmt: skip
    return tuple(tuple((chord,) for chord in line) for line in lines[name])


def _once(bar: tuple[str, ...]) -> tuple[str, ...]:
    """A bar whose chords have become one chord in two colours keeps the first."""
    return bar[:1] if len({harmony.read(chord).root for chord in bar}) == 1 else bar


def _cadence(style: str, mode: str, as_written: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Full where the style knows a dominant, plagal where it is soft, modal where it is not."""
    if not as_written:
        return modes.BEFORE_HOME[mode], modes.HOME[mode]
    major = mode in modes.MAJORS
    home = ("Iadd9", "I") if major else ("i", "iadd9")
    if style in _POWER:
        home = ("I5",) if major else ("i5",)
    if style in _JAZZ:
        home = ("I69", "Imaj9") if major else ("i69", "i9")
    if style in _PLAGAL and style != "orchestral_tender":
        return ("IV", "IVadd9") if major else ("iv", "bVII"), home
    if style == "orchestral_tender":
        return ("IV", "iv6", "V7sus4") if major else ("iv", "V7"), home
    if style in _JAZZ and major:
        return ("V13", "V9sus4", "bII7"), home
    if style in _DOMINANT:
        return ("V7", "V7sus4") if major else ("V7",), home
    return ("V", "Vsus4", "IV") if major else ("bVII", "bVI"), home


def _halves(turns: tuple[Bars, ...], chords: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:  # fmt: skip # noqa: E501
    """Open endings: what a musician wrote at the end of the turnarounds, and the dominants."""
    ends = [option[-1][-1] for option in turns]
    dominants = [chord for chord in chords if root(chord) in (7, 10) and "/" not in chord]
    found = tuple(dict.fromkeys(one for one in (*ends, *dominants, *before) if root(one) != 0))
    return found or before


def _is_secondary(symbol: str) -> bool:
    _, degree, suffix, _ = harmony.taken_apart(symbol)
    return degree in ("II", "III", "VI") and suffix.startswith(("7", "9", "13"))


def _moves(options: tuple[Bars, ...]) -> list[tuple[str, str]]:
    lines = [[plain(chord) for bar in option for chord in bar] for option in options]
    lines += [line.split() for line in _COMMON]
    return [(one, other) for line in lines for one, other in pairwise(line) if one != other]


def _bits(moves: Counter[tuple[str, str]]) -> tuple[dict[tuple[str, str], float], float]:
    """Bits of each move given the chord before it, with a little left for every other move."""
    leaving = Counter[str]()
    for (one, _), count in moves.items():
        leaving[one] += count
    smooth, ways = 0.25, 12
    bits = {
        move: -log2((count + smooth) / (leaving[move[0]] + smooth * ways))
        for move, count in moves.items()
    }
    return bits, -log2(smooth / (2 + smooth * ways))
