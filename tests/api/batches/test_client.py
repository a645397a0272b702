"""The client's side of batches, awaited, against the real gateway, studio and clerk."""

from pathlib import Path
from zipfile import ZipFile

import asyncpg
import httpx
import pytest
from cuesmith_client import AsyncCuesmith, NotPaid, Wrong

from api.clerk.batches import end_batches, stop_batches
from tests.api.batches.uploads import CHIME, chimes
from tests.api.conftest import Door
from tests.api.studio import make_and_settle


@pytest.mark.slow
async def test_a_catalogue_by_the_client(
    door: Door, pool: asyncpg.Pool, tmp_path: Path, desk: object
) -> None:
    client = await door.client(tokens=2 + 2 + 1)
    async with AsyncCuesmith(
        "http://door", client.secret, transport=httpx.ASGITransport(door.app)
    ) as cuesmith:
        with pytest.raises(Wrong) as wrong:
            await cuesmith.quote_batch([CHIME, CHIME | {"bpm": 1}])
        assert [one.pointer for one in wrong.value.reasons] == ["/lines/2/bpm"]
        file = tmp_path / "lines.jsonl"
        file.write_bytes(chimes(2))
        quote = await cuesmith.quote_batch(file)
        batch = await cuesmith.send_batch(file, name="doors", max_tokens=quote.tokens)
        again = await cuesmith.send_batch(chimes(2))
        assert (again.id, batch.view.name) == (batch.id, "doors")
        await make_and_settle(door.pool, door.store)
        assert await end_batches(desk) == 1  # pyright: ignore
        assert [view.ended async for view in batch.progress()] == [True]
        assert (await batch.wait()).view.done == 2
        assert [one.reference async for one in batch.results("succeeded")] == ["ref-1", "ref-2"]
        licensed = []
        with pytest.raises(NotPaid):
            async for pick in batch.pick_best():
                licensed.append(pick)  # noqa: PERF401 - it ends in a refusal
        assert [pick.line for pick in licensed] == [1]
        sheet = await batch.statement(tmp_path / "doors.csv")
        assert sheet.read_text().splitlines()[-1].split(",")[5:7] == ["total", "-4"]
        with ZipFile(await batch.package(tmp_path / "doors.zip")) as archive:
            assert "00001-ref-1/master.wav" in archive.namelist()
        assert [one.id async for one in cuesmith.batches()] == [batch.id]


async def test_a_batch_is_stopped_by_the_client(door: Door, desk: object) -> None:
    client = await door.client()
    async with AsyncCuesmith(
        "http://door", client.secret, transport=httpx.ASGITransport(door.app)
    ) as cuesmith:
        batch = await cuesmith.batch((await cuesmith.send_batch(chimes(3))).id)
        assert (await batch.cancel()).view.status == "canceling"
        assert await stop_batches(desk) == 3  # pyright: ignore
        assert (await batch.read()).view.counts["canceled"] == 3
        assert (await cuesmith.balance()).held == 0
