"""The capacity model says what can be reckoned without it."""

import random
import statistics

from loadtests.capacity.model import Day, Scaling, Studios, Wish, fewest_pods


def _wishes(per_s: float, count: int, work_s: float, *, batch: bool = False) -> list[Wish]:
    dice, at = random.Random(1), 0.0
    found = list[Wish]()
    for _ in range(count):
        at += dice.expovariate(per_s)
        found.append(Wish(at=at, takes_s=(work_s,), expected_s=work_s, batch=batch,
                          deadline_s=86_400))  # fmt: skip
    return found


def test_one_studio_keeps_briefs_waiting_as_long_as_pollaczek_and_khinchine_say() -> None:
    load = 0.7
    waits = Day(_wishes(load, 40_000, 1.0), Studios(poll_s=0.0)).run().waits
    assert len(waits) == 40_000
    expected = load / (2 * (1 - load))
    assert abs(statistics.fmean(waits) - expected) < 0.1 * expected


def test_interactive_briefs_pass_batch_ones_which_end_all_the_same() -> None:
    run = [Wish(at=0.0, takes_s=(1.0,), batch=True, deadline_s=86_400) for _ in range(100)]
    urgent = [Wish(at=10.5, takes_s=(1.0,)), Wish(at=10.6, takes_s=(1.0,))]
    found = Day([*run, *urgent], Studios(poll_s=0.0)).run()
    assert [round(one, 1) for one in found.waits] == [0.5, 1.4]
    assert len(found.batch_waits) == 100
    assert found.lasted_s == 102.0


def test_a_batch_brief_near_its_deadline_waits_among_the_interactive_ones() -> None:
    flood = [Wish(at=float(at), takes_s=(1.0,), deadline_s=1e9) for at in range(4 * 3600)]
    late = Wish(at=0.5, takes_s=(1.0,), batch=True, deadline_s=3 * 3600)
    found = Day([*flood, late], Studios(poll_s=0.0)).run()
    assert 3600 <= found.batch_waits[0] < 3 * 3600
    assert found.late == 0


def test_what_a_lost_studio_had_delivered_is_not_made_again() -> None:
    wish = Wish(at=0.0, takes_s=(1000.0,) * 4, deadline_s=1e9)
    studios = Studios(poll_s=0.0, lost_per_day=60.0, cold_s=10.0, lease_s=30.0)
    calm = Day([wish], Studios(poll_s=0.0)).run()
    found = Day([wish], studios, seed=1).run()
    assert calm.latencies == [4000.0]
    assert found.lost, "the seed loses one"
    again = found.latencies[0] - 4000.0
    assert 0 < again <= found.lost * (1000.0 + 40.0)


def test_studios_come_with_the_backlog_and_go_when_it_is_done() -> None:
    burst = [Wish(at=100.0, takes_s=(30.0,) * 4, expected_s=120.0) for _ in range(60)]
    last = Wish(at=4000.0, takes_s=(30.0,) * 4, expected_s=120.0)
    found = Day([*burst, last], Studios(scaling=Scaling(), cold_s=30.0)).run()
    assert found.most_pods == 60
    assert found.late == 0
    assert found.pod_s < 60 * 900, "they do not stay for what comes an hour later"
    assert len(found.latencies) == 61


def test_a_studio_that_drains_gives_back_what_it_cannot_end() -> None:
    long = [Wish(at=0.0, takes_s=(900.0,), expected_s=1.0, deadline_s=1e9) for _ in range(8)]
    scaling = Scaling(least=1, target_s=1.0, stable_s=0.0)
    few = [Wish(at=1.0, takes_s=(5.0,), expected_s=40.0, deadline_s=1e9)]
    found = Day([*long, *few], Studios(scaling=scaling, cold_s=1.0, drain_s=25.0)).run()
    assert found.given_back > 0
    assert len(found.latencies) == 9


def test_the_fewest_pods_are_enough_and_one_less_is_not() -> None:
    wishes = _wishes(0.05, 3000, 60.0)
    count, found = fewest_pods(wishes, Studios(), 10.0)
    assert count >= 3, "three are busy all the time"
    assert sorted(found.waits)[int(0.95 * len(found.waits)) - 1] <= 10.0
    fewer = Day(wishes, Studios(pods=count - 1)).run()
    assert sorted(fewer.waits)[int(0.95 * len(fewer.waits)) - 1] > 10.0
