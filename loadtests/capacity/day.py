"""A day of 100,000 briefs: when they come, of which kinds, and what they take.

The curve, the mix and the prices are assumptions and stand here as such; what a brief takes is
measured (`measured.json`). Two studios' sessions that work side by side on two cores fill both; one
alone fills one and a half, since it plays two takes at once and composes on one core
(loadtests/README.md: 5.4 to 6.8 s of CPU in 3.7 to 4.0 s by the clock).
"""

import random
from collections.abc import Mapping

from msgspec import Struct

from loadtests.capacity.measuring import SHORTEST, Kind, Measured
from loadtests.capacity.model import DAY_S, Wish

MONTH_DAYS = 30
CURVE = (3, 4, 5, 5, 4, 4, 5, 6, 7, 7, 6, 5, 5, 6, 6, 5, 4, 3, 3, 2, 2, 2, 2, 3)
"""Interactive briefs by the hour of UTC, as shares: East Asia's working day, then Europe's."""
MIX: dict[str, float] = {
    "bed of a minute": 0.45, "loop of 16 bars": 0.2, "sting": 0.1, "chime": 0.15,
    "ambience of 30 s": 0.1,
}  # fmt: skip
BATCH_SHARE, RUNS = 0.4, 10
"""So much of all are catalogue runs of beds in the batch lane: so many, each sent in minutes."""
RUN_S = 600.0
CANDIDATES = 4
PICKED_SHARE = 0.25
"""Of all candidates: one brief licenses one of its four."""
RETENTION_DAYS = 7 + 1  # and a day of grace
EXPECTED_S: dict[str, float] = {
    "bed of a minute": 66.0,
    "loop of 16 bars": 38.0,
    "sting": 10.0,
    "chime": 7.5,
    "ambience of 30 s": 36.0,
}
"""What the door tells KEDA of them: `api.briefs.service` reckons 2 s and (1 + a quarter of the
length) a candidate."""
CORES, ALONE_FILLS = 2.0, 1.5


class Prices(Struct, frozen=True, kw_only=True):
    """What an operator pays, in one currency; given, not known."""

    core_hour: float
    gb_month: float
    database_hour: float


class Needs(Struct, frozen=True, kw_only=True):
    """What all briefs of a day use together."""

    minutes: float  # of audio, all candidates
    studio_s: float
    gateway_s: float
    clerk_s: float
    postgres_s: float
    rows: float
    wal: float
    database: float
    files: float


def session_s(kind: Kind, sessions: int) -> float:
    """How long a brief takes one of so many sessions of a pod of two cores."""
    cores = min(CORES, ALONE_FILLS * sessions) / sessions
    return kind.used.studio_s / cores


def wishes(measured: Measured, briefs: int, sessions: int, seed: int) -> list[Wish]:
    """A day's briefs in the order in which they come."""
    dice = random.Random(seed)
    batch = round(briefs * BATCH_SHARE)
    made = [_interactive(dice, measured, sessions) for _ in range(briefs - batch)]
    for number in range(RUNS):
        begins = (number + dice.random()) * DAY_S / RUNS * 0.9
        for _ in range(batch // RUNS):
            at = begins + dice.uniform(0, RUN_S)
            made.append(_wish(at, "bed of a minute", measured, sessions, batch=True))
    return sorted(made, key=lambda one: one.at)


def _interactive(dice: random.Random, measured: Measured, sessions: int) -> Wish:
    (hour,) = dice.choices(range(24), CURVE)
    (kind,) = dice.choices(list(MIX), list(MIX.values()))
    return _wish((hour + dice.random()) * 3600, kind, measured, sessions, batch=False)


def _wish(at: float, kind: str, measured: Measured, sessions: int, *, batch: bool) -> Wish:
    """Composing comes first and is a tenth of the work; the rest is playing take by take."""
    work = session_s(measured.kinds[kind], sessions)
    return Wish(
        at=at, first_s=0.1 * work, takes_s=(0.9 * work / CANDIDATES,) * CANDIDATES,
        expected_s=EXPECTED_S[kind], batch=batch, deadline_s=DAY_S if batch else 600.0,
    )  # fmt: skip


def counts(briefs: int) -> dict[str, float]:
    """How many of each kind, batch and interactive together."""
    batch = briefs * BATCH_SHARE
    found = {kind: (briefs - batch) * share for kind, share in MIX.items()}
    found["bed of a minute"] += batch
    return found


def needs(measured: Measured, briefs: int) -> Needs:
    """The sums of a day."""
    each = counts(briefs)

    def total(name: str) -> float:
        return sum(count * getattr(measured.kinds[kind].used, name) for kind, count in each.items())

    idle = measured.idle
    return Needs(
        minutes=sum(
            count * CANDIDATES * measured.kinds[kind].seconds / 60 for kind, count in each.items()
        ),
        studio_s=total("studio_s"),
        gateway_s=total("gateway_s"),
        clerk_s=total("clerk_s"),
        postgres_s=briefs * measured.kinds[SHORTEST].used.postgres_s
        + idle.postgres_s / idle.at * DAY_S,
        rows=total("rows") + idle.rows / idle.at * DAY_S,
        wal=total("wal") + idle.wal / idle.at * DAY_S,
        database=total("bytes"),
        files=sum(count * measured.kinds[kind].files for kind, count in each.items()),
    )


def peak_over_mean() -> float:
    """The busiest hour beside the mean one; batch work comes when it is told to."""
    return max(CURVE) / (sum(CURVE) / len(CURVE))


def cost_of_a_minute(
    used: Needs, pod_hours: float, other_core_hours: float, prices: Prices
) -> Mapping[str, float]:
    """What a minute of delivered audio costs, by what it is spent on.

    studio: pod hours x 2 cores x core price / minutes. gateway and clerk: core hours x core price /
    minutes. database: 24 x its price / minutes. storage of the unpicked: GB a day x 8 days, held
    all the time / minutes of that time. Storage of the picked: GB of them for a month.
    """
    gb_day = used.files / 2**30
    unpicked_gb = gb_day * (1 - PICKED_SHARE) * RETENTION_DAYS
    return {
        "studio": pod_hours * CORES * prices.core_hour / used.minutes,
        "gateway and clerk": other_core_hours * prices.core_hour / used.minutes,
        "database": 24 * prices.database_hour / used.minutes,
        "storage of the unpicked": unpicked_gb * prices.gb_month / MONTH_DAYS / used.minutes,
        "a month of the licensed": gb_day * PICKED_SHARE * prices.gb_month / used.minutes,
    }
