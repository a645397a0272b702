"""An outline loses nothing of a plan, for every style, kind and meter."""

import msgspec
import pytest

from engine import styles
from engine.contracts import Brief, Hit, Instruments, Outline, Plan, Resolved, SectionBrief
from engine.plan import draw
from engine.plan.outline import bind, outline
from engine.styles.harmony import bars
from engine.words import resolve
from engine.words.outline import check, facts

KINDS = {"bed": 30_000, "loop": None, "chime": 1_500}
METERS = ("4/4", "3/4", "6/8", "12/8")
SEED = 5


def _resolved(**fields) -> Resolved:
    return resolve(Brief(candidates=3, **fields), SEED)


def _there_and_back(plan: Plan, resolved: Resolved, take: int = 1) -> Plan:
    """Out as JSON to the client and in again, through the same door as any plan."""
    sent = msgspec.json.encode(outline(plan, resolved.duration_ms, take))
    given = msgspec.json.decode(sent, type=Outline)
    assert check(given) == []
    assert facts(given).bars == plan.bars
    assert round(facts(given).seconds * resolved.delivery.sample_rate) == resolved.duration_frames
    return bind(given, resolved)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", styles.names())
def test_a_plan_comes_back_as_it_went_out(style: str, kind: str) -> None:
    meters = METERS if kind != "chime" else ("4/4",)
    for meter in meters:
        resolved = _resolved(kind=kind, style=style, meter=meter, duration_ms=KINDS[kind])
        for plan in draw(resolved, SEED, 2):
            assert _there_and_back(plan, resolved) == plan


@pytest.mark.parametrize("duration_ms", [5_000, 9_300, 61_234, 180_000])
def test_every_length_comes_back(duration_ms: int) -> None:
    for style in ("rock", "dark_ambient", "jazz_trio"):
        resolved = _resolved(kind="bed", style=style, duration_ms=duration_ms)
        for plan in draw(resolved, SEED, 3):
            assert _there_and_back(plan, resolved) == plan


@pytest.mark.parametrize("family", ["guzheng", "choir", "percussion", "synth_bass", "violin"])
def test_a_required_player_comes_back(family: str) -> None:
    resolved = _resolved(
        kind="bed", style="lofi", duration_ms=20_000, instruments=Instruments(require=(family,))
    )
    for plan in draw(resolved, SEED, 3):
        assert _there_and_back(plan, resolved) == plan


@pytest.mark.parametrize("ending", ["ring", "button", "open", "fade"])
def test_every_ending_comes_back(ending) -> None:
    for style in ("rock", "lofi", "waltz_ballroom", "orchestral_tender", "chinese_traditional"):
        resolved = _resolved(kind="bed", style=style, duration_ms=40_000)
        resolved = msgspec.structs.replace(resolved, ending=ending)
        for plan in draw(resolved, SEED, 3):
            assert _there_and_back(plan, resolved) == plan


@pytest.mark.parametrize("bpm", [None, 97.0])
@pytest.mark.parametrize("meter", METERS)
def test_hits_come_back_on_their_tick(meter: str, bpm: float | None) -> None:
    hits = tuple(Hit(at_ms=at) for at in (3_100, 9_470, 17_333, 29_000))
    for style in ("rock", "orchestral_epic", "jazz_trio"):
        resolved = _resolved(
            kind="bed", style=style, duration_ms=31_000, hits=hits, meter=meter, bpm=bpm
        )
        for plan in draw(resolved, SEED, 3):
            assert len(plan.hits) == len(hits)
            assert _there_and_back(plan, resolved) == plan


def test_an_asked_form_comes_back() -> None:
    names = (("i", 2), ("A", 8), ("B", 4), ("A'", 8), ("e", 2))
    sections = tuple(SectionBrief(name=name, bars=bars, energy=0.5) for name, bars in names)
    resolved = _resolved(kind="bed", style="lofi", sections=sections, bpm=80)
    for plan in draw(resolved, SEED, 3):
        assert _there_and_back(plan, resolved) == plan


def test_the_take_and_the_length_are_told() -> None:
    resolved = _resolved(kind="bed", style="rock", duration_ms=20_000)
    told = outline(draw(resolved, SEED, 1)[0], resolved.duration_ms, 3)
    assert (told.take, told.duration_ms) == (3, 20_000)


def test_each_section_has_one_entry_for_each_bar() -> None:
    resolved = _resolved(kind="bed", style="jazz_trio", duration_ms=60_000)
    for plan in draw(resolved, SEED, 2):
        for section in outline(plan, 60_000, 1).sections:
            assert len(bars(section.chords)) == section.bars


def test_a_bar_again_is_written_with_a_percent_sign() -> None:
    assert bars("i | % | bVI bVII | %") == [
        ("i",), ("i",), ("bVI", "bVII"), ("bVI", "bVII"),
    ]  # fmt: skip


def test_an_edited_chord_is_bound_where_it_was_written() -> None:
    resolved = _resolved(kind="loop", style="rock", bars=8, bpm=120, tonality="A minor")
    told = outline(draw(resolved, SEED, 1)[0], resolved.duration_ms, 1)
    first = told.sections[0]
    chords = " | ".join(["i bVI", *["%"] * (first.bars - 1)])
    edited = msgspec.structs.replace(
        told, sections=(msgspec.structs.replace(first, chords=chords), *told.sections[1:])
    )
    bound = bind(edited, resolved)
    assert [(one.at, one.length, one.symbol, one.root) for one in bound.chords[:3]] == [
        (0, 960, "i", 9), (960, 960, "bVI", 5), (1920, 960, "i", 9),
    ]  # fmt: skip
    later = first.bars * 1920
    assert [one for one in bound.chords if one.at >= later] == [
        one for one in bind(told, resolved).chords if one.at >= later
    ]
