"""Plans: every constraint of the brief holds before a note is written, and ten plans differ."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import styles
from engine.contracts import Brief, Instruments, Plan, Resolved
from engine.plan import draw
from engine.score import bar_ticks, seconds_per_tick
from engine.styles import profiles
from engine.words import resolve
from engine.words.instruments import answers_to


def plans(count: int = 4, seed: int = 8, **brief) -> tuple[Resolved, list[Plan]]:
    resolved = resolve(Brief(seed=seed, **brief), seed)
    return resolved, draw(resolved, seed, count)


def seconds_of(plan: Plan) -> float:
    ticks = plan.bars * bar_ticks(plan.meter) + plan.ring_ticks
    return ticks * seconds_per_tick(plan.tempo, plan.meter)


@settings(max_examples=60, deadline=None)
@given(
    style=st.sampled_from(styles.names()),
    duration_ms=st.integers(15_000, 180_000),
    bpm=st.none() | st.integers(70, 130),
    seed=st.integers(0, 2**53 - 1),
)
def test_a_bed_is_as_long_and_as_fast_as_asked(style, duration_ms, bpm, seed) -> None:
    _, drawn = plans(2, seed, kind="bed", style=style, duration_ms=duration_ms, bpm=bpm)
    for plan in drawn:
        assert seconds_of(plan) == pytest.approx(duration_ms / 1000, abs=0.01)
        assert bpm is None or plan.tempo == bpm
        _whole(plan)


def _whole(plan: Plan) -> None:
    """Sections and chords tile the piece without a hole; every role named has a player."""
    bar, at = 0, 0
    for section in plan.sections:
        assert section.bar == bar
        assert section.bars >= 1
        assert 1 <= section.energy <= 7
        bar += section.bars
        assert set(section.roles) <= {part.role for part in plan.parts}
        assert section.like is None or plan.sections[section.like].bar < section.bar
    assert bar == plan.bars
    for chord in plan.chords:
        assert chord.at == at
        at += chord.length
        assert chord.root in chord.pitches
        assert all(0 <= pitch < 12 for pitch in (*chord.pitches, chord.bass))
    assert at == plan.bars * bar_ticks(plan.meter) + plan.ring_ticks


@pytest.mark.parametrize("bars", [4, 8, 12, 16, 32])
def test_a_loop_has_exactly_the_asked_bars_and_no_ring(bars) -> None:
    resolved, drawn = plans(4, kind="loop", style="chiptune", bars=bars, bpm=128)
    for plan in drawn:
        assert plan.bars == bars
        assert plan.ring_ticks == 0
        assert plan.tempo == pytest.approx(128, abs=0.01)
        frames = seconds_of(plan) * resolved.delivery.sample_rate
        assert abs(frames - resolved.duration_frames) <= 1
        assert plan.chords[-1].symbol != plan.chords[0].symbol
        _whole(plan)


@pytest.mark.parametrize("tonality", ["F# minor", "Bb major", "E dorian", "A mixolydian"])
def test_an_asked_tonality_is_the_plans(tonality) -> None:
    resolved, drawn = plans(6, kind="bed", style="acoustic_folk", tonality=tonality,
                            duration_ms=60_000)  # fmt: skip
    assert resolved.tonality is not None
    for plan in drawn:
        assert plan.mode == resolved.tonality.split()[1]
        assert plan.chords[-1].root == plan.tonic
        tones = [(p, float(chord.length)) for chord in plan.chords for p in chord.pitches]
        tones += [(chord.bass, 2.0 * chord.length) for chord in plan.chords]
        assert profiles.home_lead(profiles.weighed(tones), plan.tonic, plan.mode) > -0.15


def test_required_instruments_are_cast_and_forbidden_ones_are_not() -> None:
    wish = Instruments(require=("strings",), forbid=("percussion", "guitar"))
    for style in ("rock", "lofi", "orchestral_tender", "synthwave"):
        _, drawn = plans(6, kind="bed", style=style, duration_ms=60_000, instruments=wish)
        for plan in drawn:
            assert any(answers_to(part, "strings") for part in plan.parts), style
            assert not any(answers_to(part, "percussion") for part in plan.parts), style
            assert not any(answers_to(part, "guitar") for part in plan.parts), style


@pytest.mark.parametrize("style", styles.names())
@pytest.mark.parametrize("kind", ["bed", "loop"])
def test_no_two_of_ten_plans_share_progression_and_lead(style, kind) -> None:
    _, drawn = plans(10, kind=kind, style=style)
    frames = [
        (
            tuple((chord.at, (chord.root - plan.tonic) % 12, chord.symbol)
                  for chord in plan.chords),
            next((part.program, part.patch) for part in plan.parts if part.role == "lead"),
        )
        for plan in drawn
    ]  # fmt: skip
    for one, other in itertools.combinations(frames, 2):
        assert one != other


def test_plans_are_decided_by_the_seed_alone() -> None:
    assert plans(5, 3, prompt="calm piano")[1] == plans(5, 3, prompt="calm piano")[1]
    assert plans(5, 3, prompt="calm piano")[1] != plans(5, 4, prompt="calm piano")[1]


def test_energy_asked_for_is_the_energy_planned() -> None:
    curve = ((0.0, 0.1), (0.5, 0.5), (1.0, 1.0))
    _, drawn = plans(4, kind="bed", style="synthwave", duration_ms=90_000, energy=curve)
    for plan in drawn:
        levels = [section.energy for section in plan.sections]
        assert levels == sorted(levels)
        assert levels[-1] - levels[0] >= 3


def test_a_chime_opens_upwards_and_closes_downwards() -> None:
    for prompt, sign in (("bright welcome chime", 1), ("sad goodbye chime, power off", -1)):
        _, drawn = plans(5, kind="chime", prompt=prompt)
        assert resolve(Brief(kind="chime", prompt=prompt, seed=8), 8).moods
        heights = [_heights(plan.contour) for plan in drawn]
        assert all((one[-1] - one[0]) * sign >= 0 for one in heights), (prompt, heights)


def _heights(contour: str) -> list[int]:
    cells = [cell.split(":")[0] for cell in contour.split()[1:]]
    return [int(cell[0]) + 7 * cell.count("'") - 7 * cell.count(",") for cell in cells]
