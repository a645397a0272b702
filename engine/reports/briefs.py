"""Random briefs of the kind clients send: every style, kind, meter, way to say a length, and so on.

The generator knows nothing of what the engine does well: the only thing it avoids is what no brief
may say (an instrument both required and forbidden, hits outside the length).
"""

import random

from msgspec import Struct

from engine import styles
from engine.contracts import Brief, Hit, Instruments, Kind, Meter, Resolved, SectionBrief
from engine.errors import BriefRefused
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.reports.instruments import FAMILIES, GROUPS
from engine.score import beats_per_bar
from engine.words import resolve
from engine.words.tonality import MODES, printed

SHORTEST_S, LONGEST_S = 8.0, 90.0
TRIES = 40  # briefs drawn for one number before the generator is thought broken
_METERS: tuple[Meter, ...] = ("4/4", "3/4", "6/8", "12/8")
_REQUIRED = ("piano", "strings", "flute", "guitar", "violin", "cello", "harp", "brass", "choir",
             "organ", "double_bass", "synth", "electric_piano", "marimba", "clarinet", "trumpet",
             "saxophone", "acoustic_guitar", "horn", "synth_bass", "guzheng", "erhu")  # fmt: skip
_FORMS = (
    ("i", "A", "B", "A'", "e"),
    ("A", "A'", "B", "A''", "e"),
    ("A", "B", "A'", "B'"),
    ("i", "A", "br", "B", "e"),
    ("A", "B", "C", "A'", "e"),
)
_ENDINGS = ("let the last chord ring out", "end on a short button", "fade out at the end",
            "以渐弱结束", "open ending")  # fmt: skip


class Asked(Struct, frozen=True, kw_only=True):
    """One brief of the set, what it was resolved to, and those that were refused before it."""

    number: int
    seed: int
    brief: Brief
    resolved: Resolved
    refused: tuple[str, ...] = ()  # pointer and code of each brief that could not be


def ask(number: int, seed: int) -> Asked:
    """The ``number``-th brief of the set of this seed; refused ones are drawn again and noted."""
    refused: list[str] = []
    for turn in range(TRIES):
        dice = random.Random(f"report/{seed}/{number}/{turn}")
        own = dice.randrange(2**48)
        brief = _brief(dice, number, own)
        try:
            resolved = resolve(brief, own)
            draw(resolved, derive_seed(own, 0), 1)  # the planner may refuse a form that cannot be
        except BriefRefused as no:
            refused.append(f"{no.reasons[0].pointer} {no.reasons[0].code}")
            continue
        if _outside(resolved):
            refused.append("length outside what this report is about")
            continue
        return Asked(
            number=number, seed=own, brief=brief, resolved=resolved, refused=tuple(refused)
        )
    raise RuntimeError(f"no brief in {TRIES} was accepted: {refused}")


def _outside(resolved: Resolved) -> bool:
    return not SHORTEST_S - 0.001 <= resolved.duration_ms / 1000 <= LONGEST_S + 0.001


def _brief(dice: random.Random, number: int, seed: int) -> Brief:
    names = styles.names()
    style = names[number % len(names)]
    kind: Kind = "loop" if dice.random() < 0.3 else "bed"
    meter = dice.choice(_METERS) if dice.random() < 0.5 else None
    length = _Length(dice, style, kind, meter)
    instruments = _instruments(dice)
    sections = _sections(dice, length) if kind == "bed" and dice.random() < 0.2 else None
    energy = _curve(dice) if sections is None and dice.random() < 0.35 else None
    hits = _hits(dice, length) if dice.random() < 0.25 else None
    ending = dice.choice(_ENDINGS) if kind == "bed" and dice.random() < 0.25 else ""
    return Brief(
        prompt=ending,
        kind=kind,
        candidates=1,
        seed=seed,
        quality="draft",
        duration_ms=length.duration_ms,
        bars=length.bars,
        bpm=length.bpm,
        tonality=_tonality(dice),
        meter=meter,
        style=style,
        instruments=instruments,
        sections=sections,
        energy=energy,
        hits=hits,
    )


class _Length:
    """Seconds, bars and tempo that go together, of which a brief names one, two or three."""

    def __init__(self, dice: random.Random, style: str, kind: str, meter: Meter | None) -> None:
        sheet = styles.facts(style)
        usual = next((one for one in sheet.meters if one in _METERS), "4/4")
        beats = beats_per_bar(meter or usual)  # type: ignore[arg-type]
        tempo = float(round(dice.uniform(*sheet.tempo)))
        bar_s = 60.0 * beats / tempo
        seconds = dice.uniform(SHORTEST_S, LONGEST_S)
        bars = max(2, int((seconds - 3.0) / bar_s)) if kind == "bed" else round(seconds / bar_s)
        if kind == "loop":
            bars = max(2, bars - bars % 2)
        self.seconds = seconds
        self.bars = self.bpm = self.duration_ms = None
        whole = round(seconds * 1000)
        if kind == "loop":
            way = dice.choice(("bars", "bars bpm", "bars length", "length"))
        else:
            way = dice.choice(("length", "length", "length bpm", "bars bpm", "bars length",
                               "bars", "all"))  # fmt: skip
            if way == "all":
                whole = round((bars * bar_s + dice.uniform(0.5, 4.0)) * 1000)
        if "bars" in way or way == "all":
            self.bars = bars
        if "bpm" in way or way == "all":
            self.bpm = tempo
        if "length" in way or way == "all":
            self.duration_ms = whole


def _tonality(dice: random.Random) -> str | None:
    if dice.random() < 0.4:
        return None
    modes = ("major", "minor") if dice.random() < 0.5 else tuple(MODES)
    return printed(dice.randrange(12), dice.choice(modes))


def _instruments(dice: random.Random) -> Instruments:
    require: list[str] = []
    if dice.random() < 0.4:
        require = dice.sample(_REQUIRED, dice.choice((1, 1, 2)))
    if dice.random() < 0.2:
        require.append(dice.choice(GROUPS[:-1]))
    banned = (*FAMILIES, *GROUPS)
    forbid = dice.sample(banned, dice.choice((1, 2))) if dice.random() < 0.4 else []
    require = list(dict.fromkeys(require))
    return Instruments(
        require=tuple(require),
        forbid=tuple(one for one in dict.fromkeys(forbid) if one not in require),
    )


def _sections(dice: random.Random, length: _Length) -> tuple[SectionBrief, ...]:
    form = dice.choice(_FORMS)
    counted = length.bars is None and length.duration_ms is None
    sections = []
    for name in form:
        bars = dice.choice((2, 4)) if counted or name in ("i", "br", "e") else None
        energy = round(dice.uniform(0.1, 1.0), 2) if dice.random() < 0.6 else None
        sections.append(SectionBrief(name=name, bars=bars, energy=energy))
    return tuple(sections)


def _curve(dice: random.Random) -> tuple[tuple[float, float], ...]:
    inner = sorted(round(dice.uniform(0.15, 0.85), 2) for _ in range(dice.choice((0, 1, 2))))
    places = [0.0, *dict.fromkeys(inner), 1.0]
    return tuple((at, round(dice.uniform(0.1, 1.0), 2)) for at in places)


def _hits(dice: random.Random, length: _Length) -> tuple[Hit, ...]:
    """One to three moments at least four seconds apart, in the middle of the piece."""
    seconds = (length.duration_ms or length.seconds * 1000) / 1000
    at, times = dice.uniform(0.15, 0.4) * seconds, []
    while at < 0.85 * seconds and len(times) < 3:
        times.append(round(at * 1000))
        at += dice.uniform(4.0, max(4.5, 0.4 * seconds))
    return tuple(Hit(at_ms=one) for one in times)
