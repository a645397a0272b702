"""Two thousand requests made up from the document: no fault, nothing undocumented, and no call that
is only ever refused."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from schemathesis import GenerationMode

from api.postgres import Embedded
from tests.api.fuzzing import REFUSED_EARLY, Stage, every_operation, exchange, staged

AT_LEAST = 2000
DISABLED_EARLIER = {"test_webhook_endpoint"}
"""Refused with 409 from the moment at which a made-up change disabled the endpoint."""
MODES = {GenerationMode.POSITIVE: 64, GenerationMode.NEGATIVE: 32}


@pytest.fixture(scope="module")
def stage(server: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(server, tmp_path_factory.mktemp("fuzz"), 1) as made:
        yield made


@pytest.mark.slow
def test_no_request_finds_a_fault_or_an_undocumented_answer(stage: Stage) -> None:
    dice = random.Random(7)
    answered: dict[str, Counter[int]] = {}
    found_wrong: list[str] = []
    with requests.Session() as session:
        for operation in every_operation(stage):
            counts = answered.setdefault(operation.definition.raw["operationId"], Counter())
            for mode, examples in MODES.items():
                found_wrong += exchange(operation, mode, examples, stage, dice, session, counts)
    assert found_wrong == []
    _judge(answered)


def _judge(answered: dict[str, Counter[int]]) -> None:
    total = sum(counts.total() for counts in answered.values())
    past = sum(
        number
        for counts in answered.values()
        for status, number in counts.items()
        if status not in REFUSED_EARLY
    )
    for name, counts in sorted(answered.items()):
        print(f"{name:24s} {dict(sorted(counts.items()))}")
    print(f"{total} requests, {past / total:.0%} past authentication and validation")
    never = [name for name, counts in answered.items() if not any(200 <= s < 300 for s in counts)]
    assert set(never) <= DISABLED_EARLIER
    assert total >= AT_LEAST
    assert past >= total / 5
