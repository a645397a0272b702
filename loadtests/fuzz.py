"""Fifty thousand requests made up from the document, sent with the keys of two accounts.

``python -m loadtests.fuzz --requests 50000 --seed 1``

A real gateway on a Postgres of its own; each account owns one thing of every kind. A request is
made by schemathesis, valid or not, and sent with either key, with the account's own ids, the
other's or made-up ones. Looked for: answers of 5xx, answers that the document does not promise, and
anything of the other account's in an answer (its ids, its account, its keys), unless the request
itself had named it. Ends with 1 when one is found.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import asyncpg
import requests
from msgspec import Struct
from schemathesis import Case, GenerationMode

from api.database import migrate
from api.postgres import Embedded
from tests.api.fuzzing import REFUSED_EARLY, Stage, Tenant, every_operation, exchange, staged

SHARE = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
IN_COMMON = {"month", "stem", "file", "page", "quickstart"}
"""Parameters whose values say nothing about whose they are."""


class Found(Struct):
    """What has been seen so far."""

    statuses: Counter[int]
    foreign: list[str]
    asked_foreign: int = 0


def main() -> int:
    """Send them and print what they found; 1 where it is anything that must not be."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="cue-fuzz-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Embedded(folder / "data") as postgres:
            _template(postgres)
            (folder / "house").mkdir()
            with staged(postgres, folder / "house", 2) as stage:
                return _attack(stage, given.requests, given.seed, given.only)


def _attack(stage: Stage, wanted: int, seed: int, only: set[str]) -> int:
    dice, began = random.Random(seed), time.monotonic()
    found = Found(statuses=Counter(), foreign=[])
    wrong: list[str] = []
    operations = [
        one for one in every_operation(stage)
        if not only or one.definition.raw["operationId"] in only
    ]  # fmt: skip
    parts, sent = sum(SHARE.values()), 0
    print(f"{wanted} requests to {len(operations)} operations, seed {seed}", flush=True)
    print("| operation | requests | 2xx | refused early | 5xx |\n|---|---|---|---|---|")
    with requests.Session() as session:
        while sent < wanted:
            # A call without parameters has few requests to make up: others are sent more.
            each = max(8, (wanted - sent) // len(operations))
            for operation in operations:
                counts: Counter[int] = Counter()
                for mode, share in SHARE.items():
                    wrong += exchange(
                        operation, mode, max(4, each * share // parts), stage, dice, session,
                        counts, lambda *seen: _look(stage, found, *seen),
                    )  # fmt: skip
                found.statuses += counts
                print(_row(operation.definition.raw["operationId"], counts), flush=True)
            if found.statuses.total() == sent:
                break
            sent = found.statuses.total()
    return _verdict(found, wrong, wanted, time.monotonic() - began)


def _look(
    stage: Stage, found: Found, name: str, tenant: Tenant, case: Case, answer: requests.Response
) -> None:
    """Whether an answer tells its caller something of the other's that it had not named."""
    said = f"{answer.request.url} {answer.request.headers} {answer.request.body!r}"
    for other in stage.tenants:
        if other is tenant:
            continue
        private = {
            other.account, *other.secrets.values(), other.secret,
            *(thing for kind, thing in other.ids.items() if kind not in IN_COMMON),
        }  # fmt: skip
        named = {thing for thing in private if thing in said}
        found.asked_foreign += bool(named)
        told = {thing for thing in private - named if thing.encode() in answer.content}
        if told or (named and answer.status_code < 300 and name.startswith(("read", "download"))):
            found.foreign.append(f"{name} {answer.status_code}: {sorted(told or named)}")


def _row(name: str, counts: Counter[int]) -> str:
    fine = sum(number for status, number in counts.items() if 200 <= status < 300)
    early = sum(number for status, number in counts.items() if status in REFUSED_EARLY)
    faults = sum(number for status, number in counts.items() if status >= 500)
    return f"| {name} | {counts.total()} | {fine} | {early} | {faults} |"


def _verdict(found: Found, wrong: list[str], wanted: int, seconds: float) -> int:
    total = found.statuses.total()
    faults = sum(number for status, number in found.statuses.items() if status >= 500)
    print(f"{total} requests in {seconds:.0f} s: {dict(sorted(found.statuses.items()))}")
    print(f"{found.asked_foreign} of them named a thing of the other account's")
    print(f"5xx: {faults}; undocumented: {len(wrong)}; told of another's: {len(found.foreign)}")
    for line in (*wrong[:20], *found.foreign[:20]):
        print(f"  {line}")
    return int(bool(faults or wrong or found.foreign) or total < wanted)


def _template(postgres: Embedded) -> None:
    async def made() -> None:
        conn = await asyncpg.connect(postgres.dsn)
        await conn.execute("create database template")
        await conn.close()
        await migrate(postgres.database("template"))

    asyncio.run(made())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", type=lambda text: set(text.split(",")), default=set(), metavar="NAMES",
        help="operations, with commas between; all otherwise",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
