"""The arranger: chords that hands can reach, parts inside their range, MIDI that reads back."""

import io
from itertools import pairwise

import mido
import pytest
from symusic import Score as Midi

from engine import styles
from engine.arrange import arrange
from engine.arrange.midi import write_midi
from engine.arrange.passage import passages
from engine.arrange.recipes import RECIPES, Recipe, recipe_of
from engine.arrange.repeats import freshen
from engine.arrange.voicing import led, movement
from engine.contracts import Brief, Chord, PartPlan, Plan
from engine.plan import draw
from engine.score import Line, Note, Score, bar_ticks, beat_ticks
from engine.styles import harmony
from engine.words import resolve


def chord(symbol: str, tonic: int) -> Chord:
    read = harmony.read(symbol)
    return Chord(
        at=0, length=1920, symbol=symbol, root=(read.root + tonic) % 12,
        bass=(read.bass + tonic) % 12, pitches=tuple((one + tonic) % 12 for one in read.pitches),
    )  # fmt: skip


def plan_of(style: str, meter: str = "4/4", kind: str = "bed") -> Plan:
    brief = Brief(
        kind=kind, style=style, meter=meter, seed=5,
        duration_ms=30_000 if kind == "bed" else None,
    )  # type: ignore[arg-type]  # fmt: skip
    return draw(resolve(brief, 5), 5, 1)[0]


def lines_for(plan: Plan) -> list[Line]:
    """A plain lead and bass on the chords, in place of the composer's."""
    parts = {part.role: part for part in plan.parts}
    lines = []
    for role in ("lead", "bass"):
        part, bar = parts[role], bar_ticks(plan.meter)
        notes = [
            Note(number * bar, bar // 2, _in(part, at.root + 2 * (number % 3)), 80)
            for number in range(plan.bars)
            for at in plan.chords if at.at <= number * bar < at.at + at.length
        ]  # fmt: skip
        lines.append(Line(role=role, notes=tuple(notes)))
    return lines


def _in(part: PartPlan, pitch_class: int) -> int:
    return next(p for p in range(part.low, part.high + 1) if p % 12 == pitch_class % 12)


@pytest.fixture(scope="module", params=["lofi", "rock", "waltz_ballroom", "chiptune"])
def score(request) -> Score:
    meter = "3/4" if request.param == "waltz_ballroom" else "4/4"
    plan = plan_of(request.param, meter)
    return arrange(plan, lines_for(plan), 9)


def every_symbol() -> list[str]:
    return sorted(
        {
            one for name in styles.names() for options in styles.load(name).chords.values()
            for option in options for bar in option for one in bar
        }
    )  # fmt: skip


def every_recipe() -> list[Recipe]:
    return list(dict.fromkeys(one for roles in RECIPES.values() for one in roles.values()))


def test_voicings_of_every_chord_in_every_recipe_stay_in_range_and_clear_of_mud() -> None:
    symbols = every_symbol()
    assert len(symbols) > 60
    assert len(every_recipe()) > 20
    for recipe in every_recipe():
        for symbol in symbols:
            for tonic in (0, 5, 10):
                asked = chord(symbol, tonic)
                (voices,) = led([asked], recipe, recipe.low, recipe.high, tonic=tonic)
                assert len(voices) >= 2, (recipe, symbol, tonic)
                assert all(recipe.low <= pitch <= recipe.high for pitch in voices)
                assert {pitch % 12 for pitch in voices} <= set(asked.pitches)
                assert all(b - a != 13 for a in voices for b in voices), (symbol, voices)
                assert voices[-1] - voices[-2] > 1
                assert all(b - a in (7, 12) for a, b in pairwise(voices) if a < 48)
                assert all(b - a >= 4 for a, b in pairwise(voices) if a < 55)


def test_voices_move_little_from_chord_to_chord() -> None:
    moved = []
    for recipe in every_recipe():
        for tonic in range(12):
            asked = [chord(symbol, tonic) for symbol in ("I", "vi", "IV", "V", "I")]
            voices = led(asked, recipe, recipe.low, recipe.high, tonic=tonic)
            if recipe.shape not in ("power", "open"):  # those are moved as a hand's shape
                moved += [movement(a, b) for a, b in pairwise(voices)]
    assert sum(moved) / len(moved) <= 6
    assert sum(move <= 8 for move in moved) / len(moved) >= 0.9


def test_a_chord_keeps_more_than_its_root_where_there_is_little_room() -> None:
    for recipe in every_recipe():
        (voices,) = led([chord("Iadd9", 2)], recipe, 48, 62, ceilings=[58])
        assert len(voices) >= 2, recipe
        assert max(voices) <= 58


def test_every_style_has_recipes_of_its_own() -> None:
    for name in styles.names():
        assert name in RECIPES
        for role in ("comp", "pad", "harmony"):
            if role in styles.load(name).roles:
                sheet, recipe = styles.load(name).roles[role], recipe_of(name, role)
                assert max(sheet.low, recipe.low) + 12 <= min(sheet.high, recipe.high), (name, role)


def test_composed_lines_keep_their_pitches_and_their_writer(score) -> None:
    written = {line.role: line for line in lines_for(score.plan)}
    for part in score.parts:
        if part.plan.role in written:
            assert part.writer == "model"
            pitches = [note.pitch for note in written[part.plan.role].notes]
            played = [note.pitch for note in part.notes]
            assert set(pitches) <= {*played, *(p + 12 for p in played)}
        else:
            assert part.writer == "arranger"


def test_every_note_lies_inside_the_piece_and_its_instrument(score) -> None:
    end = score.length + score.plan.ring_ticks
    for part in score.parts:
        for note in part.notes:
            assert 0 <= note.start < note.start + note.length <= end
            assert 1 <= note.velocity <= 127
            assert part.plan.low <= note.pitch <= part.plan.high, part.plan.role


def test_arranging_again_with_the_same_seed_changes_nothing(score) -> None:
    again = arrange(score.plan, lines_for(score.plan), 9)
    assert again == score
    assert arrange(score.plan, lines_for(score.plan), 10) != score


def longest_run(plan: Plan, notes: list[Note]) -> int:
    bar = bar_ticks(plan.meter)
    shapes = [
        [(n.start % bar, n.pitch) for n in notes if n.start // bar == at] for at in range(plan.bars)
    ]
    run = longest = 1
    for before, here in pairwise(shapes):
        run = run + 1 if here == before else 1
        longest = max(longest, run)
    return longest


def test_the_fifth_like_bar_is_played_differently_across_section_lines_too() -> None:
    plan = plan_of("lofi")
    assert len(plan.sections) > 2
    part = next(one for one in plan.parts if one.role == "comp")
    bar = bar_ticks(plan.meter)
    notes = [Note(at * bar + off, 200, 60, 80) for at in range(plan.bars) for off in (0, 480, 960)]
    assert longest_run(plan, notes) == plan.bars
    fresh = [
        note
        for passage in passages(plan, [], 1)
        for note in freshen(
            passage, part, [n for n in notes if passage.begin <= n.start < passage.line]
        )
    ]
    assert longest_run(plan, fresh) <= 4


def test_midi_reads_back_to_the_same_notes_tempo_meter_and_sections(score) -> None:
    midi = write_midi(score)
    read = mido.MidiFile(file=io.BytesIO(midi))
    assert read.type == 1
    assert read.ticks_per_beat == 480
    metas = {message.type: message for message in read.tracks[0]}
    quarters = score.plan.tempo * beat_ticks(score.plan.meter) / 480
    assert mido.tempo2bpm(metas["set_tempo"].tempo) == pytest.approx(quarters, rel=1e-4)
    signature = metas["time_signature"]
    assert f"{signature.numerator}/{signature.denominator}" == score.plan.meter
    assert sum(message.type == "marker" for message in read.tracks[0]) == len(score.plan.sections)
    tracks = Midi.from_midi(midi).tracks
    assert [track.name for track in tracks] == [part.plan.name for part in score.parts]
    for track, part in zip(tracks, score.parts, strict=True):
        assert track.is_drum == (part.plan.group == "drums")
        found = sorted((n.time, n.pitch) for n in track.notes)
        assert found == sorted((n.start, n.pitch) for n in part.notes)
