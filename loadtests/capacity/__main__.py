"""``python -m loadtests.capacity``: what a day needs, by simulation."""

import argparse
import math
import sys

from loadtests.capacity import checking, measuring
from loadtests.capacity.day import (
    CANDIDATES,
    CORES,
    PICKED_SHARE,
    RETENTION_DAYS,
    Needs,
    Prices,
    cost_of_a_minute,
    needs,
    peak_over_mean,
    wishes,
)
from loadtests.capacity.model import DAY_S, Day, Outcome, Scaling, Studios, fewest_pods, percentile
from loadtests.house import table

P95_S, COLD_S, LOST_PER_DAY = 10.0, 40.0, 0.5
BUSY_SHARE = 0.7
"""How full gateways and clerks are planned to be at the peak."""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--briefs", type=int, default=100_000, help="a day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", action="store_true", help="one brief of each kind, really")
    parser.add_argument("--keep", action="store_true", help="let the simulation stand on that")
    parser.add_argument("--check", action="store_true", help="predicted beside measured waits")
    parser.add_argument("--seconds", type=float, default=180.0, help="of --check")
    parser.add_argument("--core-hour", type=float, default=0.04, help="what a core costs an hour")
    parser.add_argument("--gb-month", type=float, default=0.023, help="what a GB costs a month")
    parser.add_argument("--database-hour", type=float, default=0.8, help="what Postgres costs")
    given = parser.parse_args()
    if given.measure:
        return measuring.measure(given.keep)
    if given.check:
        return checking.check(given.seconds, given.seed)
    return _simulate(given)


def _simulate(given: argparse.Namespace) -> int:
    measured, briefs = measuring.kept(), given.briefs
    used = needs(measured, briefs)
    print(f"{briefs:,} briefs a day of {CANDIDATES} candidates, {used.minutes:,.0f} minutes of "
          f"audio; the busiest hour {peak_over_mean():.2f} times the mean")  # fmt: skip
    measuring.show(measured)
    print(f"\n{used.studio_s / 3600:,.0f} core hours of studios: "
          f"{used.studio_s / DAY_S / CORES:.1f} pods of 2 cores, never idle\n")  # fmt: skip
    hours, late = _pods(given, measured)
    _rest(used)
    _costs(given, used, hours)
    return 1 if late else 0


def _pods(given: argparse.Namespace, measured: measuring.Measured) -> tuple[float, int]:
    """Pods that are always there, and pods that KEDA starts; the latter's hours, and late jobs."""
    rows, hours, late = list[tuple[object, ...]](), 0.0, 0
    for sessions in (1, 2):
        day = wishes(measured, given.briefs, sessions, given.seed)
        studios = Studios(
            sessions=sessions, cold_s=COLD_S, lost_per_day=LOST_PER_DAY, scaling=Scaling()
        )
        count, fixed = fewest_pods(day, studios, P95_S)
        rows.append(_row(f"{count} always there", sessions, fixed))
        scaled = Day(day, studios).run()
        rows.append(_row(f"KEDA, {studios.scaling.target_s:g} s each", sessions, scaled))  # type: ignore[union-attr]
        hours, late = scaled.pod_s / 3600, late + scaled.late
    print(table((
        "pods of 2 cores", "sessions each", "most", "mean", "busy", "wait p50, s", "p95", "p99",
        "batch p95, h", "given back", "lost", "late",
    ), rows))  # fmt: skip
    print(f"\nAlways there: the fewest with which 95 % of interactive briefs wait {P95_S:g} s at "
          f"most. A cold start takes {COLD_S:g} s, a pod is lost {LOST_PER_DAY:g} times a day.\n"
          "GPU pods: as many as CPU pods of the same cores, by `bench_studio`.")  # fmt: skip
    return hours, late


def _row(name: str, sessions: int, found: Outcome) -> tuple[object, ...]:
    mean = found.pod_s / found.lasted_s
    return (
        name, sessions, found.most_pods, f"{mean:.1f}",
        f"{found.busy_s / found.pod_s / sessions:.0%}",
        *(f"{percentile(found.waits, share):.1f}" for share in (0.5, 0.95, 0.99)),
        f"{percentile(found.batch_waits, 0.95) / 3600:.1f}",
        found.given_back, found.lost, found.late,
    )  # fmt: skip


def _rest(used: Needs) -> None:
    peak = peak_over_mean()
    gb_day = used.files / 2**30
    kept = gb_day * (1 - PICKED_SHARE) * RETENTION_DAYS
    rows = [
        ("gateway", f"{used.gateway_s / DAY_S:.2f} cores; {_replicas(used.gateway_s, peak)} "
                    f"replicas of one core at the peak"),
        ("clerk", f"{used.clerk_s / DAY_S:.2f} cores; {_replicas(used.clerk_s, peak)} "
                  f"replicas of one core at the peak"),
        ("Postgres", f"{used.postgres_s / DAY_S:.2f} cores, {used.postgres_s / DAY_S * peak:.2f} "
                     f"at the peak"),
        ("rows written a second", f"{used.rows / DAY_S:,.0f}; {used.rows / DAY_S * peak:,.0f} "
                                  f"at the peak"),
        ("WAL", f"{used.wal / 2**30:.1f} GB a day, {used.wal / DAY_S / 2**20:.2f} MB a second"),
        ("the database grows", f"{used.database / 2**30:.2f} GB a day"),
        ("files", f"{gb_day:,.0f} GB a day; {kept:,.0f} GB of unpicked ones at any time (7 days "
                  f"and one of grace), {gb_day * PICKED_SHARE:,.0f} GB of licensed ones a day"),
    ]  # fmt: skip
    print("\n" + table(("what", "needed"), rows))


def _replicas(seconds: float, peak: float) -> int:
    return max(2, math.ceil(seconds / DAY_S * peak / BUSY_SHARE))


def _costs(given: argparse.Namespace, used: Needs, pod_hours: float) -> None:
    prices = Prices(
        core_hour=given.core_hour, gb_month=given.gb_month, database_hour=given.database_hour
    )
    peak = peak_over_mean()
    replicas = _replicas(used.gateway_s, peak) + _replicas(used.clerk_s, peak)
    parts = cost_of_a_minute(used, pod_hours, 24 * replicas, prices)
    rows = [*((name, f"{1000 * one:.3f}") for name, one in parts.items()),
            ("a minute of audio", f"{1000 * sum(parts.values()):.3f}")]  # fmt: skip
    print(f"\nAt {prices.core_hour:g} a core and hour, {prices.gb_month:g} a GB and month and "
          f"{prices.database_hour:g} an hour of Postgres, which are inputs:\n")  # fmt: skip
    print(table(("thousandths, a minute of audio", "cost"), rows))


if __name__ == "__main__":
    sys.exit(main())
