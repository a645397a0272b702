"""What functions play: the grammar of the motif."""

import pytest
from cabin_families import family

from engine.cabin.character import MOTIFS
from engine.cabin.drawing import draw
from engine.cabin.voices import hertz
from engine.cabin.writing import carries_signature, interval_class, written
from engine.contracts import FunctionLimits, ResolvedFamily
from engine.words.functions import PAIRS, SOUNDS, facts

TAKES = range(1, 6)


def lines(resolved: ResolvedFamily, take: int) -> dict[str, tuple]:
    character = draw(resolved, take)
    functions = tuple(one.function for one in resolved.functions)
    return {
        one.name: written(one, character, facts(one.function).base_hz, functions)
        for one in resolved.functions
    }


def pitches(notes: tuple) -> list[int]:
    return [midi for _, midi, _ in notes]


@pytest.mark.parametrize("take", TAKES)
def test_opening_rises_and_closing_is_the_same_notes_backwards(take: int) -> None:
    found = lines(family(), take)
    for opening, closing in PAIRS:
        up, down = found[opening], found[closing]
        assert pitches(up)[-1] > pitches(up)[0]
        assert pitches(down) == pitches(up)[::-1]
        assert up[-1][0] == pytest.approx(down[-1][0], rel=0.2)
        assert up[-1][2] > up[0][2]  # arrives
        assert down[-1][2] < down[0][2]  # leaves


@pytest.mark.parametrize("take", TAKES)
def test_attention_repeats_trouble_falls_and_a_hint_goes_up(take: int) -> None:
    found = lines(family(), take)
    assert len(set(pitches(found["seat_belt"]))) == 1
    assert pitches(found["low_battery"]) == sorted(pitches(found["low_battery"]), reverse=True)
    assert pitches(found["notify"])[-1] > pitches(found["notify"])[0]
    assert len(set(pitches(found["warn"]))) == 1


@pytest.mark.parametrize("take", TAKES)
@pytest.mark.parametrize(
    "functions", [SOUNDS, ("notify",), ("low_battery", "notify"), ("welcome", "low_battery")]
)
def test_most_lines_carry_the_signature(functions: tuple[str, ...], take: int) -> None:
    resolved = family(*functions)
    signature = draw(resolved, take).motif.signature
    found = lines(resolved, take)
    melodic = [pitches(found[name]) for name in found if name not in ("warn", "indicator",
                                                                      "seat_belt")]  # fmt: skip
    carrying = sum(carries_signature(tuple(line), signature) for line in melodic)
    assert carrying / len(melodic) >= 0.6


def test_no_motif_has_a_semitone_or_a_tritone_in_it() -> None:
    for motif in MOTIFS:
        steps = [b - a for a, b in zip(motif.degrees, motif.degrees[1:], strict=False)]
        assert not {interval_class(step) for step in steps} & {1, 6}
        assert interval_class(steps[0]) == interval_class(motif.signature)
        assert {degree % 12 for degree in motif.degrees} <= set(motif.pitches)


@pytest.mark.parametrize("take", TAKES)
def test_bases_lie_where_the_function_table_has_them(take: int) -> None:
    for brand in ({}, {"serious": 1.0}, {"serious": -1.0}):
        for name, notes in lines(family(brand=brand), take).items():
            low, high = facts(name).base_hz  # type: ignore[arg-type]
            assert low * 0.99 <= min(hertz(midi) for midi in pitches(notes)) <= high * 1.01


def test_a_playful_brand_sits_higher_than_a_serious_one() -> None:
    def height(serious: float) -> float:
        found = lines(family(brand={"serious": serious}), 1)
        return sum(sum(pitches(notes)) / len(notes) for notes in found.values())

    assert height(-1) > height(0) > height(1)


@pytest.mark.parametrize("duration_ms", [200, 333, 1000])
def test_all_notes_lie_inside_a_short_sound(duration_ms: int) -> None:
    limits = {name: FunctionLimits(duration_ms=duration_ms) for name in SOUNDS
              if name != "indicator"}  # fmt: skip
    for name, notes in lines(family(limits=limits), 2).items():
        if name != "indicator":
            assert notes[-1][0] < duration_ms - 20


def test_a_window_keeps_every_note_inside() -> None:
    for name in SOUNDS:
        low, high = facts(name).base_hz
        window = (low, high * facts(name).stretch)
        notes = lines(family(name, limits={name: FunctionLimits(band_hz=window)}), 1)[name]
        assert all(window[0] <= hertz(midi) <= window[1] for midi in pitches(notes))
