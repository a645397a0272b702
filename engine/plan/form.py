"""Form: which sections, in which order, of how many bars; the sum is always what was asked."""

import math
import random
from collections.abc import Sequence

from msgspec import Struct

from engine.contracts import Resolved
from engine.errors import BriefRefused, Reason
from engine.score import bar_ticks, seconds_per_tick
from engine.styles.forms import Form, shorthand

Template = tuple[tuple[str, int], ...]

SLOW_BAR_S, FAST_BAR_S = 3.1, 1.35  # outside of these a block has half or twice the bars
OWN_FORM = 0.25  # a style's own form may be stretched by so much
LONGEST = 1.5  # over this many times the largest template the middle repeats
MOST_PRIMES = 3
MOST_BLOCKS = 44  # of a long form, so that its sections stay under sixty-four


class Block(Struct, frozen=True, kw_only=True):
    """A letter of the form: ``A`` for 8 bars; what of it the brief has fixed."""

    name: str
    bars: int
    energy: float | None = None  # 0-1 as asked for this section
    asked: bool = False  # its bars are the client's own


# The arranger's templates by length in seconds: the usual one, one with more contrast, one that
# builds. ``br'`` is a break that rises.
_BEDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (15, ("A4 A'3 e1", "i1 A4 e2", "A2 A'2 B3 e1")),
    (30, ("i2 A4 A'4 B4 e2", "A4 B4 A'4 e2", "i2 A4 B4 A'4 e2")),
    (60, ("i4 A8 B8 A'8 e3", "A8 A'8 B4 A''8 e2", "i2 A8 br2 B8 A'8 e2")),
    (90, ("i4 A8 B8 A'8 br4 B'8 e4", "A8 B8 A'8 C8 A''8 e4", "i4 A8 A'8 B8 br4 A''8 e4")),
    (180, ("i4 A16 B8 A'8 C8 br4 A''16 B'8 A'''8 e4", "i8 A16 B16 A'16 C8 B'16 e4",
           "i8 A8 A'8 B8 B'8 C8 br8 A''16 e8")),
)  # fmt: skip
_LOOPS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (8, ("A4 A'4", "A2 A'2 B2 A''2", "A8")),
    (16, ("A4 A'4 B4 A''4", "A8 B8", "A4 A'4 A''4 B4")),
    (32, ("A8 A'8 B8 A''8", "A8 B8 C8 A'8", "A8 A'8 br8 A''8")),
    (64, ("A16 A'16 B16 A''16", "A16 B16 C16 A'16", "A8 A'8 B8 A''8 br8 B'8 C8 A'''8")),
)
_MIDDLE = ("A", "B", "A", "C", "br", "A", "B", "D")
_USUAL = {"i": 4, "br": 4, "e": 4}
# What a bar more or less costs a section: the intro gives first, the last A last.
_STIFF = {"i": 0.6, "e": 0.9, "br": 0.9, "B": 1.0, "C": 1.1, "D": 1.1, "A": 1.6}
_LAST_A = 4.0


def blocks(
    resolved: Resolved, own: Sequence[Form], bars: int, tempo: float, dice: random.Random
) -> tuple[Block, ...]:
    """The sections of one plan: the client's own, else a template stretched to the bars."""
    if resolved.sections:
        return _asked(resolved, bars)
    if bars < 4:
        return (Block(name="A", bars=bars),)
    template = dice.choice(templates(resolved, own, bars, tempo))
    return tuple(Block(name=name, bars=size) for name, size in stretched(template, bars))


def templates(resolved: Resolved, own: Sequence[Form], bars: int, tempo: float) -> list[Template]:
    """What may be stretched to so many bars. A style's own form counts as often as the table."""
    loop = resolved.kind == "loop"
    bar_s = bar_ticks(resolved.meter) * seconds_per_tick(tempo, resolved.meter)
    table = _table(_LOOPS, bars) if loop else _table(_BEDS, bars * bar_s)
    if not loop:
        table = [_paced(template, bar_s) for template in table]
        if bars > LONGEST * max(sum(size for _, size in one) for one in table):
            return [_long(bars, bar_s, turn) for turn in range(3)]
    fitting = [
        form.sections
        for form in own
        if (form.use == "loop") == loop
        and (form.use in ("", "loop"))
        and abs(form.bars - bars) <= OWN_FORM * bars
    ]
    return [*table, *fitting * math.ceil(len(table) / max(1, len(fitting)))]


def _table(rows: tuple[tuple[int, tuple[str, ...]], ...], size: float) -> list[Template]:
    nearest = min(rows, key=lambda row: abs(math.log(row[0] / size)))
    return [shorthand(line) for line in nearest[1]]


def _paced(template: Template, bar_s: float) -> Template:
    """Half the bars where they are slow, twice as many where they fly by."""
    if bar_s >= SLOW_BAR_S:
        return tuple((name, max(1, size // 2)) for name, size in template)
    if bar_s <= FAST_BAR_S:
        return tuple((name, size * 2) for name, size in template)
    return template


def _long(bars: int, bar_s: float, turn: int) -> Template:
    """Many minutes: a middle of large blocks that go round, each return marked by its prime."""
    block = 8 if bar_s >= SLOW_BAR_S else 32 if bar_s <= FAST_BAR_S else 16
    while bars > MOST_BLOCKS * block:
        block *= 2
    sections = [("i", block // 4)]
    rest = bars - block // 2
    heard = dict.fromkeys("ABCD", -1)
    at = 0
    while rest > block // 2:
        name = _MIDDLE[at % len(_MIDDLE)] if at else "A"
        if at and turn and name in "ABCD":  # another order of returns for another template
            name = {"B": "C", "C": "B", "D": "A"}.get(name, name) if turn == 1 else name
            name = {"C": "D", "D": "C"}.get(name, name) if turn == 2 else name
        size = block // 4 if name == "br" else block
        rest -= size
        at += 1
        if name != "br":
            heard[name] = heard[name] + 1 if heard[name] < MOST_PRIMES else 1
            name += "'" * heard[name]
        sections.append((name, size))
    return (*sections, ("e", block // 4))


def stretched(template: Template, bars: int) -> Template:
    """The template at so many bars. Sections keep whole phrases where they can; what does not
    fit is taken from the intro, the ending or a B before it is taken from an A."""
    while len(template) > bars:  # fewer bars than sections: the shortest goes
        at = min(range(len(template)), key=lambda one: (template[one][1], -one))
        template = (*template[:at], *template[at + 1 :])
    share = bars / sum(size for _, size in template)
    ideal = [size * share for _, size in template]
    names = [name for name, _ in template]
    sizes = [_phrased(size, name) for size, name in zip(ideal, names, strict=True)]
    while (rest := bars - sum(sizes)) != 0:
        sign = 1 if rest > 0 else -1
        step = sign * (4 if abs(rest) >= 4 else 2 if abs(rest) >= 2 else 1)
        at, step = _cheapest(names, sizes, ideal, step)
        sizes[at] += step
    return tuple(zip(names, sizes, strict=True))


def _cheapest(names: list[str], sizes: list[int], ideal: list[float], step: int) -> tuple[int, int]:
    """Which section takes a step of so many bars; a smaller step where none can."""
    last_a = max((at for at, name in enumerate(names) if name[0] == "A"), default=-1)
    while True:
        able = [at for at, size in enumerate(sizes) if size + step >= 1]
        if abs(step) == 4:
            able = [at for at in able if names[at][0] in "ABCD" and sizes[at] + step >= 4]
        if able:
            break
        step = step // 2 if step > 0 else -(-step // 2)

    def cost(at: int) -> tuple[float, int]:
        stiff = _LAST_A if at == last_a and step < 0 else _STIFF[names[at].rstrip("'")]
        left = (sizes[at] + step) % 4 if names[at][0] in "ABCD" else 0
        torn = (0.0, 0.6, 0.4, 0.6)[left]  # bars that end no phrase
        over = abs(sizes[at] + step - ideal[at]) - abs(sizes[at] - ideal[at])
        return stiff * (over / max(1.0, ideal[at]) ** 0.5 + torn), at

    return min(able, key=cost), step


def _phrased(size: float, name: str) -> int:
    if name[0] in "ie" or name.startswith("br"):
        return max(1, round(size))
    if size >= 5.5:
        return 4 * round(size / 4)
    return max(2, 2 * round(size / 2)) if size >= 2.5 else max(1, round(size))


def _asked(resolved: Resolved, bars: int) -> tuple[Block, ...]:
    """The client's sections in the client's order; bars that are left open share the rest."""
    asked = resolved.sections
    fixed = sum(one.bars or 0 for one in asked)
    open_names = [one.name for one in asked if one.bars is None]
    rest = bars - fixed
    if rest < len(open_names) or (rest > 0 and not open_names):
        raise BriefRefused([_unfitting(fixed, bars, len(open_names))])
    usual = tuple((name, _USUAL.get(name.rstrip("'"), 8)) for name in open_names)
    given = iter(stretched(usual, rest) if usual else ())
    return tuple(
        Block(
            name=one.name,
            bars=one.bars if one.bars is not None else next(given)[1],
            energy=one.energy,
            asked=one.bars is not None,
        )
        for one in asked
    )


def _unfitting(fixed: int, bars: int, left_open: int) -> Reason:
    most = bars - left_open
    return Reason(
        "/sections",
        "contradiction",
        f"the sections ask for {fixed} bars and {left_open} sections of open length, the piece "
        f"has {bars} bars",
        {"bars": max(0, most)},
    )
