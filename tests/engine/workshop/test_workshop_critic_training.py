"""The critic's training: lessons made anew, features that torch and numpy agree on, a network that
learns, resumes, and reads in the studio what it read in the workshop."""

from pathlib import Path

import numpy as np
import pytest
from workshop_pieces import heard

from engine.critique.grid import WIDTHS, Grid, Where, begins, features
from engine.workshop.critic_works import Passage, passages_of

pytestmark = [pytest.mark.workshop]
torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def works() -> list[Passage]:
    """Passages of two dozen little pieces."""
    return [
        passage
        for seed in range(24)
        for passage in passages_of(heard(seed), "own", f"own/{seed}", "critic")
    ]


@pytest.fixture(scope="module")
def file(works: list[Passage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The passages, packed as for another machine."""
    from engine.workshop.critic_pack import pack

    packed = tmp_path_factory.mktemp("packed") / "bars.npz"
    pack(works, packed)
    return packed


@pytest.fixture(scope="module")
def drawn(file: Path) -> tuple:
    """All the passages on the grid, and dice."""
    from engine.workshop.critic_faults import Dice
    from engine.workshop.critic_lessons import volumes

    cpu = torch.device("cpu")
    (volume,) = volumes(file, cpu, checked=False)
    return volume, Dice(cpu, 3)


def test_a_passage_comes_back_from_the_grid_as_it_was(works: list[Passage]) -> None:
    from engine.workshop.critic_held import notes_of, page_of

    for passage in works[:4]:
        page = page_of(passage)
        back = notes_of(page.pitch[0].numpy(), page.onset[0].numpy(), 0)
        assert sorted(map(tuple, back.tolist())) == sorted(map(tuple, passage.notes.tolist()))


def test_every_fault_changes_its_bar_and_keeps_to_the_grid(drawn) -> None:
    from engine.workshop.critic_faults import FAULTS, bars_at, spoilt

    volume, dice = drawn
    row = torch.arange(len(volume.weights)).repeat(4)
    for number, fault in enumerate(FAULTS):
        for sharp in (True, False):
            bar = 1 + dice.below(15, len(row))
            made = spoilt(volume.pages, row, bar, number, dice, sharp=sharp)
            own = bars_at(volume.pages, row, bar)
            changed = ((made.pitch != own.pitch) | (made.onset != own.onset)).any(-1)
            assert (changed.any(-1) | ~made.done).all(), fault
            assert made.done.float().mean() > 0.2, fault
            assert not (made.onset & (made.pitch == 0))[made.done].any(), fault
            assert int(made.pitch[made.done].amax()) <= 88
            if fault not in ("swapped bar", "repeated bar"):
                assert (changed[made.done].sum(-1) == 1).all(), fault


def test_faults_are_the_same_for_the_same_randomness_and_new_every_time(drawn) -> None:
    from engine.workshop.critic_faults import FAULTS, Dice, spoilt

    volume, _ = drawn
    row = torch.arange(len(volume.weights)).repeat(4)
    bar = torch.full_like(row, 5)
    for number in range(len(FAULTS) - 1):
        if FAULTS[number] == "repeated bar":
            continue  # there is one way to do it
        one, other = Dice(row.device, 9), Dice(row.device, 9)
        found = [
            spoilt(volume.pages, row, bar, number, dice, sharp=True).pitch
            for dice in (one, other, other)
        ]
        assert torch.equal(found[0], found[1])
        assert not torch.equal(found[1], found[2])


def test_a_changed_stroke_is_told_and_an_unchanged_one_is_not(drawn) -> None:
    from engine.workshop.critic_lessons import TAUGHT, lessons

    volume, dice = drawn
    clean = TAUGHT._replace(spoilt=(0.0,))
    for lesson in lessons(volume, 16, dice, clean):
        assert int(lesson.kind.max()) == 0
        assert int(lesson.wrong.max()) == 0
    spoilt = TAUGHT._replace(spoilt=(0.9,))
    for lesson in lessons(volume, 16, dice, spoilt):
        for kind, wrong, bar in zip(lesson.kind, lesson.wrong, lesson.strokes.bar, strict=True):
            clean = {int(one) for one in bar[kind == 0]}
            assert not clean & {int(one) for one in bar[wrong == 1]}
        assert (lesson.wrong == 1).any()


def test_torch_and_numpy_read_the_same_features_and_later_bars_change_none(drawn) -> None:
    from engine.workshop.critic_lessons import TAUGHT, _grid, _passages

    volume, dice = drawn
    own = _passages(volume, 12, dice, TAUGHT)
    grid = _grid(own.pages, own.first, volume.meter)
    by_torch = features(torch, grid, Where(*begins(torch, grid).nonzero(as_tuple=True))).numpy()
    arrays = {name: np.asarray(getattr(grid, name)) for name in grid._fields[:6]}
    plain = Grid(**arrays, size=grid.size, meter=grid.meter)
    at = Where(*begins(np, plain).nonzero())
    by_numpy = features(np, plain, at)
    assert (by_torch == by_numpy).all()
    assert (by_numpy >= 0).all()
    assert (by_numpy < WIDTHS).all()
    for bar in (2, 7, 12):
        end = (bar + 1) * plain.size
        cut = plain._replace(pitch=plain.pitch.copy(), onset=plain.onset.copy())
        cut.pitch[..., end:], cut.onset[..., end:] = 0, False
        early = features(np, cut, Where(*begins(np, cut).nonzero()))
        assert (early == by_numpy[at.unit < end]).all()


@pytest.mark.slow
def test_a_critic_learns_is_stopped_goes_on_and_reads_the_same_in_the_studio(
    file: Path, works: list[Passage], tmp_path: Path
) -> None:
    from engine.critique.strokes import sheet_of
    from engine.critique.trained import Graph, Reader
    from engine.workshop.critic_export import Taste, write
    from engine.workshop.critic_measure import section_of
    from engine.workshop.critic_net import Config, loaded
    from engine.workshop.critic_training import train
    from engine.workshop.examples import views_of
    from engine.workshop.excerpts import excerpts_of

    size = Config(width=48, layers=2, heads=3, dropout=0.0)
    train(file, tmp_path, 6, 1, 1, size)
    first = torch.load(tmp_path / "checkpoint.resume", weights_only=True)
    model = loaded(train(file, tmp_path, 12, 1, 1, size))
    then = torch.load(tmp_path / "checkpoint.resume", weights_only=True)
    assert then["steps"] > first["steps"] > 0
    write(model, Taste(size.width), tmp_path / "critic.onnx")
    reader = Reader(Graph(tmp_path / "critic.onnx"))
    for excerpt in excerpts_of(works[:3]):
        for view in views_of(excerpt):
            sheet = sheet_of(view)
            assert sheet is not None
            with torch.no_grad():
                _, kind = model(section_of(sheet))
            said, answers = kind[0, sheet.bars - 1], reader.hear(sheet).answers
            wrong = float(said[1:].logsumexp(-1) - said[0])
            assert wrong == pytest.approx(float(answers[1] - answers[0]), abs=2e-2)
