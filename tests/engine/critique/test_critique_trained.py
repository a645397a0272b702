"""The trained critic places a bar among people's, from its own section, or refuses to load."""

import json
import shutil
from pathlib import Path

import pytest

from engine.critique import bars, trained
from engine.critique.grid import FEATURES, WIDTHS
from engine.critique.strokes import MOST, Strokes, sheet_of, strokes_of
from engine.errors import ModelMissing
from engine.score import BarView, Line, Note, Score

BAR = 1920
KEYS = ((0, "major"), (2, "minor"), (10, "major"), (7, "mixolydian"))


def view(score: Score, bar: int, **lines: tuple[Note, ...]) -> BarView:
    """A bar as the composer shows it: lead and bass up to and including this bar."""
    written = {
        part.plan.role: part.notes for part in score.parts if part.plan.role in ("lead", "bass")
    } | lines
    return BarView(
        plan=score.plan,
        bar=bar,
        lines=tuple(
            Line(role=role, notes=tuple(note for note in notes if note.start < (bar + 1) * BAR))
            for role, notes in written.items()
        ),
    )


def lead_of(score: Score) -> tuple[Note, ...]:
    return next(part.notes for part in score.parts if part.plan.role == "lead")


@pytest.fixture
def critic() -> trained.TrainedCritic:
    return trained.packaged()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packaged folder, to be tampered with."""
    shutil.copytree(trained.PACKAGED, tmp_path / "critics")
    return tmp_path / "critics"


def test_a_critic_whose_weights_are_not_the_named_ones_is_refused(copied: Path) -> None:
    weights = copied / "critic.onnx"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(ModelMissing, match="not the file its manifest names"):
        trained.TrainedCritic(copied)


@pytest.mark.parametrize("name", ["manifest.json", "critic.onnx"])
def test_a_critic_with_a_missing_file_is_refused(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelMissing, match="missing"):
        trained.TrainedCritic(copied)


def test_a_critic_that_was_trained_on_other_features_is_refused(copied: Path) -> None:
    file = copied / "manifest.json"
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps(manifest | {"features": [["another", 3], *manifest["features"]]}))
    with pytest.raises(ModelMissing, match="other features"):
        trained.TrainedCritic(copied)


def test_the_same_bar_has_the_same_place_whatever_was_rated_before(piece, critic) -> None:
    views = [view(piece(*key), bar) for key in KEYS for bar in range(16)]
    first = [critic.odds(one) for one in views]
    assert [critic.odds(one) for one in reversed(views)] == first[::-1]
    assert len(set(first)) > len(first) // 2


def test_a_section_is_placed_without_what_came_before_it(piece, critic) -> None:
    score = piece()
    wild = tuple(
        Note(note.start, note.length, note.pitch + 11 * (at % 3), 80)
        if note.start < 8 * BAR
        else note
        for at, note in enumerate(lead_of(score))
    )
    assert critic.odds(view(score, 7, lead=wild)) != critic.odds(view(score, 7))
    for bar in range(8, 12):
        assert critic.odds(view(score, bar, lead=wild)) == critic.odds(view(score, bar))


def test_a_random_lead_is_placed_below_a_tune(piece, critic) -> None:
    tune, noise = [], []
    for key in KEYS:
        score = piece(*key)
        random_lead = tuple(
            Note(note.start, note.length, 60 + (at * at * 7 + at * 5) % 25, 80)
            for at, note in enumerate(lead_of(score))
        )
        tune += [critic.place(view(score, bar)) for bar in range(16)]
        noise += [critic.place(view(score, bar, lead=random_lead)) for bar in range(16)]
    lower = sum(spoilt < clean for spoilt, clean in zip(noise, tune, strict=True))
    assert lower >= 0.75 * len(tune)
    assert sum(noise) < 0.6 * sum(tune)


def last_bar(one: BarView) -> Strokes:
    """The strokes of the bar that a view shows last."""
    sheet = sheet_of(one)
    assert sheet is not None
    return strokes_of(sheet, sheet.bars - 1)


def test_a_bar_in_another_key_has_the_same_features(piece) -> None:
    low, high = piece(0, "major"), piece(2, "major")
    moved = tuple(Note(n.start, n.length, n.pitch + 2, n.velocity) for n in lead_of(low))
    bass = next(part.notes for part in low.parts if part.plan.role == "bass")
    deeper = tuple(Note(n.start, n.length, n.pitch + 2, n.velocity) for n in bass)
    for bar in range(16):
        here = last_bar(view(low, bar))
        there = last_bar(view(high, bar, lead=moved, bass=deeper))
        assert (here.ids == there.ids).all()
        assert (here.places == there.places).all()


def test_a_bar_reads_the_same_when_later_ones_are_known(piece) -> None:
    score = piece()
    whole = sheet_of(view(score, 7))
    assert whole is not None
    for bar in range(7):
        assert (strokes_of(whole, bar).ids == last_bar(view(score, bar)).ids).all()


def test_every_feature_stays_inside_its_own_rows(piece) -> None:
    score = piece()
    crowd = tuple(Note(n * 20, 15, (n * 37) % 128, 80) for n in range(8 * 96))
    for bar in (0, 3, 7):
        strokes = last_bar(view(score, bar, lead=crowd, bass=crowd, counter=crowd, upper=crowd))
        assert len(strokes.places) == MOST
        assert strokes.ids.shape == (MOST, len(FEATURES))
        assert (strokes.ids >= 0).all()
        assert (strokes.ids < WIDTHS).all()


def test_what_is_read_of_earlier_bars_is_kept_and_changes_nothing(piece, copied: Path) -> None:
    score = piece()
    views = [view(score, bar) for bar in range(8)]
    in_turn = trained.TrainedCritic(copied)
    found = [in_turn.odds(one) for one in views]
    for one, odds in zip(reversed(views), reversed(found), strict=True):
        assert trained.TrainedCritic(copied).odds(one) == odds


def test_inner_voices_are_heard_for_faults_but_do_not_tell_whose_bar_it_is(piece, critic) -> None:
    score = piece()
    held = tuple(Note(bar * BAR, BAR, 64, 80) for bar in range(8))
    wild = tuple(Note(n * BAR // 4, BAR // 4, 52 + n * 7 % 23, 80) for n in range(32))
    plain, voiced, rough = (
        view(score, 6, **lines) for lines in ({}, {"upper": held}, {"upper": wild})
    )
    assert critic.odds(plain) == critic.odds(voiced) == critic.odds(rough)
    assert critic.place(rough) < critic.place(voiced)


def test_an_empty_bar_has_no_place(piece, critic) -> None:
    score = piece()
    assert critic.place(view(score, 3, lead=(), bass=())) is None


def test_likeness_is_rated_against_our_own_bars(piece, critic) -> None:
    for key in KEYS:
        score = piece(*key)
        views = [view(score, bar) for bar in range(16)]
        ratings = [bars.by_likeness(critic, one) for one in views]
        assert all(0 <= one <= 1 for one in ratings)
        enough = [(critic.standing(one) or 0) >= bars.MIDDLE for one in views]
        assert [one >= bars.ENOUGH for one in ratings] == enough


def test_the_stricter_of_rules_and_critic_decides_and_gives_a_reason(piece, critic) -> None:
    rate = bars.both(critic)
    for key in KEYS:
        score = piece(*key)
        for bar in range(16):
            one = view(score, bar, lead=lead_of(score))
            rating = rate(one)
            stricter = min(bars.rate(one).rating, bars.by_people(critic, one))
            assert rating.rating == pytest.approx(stricter, abs=1e-4)
            assert bool(rating.reason) == (rating.rating < bars.ENOUGH)
