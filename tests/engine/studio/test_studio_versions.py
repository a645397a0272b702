"""Versions of a piece are its own notes, to the sample where that is promised."""

from itertools import pairwise

import numpy as np
import pytest

from engine.arrange import arrange
from engine.contracts import Brief, Resolved
from engine.plan import gestures
from engine.plan.relatives import Cut, TooShort, carried, cut_down, layers
from engine.score import Note, Score, bar_ticks
from engine.studio.manuscript import Manuscript, Unreadable, manuscript, read
from engine.studio.manuscript import written as stored
from engine.studio.rooms import Rooms
from engine.studio.stems import heard
from engine.studio.takes import Take, sheets, written
from engine.studio.versions import NoSuchVersion, Version, versions
from engine.words import resolve
from engine.words.instruments import answers_to

SEED = 31
STYLES = ("lofi", "rock", "orchestral_tender", "chinese_traditional", "synthwave")


def _resolved(style: str, **fields) -> Resolved:
    return resolve(Brief(style=style, candidates=1, **fields), SEED)


def _take(resolved: Resolved, rooms: Rooms) -> Take:
    return written(sheets(resolved, SEED, 0, 1, 1), SEED, rooms)[0]


@pytest.fixture(scope="module")
def loop(rooms: Rooms) -> tuple[Resolved, Manuscript]:
    resolved = _resolved("chiptune", kind="loop", bars=4)
    return resolved, manuscript(_take(resolved, rooms))


@pytest.fixture(scope="module")
def bed(rooms: Rooms) -> tuple[Resolved, Manuscript]:
    resolved = _resolved("chiptune", kind="bed", duration_ms=20_000)
    return resolved, manuscript(_take(resolved, rooms))


def made(kind, piece: tuple[Resolved, Manuscript], rooms: Rooms, **asked) -> dict[str, Version]:
    resolved, kept = piece
    return {one.name: one for one in versions(kind, kept, resolved, rooms, **asked)}


def _part(score: Score, role: str) -> tuple[Note, ...]:
    return next((part.notes for part in score.parts if part.plan.role == role), ())


def _bars(score: Score, role: str, bar: int) -> list[tuple[int, int]]:
    """(sixteenth of the bar, pitch) of every note that belongs to a bar."""
    length = bar_ticks(score.plan.meter)
    return sorted(
        (round((note.start - bar * length) / 120), note.pitch)
        for note in _part(score, role)
        if round((note.start - bar * length) / 120) in range(length // 120)
    )


def _others(take: Take, cut: Cut, short: Score) -> list[int]:
    """The cut-down's bars whose lead is not its parent's bar again."""
    return [
        bar
        for place, bar in enumerate(cut.bars)
        if _bars(short, "lead", place) != _bars(take.score, "lead", bar)
    ]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("duration_ms", [30_000, 15_000])
def test_a_cut_down_plays_its_parents_lead(style: str, duration_ms: int, rooms: Rooms) -> None:
    take = _take(_resolved(style, kind="bed", duration_ms=60_000), rooms)
    cut = cut_down(take.plan, duration_ms)
    short = arrange(cut.plan, carried(take.lines, cut), take.seed)
    assert _part(short, "lead")
    # A player freshens a bar that the cut has made one like bar too many.
    assert len(_others(take, cut, short)) <= 1


def test_a_manuscript_comes_back_as_it_was_stored(bed) -> None:
    kept = bed[1]
    assert read(stored(kept)) == kept
    for broken in (b"", stored(kept)[:-3], b"RIFF"):
        with pytest.raises(Unreadable):
            read(broken)


def test_layers_add_players_and_change_no_note(loop, rooms: Rooms) -> None:
    resolved, kept = loop
    layers = list(made("layers", loop, rooms).values())
    assert [one.name for one in layers] == [f"layer-{at}" for at in range(1, len(layers) + 1)]
    assert {len(one.mastered.audio) for one in layers} == {resolved.duration_frames}
    loudness = [one.mastered.loudness_lufs for one in layers]
    assert loudness == sorted(loudness)
    assert layers[-1].score.parts == kept.score.parts
    for layer in layers:
        for part in layer.score.parts:
            assert part.notes == _part(kept.score, part.plan.role)
    for fewer, more in pairwise(layers):
        assert set(fewer.score.parts) < set(more.score.parts)


def test_stems_add_up_to_the_loudest_layer(loop, rooms: Rooms) -> None:
    stems = made("stems", loop, rooms)
    whole = list(made("layers", loop, rooms).values())[-1].mastered.audio
    total = sum(one.mastered.audio.astype(np.float64) for one in stems.values())
    assert 20 * np.log10(np.abs(total - whole).max()) < -80
    assert all(one.loop and one.parent == "master" for one in stems.values())
    few = made("stems", loop, rooms, stems=("lead",))
    assert (few["stem.lead"].mastered.audio == stems["stem.lead"].mastered.audio).all()


def test_a_family_is_a_stem_and_leaves_its_group(rooms: Rooms) -> None:
    resolved = _resolved("jazz_trio", kind="loop", bars=4, bpm=120)
    piece = resolved, manuscript(_take(resolved, rooms))
    pianos = {part.plan.group for part in piece[1].score.parts if answers_to(part.plan, "piano")}
    assert pianos
    apart = made("stems", piece, rooms, stems=("all", "piano"))
    assert "stem.piano" in apart
    whole = made("master", piece, rooms)["master"].mastered.audio
    total = sum(one.mastered.audio.astype(np.float64) for one in apart.values())
    assert 20 * np.log10(np.abs(total - whole).max()) < -60
    measured = {one.asked: one for one in heard(apart_sounds(apart), ("piano", "harp"))}
    assert measured["piano"].passed and not measured["harp"].passed
    assert measured["harp"].measured == "silent"


def apart_sounds(versions_: dict[str, Version]) -> dict[str, np.ndarray]:
    return {name.removeprefix("stem."): one.mastered.audio for name, one in versions_.items()}


def test_a_stem_that_the_music_has_not_is_refused_with_those_it_has(loop, rooms: Rooms) -> None:
    with pytest.raises(NoSuchVersion, match=r"no stem choir; it has .*drums"):
        made("stems", loop, rooms, stems=("choir", "lead"))


def test_a_cut_down_is_exactly_as_long_as_asked(bed, rooms: Rooms) -> None:
    resolved, _ = bed
    for duration_ms in (12_000, 8_000):
        name, version = next(iter(made("cut", bed, rooms, duration_ms=duration_ms).items()))
        sound = version.mastered.audio
        assert len(sound) == duration_ms * resolved.delivery.sample_rate // 1000
        assert np.abs(sound[-48:]).max() < 0.01
        assert name == f"cut-{duration_ms // 1000}s"
        assert version.mastered.passed
        assert version.parent == "master"


def test_what_a_kind_cannot_have_is_said(loop, bed, rooms: Rooms) -> None:
    with pytest.raises(TooShort, match="only a bed is cut down"):
        made("cut", loop, rooms, duration_ms=8000)
    with pytest.raises(NoSuchVersion, match="needs duration_ms"):
        made("cut", bed, rooms)
    with pytest.raises(NoSuchVersion, match="only a loop has an intro"):
        made("loop_parts", bed, rooms)
    with pytest.raises(NoSuchVersion, match="a length belongs to"):
        made("underscore", bed, rooms, duration_ms=8000)
    with pytest.raises(TooShort, match="at least"):
        made("sting", bed, rooms, duration_ms=600)


def test_an_underscore_has_no_melody_and_no_drums_has_no_drums(bed, rooms: Rooms) -> None:
    resolved, kept = bed
    under = made("underscore", bed, rooms)["underscore"]
    roles = {part.plan.role for part in under.score.parts}
    assert roles and not roles & {"lead", "counter"}
    quiet = made("no_drums", bed, rooms)["no_drums"]
    assert {part.plan.group for part in quiet.score.parts} == {
        part.plan.group for part in kept.score.parts
    } - {"drums"}
    for one in (under, quiet):
        assert len(one.mastered.audio) == resolved.duration_frames
        assert abs(one.mastered.loudness_lufs - resolved.delivery.lufs) <= 0.3
    with pytest.raises(NoSuchVersion, match="no drums"):
        piano = _resolved("solo_piano", kind="bed", duration_ms=8000)
        made("no_drums", (piano, manuscript(_take(piano, rooms))), rooms)


@pytest.mark.parametrize("kind", ["sting", "transition"])
def test_a_gesture_is_whole_beats_and_rings_from_its_goal(kind, loop, bed, rooms: Rooms) -> None:
    for piece in (loop, bed):
        version = made(kind, piece, rooms)[kind]
        plan, rate = version.score.plan, version.mastered.sample_rate
        bar = gestures.bar_s(plan) * rate
        assert version.exit == round(plan.bars * bar)
        assert version.markers[0].name == "sync" and version.markers[0].frame == version.exit
        sound = np.abs(version.mastered.audio).max(axis=1)
        assert sound[version.exit : version.exit + rate // 10].max() > 0.1
        assert sound[-64:].max() < 0.02
        if piece is loop:  # a bed has an ending of its own
            beat = bar / 4
            assert abs(len(sound) / beat - round(len(sound) / beat)) < 1e-3
    for duration_ms in (500, 3210):
        exact = made(kind, loop, rooms, duration_ms=duration_ms)[kind]
        assert len(exact.mastered.audio) == duration_ms * 48
        assert exact.exit <= len(exact.mastered.audio) / 2


def test_first_pass_and_tail_are_the_loop(loop, rooms: Rooms) -> None:
    parts = made("loop_parts", loop, rooms)
    assert list(parts) == ["intro", "first_pass", "loop", "tail"]
    whole = parts["loop"].mastered.audio.astype(np.float64)
    first = parts["first_pass"].mastered.audio.astype(np.float64)
    tail = parts["tail"].mastered.audio.astype(np.float64)
    folded = np.zeros_like(whole)
    for start in range(0, len(tail), len(whole)):
        piece = tail[start : start + len(whole)]
        folded[: len(piece)] += piece
    assert 20 * np.log10(np.abs(first + folded - whole).max()) < -90
    # What rings out goes on where the loop was left: no step at the joint, and no new beginning.
    joint = np.concatenate([whole[-8:], tail[:8]])
    assert np.abs(np.diff(joint, 2, axis=0))[4:10].max() < np.percentile(
        np.abs(np.diff(whole, 2, axis=0)), 99.9
    )
    assert (tail**2).mean() < (whole**2).mean()
    assert np.abs(tail[-48:]).max() < 0.001


def test_an_intro_ends_on_a_bar_line_and_rings_over_it(loop, rooms: Rooms) -> None:
    resolved, kept = loop
    intro = made("loop_parts", loop, rooms)["intro"]
    assert intro.exit * kept.score.plan.bars == resolved.duration_frames * intro.score.plan.bars
    assert len(intro.mastered.audio) > intro.exit
    bar = bar_ticks(kept.score.plan.meter)
    ground = {part.role for part in layers(kept.score.plan)[0].parts}
    first = {
        part.plan.role
        for part in intro.score.parts
        if any(note.start < bar - 60 for note in part.notes)
    }
    assert intro.score.plan.bars == 2
    assert first and first <= ground, "only the ground plays before the last bar"
    everybody = {part.plan.role for part in intro.score.parts}
    assert everybody > first, "the others lead in with it"
