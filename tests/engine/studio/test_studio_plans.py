"""A plan fetched, edited and sent back changes the edited section and nothing else."""

from statistics import fmean

import msgspec
import pytest

from engine.contracts import Brief, Outline, OutlineSection, Plan, Resolved
from engine.plan.outline import outline
from engine.score import Note, Score, bar_ticks
from engine.studio.rooms import Rooms
from engine.studio.session import outlines
from engine.studio.takes import Take, first_number, in_rank, sheets, wanted, written
from engine.words import resolve
from engine.words.outline import check

SEED = 23
STYLES = ("lofi", "rock", "orchestral_tender", "chinese_traditional")


def _resolved(style: str, **fields) -> Resolved:
    brief = Brief(kind="bed", style=style, duration_ms=40_000, candidates=1, **fields)
    return resolve(brief, SEED)


def _takes(resolved: Resolved, rooms: Rooms, seed: int = SEED) -> list[Take]:
    count = wanted(resolved, resolved.candidates)
    return written(sheets(resolved, seed, 0, first_number(resolved), count), seed, rooms)


def _bound(resolved: Resolved, plan: Outline) -> Resolved:
    assert check(plan) == []
    return msgspec.structs.replace(resolved, plan=plan)


# Players anticipate: what begins a breath before a bar line is meant on it.
_EARLY = 90


def _notes(score: Score, index: int) -> list[Note]:
    """Every note that begins in a section."""
    plan, bar = score.plan, bar_ticks(score.plan.meter)
    section = plan.sections[index]
    begin, end = section.bar * bar - _EARLY, (section.bar + section.bars) * bar - _EARLY
    return [note for part in score.parts for note in part.notes if begin <= note.start < end]


def _edited(plan: Outline, at: int) -> Outline:
    """One section with other chords and another energy."""
    before = plan.sections[at]
    minor = "minor" in plan.tonality or plan.tonality.split()[1] in ("dorian", "phrygian", "yu")
    cycle = ("iv", "bVII", "bIII", "bVI") if minor else ("IV", "V", "vi", "ii")
    chords = " | ".join(cycle[bar % 4] for bar in range(before.bars))
    energy = 2 if before.energy >= 5 else 6
    after = msgspec.structs.replace(before, chords=chords, energy=energy)
    return _with(plan, at, after)


def _with(plan: Outline, at: int, section: OutlineSection) -> Outline:
    sections = (*plan.sections[:at], section, *plan.sections[at + 1 :])
    return msgspec.structs.replace(plan, sections=sections)


def _middle(plan: Plan) -> int:
    """A section in the middle that nothing else is like."""
    alone = [
        at
        for at in range(1, len(plan.sections) - 1)
        if not any(other.like == at for other in plan.sections)
    ]
    return alone[len(alone) // 2]


def _fitting(score: Score, index: int) -> float:
    """Share of a section's beats in which most of what sounds is of the planned chord."""
    plan, bar = score.plan, bar_ticks(score.plan.meter)
    section = plan.sections[index]
    beats = []
    for beat in range(section.bar * bar, (section.bar + section.bars) * bar, 480):
        chord = next(one for one in plan.chords if one.at <= beat < one.at + one.length)
        sounding = [
            (note.pitch % 12, min(note.start + note.length, beat + 480) - max(note.start, beat))
            for part in score.parts if part.plan.role not in ("drums", "fx", "lead")
            for note in part.notes if note.start < beat + 480 and note.start + note.length > beat
        ]  # fmt: skip
        total = sum(length for _, length in sounding)
        if total:
            inside = sum(length for pitch, length in sounding if pitch in chord.pitches)
            beats.append(inside / total >= 0.5)
    return fmean(beats)


def _strength(score: Score, index: int) -> float:
    """Onsets a bar times their velocity."""
    notes = _notes(score, index)
    return sum(note.velocity for note in notes) / score.plan.sections[index].bars


@pytest.fixture(scope="module", params=STYLES)
def edited(request: pytest.FixtureRequest, rooms: Rooms) -> tuple[Take, Take, int]:
    """A take as it was heard, the same with one section edited, and which."""
    resolved = _resolved(request.param)
    heard = _takes(resolved, rooms)[0]
    at = _middle(heard.plan)
    told = outline(heard.plan, resolved.duration_ms, heard.number)
    again = _takes(_bound(resolved, _edited(told, at)), rooms)[0]
    return heard, again, at


def test_a_plan_sent_back_as_it_was_has_every_note_again(rooms: Rooms) -> None:
    resolved = _resolved("lofi")
    heard = _takes(resolved, rooms)[1]
    told = outline(heard.plan, resolved.duration_ms, heard.number)
    again = _takes(_bound(resolved, told), rooms)[0]
    assert (again.number, again.seed, again.plan) == (heard.number, heard.seed, heard.plan)
    assert again.score == heard.score


def test_every_other_section_keeps_every_note(edited: tuple[Take, Take, int]) -> None:
    heard, again, at = edited
    bar = bar_ticks(heard.plan.meter)
    section = heard.plan.sections[at]
    begin, end = section.bar * bar - _EARLY, (section.bar + section.bars) * bar
    changed = {
        (one.plan.role, note)
        for score, other in ((heard.score, again.score), (again.score, heard.score))
        for one in score.parts
        for note in set(one.notes) - set(_part(other, one.plan.role))
    }
    assert changed
    assert [one for one in changed if not begin <= one[1].start < end] == []


def _part(score: Score, role: str) -> tuple[Note, ...]:
    return next((part.notes for part in score.parts if part.plan.role == role), ())


def test_the_edited_section_has_its_new_chords(edited: tuple[Take, Take, int]) -> None:
    heard, again, at = edited
    assert _fitting(again.score, at) >= 0.9
    symbols = [chord.symbol for chord in heard.plan.chords]
    assert symbols != [chord.symbol for chord in again.plan.chords]


def test_the_edited_section_has_its_new_energy(edited: tuple[Take, Take, int]) -> None:
    heard, again, at = edited
    asked = again.plan.sections[at].energy - heard.plan.sections[at].energy
    moved = _strength(again.score, at) - _strength(heard.score, at)
    assert asked * moved > 0


def test_plans_are_those_that_the_brief_would_compose_first(rooms: Rooms) -> None:
    resolved = msgspec.structs.replace(_resolved("rock"), candidates=2)
    told = outlines(resolved, SEED)
    composed = _takes(resolved, rooms)[: resolved.candidates]
    assert told == [outline(one.plan, resolved.duration_ms, one.number) for one in composed]
    assert [one.take for one in told] == [1, 2]


def test_a_given_plan_is_every_candidates_and_its_own_take_comes_first(rooms: Rooms) -> None:
    resolved = _resolved("chiptune")
    told = msgspec.structs.replace(outlines(resolved, SEED)[0], take=3)
    bound = msgspec.structs.replace(_bound(resolved, told), candidates=3)
    takes = _takes(bound, rooms)
    assert [take.number for take in takes] == [3, 4, 5]
    assert len({take.score for take in takes}) == 3
    order = in_rank(bound, takes, ())
    assert order[0].number == 3
    assert len(order) == 3
    assert outlines(bound, SEED) == [told]
