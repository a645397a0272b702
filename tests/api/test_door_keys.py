"""Keys that change: another secret takes over, a revoked one is dropped everywhere at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.app import create_app
from api.errors import AlreadyTerminal, InvalidKey, KeyRevoked, NotFound
from api.keys import service as keys
from api.keys.register import CHANNEL, Register
from api.licenses.signing import Signer
from api.listening import Ear
from api.settings import GatewaySettings
from billing.connections import transaction
from tests.api.conftest import PEPPER, Client, Door, opened

DAY = timedelta(days=1)


class Clock:
    """A register's clock, which stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def _until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    for _ in range(600):
        if await true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: never within half a minute")


async def _admitted(register: Register, secret: str) -> bool:
    try:
        await keys.admit(register, PEPPER, f"Bearer {secret}")
    except (KeyRevoked, InvalidKey):
        return False
    return True


@pytest.fixture
async def mine(pool: asyncpg.Pool) -> str:
    return (await keys.open_account(pool, "Studio", "test", "prepaid")).id


async def test_a_rotated_key_stays_itself_and_both_secrets_work_for_a_while(
    client: Client, door: Door
) -> None:
    made = (await client.post("/v1/api_keys", {"name": "shop", "scopes": ["read"]})).json()
    key, old = made["key"]["id"], made["secret"]
    answer = await client.post(f"/v1/api_keys/{key}/rotate", {"overlap_s": 3600})
    assert answer.status_code == 200
    new = answer.json()["secret"]
    assert new != old and answer.json()["key"]["hint"] == new[:16]
    for secret in (old, new):
        headers = {"authorization": f"Bearer {secret}"}
        assert (await door.http.get("/v1/balance", headers=headers)).status_code == 200
        assert (await door.http.get("/v1/api_keys", headers=headers)).status_code == 403
    listed = (await client.get("/v1/api_keys")).json()["items"]
    (line,) = [one for one in listed if one["id"] == key]
    assert line["rotated_at"] is not None and line["scopes"] == ["read"] and "secret" not in line


async def test_without_an_overlap_every_earlier_secret_ends_at_once(
    client: Client, door: Door
) -> None:
    made = (await client.post("/v1/api_keys", {"name": "leaked", "scopes": ["read"]})).json()
    path = f"/v1/api_keys/{made['key']['id']}/rotate"
    second = (await client.post(path, {})).json()["secret"]
    third = (await client.post(path, {"overlap_s": 0})).json()["secret"]
    said = [
        (await door.http.get("/v1/balance", headers={"authorization": f"Bearer {one}"})).status_code
        for one in (made["secret"], second, third)
    ]
    assert said == [401, 401, 200]


async def test_a_rotation_that_was_not_heard_of_can_be_repeated(
    pool: asyncpg.Pool, mine: str
) -> None:
    key, first = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    for _ in range(3):  # the answers were lost; the first secret is still in use
        _, last = await keys.rotate(pool, mine, key, DAY, pepper=PEPPER)
    for secret in (first, last):
        assert (await keys.authenticate(pool, PEPPER, f"Bearer {secret}")).key == key


async def test_a_key_keeps_only_so_many_earlier_secrets(pool: asyncpg.Pool, mine: str) -> None:
    key, _ = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    for _ in range(keys.FORMER_SECRETS + 3):
        await keys.rotate(pool, mine, key, DAY, pepper=PEPPER)
    kept = await pool.fetchval("select count(*) from api.former_secrets where key = $1", key)
    assert kept == keys.FORMER_SECRETS


async def test_an_ended_key_gets_no_new_secret_and_anothers_is_not_there(
    pool: asyncpg.Pool, mine: str
) -> None:
    key, _ = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    other = (await keys.open_account(pool, "Other", "test", "prepaid")).id
    with pytest.raises(NotFound):
        await keys.rotate(pool, other, key, DAY, pepper=PEPPER)
    await keys.revoke(pool, mine, key)
    with pytest.raises(AlreadyTerminal):
        await keys.rotate(pool, mine, key, DAY, pepper=PEPPER)


@pytest.mark.parametrize("overlap", [-1, 8 * 86_400, "soon", 1.5])
async def test_an_overlap_that_cannot_be_is_refused(client: Client, overlap: Any) -> None:
    answer = await client.post(f"/v1/api_keys/{client.key}/rotate", {"overlap_s": overlap})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/overlap_s")


async def test_another_replica_drops_a_revoked_key_as_soon_as_it_is_told(
    pool: asyncpg.Pool, postgres: str, mine: str
) -> None:
    key, secret = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    register, ear, heard = Register(pool, Clock()), Ear(postgres), asyncio.Event()

    def missed() -> None:
        register.forget_all()
        heard.set()

    ear.on(CHANNEL, register.forget, missed)
    ear.open()
    try:
        await asyncio.wait_for(heard.wait(), 30)
        assert await _admitted(register, secret)
        await keys.revoke(pool, mine, key)

        async def gone() -> bool:
            return not await _admitted(register, secret)

        await _until(gone, "its clock stands, so only the message can have told it")
    finally:
        await ear.close()


async def test_a_replica_that_hears_nothing_believes_a_revoked_key_for_a_second_at_most(
    pool: asyncpg.Pool, mine: str
) -> None:
    key, secret = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    clock = Clock()
    register = Register(pool, clock)
    assert await _admitted(register, secret)
    await keys.revoke(pool, mine, key)
    assert await _admitted(register, secret), "nobody has told it"
    clock.now += 1.0
    assert not await _admitted(register, secret)


async def test_a_key_that_expires_is_not_believed_beyond_its_end(
    pool: asyncpg.Pool, mine: str
) -> None:
    key, secret = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    await pool.execute(
        "update api.api_keys set expires_at = now() + interval '0.9 s' where id = $1", key
    )
    clock = Clock()
    register = Register(pool, clock)
    if not await _admitted(register, secret):
        pytest.skip("the machine took longer than the key lives")
    while not await pool.fetchval(  # noqa: ASYNC110
        "select expires_at <= now() from api.api_keys where id = $1", key
    ):
        await asyncio.sleep(0.05)
    clock.now += 0.9  # less than a second: it ends when the key does
    assert not await _admitted(register, secret)


async def test_what_was_read_while_a_key_changed_is_not_remembered(
    pool: asyncpg.Pool, mine: str
) -> None:
    key, secret = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    register = Register(pool, Clock())
    async with transaction(pool) as conn:
        await conn.execute("lock table api.api_keys in access exclusive mode")
        asking = asyncio.create_task(_admitted(register, secret))
        await asyncio.sleep(0.2)
        assert not asking.done()
        register.forget(key)  # told of a change while the read is under way
    assert await asking
    await keys.revoke(pool, mine, key)
    assert not await _admitted(register, secret), "it was read anew, though the clock stands"


async def test_uses_are_written_down_now_and_then(pool: asyncpg.Pool, mine: str) -> None:
    key, secret = await keys.create_key(pool, mine, "shop", pepper=PEPPER)
    register = Register(pool, Clock())
    await _admitted(register, secret)
    (before,) = await keys.keys(pool, mine)
    await register.close()
    (after,) = await keys.keys(pool, mine)
    assert (before.last_used_at, after.id) == (None, key)
    assert after.last_used_at is not None


async def test_two_gateways_agree_on_a_revoked_and_on_a_rotated_key(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    signer = Signer.create(tmp_path / "two.pem")
    one, two = create_app(settings, signer), create_app(settings, signer)
    async with (
        opened(one), opened(two),
        httpx.AsyncClient(transport=httpx.ASGITransport(one), base_url="http://door") as here,
        httpx.AsyncClient(transport=httpx.ASGITransport(two), base_url="http://door") as there,
    ):  # fmt: skip
        admin = await Door(app=one, http=here, pool=pool, store=tmp_path).client()
        for path, body in (("", None), ("/rotate", {"overlap_s": 0})):
            made = (await admin.post("/v1/api_keys", {"name": "shop"})).json()
            headers = {"authorization": f"Bearer {made['secret']}"}
            assert (await there.get("/v1/balance", headers=headers)).status_code == 200
            address = f"/v1/api_keys/{made['key']['id']}{path}"
            method = "DELETE" if body is None else "POST"
            own = {"authorization": f"Bearer {admin.secret}"}
            said = await here.request(method, address, headers=own, json=body)
            assert said.status_code == 200

            async def refused(headers: dict[str, str] = headers) -> bool:
                return (await there.get("/v1/balance", headers=headers)).status_code == 401

            await _until(refused, "the other gateway refuses it too")
