"""The composer: its notes are the network's, its grammar holds, its rows are independent."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from engine.compose.cast import cast_of, sounds_in
from engine.compose.codes import TICKS_PER_UNIT
from engine.compose.composer import Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import rater
from engine.plan import draw
from engine.score import bar_ticks
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
STYLES = ("lofi", "solo_piano", "rock")


class Noise:
    """A network without an opinion: seeded noise where the logits were."""

    def __init__(self, network, seed: int) -> None:
        self._network, self._dice = network, np.random.default_rng(seed)
        self.slots = network.slots

    def step(self, ids, bits, lengths, rows):
        logits, hidden = self._network.step(ids, bits, lengths, rows)
        return self._dice.normal(0, 3, logits.shape).astype(np.float32), hidden

    def durations(self, hidden, codes):
        shape = self._network.durations(hidden, codes).shape
        return self._dice.normal(0, 3, shape).astype(np.float32)


def plans_of(style: str, count: int = 3, **more) -> list[Plan]:
    brief = Brief(kind="bed", style=style, duration_ms=60_000, seed=3, **more)
    return draw(resolve(brief, 3), 3, count)


def written(composer: Composer, plans: list[Plan], first: int = 7) -> list:
    seeds = [first + at for at in range(len(plans))]
    return composer.write(plans, seeds, rate=rater(plans[0]))


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


def own_bits(composition) -> float:
    notes = sum(len(line.notes) for line in composition.lines)
    return sum(line.bits for line in composition.lines) / notes


@pytest.mark.parametrize("style", STYLES)
def test_the_notes_are_the_networks_noise_in_its_place_is_told_apart(composer, style) -> None:
    plans = plans_of(style)
    deaf = Composer()
    for desk in deaf.desks:
        desk.network = Noise(desk.network, 1)  # type: ignore[assignment]
    heard = [
        composer.bits(p, one.lines) for p, one in zip(plans, written(composer, plans), strict=True)
    ]
    noise = [
        composer.bits(p, one.lines) for p, one in zip(plans, written(deaf, plans), strict=True)
    ]
    print(f"\n{style}: bits per note {np.round(heard, 2)}, with random logits {np.round(noise, 2)}")
    assert max(heard) < 4.0
    assert min(noise) > max(heard) + 2.0


def test_the_bits_on_a_line_are_what_the_model_says_when_it_reads_the_line_again(composer) -> None:
    plans = plans_of("lofi")
    for plan, made in zip(plans, written(composer, plans), strict=True):
        assert composer.bits(plan, made.lines) == pytest.approx(own_bits(made), rel=1e-5)


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "12/8"])
def test_lines_keep_to_the_bars_the_ranges_and_one_note_at_a_time(composer, meter) -> None:
    plans = plans_of("acoustic_folk" if meter != "12/8" else "orchestral_epic", meter=meter)
    for plan, made in zip(plans, written(composer, plans), strict=True):
        assert plan.meter == meter
        parts = cast_of(plan)
        bar = bar_ticks(plan.meter)
        for line in made.lines:
            if line.role == "drums":
                continue  # struck together, by the keys of a kit
            part = parts[line.role]
            asked = {
                number for one in plan.sections if sounds_in(plan, one, line.role)
                for number in range(one.bar, one.bar + one.bars)
            }  # fmt: skip
            for note in line.notes:
                assert part.low <= note.pitch <= part.high
                assert note.length > 0
                assert note.start % TICKS_PER_UNIT == note.length % TICKS_PER_UNIT == 0
                assert note.start // bar in asked
                assert note.start + note.length <= plan.bars * bar
            for before, after in pairwise(line.notes):
                assert before.start + before.length <= after.start


def test_a_take_is_the_same_alone_and_among_others(composer) -> None:
    plans = [plan for style in STYLES for plan in plans_of(style, 2)]
    together = written(composer, plans)
    for at, plan in enumerate(plans):
        alone = composer.write([plan], [7 + at], rate=rater(plan))[0]
        assert alone.lines == together[at].lines
        assert alone.rewrites == together[at].rewrites


def test_another_seed_writes_other_notes_under_the_same_plan(composer) -> None:
    plan = plans_of("solo_piano", 1)[0]
    one, other = composer.write([plan, plan], [1, 2])
    leads = [{(n.start, n.pitch) for n in made.lines[0].notes} for made in (one, other)]
    assert leads[0] != leads[1]
    assert len(leads[0] & leads[1]) < 0.9 * len(leads[0])


_AGAIN = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from engine.compose.composer import Composer
from engine.contracts import Brief
from engine.critique.bars import rater
from engine.plan import draw
from engine.words import resolve
plans = draw(resolve(Brief(kind="bed", style="lofi", duration_ms=60000, seed=3), 3), 3, 3)
made = Composer().write(plans, [7, 8, 9], rate=rater(plans[0]))
print(json.dumps([[[n.start, n.length, n.pitch] for n in l.notes] for one in made
                  for l in one.lines]))
print("torch" in sys.modules)
"""


def test_the_same_seed_writes_the_same_notes_in_another_process_without_torch(composer) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _AGAIN, json.dumps(sys.path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    notes, torch = ran.stdout.splitlines()
    here = [
        [[n.start, n.length, n.pitch] for n in line.notes]
        for made in written(composer, plans_of("lofi")) for line in made.lines
    ]  # fmt: skip
    assert json.loads(notes) == here
    assert torch == "False"
