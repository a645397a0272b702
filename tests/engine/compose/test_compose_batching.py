"""Rows of many callers share every step: nobody notices, nobody is forgotten, nobody is in the way.

Most of these tests move the desks themselves, turn by turn, so that they count steps and no time.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from msgspec import Struct
from prometheus_client import REGISTRY

from engine.compose.call import Call, Manner
from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import PACKAGED, Composer, Composition
from engine.compose.desk import Desk
from engine.compose.floor import Floor
from engine.compose.network import Network
from engine.compose.seats import Seat
from engine.compose.take import Take
from engine.contracts import Brief, Kind, Plan
from engine.critique.bars import rate
from engine.errors import DeviceLost, ModelMissing, Stopped
from engine.plan import draw
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
ONCE = Manner(rate=rate, budget=2.0, tries=4)


class Order(Struct, frozen=True):
    """What one caller asks for."""

    plans: list[Plan]
    seeds: list[int]
    way: dict


def plans_of(style: str, kind: Kind, duration_ms: int, count: int) -> list[Plan]:
    brief = Brief(kind=kind, style=style, duration_ms=duration_ms, seed=5)
    return draw(resolve(brief, 5), 5, count)


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    """Calls of all sorts: long and short, rated or not, steered or not, hot and cold."""
    bed, sting = plans_of("rock", "bed", 12_000, 2), plans_of("lofi", "sting", 4_000, 2)
    loop = plans_of("waltz_ballroom", "loop", 8_000, 1)
    return [
        Order([*sting, bed[0]], [3, 4, 5], {"rate": rate}),
        Order(bed, [1, 1], {"rate": rate, "temperature": 1.4, "tries": 6, "budget": 4.0}),
        Order(loop, [8], {"craft": False}),
        Order([sting[0], loop[0]], [3, 9], {"rate": rate, "pull": 0.3}),
    ]


@pytest.fixture(scope="module")
def alone(orders) -> list[list[Composition]]:
    composer = Composer(desks=1, rows=2)
    return [composer.write(one.plans, one.seeds, **one.way) for one in orders]


@pytest.mark.parametrize(
    ("seed", "desks", "rows"), [(1, 1, 1), (2, 1, 3), (3, 2, 5), (4, 3, 24), (5, 1, 64)]
)
def test_callers_at_once_are_given_what_each_is_given_alone(
    orders, alone, seed, desks, rows
) -> None:
    dice = np.random.default_rng(seed)
    composer = Composer(desks=desks, rows=rows)
    chosen = dice.permutation(np.repeat(np.arange(len(orders)), 2)).tolist()

    def written(at: int) -> list[Composition]:
        one, seat = orders[at], Seat(account=str(at), lane="batch" if at % 2 else "interactive")
        return composer.write(one.plans, one.seeds, **one.way, seat=seat)

    with ThreadPoolExecutor(len(chosen)) as callers:
        found = list(callers.map(written, chosen))
    assert found == [alone[at] for at in chosen]


# --- the network ---


def features(rows: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of as many rows as there are the first: ids (rows, steps, features), bits (…, bits)."""
    dice = np.random.default_rng(seed)
    ids = np.stack([dice.integers(0, width, (64, steps)) for _, width in FEATURES], -1)
    return ids[:rows], dice.integers(0, 2, (64, steps, BITS)).astype(np.float32)[:rows]


def stepped(network: Network, rows: int, steps: int = 12) -> list[np.ndarray]:
    """Logits, hidden states and durations of ragged rows, one of them taken back in the middle."""
    ids, bits = features(rows, steps, 1)
    lengths, found = [0] * rows, []
    for at in range(steps):
        if at == 5:  # row 1 forgets all and is told nine other steps at once
            again = features(2, 9, 2)
            network.step(again[0][1:], again[1][1:], [0], slice(1, 2))
            lengths[1] = 9
        placed = np.zeros((network.slots.stepping(rows), 1, len(FEATURES)), np.int64)
        tinted = np.zeros((len(placed), 1, BITS), np.float32)
        placed[:rows], tinted[:rows] = ids[:, at : at + 1], bits[:, at : at + 1]
        idle = [0] * (len(placed) - rows)
        logits, hidden = network.step(placed, tinted, [*lengths, *idle], slice(0, len(placed)))
        lasting = network.durations(hidden[:, 0], np.arange(len(placed)) % 80)
        found += [logits[:rows], hidden[:rows], lasting[:rows]]
        lengths = [length + 1 if row % 3 or length < 6 else 2 for row, length in enumerate(lengths)]
    return found


def test_the_matrix_kernels_give_a_row_the_same_bits_in_whatever_company() -> None:
    most = stepped(Network(PACKAGED, slots=64), 64)
    for rows in (2, 3, 8, 24, 33):
        for few, many in zip(stepped(Network(PACKAGED, slots=64), rows), most, strict=True):
            assert np.array_equal(few, many[:rows]), rows


def test_slots_bound_by_address_hold_what_arrays_hold() -> None:
    """A device's slots, in the memory of the only device that is here: the CPU's."""
    host, device = Network(PACKAGED, slots=6), Network(PACKAGED, slots=6, device="cpu")
    assert device.slots.remote
    for ours, its in zip(stepped(host, 4), stepped(device, 4), strict=True):
        assert np.array_equal(ours, its)
    with pytest.raises(NotImplementedError):
        device.slots.copy(0, 1, 3)


def test_rows_that_keep_their_places_have_the_same_notes(orders, alone) -> None:
    composer = Composer(desks=1, rows=5)
    composer.desks[0].network = Network(PACKAGED, slots=5, device="cpu")
    for one, wanted in zip(orders[:2], alone, strict=False):
        assert composer.write(one.plans, one.seeds, **one.way) == wanted


def test_a_provider_whose_memory_is_not_known_is_refused() -> None:
    with pytest.raises(ModelMissing, match="cannot keep its slots on DmlExecutionProvider"):
        Network(PACKAGED, slots=2, provider="DmlExecutionProvider")


# --- turns ---


class Room:
    """A floor whose desks have no threads: the test takes their turns."""

    def __init__(self, network: Network, rows: int) -> None:
        self.floor = Floor(1, rows)
        self.desk = Desk(network, self.floor, 0)
        self.turns = 0

    def enter(self, plans: Sequence[Plan], seat: Seat, manner: Manner = ONCE) -> Call:
        call = Call([Take(plan, 1) for plan in plans], manner, seat)
        self.floor.enter(call)
        return call

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.turns += 1
            assert self.desk.turn()

    def finish(self, call: Call) -> int:
        """Turns until a call is over."""
        before = self.turns
        while not call.over:
            self.turn()
        return self.turns - before


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(PACKAGED, slots=6)


@pytest.fixture(scope="module")
def short() -> list[Plan]:
    """Plans of one section each, of about twenty steps."""
    return plans_of("lofi", "bed", 10_000, 2)


def test_a_flood_delays_another_account_by_little_and_its_own_by_much(network, short) -> None:
    idle = Room(network, 4)
    takes = idle.finish(idle.enter(short[:1], Seat(account="few")))

    def behind_a_flood(account: str) -> int:
        room = Room(network, 4)
        flood = [room.enter(short, Seat(account="flood")) for _ in range(12)]
        room.turn(3)
        waited = room.finish(room.enter(short[:1], Seat(account=account)))
        assert sum(not one.over for one in flood) >= (6 if account == "few" else 0)
        return waited

    assert behind_a_flood("few") <= 3 * takes
    assert behind_a_flood("flood") > 5 * takes


def test_a_stopped_call_has_no_row_in_the_next_step_and_others_have_them(network, short) -> None:
    room, gone = Room(network, 2), threading.Event()
    first = room.enter(short, Seat(stop=gone.is_set))
    second = room.enter(short, Seat())
    room.turn(5)
    assert [first.seated, second.seated] == [2, 0]
    gone.set()
    room.turn()
    assert [first.seated, second.seated] == [0, 2]
    with pytest.raises(Stopped):
        first.wait()
    room.finish(second)
    second.wait()


def test_a_call_that_waits_for_a_row_can_be_stopped_too(network, short) -> None:
    room, gone = Room(network, 2), threading.Event()
    first, second = room.enter(short, Seat()), room.enter(short, Seat(stop=gone.is_set))
    room.turn()
    gone.set()
    room.turn()
    assert second.over
    assert not first.over
    with pytest.raises(Stopped):
        second.wait()
    room.finish(first)


def test_a_caller_that_stops_is_told_so_and_another_is_not(short) -> None:
    composer, heard = Composer(desks=1), threading.Event()

    def listen(view):
        heard.set()
        return rate(view)

    with pytest.raises(Stopped):
        composer.write(short, [1, 2], rate=listen, seat=Seat(stop=heard.is_set))
    assert heard.is_set()
    with pytest.raises(Stopped):
        composer.write(short, [1, 2], seat=Seat(stop=lambda: True))
    assert composer.write(short[:1], [1]) == Composer(desks=1).write(short[:1], [1])


def test_what_breaks_in_one_passage_or_in_its_stop_fails_its_call_alone(network, short) -> None:
    room = Room(network, 6)

    def unknown() -> bool:
        raise LookupError("who asks?")

    broken, sound = Take(short[0], 1), room.enter(short[:1], Seat())
    wrong = [Call([broken], ONCE, Seat()), room.enter(short[:1], Seat(stop=unknown))]
    room.floor.enter(wrong[0])
    room.turn(3)
    del broken.passages[0].sheet
    room.finish(sound)
    with pytest.raises(AttributeError, match="sheet"):
        wrong[0].wait()
    with pytest.raises(LookupError, match="who asks"):
        wrong[1].wait()
    sound.wait()


class Failing:
    """A network that is given codes which no table has, after some steps: a true fault of a run."""

    def __init__(self, network: Network, steps: int) -> None:
        self._network, self._left = network, steps
        self.slots, self.durations = network.slots, network.durations

    def step(self, ids, bits, lengths, rows):
        self._left -= 1
        return self._network.step(ids + (10**7 if self._left < 0 else 0), bits, lengths, rows)


def test_a_network_that_cannot_be_run_fails_everybody_now_and_later(short) -> None:
    composer = Composer(desks=1, rows=2)
    composer.desks[0].network = Failing(composer.desks[0].network, 8)  # type: ignore[assignment]
    with ThreadPoolExecutor(3) as callers:
        found = [callers.submit(composer.write, short, [1, 2], rate=rate) for _ in range(3)]
        for one in found:
            with pytest.raises(DeviceLost, match="desk 0 of the composer cannot go on"):
                one.result(60)
    with pytest.raises(DeviceLost):
        composer.write(short, [1, 2])
    composer.close()


def test_steps_and_rows_are_counted(network, short) -> None:
    def said(name: str, desk: str = "0") -> float:
        return REGISTRY.get_sample_value(name, {"desk": desk}) or 0.0

    room, takes = Room(network, 3), [Take(plan, 1) for plan in short * 2]
    call = Call(takes, ONCE, Seat())
    before, turns = said("composer_steps_total"), said("composer_step_seconds_count")
    room.floor.enter(call)
    room.turn()
    assert said("composer_rows") == said("composer_rows_busy") == 3
    assert said("composer_rows_waiting", "all") > 0
    room.finish(call)
    assert said("composer_step_seconds_count") - turns == room.turns
    assert said("composer_steps_total") - before == sum(take.steps for take in takes)
