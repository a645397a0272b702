"""Plans for one brief: each honours every constraint, and they differ on purpose.

Two candidates that share their notes' colours sound like one track, however different the notes
are. So every pair has another lead and another comping colour or texture, and differs in at least
two of progression, form, patterns, register and contour; none share both the progression and the
lead instrument.
"""

import itertools
import random
import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, structs

from engine import styles
from engine.contracts import Chord, PartPlan, Plan, Resolved, Section
from engine.plan import casting, chime
from engine.plan.chords import chord_of, held_on, lasting
from engine.plan.form import Block, blocks, fit
from engine.score import bar_ticks
from engine.styles import harmony, profiles
from engine.styles.sheet import Style
from engine.words.tonality import parse

MAJORS = frozenset({"major", "lydian", "mixolydian", "gong", "zhi", "ionian"})
# Which voices of the ladder each word of a rung means.
_ROLE_ORDER = ("lead", "comp", "bass", "pad", "counter", "harmony", "drums", "fx")
_PATHS = {  # energy 1-7 of a letter, before the brief's own curve
    "i": 2, "A": 4, "A'": 5, "A''": 6, "B": 5, "B'": 6, "C": 5, "br": 3, "e": 5,
}  # fmt: skip


SURE = 0.12  # lead of the planned tonic over the next best, before a melody is heard


# How a style likes to come home.
_JAZZ = frozenset({"jazz_trio", "bossa", "lofi"})
_POWER = frozenset({"rock", "metal"})
_PLAGAL = frozenset({"meditation", "dark_ambient", "orchestral_tender"})
_DOMINANT = frozenset({"solo_piano", "orchestral_tender", "waltz_ballroom", "jazz_trio", "bossa",
                       "country", "fantasy_tavern"})  # fmt: skip


_CELL_DEGREE = re.compile(r"(?<![b#:\d])([1-7])(['’,]?)(?=~?:)")


class Choice(Struct, frozen=True, kw_only=True):
    """What sets one candidate apart from the others."""

    progression: int
    form: int
    contour: int
    use: int  # how many candidates had this contour before
    cast: int
    comp: int
    register: int


def draw(resolved: Resolved, seed: int, count: int, beside: Collection[Plan] = ()) -> list[Plan]:
    """``count`` different plans for one brief, decided by the seed and by the plans they shall
    stand beside: those keep their progression and lead instrument for themselves."""
    dice = random.Random(f"plan/{seed}")
    style = styles.load(resolved.style)
    if resolved.kind == "chime":
        return chime.draw(resolved, dice, count)
    tonic, mode = _tonality(resolved, style, dice)
    plans: list[Plan] = []
    taken = {_frame(plan) for plan in beside}
    for at, choice in enumerate(_choices(style, mode, dice, count)):
        options = (
            _plan(resolved, style, tonic, mode, moved, random.Random(f"plan/{seed}/{at}"))
            for moved in _moved(choice, len(_options(style, mode)))
        )
        plans.append(_at_home(options, taken))
        taken.add(_frame(plans[-1]))
    return plans


def _moved(choice: Choice, progressions: int) -> Iterator[Choice]:
    """The choice, then the same with each other progression."""
    for shift in range(progressions):
        moved = (choice.progression + shift) % progressions
        yield structs.replace(choice, progression=moved)


def _at_home(options: Iterable[Plan], taken: set[tuple[object, ...]]) -> Plan:
    """The first plan whose harmony leaves no doubt where its tonic is, and that is not taken."""
    doubtful: list[tuple[bool, float, Plan]] = []
    for plan in options:
        lead, fresh = _home_lead(plan), _frame(plan) not in taken
        if lead >= SURE and fresh:
            return plan
        doubtful.append((fresh, lead, plan))
    return max(doubtful, key=lambda one: one[:2])[2]


def _frame(plan: Plan) -> tuple[object, ...]:
    lead = next(((part.program, part.patch) for part in plan.parts if part.role == "lead"), None)
    return (lead, *((chord.at, chord.symbol) for chord in plan.chords))


def _home_lead(plan: Plan) -> float:
    """How clearly the chords and their basses alone say where home is; the last chord says most."""
    tones = []
    for at, chord in enumerate(plan.chords):
        weight = chord.length * (2.0 if at == len(plan.chords) - 1 and plan.kind != "loop" else 1.0)
        tones += [(pitch, weight) for pitch in chord.pitches]
        tones.append((chord.bass, 2.0 * weight))
    return profiles.home_lead(profiles.weighed(tones), plan.tonic, plan.mode)


def _tonality(resolved: Resolved, style: Style, dice: random.Random) -> tuple[int, str]:
    if resolved.tonality is not None:
        named = parse(resolved.tonality)
        assert named is not None, "resolve() lets only known tonalities through"
        return named.tonic, named.mode
    moods = set(resolved.moods)
    modes = dict(style.modes)
    if moods & {"sad", "dark", "tense", "melancholic", "epic", "mysterious"}:
        modes = {name: weight for name, weight in modes.items() if name not in MAJORS} or modes
    elif moods & {"happy", "bright", "cheerful", "hopeful", "warm", "uplifting", "romantic"}:
        modes = {name: weight for name, weight in modes.items() if name in MAJORS} or modes
    mode = dice.choices(list(modes), weights=list(modes.values()))[0]
    return dice.choice(style.tonics), mode


def _choices(style: Style, mode: str, dice: random.Random, count: int) -> list[Choice]:
    """Walk the style's options so that neighbours and strangers alike differ."""
    progressions = len(_options(style, mode))
    contours = [at for at, one in enumerate(style.contours) if _fits(one, mode)] or [0, 1, 2, 3]
    comps = len(style.comp)
    start = [dice.randrange(12) for _ in range(6)]
    casts = casting.palettes(style)
    chosen = []
    for at in range(count):
        lap = at // progressions
        chosen.append(
            Choice(
                progression=(start[0] + at) % progressions,
                form=start[1] + at + lap,
                contour=contours[(start[2] + at) % len(contours)],
                use=at // len(contours),
                cast=(start[3] + at + lap) % casts if casts else 0,
                comp=(start[4] + at) % comps,
                register=(at + lap) % 3 - 1,
            )
        )
    return _apart(chosen, casts)


def _apart(chosen: list[Choice], casts: int) -> list[Choice]:
    """No two with the same progression and the same palette while another palette is free."""
    seen: set[tuple[int, int]] = set()
    apart = []
    for choice in chosen:
        cast = choice.cast
        for shift in range(casts):
            if (choice.progression, (cast + shift) % casts) not in seen:
                cast = (cast + shift) % casts
                break
        seen.add((choice.progression, cast))
        apart.append(structs.replace(choice, cast=cast))
    return apart


def _fits(contour: str, mode: str) -> bool:
    return contour.startswith("maj" if mode in MAJORS else "min")


def _developed(contour: str, use: int) -> str:
    """A seed that was used before: two degrees higher, then its bars in another order."""
    mode, _, written = contour.partition(" ")
    bars = [bar.strip() for bar in written.split("/")]
    if use % 3 == 1:
        bars = [_CELL_DEGREE.sub(_two_higher, bar) for bar in bars]
    if use % 3 == 2:
        bars = bars[1:] + bars[:1] if len(bars) > 1 else [" ".join(reversed(bars[0].split()))]
    return f"{mode} {' / '.join(bars)}"


def _two_higher(cell: re.Match[str]) -> str:
    degree, octave = int(cell[1]) + 2, cell[2]
    if degree > 7:
        degree, octave = degree - 7, {",": "", "": "'"}.get(octave, octave)
    return f"{degree}{octave}"


def _options(style: Style, mode: str) -> list[int]:
    """Indices into the style's A progressions of the cue's mode, the plain four-bar turns last."""
    wanted = "major" if mode in MAJORS else "minor"
    fitting = [
        at
        for at, option in enumerate(style.chords["A"])
        if harmony.mode_of([chord for bar in option for chord in bar]) == wanted
    ]
    turned = [at + 100 for at in fitting if _turns_home(style.chords["A"][at])]
    return [*fitting, *turned, *(at + 200 for at in fitting)] or [0]


def _turns_home(option: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a progression begun in its middle still begins at home."""
    return len(option) > 2 and harmony.read(option[len(option) // 2][0]).root == 0


def _plan(
    resolved: Resolved,
    style: Style,
    tonic: int,
    mode: str,
    choice: Choice,
    dice: random.Random,
) -> Plan:
    frame = fit(resolved, style.typical_bpm, dice)
    letters = blocks(resolved.kind, frame.bars, choice.form)
    parts = casting.cast(style, resolved, choice.cast, choice.register)
    sections = _sections(resolved, style, letters, parts, choice)
    chords = _chords(resolved, style, mode, tonic, letters, choice, frame.ring_ticks)
    if resolved.tonality is None:
        mode = _shown(mode, chords, tonic)
    loop = resolved.kind == "loop"
    return Plan(
        style=style.id,
        kind=resolved.kind,
        tempo=frame.tempo,
        meter=resolved.meter,
        bars=frame.bars,
        tonic=tonic,
        mode=mode,
        sections=sections,
        chords=chords,
        parts=parts,
        contour=_developed(style.contours[choice.contour], choice.use),
        swing=style.swing,
        swing_unit=16 if style.swing_unit == 16 else 8,
        ending="turnaround" if loop else "ring",
        ring_ticks=frame.ring_ticks,
        texture=_texture(parts, letters, chords, choice),
        planner="drawn",
    )


def _shown(mode: str, chords: tuple[Chord, ...], tonic: int) -> str:
    """A major with a lowered seventh and no leading tone is mixolydian, whatever it was called."""
    heard = {(pitch - tonic) % 12 for chord in chords for pitch in chord.pitches}
    return "mixolydian" if mode == "major" and 10 in heard and 11 not in heard else mode


def _sections(
    resolved: Resolved,
    style: Style,
    letters: tuple[Block, ...],
    parts: tuple[PartPlan, ...],
    choice: Choice,
) -> tuple[Section, ...]:
    playing = {part.role for part in parts}
    top = max((_energy(resolved, letters, at) for at in range(len(letters))), default=4)
    lead_from = min(_lead_rung(style), 4, top)
    sections, bar, first = [], 0, {}
    for at, block in enumerate(letters):
        energy = _energy(resolved, letters, at)
        rung = style.ladder[energy - 1]
        roles, patterns = _voices(style, rung, energy, playing, lead_from, choice, block)
        base = block.name.rstrip("'")
        like = first.get(base)
        sections.append(
            Section(
                name=block.name,
                bar=bar,
                bars=block.bars,
                energy=energy,
                roles=roles,
                like=like,
                variation=min(3, block.name.count("'")) if like is not None else 0,
                patterns=patterns,
            )
        )
        if base in "ABC":
            first.setdefault(base, at)
        bar += block.bars
    return tuple(sections)


def _energy(resolved: Resolved, letters: tuple[Block, ...], at: int) -> int:
    """The brief's curve where there is one, else the letter's own rung."""
    block = letters[at]
    if resolved.energy:
        total = sum(one.bars for one in letters)
        middle = (sum(one.bars for one in letters[:at]) + block.bars / 2) / total
        return min(7, max(1, round(1 + 6 * _along(resolved.energy, middle))))
    if resolved.kind == "loop":
        return {"A": 4, "A'": 5, "A''": 5, "B": 5}.get(block.name, 4)
    return _PATHS.get(block.name, 4)


def _along(curve: tuple[tuple[float, float], ...], place: float) -> float:
    points = sorted(curve)
    if place <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 <= place <= x1:
            return y0 + (y1 - y0) * ((place - x0) / (x1 - x0) if x1 > x0 else 1.0)
    return points[-1][1]


def _lead_rung(style: Style) -> int:
    return next((rung + 1 for rung, names in enumerate(style.ladder) if "lead" in names), 4)


def _voices(
    style: Style,
    rung: frozenset[str],
    energy: int,
    playing: set[str],
    lead_from: int,
    choice: Choice,
    block: Block,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Roles that sound and the patterns they play at one rung of the style's ladder."""
    names = set(rung)
    if "drums" not in playing and energy < 7:
        names |= {one for one in style.ladder[energy] if one.startswith(("comp.", "bass."))}
    comps = sorted(one for one in names if one.startswith("comp."))
    if comps:
        # Another texture for each candidate: the style's own cell, moved along by the choice.
        cells = sorted(style.comp)
        moved = cells[(cells.index(comps[-1]) + choice.comp) % len(cells)]
        names = {one for one in names if not one.startswith("comp.")} | {moved}
    roles = {one for one in names if one in playing}
    if comps:
        roles.add("comp")
    if any(one.startswith("bass.") for one in names):
        roles.add("bass")
    if any(one.startswith("groove.") for one in names):
        roles.add("drums")
    if energy >= lead_from and block.name not in ("i", "br"):
        roles.add("lead")
    if block.name == "e":
        roles |= {"lead"} if energy >= 3 else set()
    if len(roles & playing) < 2:
        roles |= {"pad", "comp"}
    roles &= playing
    order = tuple(role for role in _ROLE_ORDER if role in roles)
    return order, tuple(sorted(one for one in names if "." in one))


def _chords(
    resolved: Resolved,
    style: Style,
    mode: str,
    tonic: int,
    letters: tuple[Block, ...],
    choice: Choice,
    ring_ticks: int,
) -> tuple[Chord, ...]:
    """The progression bar by bar; a section ends as its neighbour wants it."""
    bar_length = bar_ticks(resolved.meter)
    chords: list[Chord] = []
    at = 0
    for number, block in enumerate(letters):
        last = number == len(letters) - 1
        bars = _progression(style, mode, block, choice)
        if last and resolved.kind == "loop":
            bars = _turned(style, mode, bars)
        if last and resolved.kind != "loop":
            bars = _closed(style, mode, bars)
        held: list[Chord] = []
        for symbols in bars:
            span = bar_length // len(symbols)
            for symbol in symbols:
                held = held_on(held, chord_of(symbol, at, span, tonic))
                at += span
        chords += held
    if ring_ticks and chords:
        chords[-1] = lasting(chords[-1], chords[-1].length + ring_ticks)
    return tuple(chords)


def _progression(style: Style, mode: str, block: Block, choice: Choice) -> list[tuple[str, ...]]:
    wanted = "major" if mode in MAJORS else "minor"
    base = block.name.rstrip("'")
    options = _options(style, mode)
    picked = options[choice.progression % len(options)]
    if base in ("B", "C", "br"):
        fitting = [
            one for one in style.chords["B"]
            if harmony.mode_of([chord for bar in one for chord in bar]) == wanted
        ] or [style.chords["A"][picked % 100]]  # fmt: skip
        source = fitting[(choice.progression + (base == "C")) % len(fitting)]
        turn = 0
    else:
        source = style.chords["A"][picked % 100]
        turn = picked // 100
    cycle = list(source)
    if turn == 1 and len(cycle) > 2:  # the same chords from the middle: another tune
        cycle = cycle[len(cycle) // 2 :] + cycle[: len(cycle) // 2]
    if turn == 2 and len(cycle) > 1:  # each chord twice as long
        cycle = [bar for bar in cycle for _ in range(2)]
    return [cycle[bar % len(cycle)] for bar in range(block.bars)]


def _turned(style: Style, mode: str, bars: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The last bars of a loop ask for the first one."""
    wanted = "major" if mode in MAJORS else "minor"
    fitting = [
        one for one in style.chords["turn"]
        if harmony.mode_of([chord for bar in one for chord in bar]) == wanted
    ]  # fmt: skip
    turn = list(fitting[0]) if fitting else [("V",)]
    turn = turn[-min(len(turn), max(1, len(bars) // 2)) :]
    return [*bars[: len(bars) - len(turn)], *turn]


def _closed(style: Style, mode: str, bars: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A cadence, then home: the last bar is the tonic."""
    before, home = _cadence(style.id, mode)
    if len(bars) >= 2:
        return [*bars[:-2], (before,), (home,)]
    return [(home,)]


def _cadence(style: str, mode: str) -> tuple[str, str]:
    """Full where the style knows a dominant, plagal where it is soft, modal where it is not."""
    major = mode in MAJORS
    home = "Iadd9" if major else "i"
    if style in _POWER:
        home = "I5" if major else "i5"
    if style in _JAZZ:
        home = "I69" if major else "i69"
    if mode in ("mixolydian", "zhi"):
        return "bVII", home
    if mode == "phrygian":
        return "bII", home
    if mode in ("dorian", "shang") or (not major and style not in _DOMINANT):
        return "bVII", home
    if style in _PLAGAL:
        return "IV" if major else "iv", home
    return "V13" if style in _JAZZ and major else "V7" if style in _DOMINANT else "V", home


def _texture(
    parts: tuple[PartPlan, ...],
    letters: tuple[Block, ...],
    chords: tuple[Chord, ...],
    choice: Choice,
) -> str:
    named = {part.role: part.name for part in parts}
    form = " ".join(f"{block.name}{block.bars}" for block in letters)
    opening = " ".join(dict.fromkeys(chord.symbol for chord in chords[:4]))
    lead = named.get("lead", "no lead")
    return f"{lead} over {named.get('comp', named.get('pad', 'pads'))}, {opening}; form {form}"
