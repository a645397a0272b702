"""An upload is taken in whole, once, or not at all."""

import asyncio
import json
import tracemalloc
import zlib

import asyncpg
import pytest

from api.batches.contracts import MOST_LINES
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from tests.api.batches.uploads import CHIME, chimes, lines, results, told, upload, waiting
from tests.api.conftest import Client, Door


async def kept(pool: asyncpg.Pool, account: str) -> tuple[int, ...]:
    """Rows there are of an account: batches, briefs, jobs, holds."""
    tables = ("api.batches", "api.briefs", "engine.jobs", "billing.holds")
    return tuple(
        [await pool.fetchval(f"select count(*) from {one} where account = $1", account) or 0
         for one in tables]
    )  # fmt: skip


async def sound(pool: asyncpg.Pool) -> bool:
    """Whether the ledger keeps every promise."""
    async with lent(pool) as conn:
        broken = await ledger.violations(conn)
    assert broken == []
    return True


async def test_every_line_is_held_at_the_batch_price_and_enqueued(
    client: Client, pool: asyncpg.Pool
) -> None:
    content = chimes(7) + lines(CHIME | {"kind": "bed", "duration_ms": 90_000, "candidates": 2})
    answer = await upload(client, content, zipped=True, query="?name=autumn")
    said = answer.json()
    assert (answer.status_code, said["status"], said["briefs"]) == (202, "running", 8)
    assert answer.headers["location"] == f"/v1/batches/{said['id']}"
    assert said["tokens"]["quoted"] == said["tokens"]["held"] == 7 * 1 + 2 * 2
    assert await client.available() == 1000 - 11
    assert await kept(pool, client.account) == (1, 8, 8, 8)
    assert await pool.fetchval("select count(*) from engine.jobs where lane = 'batch'") == 8
    assert said == await told(client, said["id"]), "what was answered is what is kept"
    first = (await results(client, said["id"]))[0]
    assert (first["line"], first["reference"], first["status"]) == (1, "ref-1", "queued")
    brief = (await client.get(f"/v1/briefs/{first['brief']}")).json()
    assert (brief["seed"], brief["tokens"]["held"]) == (1, 1)
    assert await sound(pool)


async def test_a_quote_says_what_an_upload_would_cost_and_holds_nothing(
    client: Client, pool: asyncpg.Pool
) -> None:
    content = chimes(3, candidates=2)
    said = (await upload(client, content, path="/v1/batches/quotes")).json()
    assert (said["briefs"], said["tokens"], said["available_tokens"]) == (3, 6, 1000)
    assert await kept(pool, client.account) == (0, 0, 0, 0)
    made = (await upload(client, content)).json()
    assert made["tokens"]["quoted"] == said["tokens"]
    assert made["expected_s"] == pytest.approx(said["expected_s"])


async def test_one_wrong_line_of_many_is_named_and_nothing_is_held(
    client: Client, pool: asyncpg.Pool
) -> None:
    before, after = chimes(250), chimes(250)
    wrong = lines(CHIME | {"bpm": 9000})
    answer = await upload(client, before + wrong + after)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "validation_failed")
    assert [(one["line"], one["pointer"], one["limit"]) for one in said["errors"]] == [
        (251, "/lines/251/bpm", {"min": 30, "max": 300})
    ]
    assert await kept(pool, client.account) == (0, 0, 0, 0)
    assert await client.available() == 1000
    assert (await upload(client, before + after)).status_code == 202, "the same name, mended"


WRONG = [
    (b"{", "", "invalid_json"),
    (b"[]", "", "wrong_type"),
    (b"{}", "/prompt", "nothing_asked"),
    (b'{"prompt": "\xff"}', "", "invalid_json"),
    (b'{"prompt": "a", "promt": "b"}', "/promt", "unknown_field"),
    (b'{"prompt": "a", "lane": "interactive"}', "/lane", "not_one_of"),
    (b'{"prompt": "a", "reference": ""}', "/reference", "too_short"),
    (b'{"prompt": "a", "reference": "\\u0000"}', "/reference", "bad_character"),
    (b'{"prompt": "a", "deadline_s": 600}', "/deadline_s", "too_short"),
    (b'{"prompt": "a", "max_tokens": 0}', "/max_tokens", "budget_exceeded"),
    (b'{"prompt": "a", "quote": "quo_0"}', "/quote", "unknown_quote"),
    (b'{"prompt": "a", "melody": 1}', "/melody", "not_yet_available"),
    (b"[" * 200_000, "", "invalid_json"),
]


async def test_what_is_wrong_with_a_line_says_where(client: Client) -> None:
    content = b"".join(chimes(1) + line + b"\n" for line, _, _ in WRONG)
    answer = await upload(client, content)
    assert answer.status_code == 422, answer.text
    told = sorted((one["line"], one["pointer"], one["code"]) for one in answer.json()["errors"])
    assert told == [
        (2 * n, f"/lines/{2 * n}{pointer}", code) for n, (_, pointer, code) in enumerate(WRONG, 1)
    ]


async def test_no_more_than_a_hundred_mistakes_are_named(client: Client) -> None:
    answer = await upload(client, chimes(250, bpm=1))
    said = answer.json()
    assert len(said["errors"]) == 100
    assert said["errors"][-1]["line"] == 100
    assert "nobody looked further" in said["detail"]


async def test_the_same_upload_is_one_batch_under_any_name_unless_asked_otherwise(
    client: Client, pool: asyncpg.Pool
) -> None:
    content = chimes(2)
    first = await upload(client, content)
    again = await upload(client, content)
    other = await upload(client, content, "second", zipped=True)
    assert (again.status_code, other.status_code) == (202, 200)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == other.headers["idempotent-replayed"] == "true"
    assert other.json()["id"] == first.json()["id"]
    assert await kept(pool, client.account) == (1, 2, 2, 2)
    anew = await upload(client, content, "third", query="?again=true")
    assert (anew.status_code, anew.json()["id"] != first.json()["id"]) == (202, True)
    assert await kept(pool, client.account) == (2, 4, 4, 4)
    mismatch = await upload(client, chimes(3))
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")


async def test_the_same_upload_of_another_account_is_its_own(door: Door) -> None:
    one, other = await door.client(), await door.client()
    made = [(await upload(client, chimes(2))).json()["id"] for client in (one, other)]
    assert len(set(made)) == 2
    assert (await other.get(f"/v1/batches/{made[0]}")).status_code == 404


async def test_what_is_cut_off_or_no_json_lines_is_refused(client: Client) -> None:
    whole = zlib.compress(chimes(50), wbits=31)

    async def sent(content: bytes, **headers: str) -> tuple[int, str]:
        named = {"content-type": "application/jsonl", "idempotency-key": "x", **headers}
        answer = await client.post("/v1/batches", content=content, headers=named)
        return answer.status_code, answer.json()["code"]

    gzipped = {"content-encoding": "gzip"}
    assert await sent(whole[:-20], **gzipped) == (422, "validation_failed")
    assert await sent(whole[:40], **gzipped) == (422, "validation_failed")
    assert await sent(b"", **gzipped) == (422, "validation_failed")
    assert await sent(b"\n\n") == (422, "validation_failed")
    assert await sent(chimes(1), **gzipped) == (422, "validation_failed")
    assert await sent(whole) == (415, "unsupported_media_type")
    assert await sent(b"PK\x03\x04 and so on") == (415, "unsupported_media_type")
    assert await sent(chimes(1), **{"content-type": "application/zip"}) == (
        415, "unsupported_media_type",
    )  # fmt: skip
    assert await sent(chimes(1), **{"content-encoding": "br"}) == (415, "unsupported_media_type")
    assert await client.available() == 1000


async def test_a_bomb_is_refused_without_being_unpacked(client: Client) -> None:
    headers = {"content-type": "application/jsonl", "content-encoding": "gzip",
               "idempotency-key": "x"}  # fmt: skip
    for filling, status in ((b"a", 413), (b"\n", 422), (b'{"prompt": "x"}\n', 422)):
        packer = zlib.compressobj(9, wbits=31)
        piece = filling * (1_000_000 // len(filling))
        bomb = b"".join([*(packer.compress(piece) for _ in range(200)), packer.flush()])
        assert len(bomb) < 1_000_000, "a small body of two hundred million bytes"
        tracemalloc.start()
        answer = await client.post("/v1/batches", content=bomb, headers=headers)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == status, answer.text
        assert peak < 4_000_000, "it was refused long before it was whole"
    assert await client.available() == 1000


async def test_too_many_lines_are_refused(client: Client) -> None:
    answer = await upload(client, b"{}\n" * (MOST_LINES + 1))
    assert answer.json()["errors"][0]["limit"] == {"max": MOST_LINES}


async def test_what_the_tokens_do_not_reach_for_is_refused_as_a_whole(
    door: Door, pool: asyncpg.Pool
) -> None:
    client = await door.client(tokens=4)
    refused = await upload(client, chimes(5))
    said = refused.json()
    assert (refused.status_code, said["code"]) == (402, "insufficient_tokens")
    assert (said["needed"], said["available"]) == (5, 4)
    capped = await upload(client, chimes(4), query="?max_tokens=3")
    assert (capped.status_code, capped.json()["code"]) == (402, "budget_exceeded")
    assert await kept(pool, client.account) == (0, 0, 0, 0)
    assert (await upload(client, chimes(4))).status_code == 202
    assert await client.available() == 0
    assert await sound(pool)


async def test_budgets_are_asked_for_what_all_lines_under_them_need(
    client: Client, pool: asyncpg.Pool
) -> None:
    async def cap(scope: str, subject: str, tokens: int) -> None:
        body = {"scope": scope, "subject": subject, "cap": tokens}
        headers = {"authorization": f"Bearer {client.secret}"}
        assert (await client.http.put("/v1/budgets", json=body, headers=headers)).is_success

    await cap("project", "spring", 3)
    await cap("project", "autumn", 100)
    await cap("key", client.key, 9)
    content = chimes(4, project="spring") + chimes(2, project="autumn") + chimes(2)
    refused = await upload(client, content)
    said = refused.json()
    assert (refused.status_code, said["code"]) == (402, "budget_exceeded")
    assert (said["needed"], said["available"]) == (4, 3)
    assert await sound(pool)
    await cap("project", "spring", 4)
    assert (await upload(client, content)).status_code == 202
    held = {
        one["subject"]: one["held"] for one in (await client.get("/v1/budgets")).json()["items"]
    }
    assert held == {"spring": 4, "autumn": 2, client.key: 8}
    over = await upload(client, chimes(2, prompt="another"), "over")
    assert (over.status_code, over.json()["needed"], over.json()["available"]) == (402, 2, 1)
    assert await sound(pool)


async def test_a_frozen_account_uploads_nothing(client: Client, pool: asyncpg.Pool) -> None:
    async with lent(pool) as conn:
        await ledger.freeze(conn, client.account, "operator")
    answer = await upload(client, chimes(2))
    assert (answer.status_code, answer.json()["code"]) == (402, "account_frozen")
    assert await kept(pool, client.account) == (0, 0, 0, 0)


async def test_a_crash_in_the_middle_leaves_nothing_and_a_repeat_happens_once(
    client: Client, pool: asyncpg.Pool
) -> None:
    async with transaction(pool) as conn:
        await conn.execute("select from billing.wallets where account = $1 for update",
                           client.account)  # fmt: skip
        sending = asyncio.create_task(upload(client, chimes(20)))
        writer = await waiting(pool)
        assert await pool.fetchval("select pg_terminate_backend($1)", writer)
        crashed = await sending
    assert (crashed.status_code, crashed.json()["code"]) == (503, "unavailable")
    assert await kept(pool, client.account) == (0, 0, 0, 0)
    assert (await upload(client, chimes(20))).status_code == 202
    assert await kept(pool, client.account) == (1, 20, 20, 20)
    assert await client.available() == 980
    assert await sound(pool)


async def test_two_of_the_same_at_once_are_one(door: Door, pool: asyncpg.Pool) -> None:
    client = await door.client()
    other = await door.another_key(client.account, ("admin",))
    async with transaction(pool) as conn:
        await conn.execute("select from billing.wallets where account = $1 for update",
                           client.account)  # fmt: skip
        first = asyncio.create_task(upload(client, chimes(3)))
        await waiting(pool)
        second = asyncio.create_task(upload(other, chimes(3), "second"))
        await waiting(pool, "insert into api.batches")
        third = await upload(other, chimes(9), "third")
        assert (third.status_code, third.json()["code"]) == (503, "overloaded")
    taken, same = await first, await second
    assert (taken.status_code, same.status_code) == (202, 200)
    assert taken.json()["id"] == same.json()["id"]
    assert await kept(pool, client.account) == (1, 3, 3, 3)


async def test_what_came_in_a_batch_keeps_no_brief_out(door: Door, pool: asyncpg.Pool) -> None:
    client = await door.client()
    shop = door.app.shop
    many = shop.settings.open_briefs + 20
    assert (await upload(client, chimes(many))).status_code == 202
    assert (await client.brief(CHIME)).status_code == 202
    limits = (await client.get("/v1/capabilities")).json()["limits"]
    assert limits["open_briefs"] == limits["open_briefs_of_key"] == 1
    assert json.loads((await client.get("/v1/batches")).text)["items"][0]["briefs"] == many
