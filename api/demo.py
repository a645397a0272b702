"""``cuesmith demo``: a customer's first hour in a minute, on real parts, from key to license.

Everything the customer does goes over HTTP, and paying goes through the sandbox's checkout page;
only opening the account and reading Stripe's meter is an operator's work.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from msgspec import Struct

from api.keys import service as keys
from api.licenses import certificate as certificates
from api.licenses.signing import KeySet
from api.ports import any_port
from api.workbench import Address, Workbench, WorkbenchError
from billing.ledger.service import METERS

BRIEF = Path(__file__).with_name("demo_brief.json")
PACK = {"tokens": 100, "currency": "cny"}
PAID_S = 60
BRIEF_S = 540
METER_S = 60
_OURS = ("candidate-*", "track.wav", "license.json", "keys.json", "statement.json")


class DemoFailed(WorkbenchError):
    """A step did not give what it must; the message says which."""


class Sound(Struct, frozen=True, kw_only=True):
    """What the header of a WAV file says."""

    channels: int
    sample_rate: int
    bit_depth: int
    frames: int


class Visit(Struct, frozen=True, kw_only=True):
    """One customer at the door, with a folder to take things home in."""

    address: Address
    door: httpx.AsyncClient
    pool: asyncpg.Pool
    account: str
    out: Path
    began: float


def show(home: Path, out: Path, brief: Path = BRIEF) -> int:
    """Run the demo on parts of its own; 0 when every step held."""
    wanted = _read(brief)
    began = time.perf_counter()
    with Workbench(home, port=any_port(), tell=lambda line: _say(began, line)) as bench:
        bench.run(lambda: asyncio.run(visit(bench.address, out, wanted, began)))
        _say(began, "stopping")
    _say(began, f"done: {out}")
    return 0


async def visit(address: Address, out: Path, wanted: dict[str, Any], began: float) -> None:
    """A new account's way from key to license through a house that runs; raises `DemoFailed`."""
    _clear(out)
    async with asyncpg.create_pool(address.database_url, min_size=1, max_size=2) as pool:
        account = await keys.open_account(pool, "Demo", "test", "prepaid")
        _, secret = await keys.create_key(
            pool, account.id, "demo", pepper=address.pepper.encode()
        )  # fmt: skip
        _say(began, f"account {account.id} and its key {secret[:12]}…")
        async with httpx.AsyncClient(
            base_url=address.url, headers={"authorization": f"Bearer {secret}"}, timeout=90
        ) as door:
            made = Visit(address=address, door=door, pool=pool, account=account.id, out=out,
                         began=began)  # fmt: skip
            await _walk(made, wanted)


async def _walk(visit: Visit, wanted: dict[str, Any]) -> None:
    """The whole way, step by step."""
    await _top_up(visit)
    quote = await _post(visit, "/v1/quotes", wanted)
    _say(visit.began, f"quoted {quote['audition_tokens']} tokens for the auditions, "
                      f"{quote['license_tokens']} for a license")  # fmt: skip
    brief = await _compose(visit, wanted)
    for line in brief["candidates"]:
        await _audition(visit, brief, line)
    best = brief["candidates"][0]
    license_ = await _pick(visit, best)
    statement = await _statement(visit, brief, license_, quote)
    for line in statement["lines"]:
        print(f"         {line['kind']:<10} {line['tokens']:>+5} → {line['balance_after']:>4}  "
              f"{line['reference']}")  # fmt: skip
    stripe = statement["stripe"]
    _say(visit.began, f"spent {statement['spent_tokens']} tokens; Stripe's meter {stripe['meter']} "
                      f"counts {stripe['tokens']}; {statement['closing']} are left")  # fmt: skip


async def _top_up(visit: Visit) -> None:
    """Ask for a Checkout link, pay there as a customer would, and see the tokens come."""
    topup = await _post(visit, "/v1/topups", PACK, prefer="wait=30")
    if topup["checkout_url"] is None:
        raise DemoFailed(f"the top-up has no Checkout link: {topup}")
    async with httpx.AsyncClient(timeout=20) as browser:
        (await browser.get(topup["checkout_url"])).raise_for_status()
        (await browser.post(f"{topup['checkout_url']}/pay")).raise_for_status()
    deadline = time.monotonic() + PAID_S
    while topup["status"] != "paid":
        if time.monotonic() > deadline:
            raise DemoFailed(f"paid, but no tokens came: {topup}")
        await asyncio.sleep(0.2)
        topup = await _get(visit, f"/v1/topups/{topup['id']}")
    balance = (await _get(visit, "/v1/balance"))["balance"]
    _say(visit.began, f"paid {topup['amount_minor'] / 100:.2f} {topup['currency'].upper()} in the "
                      f"sandbox's checkout: {balance['available']} tokens")  # fmt: skip


async def _compose(visit: Visit, wanted: dict[str, Any]) -> dict[str, Any]:
    """Send the brief and watch until it has ended."""
    brief = await _post(visit, "/v1/briefs", wanted)
    resolved, sent = brief["resolved"], time.perf_counter()
    _say(visit.began, f"brief {brief['id']}: {resolved['kind']} in {resolved['style']}, "
                      f"{resolved['duration_ms'] / 1000:g} s")  # fmt: skip
    shown = ""
    while brief["finished_at"] is None:
        if time.perf_counter() - sent > BRIEF_S:
            raise DemoFailed(f"the brief has not ended after {BRIEF_S} s; see the studio's log")
        progress = brief["progress"]
        step = progress["step"]
        if progress["total"]:
            step += f" {progress['done']}/{progress['total']}"
        shown = _show_step(shown, step, time.perf_counter() - sent, len(brief["candidates"]))
        await asyncio.sleep(0.5)
        brief = await _get(visit, f"/v1/briefs/{brief['id']}")
    if sys.stdout.isatty():
        print("\r" + " " * 70, end="\r")
    if brief["status"] != "succeeded":
        raise DemoFailed(f"the brief {brief['status']}: {brief['failure']}")
    _say(visit.began, f"{len(brief['candidates'])} candidates after "
                      f"{time.perf_counter() - sent:.1f} s")  # fmt: skip
    return brief


async def _audition(visit: Visit, brief: dict[str, Any], line: dict[str, Any]) -> None:
    """Save a candidate's evaluation copy and measurements, and look at what came."""
    stem = visit.out / f"candidate-{line['number']}"
    candidate = await _get(visit, f"/v1/candidates/{line['id']}")
    _write(stem.with_suffix(".json"), candidate)
    content = await _file(visit, f"/v1/candidates/{line['id']}/audio?format=wav")
    stem.with_suffix(".wav").write_bytes(content)
    sound, delivery = heard(content), brief["resolved"]["delivery"]
    asked = Sound(
        channels=delivery["channels"], sample_rate=delivery["sample_rate"],
        bit_depth=delivery["bit_depth"],
        frames=brief["resolved"]["duration_ms"] * delivery["sample_rate"] // 1000,
    )  # fmt: skip
    if sound != asked:
        raise DemoFailed(f"candidate {line['number']} is {sound}, not {asked}")
    broken = [one["name"] for one in candidate["measured"] if not one["pass"]]
    met = f"not met: {', '.join(broken)}" if broken else "every constraint met"
    _say(visit.began, f"candidate {line['number']}: rating {candidate['rating']:.2f}, "
                      f"{candidate['plan']['texture']}, {met}")  # fmt: skip


async def _pick(visit: Visit, best: dict[str, Any]) -> dict[str, Any]:
    """License the best candidate and check its certificate as anyone could."""
    license_ = await _post(visit, f"/v1/candidates/{best['id']}/pick", None)
    document = await _file(visit, f"/v1/licenses/{license_['id']}/certificate")
    published = await _file(visit, "/.well-known/jwks.json")
    track = await _file(visit, f"/v1/tracks/{license_['track']}/audio")
    for name, content in (
        ("license.json", document), ("keys.json", published), ("track.wav", track),
    ):  # fmt: skip
        (visit.out / name).write_bytes(content)
    certificate = certificates.verify(document, msgspec.json.decode(published, type=KeySet))
    if not certificates.names_audio(certificate, track):
        raise DemoFailed("the certificate is not for track.wav")
    _say(visit.began, f"picked candidate {best['number']}: license {license_['id']} is genuine "
                      "and names track.wav")  # fmt: skip
    return license_


async def _statement(
    visit: Visit, brief: dict[str, Any], license_: dict[str, Any], quote: dict[str, Any]
) -> dict[str, Any]:
    """What was charged, beside what Stripe was told; they must agree, and with the quote."""
    usage = await _get(visit, "/v1/usage")
    spent = {row["sku"]: {"count": row["count"], "tokens": row["tokens"]} for row in usage["spent"]}
    expected = {
        "audition": {"count": len(brief["candidates"]), "tokens": quote["audition_tokens"]},
        "license": {"count": 1, "tokens": quote["license_tokens"]},
    }
    if spent != expected:
        raise DemoFailed(f"charged {spent}, quoted {expected}")
    counted = await _metered(visit, usage["spent_tokens"])
    statement = {
        "account": visit.account, "brief": brief["id"], "license": license_["id"],
        "since": usage["since"], "until": usage["until"], "opening": usage["opening"],
        "spent": spent, "spent_tokens": usage["spent_tokens"], "closing": usage["closing"],
        "stripe": {"mode": "sandbox", "meter": METERS["prepaid"], "tokens": counted},
        "lines": usage["lines"],
    }  # fmt: skip
    _write(visit.out / "statement.json", statement)
    if counted != usage["spent_tokens"]:
        raise DemoFailed(f"Stripe counts {counted} tokens, the ledger {usage['spent_tokens']}")
    return statement


async def _metered(visit: Visit, spent: int) -> int:
    """Stripe's sum once it has counted everything; it is some seconds behind."""
    from billing.processor.door import StripeDoor
    from billing.settings import BillingSettings

    settings = BillingSettings(
        stripe="sandbox", key="sk_test_sandbox", url=visit.address.sandbox_url
    )  # fmt: skip
    door, now = StripeDoor.open(settings, visit.pool), datetime.now(UTC)
    since, until = now - timedelta(hours=1), now + timedelta(hours=1)
    deadline, counted = time.monotonic() + METER_S, 0
    while time.monotonic() < deadline:
        counted = await door.meter_total(visit.account, METERS["prepaid"], since, until)
        if counted >= spent:
            break
        await asyncio.sleep(0.2)
    return counted


def heard(content: bytes) -> Sound:
    """What a WAV file holds, read from its chunks; a file cut short is refused."""
    at, form, frames = 12, b"", 0
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"fmt ":
            form = content[at + 8 : at + 8 + size]
        elif name == b"data":
            if at + 8 + size > len(content):
                raise DemoFailed("a WAV file was cut short")
            frames = size // int.from_bytes(form[12:14], "little")
        at += 8 + size + size % 2
    if len(form) < 16:
        raise DemoFailed("this is not a WAV file")
    return Sound(
        channels=int.from_bytes(form[2:4], "little"),
        sample_rate=int.from_bytes(form[4:8], "little"),
        bit_depth=int.from_bytes(form[14:16], "little"),
        frames=frames,
    )


# --- speaking HTTP, keeping files -----------------------------------------------------------------


async def _post(
    visit: Visit, path: str, body: dict[str, Any] | None, prefer: str | None = None
) -> Any:
    headers = {"idempotency-key": f"demo-{path.rpartition('/')[2]}"}
    if prefer is not None:
        headers["prefer"] = prefer
    content = None if body is None else msgspec.json.encode(body)
    if content is not None:
        headers["content-type"] = "application/json"
    return _held(await visit.door.post(path, content=content, headers=headers))


async def _get(visit: Visit, path: str) -> Any:
    return _held(await visit.door.get(path))


async def _file(visit: Visit, path: str) -> bytes:
    answer = await visit.door.get(path)
    if not answer.is_success:
        _held(answer)
    return answer.content


def _held(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    request = answer.request
    raise DemoFailed(f"{request.method} {request.url.path} answered {answer.status_code}: "
                     f"{answer.text[:500]}")  # fmt: skip


def _read(brief: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(brief.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise DemoFailed(f"{brief} is no brief: {error}") from None


def _clear(out: Path) -> None:
    """Make room for this run's files; what is not ours stays."""
    out.mkdir(parents=True, exist_ok=True)
    for pattern in _OURS:
        for file in out.glob(pattern):
            file.unlink()


def _write(file: Path, value: Any) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def _show_step(shown: str, step: str, seconds: float, ready: int) -> str:
    """Draw the progress line; without a terminal only its changes, one a line."""
    if sys.stdout.isatty():
        print(f"\r{seconds:7.1f} s  {step}, {ready} ready      ", end="", flush=True)
    elif step != shown:
        print(f"{seconds:7.1f} s  {step}, {ready} ready", flush=True)
    return step


def _say(began: float, line: str) -> None:
    print(f"{time.perf_counter() - began:6.1f} s  {line}", flush=True)
