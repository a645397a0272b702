"""The ranker hears a whole piece, and refuses what counts other figures."""

import json
import math
import shutil
from pathlib import Path

import pytest

from engine.critique import ranking, trained
from engine.errors import ModelMissing
from engine.score import Note, Part, Score


def with_lead(score: Score, *notes: Note) -> Score:
    parts = tuple(
        Part(plan=part.plan, notes=notes, writer=part.writer) if part.plan.role == "lead" else part
        for part in score.parts
    )
    return Score(plan=score.plan, parts=parts)


def test_a_tune_ranks_above_pitches_from_everywhere(piece) -> None:
    for tonic, mode in ((0, "major"), (2, "minor"), (7, "mixolydian")):
        score = piece(tonic, mode)
        lead = next(part.notes for part in score.parts if part.plan.role == "lead")
        noise = tuple(
            Note(note.start, note.length, 60 + (at * at * 7 + at * 5) % 25, 80)
            for at, note in enumerate(lead)
        )
        assert ranking.ranking(score) > ranking.ranking(with_lead(score, *noise))


def test_a_piece_has_the_same_rank_whoever_was_ranked_before(piece) -> None:
    one, other = piece(0, "major"), piece(2, "minor")
    first = ranking.ranking(one)
    ranking.ranking(other)
    assert ranking.ranking(one) == first


def test_a_piece_without_lines_has_a_rank_and_no_figures(piece) -> None:
    empty = Score(plan=piece().plan, parts=())
    assert math.isfinite(ranking.ranking(empty))
    assert ranking.outer_lines(empty) == ()


def test_a_ranker_of_other_figures_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="missing"):
        ranking.read(tmp_path / "ranker.json")
    file = tmp_path / "ranker.json"
    shutil.copy(trained.PACKAGED / "ranker.json", file)
    assert len(ranking.read(file).weights) == 1 + 2 * len(ranking.FIGURES)
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"figures": kept["figures"][:-1]}))
    with pytest.raises(ModelMissing, match="other figures"):
        ranking.read(file)
