"""Progressions: the harmony of every section, sampled from a style's materials.

A theme is one of the sheet's options, or the beginning of one with the end of another, with a chord
exchanged for its relative, a bass that walks, a dominant prepared. Every section of a letter plays
its theme; how it ends follows from what comes next.
"""

import random
from collections.abc import Sequence

from engine.contracts import Ending, Meter
from engine.plan.form import Block
from engine.plan.materials import Bars, Materials, plain, root
from engine.plan.modes import BOTH, MAJORS, legal
from engine.styles import harmony

# Roots that may stand for one another: a chord and its relatives.
_RELATIVES: dict[int, tuple[int, ...]] = {
    0: (9, 4, 8, 3), 9: (0, 4, 5), 4: (0, 9), 5: (2, 9, 8), 2: (5, 8), 8: (5, 0, 3), 3: (0, 8),
    7: (10,), 10: (7, 5), 1: (10, 8),
}  # fmt: skip
_LEADS_TO = {2: "VI", 7: "II", 9: "III"}  # secondary dominants by the root they go to
_OPEN_ENDS = {True: ("Isus2", "IVadd9", "Isus2", "vi7"), False: ("isus2", "bVI", "isus2", "iv7")}
_CROSSED, _EXCHANGED, _SECONDARY, _PREPARED = 0.5, 0.6, 0.45, 0.5
_WALKED, _WIDENED, _HELD, _RECAST = 0.9, 0.35, 0.3, 0.6


def sample(
    stuff: Materials,
    letters: Sequence[Block],
    ending: Ending,
    meter: Meter,
    slow: bool,
    anchors: int,
    dice: random.Random,
) -> tuple[Bars, ...]:
    """The chords of every section, bar by bar. ``slow`` styles may hold a chord twice as long;
    ``anchors`` is how often a theme comes home where it would not have."""
    themes = {
        letter: _anchored(stuff, _theme(stuff, options, slow, dice), anchors, dice)
        for letter, options in (
            ("A", stuff.themes),
            ("B", stuff.contrasts),
            ("C", stuff.contrasts),
            ("D", stuff.themes),
        )
    }
    last_a = max((at for at, one in enumerate(letters) if one.name[0] == "A"), default=-1)
    written = []
    for at, block in enumerate(letters):
        bars = _body(stuff, block, themes, dice)
        if at == last_a and block.name != "A" and dice.random() < _RECAST:
            bars = _recast(stuff, bars, dice)
        written.append(bars)
    return tuple(
        _metred(_ended(stuff, bars, written[at + 1 : at + 2], ending, dice), meter)
        for at, bars in enumerate(written)
    )


def as_written(
    stuff: Materials, letters: Sequence[Block], ending: Ending, meter: Meter, choice: int
) -> tuple[Bars, ...]:
    """The sheet's own options without any change: what is left when no sample will do."""
    dice = random.Random(f"template/{choice}")
    theme = stuff.themes[choice % len(stuff.themes)]
    contrast = stuff.contrasts[choice % len(stuff.contrasts)]
    themes = {"A": theme, "B": contrast, "C": contrast, "D": theme}
    written = [_repeated(themes.get(one.name[0], theme), one.bars) for one in letters]
    return tuple(
        _metred(_ended(stuff, bars, written[at + 1 : at + 2], ending, dice), meter)
        for at, bars in enumerate(written)
    )


# --- themes ---------------------------------------------------------------------------------------


def _theme(stuff: Materials, options: tuple[Bars, ...], slow: bool, dice: random.Random) -> Bars:
    cycle = dice.choice(options)
    if dice.random() < _CROSSED:
        cycle = _crossed(cycle, dice.choice(options))
    if dice.random() < _EXCHANGED:
        cycle = _exchanged(stuff, cycle, dice)
    if stuff.secondary and dice.random() < _SECONDARY:
        cycle = _with_secondary(stuff, cycle, dice)
    if stuff.suspended and dice.random() < _PREPARED:
        cycle = _prepared(stuff, cycle)
    if dice.random() < _WIDENED:
        cycle = _widened(stuff, cycle, dice)
    if stuff.inversions and dice.random() < _WALKED:
        cycle = _walking(stuff, cycle)
    if slow and len(cycle) <= 4 and dice.random() < _HELD:
        cycle = tuple(bar for bar in cycle for _ in range(2))
    return cycle


def _anchored(stuff: Materials, cycle: Bars, anchors: int, dice: random.Random) -> Bars:
    """Some bars come home: the first one first, then one on an even place, so that the tonic is
    heard where a listener weighs it. A theme in a church mode or a pentatonic begins at home:
    without that its notes are those of another tonic's scale."""
    if stuff.mode not in BOTH and root(cycle[0][0]) != 0:
        anchors = max(1, anchors)
    for turn in range(anchors):
        away = [at for at, bar in enumerate(cycle) if root(bar[0]) != 0]
        if len(away) <= len(cycle) // 2 and (turn or 0 not in away):
            break
        strong = [at for at in away if at % 2 == 0]
        at = 0 if turn == 0 and 0 in away else dice.choice(strong or away)
        cycle = (*cycle[:at], (stuff.home[0],), *cycle[at + 1 :])
    return cycle


def _crossed(one: Bars, other: Bars) -> Bars:
    """The first half of one option and the second half of another."""
    if len(one) < 2 or len(other) < 2:
        return one
    half = len(one) // 2
    tail = other[-half:] if len(other) >= half else other
    if one[half - 1][-1] == tail[0][0]:
        return one
    return one[:half] + tail


def _exchanged(stuff: Materials, cycle: Bars, dice: random.Random) -> Bars:
    """One chord, never the first, becomes a relative that the style knows."""
    places = [at for at in range(1, len(cycle)) if len(cycle[at]) == 1]
    dice.shuffle(places)
    for at in places:
        around = {cycle[at - 1][-1], cycle[(at + 1) % len(cycle)][0], cycle[at][0]}
        near = {plain(one) for one in around}
        relatives = [
            chord for chord in stuff.chords
            if root(chord) in _RELATIVES.get(root(cycle[at][0]), ())
            and plain(chord) not in near and "/p" not in chord
        ]  # fmt: skip
        if relatives:
            return (*cycle[:at], (dice.choice(relatives),), *cycle[at + 1 :])
    return cycle


def _with_secondary(stuff: Materials, cycle: Bars, dice: random.Random) -> Bars:
    """The second half of a bar leads into the next bar's chord."""
    for at in dice.sample(range(len(cycle) - 1), len(cycle) - 1) if len(cycle) > 1 else ():
        degree = _LEADS_TO.get(root(cycle[at + 1][0]))
        known = [
            chord for chord in stuff.chords
            if degree and harmony.taken_apart(chord)[:2] == ("", degree) and "/" not in chord
        ]  # fmt: skip
        if known and len(cycle[at]) == 1 and root(cycle[at][0]) != root(known[0]):
            return (*cycle[:at], (cycle[at][0], dice.choice(known)), *cycle[at + 1 :])
    return cycle


def _prepared(stuff: Materials, cycle: Bars) -> Bars:
    """A dominant that fills a bar is suspended first."""
    for at, bar in enumerate(cycle):
        if len(bar) == 1 and bar[0] in ("V", "V7"):
            suspended = "Vsus4" if bar[0] == "V" else "V7sus4"
            if suspended in stuff.chords or "Vsus4" in stuff.chords:
                return (*cycle[:at], (suspended, bar[0]), *cycle[at + 1 :])
    return cycle


def _widened(stuff: Materials, cycle: Bars, dice: random.Random) -> Bars:
    """A plain triad takes the added tone that the style likes."""
    known = [chord for chord in stuff.chords if "V7" not in chord]
    likes = [
        tail
        for tail in ("add9", "sus2", "maj7", "7")
        if any(chord.endswith(tail) for chord in known)
    ]
    places = [at for at, bar in enumerate(cycle) if len(bar) == 1 and bar[0] == plain(bar[0])]
    if not likes or not places:
        return cycle
    at, tail = dice.choice(places), dice.choice(likes)
    wider = f"{cycle[at][0]}{tail}"
    scale = stuff.mode if stuff.mode not in ("minor",) else "aeolian"
    if not legal(wider, scale) or (tail == "7" and wider[0] in "IV"):
        return cycle
    return (*cycle[:at], (wider,), *cycle[at + 1 :])


def _walking(stuff: Materials, cycle: Bars) -> Bars:
    """Up to two chords are turned over so that the bass goes by step through them."""
    flat = [chord for bar in cycle for chord in bar]
    lows = [harmony.read(chord).bass for chord in flat]
    turned = 0
    for at in range(1, len(flat) - 1):
        if turned == 2 or "/" in flat[at] or flat[at] == flat[at - 1]:
            continue
        best = _way(lows[at - 1], lows[at], lows[at + 1])
        for member in ("/3", "/5"):
            other = f"{flat[at]}{member}"
            if harmony.taken_apart(flat[at])[2] == "5" or "sus" in flat[at]:
                continue
            low = harmony.read(other).bass
            if _way(lows[at - 1], low, lows[at + 1]) < min(best, 5) and _known(stuff, other):
                flat[at], lows[at] = other, low
                turned += 1
                break
    rebuilt, used = [], 0
    for bar in cycle:
        rebuilt.append(tuple(flat[used : used + len(bar)]))
        used += len(bar)
    return tuple(rebuilt)


def _known(stuff: Materials, symbol: str) -> bool:
    """Whether the mode has the bass; a fifth in the bass only where the sheet has one."""
    if symbol.endswith("/5") and not any(chord.endswith("/5") for chord in stuff.chords):
        return False
    return stuff.mode not in ("gong", "shang", "jue", "zhi", "yu") or legal(symbol, stuff.mode)


def _way(before: int, low: int, after: int) -> int:
    """Semitones of bass motion into and out of a note; staying counts like a leap."""

    def step(one: int, other: int) -> int:
        distance = abs(one - other) % 12
        return min(distance, 12 - distance) or 5

    return step(before, low) + step(low, after)


# --- sections -------------------------------------------------------------------------------------


def _body(stuff: Materials, block: Block, themes: dict[str, Bars], dice: random.Random) -> Bars:
    letter = block.name[0]
    if block.name.startswith("br"):
        theme = themes["B"] if dice.random() < 0.5 else themes["A"]
        held = tuple((bar[0],) for bar in theme for _ in range(2))
        return _repeated(held, block.bars)
    if letter == "i" and dice.random() < 0.35:
        return ((themes["A"][0][0],),) * block.bars
    return _repeated(themes.get(letter, themes["A"]), block.bars)


def _repeated(cycle: Bars, bars: int) -> Bars:
    return tuple(cycle[bar % len(cycle)] for bar in range(bars))


def _recast(stuff: Materials, bars: Bars, dice: random.Random) -> Bars:
    """The last statement comes home another way: a chord of its second half is exchanged."""
    half = len(bars) // 2
    return bars[:half] + _exchanged(stuff, bars[half:], dice) if half else bars


def _ended(
    stuff: Materials, bars: Bars, after: Sequence[Bars], ending: Ending, dice: random.Random
) -> Bars:
    """A section ends as its neighbour wants it, the last one as the piece does."""
    if after:
        return _towards(stuff, bars, root(after[0][0][0]), dice)
    if ending == "turnaround":
        return _turned(stuff, bars, dice)
    if ending == "fade":
        return bars
    if ending == "open":
        ends = [one for one in _OPEN_ENDS[stuff.mode in MAJORS] if _in_mode(stuff, one)]
        return (*bars[:-1], (dice.choice(ends or ["Isus2"]),))
    home = stuff.home[0] if dice.random() < 0.7 else dice.choice(stuff.home)
    leading = dice.choice(stuff.before)
    if len(bars) == 1:
        return ((home,),)
    return (*bars[:-2], _cadential(stuff, bars[-2], leading, dice), (home,))


def _in_mode(stuff: Materials, symbol: str) -> bool:
    return stuff.mode in ("major", "minor") or legal(symbol, stuff.mode)


def _towards(stuff: Materials, bars: Bars, goal: int, dice: random.Random) -> Bars:
    """Open before home: what leads there. Before anything else the theme's own end may stay."""
    last = root(bars[-1][-1])
    if last not in (0, goal) and (last in (2, 5, 7, 10, 1) and dice.random() < 0.6):
        return bars
    if goal != 0:
        if last != goal:
            return bars
        options = [one for one in (*stuff.home, *stuff.halves) if root(one) != goal]
    else:
        options = [one for one in stuff.halves if root(one) != goal]
    if not options:
        return bars
    if len(bars) == 1:
        return ((bars[0][0], dice.choice(options)),)
    return (*bars[:-1], _cadential(stuff, bars[-1], dice.choice(options), dice))


def _cadential(
    stuff: Materials, bar: tuple[str, ...], goal: str, dice: random.Random
) -> tuple[str, ...]:
    """The bar before an arrival moves twice as fast, where the bar has another chord to offer."""
    first = bar[0]
    if root(first) in (root(goal), 0) or dice.random() < 0.25:
        subdominants = [one for one in stuff.chords if root(one) in (5, 2, 8) and "/" not in one
                        and root(one) != root(goal)]  # fmt: skip
        if not subdominants or dice.random() < 0.35:
            return (goal,)
        first = dice.choice(subdominants)
    return (first, goal)


def _turned(stuff: Materials, bars: Bars, dice: random.Random) -> Bars:
    """The last bars of a loop ask for the first one."""
    first = root(bars[0][0])
    fitting = [one for one in stuff.turns if root(one[-1][-1]) not in (0, first)]
    if not fitting:
        return _towards(stuff, bars, first, dice)
    turn = dice.choice(fitting)
    turn = turn[-min(len(turn), max(1, len(bars) // 2)) :]
    return bars[: len(bars) - len(turn)] + turn


def _metred(bars: Bars, meter: Meter) -> Bars:
    """In three-four the second of two chords comes on the third beat."""
    if meter != "3/4":
        return bars
    return tuple((bar[0], bar[0], bar[1]) if len(bar) == 2 else bar for bar in bars)
