"""Four more doors: to continue, to mend, to accompany, to vary; one composer behind them all."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs

from engine.arrange.midi import write_midi
from engine.compose.cast import LINES, cast_of
from engine.compose.composer import Composer, Composition
from engine.compose.doors import accompany, extend, inpaint, vary
from engine.compose.given import Given
from engine.contracts import Brief, Plan
from engine.critique.bars import rater
from engine.critique.reading import chord_at
from engine.midi.reading import read
from engine.plan import draw
from engine.score import Line, Note, Part, Score, bar_ticks
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
STYLES = ("lofi", "waltz_ballroom", "house_edm", "acoustic_folk", "chiptune", "rock")
Piece = tuple[Plan, tuple[Line, ...]]


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


@pytest.fixture(scope="module")
def pieces(composer) -> list[Piece]:
    plans = [
        plan
        for style in STYLES
        for plan in draw(resolve(Brief(style=style, duration_ms=60_000, seed=3), 3), 3, 2)
    ]
    made = composer.write(plans, list(range(len(plans))), rate=rater(plans[0]))
    return [(plan, one.lines) for plan, one in zip(plans, made, strict=True)]


def written(composer: Composer, plans: Sequence[Plan], given: Sequence[Given]) -> list[Composition]:
    return composer.write(plans, [99] * len(plans), given=given, rate=rater(plans[0]))


def bars_of(notes: Sequence[Note], plan: Plan, bars: Sequence[int]) -> list[Note]:
    return [note for note in notes if note.start // bar_ticks(plan.meter) in bars]


def sounding(notes: Sequence[Note], plan: Plan, bars: Sequence[int]) -> list[int | None]:
    """What sounds at every beat of some bars."""
    beats = [
        at for bar in bars
        for at in range(bar * bar_ticks(plan.meter), (bar + 1) * bar_ticks(plan.meter), 480)
    ]  # fmt: skip
    return [
        next((note.pitch for note in notes if note.start <= at < note.start + note.length), None)
        for at in beats
    ]


def head_of(plan: Plan, lines: Sequence[Line], bars: int) -> list[Line]:
    """The first bars of some lines; what is held over their end is cut."""
    end = bars * bar_ticks(plan.meter)
    return [
        structs.replace(line, notes=tuple(
            structs.replace(note, length=min(note.length, end - note.start))
            for note in line.notes if note.start < end
        ))
        for line in lines
    ]  # fmt: skip


def valid(plan: Plan, lines: Sequence[Line]) -> None:
    parts = cast_of(plan)
    end = plan.bars * bar_ticks(plan.meter)
    for line in lines:
        if line.role == "drums":
            continue  # struck together, by the keys of a kit
        for note in line.notes:
            assert parts[line.role].low <= note.pitch <= parts[line.role].high
            assert note.length > 0
            assert note.start + note.length <= end
        for before, after in pairwise(line.notes):
            assert before.start + before.length <= after.start


def longest_section(plan: Plan) -> int:
    led = [at for at, one in enumerate(plan.sections) if "lead" in one.roles]
    return max(led, key=lambda at: plan.sections[at].bars)


# --- inpaint --------------------------------------------------------------------------------------


def test_mended_bars_are_new_and_every_other_note_is_as_it_was(composer, pieces) -> None:
    changed = 0
    for plan, lines in pieces:
        section = plan.sections[longest_section(plan)]
        bars = range(section.bar + 1, section.bar + 3)
        others = [bar for bar in range(plan.bars) if bar not in bars]
        far = [bar for bar in others if bar < bars.start - 1 or bar > bars.stop]
        made = written(composer, [plan], [inpaint(plan, lines, bars)])[0]
        valid(plan, made.lines)
        for old, new in zip(lines, made.lines, strict=True):
            assert old.role == new.role
            if old.role in LINES:
                assert bars_of(old.notes, plan, far) == bars_of(new.notes, plan, far)
            # What was held over an edge ends there, or is struck again behind it.
            assert sounding(old.notes, plan, others) == sounding(new.notes, plan, others)
            assert bars_of(new.notes, plan, bars) or old.role not in ("lead", "bass")
        changed += any(
            bars_of(old.notes, plan, bars) != bars_of(new.notes, plan, bars)
            for old, new in zip(lines, made.lines, strict=True)
        )
    assert changed >= 0.8 * len(pieces)


def test_mended_lines_go_on_to_the_fixed_note_without_a_wide_leap(composer, pieces) -> None:
    leaps = []
    for plan, lines in pieces:
        section = plan.sections[longest_section(plan)]
        made = written(composer, [plan], [inpaint(plan, lines, [section.bar + 1])])[0]
        edge = (section.bar + 2) * bar_ticks(plan.meter)
        leaps += [
            abs(after.pitch - before.pitch)
            for line in made.lines
            if line.role in ("lead", "bass")
            for before, after in pairwise(line.notes)
            if before.start < edge <= after.start
        ]
    print(f"\nleaps over the edge: {np.mean(leaps):.1f} semitones, at most {max(leaps)}")
    assert np.mean([leap <= 7 for leap in leaps]) >= 0.85


def test_notes_from_a_player_come_back_off_the_grid_and_as_loud_as_they_were(
    composer, pieces
) -> None:
    plan, lines = pieces[0]
    played = [
        structs.replace(line, notes=tuple(
            Note(max(0, note.start + (at % 3 - 1) * 7), note.length - 15, note.pitch, 60 + at % 40)
            for at, note in enumerate(line.notes)
        ))
        for line in lines
    ]  # fmt: skip
    bars = range(4, 6)
    made = written(composer, [plan], [inpaint(plan, played, bars)])[0]
    bar = bar_ticks(plan.meter)
    for old, new in zip(played, made.lines, strict=True):
        kept = {note for note in old.notes if (note.start + 20) // bar not in bars}
        assert kept
        inside = {note for note in kept if note.start + note.length <= 4 * bar}
        assert inside <= set(new.notes)


# --- extend ---------------------------------------------------------------------------------------


def test_given_bars_are_continued_to_the_end_of_a_longer_plan(composer, pieces) -> None:
    for plan, lines in pieces:
        bars = plan.bars // 3
        head = head_of(plan, lines, bars)
        made = written(composer, [plan], [extend(plan, head, bars)])[0]
        valid(plan, made.lines)
        first = range(bars)
        for old in head:
            new = next(line for line in made.lines if line.role == old.role)
            assert bars_of(new.notes, plan, first) == list(old.notes)
        for section in plan.sections:
            if section.bar >= bars and "bass" in section.roles:
                bass = next(line for line in made.lines if line.role == "bass").notes
                assert bars_of(bass, plan, range(section.bar, section.bar + section.bars))


def moves(notes: Sequence[Note]) -> set[tuple]:
    """Three notes each, as two intervals and two distances."""
    pairs = [(b.pitch - a.pitch, b.start - a.start) for a, b in pairwise(notes)]
    return set(pairwise(pairs))


def test_a_continuation_keeps_the_motif_and_another_piece_has_not_got_it(composer, pieces) -> None:
    leads = [next(one.notes for one in lines if one.role == "lead") for _, lines in pieces]
    again, elsewhere = [], []
    for at, (plan, lines) in enumerate(pieces):
        first = next(one for one in plan.sections if "lead" in one.roles)
        bars = min(first.bar + first.bars, plan.bars - 1)
        head = head_of(plan, lines, bars)
        told = moves(next(one.notes for one in head if one.role == "lead"))
        if not told:
            continue
        made = written(composer, [plan], [extend(plan, head, bars)])[0]
        lead = next(one.notes for one in made.lines if one.role == "lead")
        tail = [note for note in lead if note.start >= bars * bar_ticks(plan.meter)]
        again.append(len(told & moves(tail)) / len(told))
        # Two pieces further on is another style.
        elsewhere.append(len(told & moves(leads[(at + 2) % len(leads)])) / len(told))
    print(f"\nof the given moves again later {np.mean(again):.2f}, "
          f"in other pieces {np.mean(elsewhere):.2f}")  # fmt: skip
    assert np.mean(again) >= 0.25
    assert np.mean(again) >= 2.5 * np.mean(elsewhere)


def test_a_tune_without_a_contour_in_its_plan_is_its_own_motif(composer, pieces) -> None:
    plan, lines = next(
        (plan, lines) for plan, lines in pieces
        if "lead" in plan.sections[0].roles and plan.bars > 8
    )  # fmt: skip
    theme = extend(structs.replace(plan, contour=""), head_of(plan, lines, 4), 4).theme
    assert theme
    bar = bar_ticks(plan.meter)
    lead = next(one.notes for one in lines if one.role == "lead")
    sung = sum(1 for note in lead if note.start < len(theme) * bar)
    assert sum(step.code >= 2 for one in theme for step in one) == sung


# --- accompany ------------------------------------------------------------------------------------


def test_under_a_given_melody_the_bass_fits_the_plans_chords(composer, pieces) -> None:
    plans = [plan for plan, _ in pieces]
    # Each plan gets the melody of the other plan of its style, moved to its own key and bars.
    tunes = [moved(pieces[at ^ 1], plan) for at, plan in enumerate(plans)]
    made = written(
        composer, plans, [accompany(plan, one) for plan, one in zip(plans, tunes, strict=True)]
    )
    fits = []
    for plan, tune, one in zip(plans, tunes, made, strict=True):
        lines = {line.role: line.notes for line in one.lines}
        assert lines["lead"] == tune
        for note in lines["bass"]:
            chord = chord_at(plan.chords, note.start)
            assert chord is not None
            fits.append(note.pitch % 12 in (*chord.pitches, chord.bass))
        valid(plan, [line for line in one.lines if line.role != "lead"])
    print(f"\nbass notes of the plan's chords {np.mean(fits):.2f}")
    assert np.mean(fits) >= 0.85


def moved(piece: Piece, plan: Plan) -> tuple[Note, ...]:
    other, lines = piece
    shift = (plan.tonic - other.tonic + 5) % 12 - 5
    end = plan.bars * bar_ticks(plan.meter)
    lead = next(line.notes for line in lines if line.role == "lead")
    return tuple(
        structs.replace(note, pitch=note.pitch + shift)
        for note in lead if note.start + note.length <= end
    )  # fmt: skip


def test_a_melody_is_sung_where_the_plan_has_no_lead_too(composer, pieces) -> None:
    plan, _ = pieces[0]
    bare = structs.replace(
        plan,
        sections=tuple(
            structs.replace(one, roles=tuple(role for role in one.roles if role != "lead"))
            for one in plan.sections
        ),
    )
    bar = bar_ticks(plan.meter)
    tune = tuple(Note(at * bar, bar, 60 + at % 3, 90) for at in range(plan.bars))
    made = written(composer, [bare], [accompany(bare, tune)])[0]
    assert next(line.notes for line in made.lines if line.role == "lead") == tune


# --- vary -----------------------------------------------------------------------------------------


def shared(plan: Plan, at: int, one: Sequence[Line], two: Sequence[Line]) -> tuple[float, float]:
    """Share of onsets, and of onsets with their pitch, that two versions of a section have."""
    bars = range(plan.sections[at].bar, plan.sections[at].bar + plan.sections[at].bars)
    notes = [
        {(line.role, note.start, note.pitch) for line in lines
         for note in bars_of(line.notes, plan, bars)}
        for lines in (one, two)
    ]  # fmt: skip
    onsets = [{note[:2] for note in version} for version in notes]
    return (
        len(onsets[0] & onsets[1]) / len(onsets[0] | onsets[1]),
        len(notes[0] & notes[1]) / len(notes[0] | notes[1]),
    )


def test_a_variation_is_near_its_section_and_farther_the_stronger_it_is(composer, pieces) -> None:
    plans = [plan for plan, _ in pieces]
    nearness = []
    for strength in (1, 2, 3):
        chosen = [longest_section(plan) for plan in plans]
        given = [
            vary(plan, lines, at, strength)
            for (plan, lines), at in zip(pieces, chosen, strict=True)
        ]
        onsets, notes = [], []
        for (plan, lines), at, one in zip(
            pieces, chosen, written(composer, plans, given), strict=True
        ):
            valid(plan, one.lines)
            same = shared(plan, at, lines, one.lines)
            onsets.append(same[0])
            notes.append(same[1])
            section = plan.sections[at]
            others = [
                bar for bar in range(plan.bars)
                if not section.bar <= bar < section.bar + section.bars
            ]  # fmt: skip
            for old, new in zip(lines, one.lines, strict=True):
                assert bars_of(old.notes, plan, others) == bars_of(new.notes, plan, others)
        print(f"\nstrength {strength}: onsets shared {np.mean(onsets):.2f}")
        print(f"with their pitch {np.mean(notes):.2f}, at most {max(notes):.2f}")
        assert 0.5 <= np.mean(onsets) <= 0.95
        assert max(notes) < 1.0
        nearness.append(float(np.mean(notes)))
    assert nearness[0] > nearness[1] > nearness[2]


# --- files ----------------------------------------------------------------------------------------


def through_a_file(plan: Plan, lines: Sequence[Line]) -> list[Line]:
    """Lines as they come back from a MIDI file."""
    parts = cast_of(plan)
    heard = [line for line in lines if line.notes]
    score = Score(
        plan=plan, parts=tuple(Part(plan=parts[one.role], notes=one.notes) for one in heard)
    )
    tracks = read(write_midi(score)).tracks
    return [
        Line(role=line.role, notes=track.notes)
        for line, track in zip(heard, tracks, strict=True)
    ]  # fmt: skip


def test_a_melody_from_a_file_is_accompanied_and_a_beginning_from_one_continued(
    composer, pieces
) -> None:
    plan, lines = pieces[0]
    tune = next(one for one in through_a_file(plan, lines) if one.role == "lead").notes
    assert tune
    head = through_a_file(plan, head_of(plan, lines, 5))
    under, longer = written(composer, [plan] * 2, [accompany(plan, tune), extend(plan, head, 5)])
    assert next(one.notes for one in under.lines if one.role == "lead") == tune
    assert next(one.notes for one in under.lines if one.role == "bass")
    for old in head:
        new = next(one for one in longer.lines if one.role == old.role)
        assert bars_of(new.notes, plan, range(5)) == list(old.notes)
    valid(plan, longer.lines)


# --- all of them ----------------------------------------------------------------------------------


def test_what_is_written_around_given_music_is_the_same_alone_and_among_others(
    composer, pieces
) -> None:
    plans = [plan for plan, _ in pieces]
    given = []
    for at, (plan, lines) in enumerate(pieces):
        lead = next(line.notes for line in lines if line.role == "lead")
        given.append((
            lambda p, n, _: inpaint(p, n, range(2, 6)),
            lambda p, n, _: extend(p, head_of(p, n, 5), 5),
            lambda p, _, tune: accompany(p, tune),
            lambda p, n, _: vary(p, n, longest_section(p), 2),
        )[at % 4](plan, lines, lead))  # fmt: skip
    together = written(composer, plans, given)
    for at, plan in enumerate(plans):
        alone = written(composer, [plan], [given[at]])[0]
        assert alone.lines == together[at].lines
        assert alone.rewrites == together[at].rewrites
