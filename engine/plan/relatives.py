"""Plans of the same music: intensity layers of a game, cut-downs, beds under speech.

None of them is another piece. A layer keeps every bar and takes players away; a cut-down keeps
its players and takes bars away, where a listener hears no seam.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct, structs

from engine.contracts import Chord, PartPlan, Plan, Section
from engine.errors import EngineError
from engine.plan.chords import closed, lasting
from engine.score import Line, Note, bar_ticks, seconds_per_tick

LAYERS: tuple[tuple[str, ...], ...] = (
    ("pad", "comp", "harmony"), ("bass",), ("drums", "fx"), ("lead", "counter"),
)  # fmt: skip
"""Who joins at each intensity: the ground, the bass, the rhythm, the voices."""

TEMPO_BEND = 0.01
SHORTEST_TAIL_S, TAIL_SHARE = 0.4, 0.12
BUTTON_TAIL_S = 1.2
"""More than this after a choked last note is a hole; there the note rings."""
OPENING_ENERGY, SHORT_MS = 3, 20_000
"""A short piece has no time to begin from nothing."""


class TooShort(EngineError):
    """A cut-down that has no room for an ending, or that is no shorter than its piece."""


class Cut(Struct, frozen=True, kw_only=True):
    """A shorter plan of the same music, and the parent's bar that each of its bars comes from."""

    plan: Plan
    bars: tuple[int, ...]


# --- layers and beds ------------------------------------------------------------------------------


def layers(plan: Plan) -> tuple[Plan, ...]:
    """The same bars from the calmest intensity to the whole band, each with more players.

    Sections go on naming every role: the notes of a layer are those of the whole arrangement, in
    which everybody leaves the others their room, less the parts that do not play yet.
    """
    steps: list[Plan] = []
    roles: set[str] = set()
    for joining in LAYERS:
        roles |= set(joining)
        parts = tuple(part for part in plan.parts if part.role in roles)
        if _carries(plan, parts) and (not steps or len(parts) > len(steps[-1].parts)):
            steps.append(structs.replace(plan, parts=parts, texture=_titled(plan, len(steps) + 1)))
    return tuple(steps)


def _carries(plan: Plan, parts: Sequence[PartPlan]) -> bool:
    """Whether somebody plays in every section."""
    playing = {part.role for part in parts}
    return all(playing & set(section.roles) for section in plan.sections)


def _titled(plan: Plan, number: int) -> str:
    return f"layer {number} of {plan.texture}"


def underscore(plan: Plan) -> Plan:
    """The same bed under speech: no lead, no counter-melody, the comping a step sparser."""
    plain = without(without(plan, "lead"), "counter")
    sections = tuple(
        structs.replace(section, patterns=tuple(map(_sparser, section.patterns)))
        for section in plain.sections
    )
    return structs.replace(plain, sections=sections, contour="")


def _sparser(pattern: str) -> str:
    name, _, number = pattern.rpartition(".")
    return f"{name}.{max(1, int(number) - 1)}" if name.endswith("comp") else pattern


def without(plan: Plan, name: str) -> Plan:
    """The same music without a role or a group of them; where they played alone, others do."""
    parts = tuple(part for part in plan.parts if name not in (part.role, part.group))
    if not parts:
        raise TooShort(f"without {name} nobody plays")
    playing = [part.role for part in parts]
    sections = tuple(
        structs.replace(
            section,
            roles=tuple(role for role in section.roles if role in playing) or (playing[0],),
        )
        for section in plan.sections
    )
    return structs.replace(plan, parts=parts, sections=sections)


# --- cut-downs ------------------------------------------------------------------------------------


class _Span(Struct, frozen=True):
    """Bars of the parent that stay together."""

    first: int
    end: int

    @property
    def bars(self) -> int:
        return self.end - self.first


def cut_down(plan: Plan, duration_ms: int) -> Cut:
    """The plan shortened to an exact length: its ending as composed and its best statement.

    The tempo gives way by at most 1 %; what is left after the last bar rings. Raises `TooShort`.
    """
    if plan.kind != "bed":
        raise TooShort(f"only a bed is cut down; a {plan.kind} is as long as it is")
    bars, tempo, ring = _frame(plan, duration_ms / 1000)
    if not 2 <= bars < plan.bars:
        length = _seconds(plan, plan.bars)
        raise TooShort(
            f"{plan.bars} bars in {length:.1f} s cannot be cut to {duration_ms / 1000:g} s"
        )
    spans = _chosen(plan, bars, opening=OPENING_ENERGY if duration_ms <= SHORT_MS else 1)
    kept = tuple(bar for span in spans for bar in range(span.first, span.end))
    sections = _sections(plan, spans, duration_ms)
    silent = plan.ending == "button" and ring * seconds_per_tick(tempo, plan.meter) > BUTTON_TAIL_S
    return Cut(
        plan=structs.replace(
            plan,
            tempo=tempo,
            bars=bars,
            sections=sections,
            chords=_chords(plan, kept, ring),
            hits=tuple(_moved_hits(plan, kept)),
            ending="ring" if silent else plan.ending,
            ring_ticks=ring,
            texture=f"{duration_ms / 1000:g} s of {plan.texture}",
        ),
        bars=kept,
    )


def carried(lines: Sequence[Line], cut: Cut) -> tuple[Line, ...]:
    """The composer's lines in the bars that were kept; a note ends where its bars are parted."""
    length = bar_ticks(cut.plan.meter)
    return tuple(_carried(line, cut, length) for line in lines)


def _carried(line: Line, cut: Cut, length: int) -> Line:
    notes = []
    for place, bar in enumerate(cut.bars):
        end = _parting(cut.bars, place)
        room = (end - place) * length
        for note in line.notes:
            inside = note.start - bar * length
            if 0 <= inside < length:
                # Nothing follows the last bar, so its notes ring as they were written.
                longest = note.length if end == len(cut.bars) else room - inside
                start = place * length + inside
                notes.append(Note(start, min(note.length, longest), note.pitch, note.velocity))
    share = len(notes) / len(line.notes) if line.notes else 0.0
    return Line(role=line.role, notes=tuple(notes), bits=line.bits * share)


def _parting(bars: Sequence[int], place: int) -> int:
    """The place after the last bar that follows on from this one as it did in the parent."""
    while place + 1 < len(bars) and bars[place + 1] == bars[place] + 1:
        place += 1
    return place + 1


# --- length ---------------------------------------------------------------------------------------


def _frame(plan: Plan, seconds: float) -> tuple[int, float, int]:
    """Bars, tempo and ring for a length: the tail as near to the parent's as 1 % allows."""
    wished = plan.ring_ticks * seconds_per_tick(plan.tempo, plan.meter)
    wished = min(wished, max(SHORTEST_TAIL_S, TAIL_SHARE * seconds))
    music = max(0.0, seconds - wished)
    bar_s = _seconds(plan, 1)
    best: tuple[float, int, float] | None = None
    fewer = int(music / bar_s)
    for bars in (fewer, fewer + 1):
        fitting = bars * bar_s / music if music else 1.0
        bend = min(1 + TEMPO_BEND, max(1 - TEMPO_BEND, fitting))
        tail = seconds - bars * bar_s / bend
        # A tail cut short is heard, one that is longer only rings.
        cost = abs(tail - wished) * (3 if tail < wished else 1) + (bars % 2) * 0.2
        if tail >= 0 and (best is None or cost < best[0]):
            best = (cost, bars, bend)
    if best is None:
        return 0, plan.tempo, 0
    tempo = plan.tempo * best[2]
    ticks = round(seconds / seconds_per_tick(tempo, plan.meter))
    return best[1], tempo, max(0, ticks - best[1] * bar_ticks(plan.meter))


def _seconds(plan: Plan, bars: int) -> float:
    return bars * bar_ticks(plan.meter) * seconds_per_tick(plan.tempo, plan.meter)


# --- which bars -----------------------------------------------------------------------------------


def _chosen(plan: Plan, bars: int, *, opening: int) -> tuple[_Span, ...]:
    """The best way to say it in so many bars."""
    return max(_ways(plan, bars), key=lambda spans: _worth(plan, spans, opening))


def _ways(plan: Plan, bars: int) -> Iterator[tuple[_Span, ...]]:
    """Every end of the piece, with one stretch or two before it that fill the rest."""
    ending = min(plan.sections[-1].bars, max(1, bars // 2))
    starts = [bar for bar in range(plan.bars) if _entry(plan, bar) <= _HALF_PHRASE]
    # Of a long ending a short piece may keep the last bars alone.
    lasts = {*range(plan.bars - ending, plan.bars), *(bar for bar in starts if bar < plan.bars)}
    for last in sorted(lasts):
        final = _Span(last, plan.bars)
        rest = bars - final.bars
        if rest == 0:
            yield (final,)
        if rest <= 0:
            continue
        for first in starts:
            if first + rest <= last:
                yield (_Span(first, first + rest), final)
            for intro in (1, 2, 4):
                if intro < rest and intro <= first and first + rest - intro <= last:
                    yield (_Span(0, intro), _Span(first, first + rest - intro), final)


def _worth(plan: Plan, spans: tuple[_Span, ...], opening: int) -> float:
    """What these bars keep of the piece, less what is heard of the cuts."""
    kept = {bar for span in spans for bar in range(span.first, span.end)}
    best = _statement(plan)
    # The motif is in the first bars; the later ones only answer it.
    weights = {bar: best.end - bar for bar in range(best.first, best.end)}
    said = sum(weight for bar, weight in weights.items() if bar in kept) / sum(weights.values())
    peak = max(section.energy for section in plan.sections)
    top = [section for section in plan.sections if section.energy == peak]
    heard = max(
        sum(bar in kept for bar in range(one.bar, one.bar + one.bars)) / one.bars for one in top
    )
    worth = 10.0 * said + 3.0 * heard - 1.0 * len(spans)
    worth -= 2.0 * max(0, opening - _section(plan, spans[0].first).energy)
    for before, after in pairwise(spans):
        if before.end != after.first:
            worth -= _seam(plan, before.end, after.first)
    return worth - _entry(plan, spans[0].first)


def _statement(plan: Plan) -> _Span:
    """The first four bars of the fullest A: the motif, as the piece says it best."""
    stated = [one for one in plan.sections if one.name.startswith("A")] or list(plan.sections)
    fullest = max(stated, key=lambda one: (one.energy, one.bar))
    return _Span(fullest.bar, fullest.bar + min(4, fullest.bars))


def _seam(plan: Plan, left: int, entered: int) -> float:
    """What is heard where a bar follows that did not: a broken phrase, a bass that stumbles."""
    bar = bar_ticks(plan.meter)
    section = _section(plan, left - 1)
    over = 0 if left == section.bar + section.bars else _rough(left - section.bar)
    before, after = _bass(plan, left * bar - 1), _bass(plan, entered * bar)
    # Fifths, steps, thirds and the same again are motions a bass may make; a tritone is not.
    stumbles = 6.0 if (after - before) % 12 == 6 else 0.0
    return over + _entry(plan, entered) + stumbles


def _entry(plan: Plan, bar: int) -> float:
    """How odd it is to come in at a bar: not at all on a phrase line, little with a pickup."""
    section = _section(plan, bar)
    pickup = bar + 1 == section.bar + section.bars
    return min(_PICKUP, _rough(bar - section.bar)) if pickup else _rough(bar - section.bar)


_PICKUP, _FOURS, _HALF_PHRASE, _ANYWHERE = 1.0, 0.5, 2.0, 5.0


def _rough(bars_inside: int) -> float:
    """How far from a phrase line a place lies, by the bars since its section began."""
    if bars_inside == 0:
        return 0.0
    if bars_inside % 4 == 0:
        return _FOURS
    return _HALF_PHRASE if bars_inside % 2 == 0 else _ANYWHERE


def _section(plan: Plan, bar: int) -> Section:
    return next(one for one in plan.sections if one.bar <= bar < one.bar + one.bars)


def _bass(plan: Plan, tick: int) -> int:
    return next(one.bass for one in plan.chords if one.at <= tick < one.at + one.length)


# --- the shorter plan -----------------------------------------------------------------------------


def _sections(plan: Plan, spans: Sequence[_Span], duration_ms: int) -> tuple[Section, ...]:
    made: list[Section] = []
    place: dict[int, int] = {}  # the parent's section → its first piece here, when it is whole
    bar = 0
    for span in spans:
        for index, section in enumerate(plan.sections):
            first = max(span.first, section.bar)
            bars = min(span.end, section.bar + section.bars) - first
            if bars <= 0:
                continue
            whole = first == section.bar
            like = place.get(section.like) if section.like is not None and whole else None
            energy = section.energy
            if not made and duration_ms <= SHORT_MS:
                energy = max(OPENING_ENERGY, energy)
            made.append(
                structs.replace(
                    section,
                    bar=bar,
                    bars=bars,
                    energy=energy,
                    like=like,
                    variation=section.variation if like is not None else 0,
                )
            )
            if whole:
                place.setdefault(index, len(made) - 1)
            bar += bars
    return tuple(made)


def _chords(plan: Plan, kept: Sequence[int], ring: int) -> tuple[Chord, ...]:
    """The harmony of the kept bars; a chord that a cut parts begins or ends there."""
    length = bar_ticks(plan.meter)
    chords: list[Chord] = []
    for place, bar in enumerate(kept):
        follows = place > 0 and kept[place - 1] == bar - 1
        for chord in plan.chords:
            begin = max(chord.at, bar * length)
            end = min(chord.at + chord.length, (bar + 1) * length)
            if begin >= end:
                continue
            if follows and begin > chord.at and chords:
                chords[-1] = lasting(chords[-1], chords[-1].length + end - begin)
            else:
                at = place * length + begin - bar * length
                chords.append(structs.replace(chord, at=at, length=end - begin))
    return closed(chords, ring)


def _moved_hits(plan: Plan, kept: Sequence[int]) -> Iterator[int]:
    length = bar_ticks(plan.meter)
    for place, bar in enumerate(kept):
        for hit in plan.hits:
            if hit // length == bar:
                yield place * length + hit % length
