"""What a critic of bars is taught with: bars by people, the same with a fault, and the model's."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.compose.composer import Composer
from engine.critique.strokes import FEATURES, OFFSETS, strokes_of
from engine.critique.traits import TRAITS, traits_of
from engine.score import BarView, Line, bar_ticks
from engine.workshop.excerpts import BARS, Excerpt
from engine.workshop.spoiling import FAULTS, spoilt

HUMAN, SPOILT, MODEL = range(3)
TEMPERATURES = (0.8, 0.9, 1.0)  # of the model's examples, by turns
PIECES_AT_ONCE = 24
ALONE = 0.25  # of the bars are shown with fewer roles than were written
SHOWN = 8  # bars of an excerpt, by people and spoilt
FEWEST_NOTES = 2


class Examples(Struct, frozen=True, kw_only=True):
    """Bars side by side. ``ids`` (all notes, features) rows of the table and ``here`` (all notes,)
    are cut by ``starts`` and ``counts`` (bars,); ``traits`` (bars, TRAITS), ``labels`` (bars,),
    ``faults`` (bars,) index into FAULTS or -1, ``energies`` (bars,), ``leads`` (bars,) whether a
    lead sounds."""

    ids: np.ndarray
    here: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    traits: np.ndarray
    labels: np.ndarray
    faults: np.ndarray
    energies: np.ndarray
    leads: np.ndarray


class Bar(Struct, frozen=True, kw_only=True):
    """One example before it is read."""

    view: BarView
    label: int
    fault: int = -1


def examples_of(
    excerpts: Sequence[Excerpt], composer: Composer, pieces: int, seed: int
) -> Examples:
    """Examples of all classes; the model writes under the plans of ``pieces`` of the excerpts."""
    rng = np.random.default_rng([seed, 1])
    bars = [*_by_people(excerpts, rng), *_spoilt(excerpts, rng)]
    bars += _by_model(composed(excerpts, composer, pieces, seed), rng)
    return gathered(bars)


def composed(
    excerpts: Sequence[Excerpt], composer: Composer, pieces: int, seed: int
) -> list[Excerpt]:
    """What the model writes under the plans of some excerpts, spread over all of them."""
    places = np.linspace(0, len(excerpts) - 1, min(pieces, len(excerpts))).astype(int)
    found: list[Excerpt] = []
    for number, at in enumerate(range(0, len(places), PIECES_AT_ONCE)):
        plans = [excerpts[place].plan for place in places[at : at + PIECES_AT_ONCE]]
        seeds = [seed + at + n for n in range(len(plans))]
        temperature = TEMPERATURES[number % len(TEMPERATURES)]
        written = composer.write(plans, seeds, temperature=temperature)
        found += [
            Excerpt(plan=plan, lines=one.lines) for plan, one in zip(plans, written, strict=True)
        ]
        if number % 10 == 0:
            print(f"composed {len(found)} pieces", flush=True)
    return found


def views_of(excerpt: Excerpt) -> list[BarView]:
    """Every bar of an excerpt as the composer would show it."""
    return [_view(excerpt, excerpt.lines, bar) for bar in range(BARS)]


def gathered(bars: Iterable[Bar]) -> Examples:
    """Read every bar's notes and figures; bars with hardly a note teach nothing."""
    ids, here, counts, traits, labels = [], [], [], [], []
    faults, energies, leads = [], [], []
    for bar in bars:
        strokes = strokes_of(bar.view)
        if strokes is None or strokes.here.sum() < FEWEST_NOTES:
            continue
        ids.append((strokes.ids - OFFSETS).astype(np.uint8))
        here.append(strokes.here)
        counts.append(len(strokes.here))
        traits.append(traits_of(bar.view))
        labels.append(bar.label)
        faults.append(bar.fault)
        energies.append(bar.view.plan.sections[0].energy)
        leads.append(_has_lead(bar.view))
    counted = np.array(counts)
    return Examples(
        ids=np.concatenate(ids).astype(np.int16) + OFFSETS.astype(np.int16),
        here=np.concatenate(here), starts=np.cumsum(counted) - counted, counts=counted,
        traits=np.array(traits, np.float32), labels=np.array(labels), faults=np.array(faults),
        energies=np.array(energies), leads=np.array(leads),
    )  # fmt: skip


def save(examples: Examples, file: Path) -> None:
    """Keep examples for a second training."""
    np.savez(file, **{name: getattr(examples, name) for name in Examples.__struct_fields__})


def read(file: Path) -> Examples:
    """What `save` kept."""
    with np.load(file, allow_pickle=False) as kept:
        found = Examples(**{name: kept[name] for name in Examples.__struct_fields__})
    if found.ids.shape[1] != len(FEATURES) or found.traits.shape[1] != len(TRAITS):
        raise ValueError(f"{file} was made for another critic")
    return found


def _by_people(excerpts: Sequence[Excerpt], rng: np.random.Generator) -> Iterable[Bar]:
    """Some bars of each excerpt."""
    for excerpt in excerpts:
        for bar in rng.choice(BARS, SHOWN, replace=False):
            lines = _some(excerpt.lines, rng)
            yield Bar(view=_view(excerpt, lines, int(bar)), label=HUMAN)


def _spoilt(excerpts: Sequence[Excerpt], rng: np.random.Generator) -> Iterable[Bar]:
    names = list(FAULTS)
    for number, excerpt in enumerate(excerpts):
        for turn in range(SHOWN):
            fault = (SHOWN * number + turn) % len(names)
            bar = int(rng.integers(0, BARS))
            shown = Excerpt(plan=excerpt.plan, lines=_some(excerpt.lines, rng))
            lines = spoilt(shown, names[fault], bar, rng)
            if lines is not None:
                yield Bar(view=_view(excerpt, lines, bar), label=SPOILT, fault=fault)


def _by_model(pieces: Sequence[Excerpt], rng: np.random.Generator) -> Iterable[Bar]:
    for piece in pieces:
        for bar in range(BARS):
            yield Bar(view=_view(piece, _some(piece.lines, rng), bar), label=MODEL)


def _some(lines: Sequence[Line], rng: np.random.Generator) -> tuple[Line, ...]:
    """All roles, or as many as a section with fewer players has."""
    if rng.random() >= ALONE or len(lines) < 2:
        return tuple(lines)
    kept = int(rng.integers(1, len(lines)))
    chosen = sorted(rng.choice(len(lines), kept, replace=False))
    return tuple(lines[at] for at in chosen)


def _view(excerpt: Excerpt, lines: Sequence[Line], bar: int) -> BarView:
    until = (bar + 1) * bar_ticks(excerpt.plan.meter)
    return BarView(
        plan=excerpt.plan, bar=bar,
        lines=tuple(
            Line(role=line.role, notes=tuple(note for note in line.notes if note.start < until))
            for line in lines
        ),
    )  # fmt: skip


def _has_lead(view: BarView) -> bool:
    start = view.bar * bar_ticks(view.plan.meter)
    return any(line.role == "lead" and any(n.start >= start for n in line.notes)
               for line in view.lines)  # fmt: skip
