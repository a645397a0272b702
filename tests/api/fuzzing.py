"""Requests made up from the document, sent to a real gateway by real accounts.

For the test that sends two thousand and for the bench that sends fifty thousand.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from msgspec import Struct
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.database import create_pool
from api.keys import service as keys
from api.licenses.signing import Signer
from api.ports import any_port
from api.postgres import Embedded
from billing.connections import transaction
from billing.ledger import service as ledger
from billing.processor import errands, store
from engine.marks import credentials
from tests.api.conftest import PEPPER, WEBHOOK_SECRET
from tests.api.invoiced import mirrored
from tests.api.studio import make_and_settle

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance, response_headers_conformance,
]  # fmt: skip
REFUSED_EARLY = {400, 401, 403, 404, 405, 413, 415, 422, 429}
BRIEF = {"prompt": "soft chime, opening", "kind": "chime", "candidates": 1, "duration_ms": 600}
FAMILY = {"functions": ["lock", "unlock"], "candidates": 1, "brand": {"warm": 0.5}}
VALID: dict[str, dict[str, Any]] = {
    "create_brief": BRIEF,
    "create_quote": BRIEF,
    "create_batch": BRIEF,
    "create_batch_quote": BRIEF,
    "pick_batch": {"first_line": 1, "last_line": 1},
    "create_plans": BRIEF,
    "create_family": FAMILY,
    "create_family_quote": FAMILY,
    "create_rendition": {"format": "flac"},
    "create_topup": {"tokens": 100, "currency": "cny"},
    "create_key": {"name": "another"},
    "rotate_key": {"overlap_s": 60},
    "set_budget": {"scope": "project", "subject": "season-2", "cap": 1_000_000},
    "open_portal": {"return_url": "https://example.com/"},
    "create_webhook_endpoint": {"url": "https://93.184.216.34/hook"},
    "change_webhook_endpoint": {"description": "another"},
    "redeliver_event": {},
}


class Tenant(Struct, frozen=True, kw_only=True):
    """A funded account, its key, and one real thing of every kind."""

    account: str
    secret: str
    ids: dict[str, str]
    instead: dict[str, dict[str, str]]
    """What some operations need in place of these."""
    ticket: str
    """What opens a link of its own."""
    secrets: dict[str, str]
    """The keys of another account, for operations that this one may not do."""


class Stage(Struct, frozen=True, kw_only=True):
    """A running gateway and who calls it."""

    address: str
    tenants: tuple[Tenant, ...]


Saw = Callable[[str, Tenant, Case, requests.Response], None]


@contextmanager
def staged(server: Embedded, folder: Path, tenants: int) -> Iterator[Stage]:
    """A gateway on a database of its own, until it is left; the server has a ``template``."""
    dsn = asyncio.run(_database(server))
    Signer.create(folder / "signing.pem")
    root = folder / "root.pem"
    root.write_bytes(credentials.create(folder / "marks.pem").root)
    port = any_port()
    address = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER.decode(), "CUESMITH_PUBLIC_URL": address,
        "CUESMITH_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "CUESMITH_STRIPE_THIN_SECRETS": WEBHOOK_SECRET, "CUESMITH_RATE_PER_MINUTE": "1000000",
        "CUESMITH_RATE_BURST": "100000", "CUESMITH_OPEN_BRIEFS": "100000",
        "CUESMITH_PLANS_PER_MINUTE": "1000000", "CUESMITH_PLANS_BURST": "100000",
        "CUESMITH_OPEN_PLANS": "100000", "CUESMITH_OPEN_RENDITIONS": "100000",
        "CUESMITH_MARKS_ROOT": str(root),
    }  # fmt: skip
    program = (
        "import sys; from pathlib import Path; from api import app, settings;"
        "signer, port = app.signer_of(Path(sys.argv[1])), int(sys.argv[2]);"
        "app.serve(settings.read(), signer, '127.0.0.1', port)"
    )
    with (folder / "gateway.log").open("wb") as log:
        gateway = subprocess.Popen(
            [sys.executable, "-c", program, str(folder / "signing.pem"), str(port)],
            env=environ, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _await_ready(address)
        everybody = [
            asyncio.run(_furnish(dsn, address, folder / "store", number))
            for number in range(1, tenants + 1)
        ]
        yield Stage(address=address, tenants=tuple(everybody))
    finally:
        gateway.terminate()
        gateway.wait(20)


@schemathesis.serializer("application/jsonl")
def _as_lines(context: Any, value: Any) -> bytes:
    """A body of JSON lines that is what was made up for one of them."""
    return json.dumps(value).encode() + b"\n"


def every_operation(stage: Stage) -> Iterator[Any]:
    """The document's operations, as the gateway itself publishes them."""
    document = requests.get(f"{stage.address}/openapi.json", timeout=10).json()
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        yield found.ok()


def exchange(
    operation: Any,
    mode: GenerationMode,
    examples: int,
    stage: Stage,
    dice: random.Random,
    session: requests.Session,
    answered: Counter[int],
    saw: Saw | None = None,
) -> list[str]:
    """So many made-up requests to one operation, each answer held against the document.

    Returns what does not fit; the first of its kind is enough. ``saw`` looks at every answer.
    """
    wrong: dict[str, str] = {}
    name = operation.definition.raw["operationId"]

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        tenant = dice.choice(stage.tenants)
        _make_real(case, name, tenant, dice.choice(stage.tenants), dice)
        response = case.call(base_url=stage.address, session=session)
        answered[response.status_code] += 1
        if saw is not None:
            saw(name, tenant, case, response)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            wrong.setdefault(f"{name} {response.status_code}", str(group))

    with contextlib.suppress(Unsatisfiable):  # a call without parameters cannot be sent wrongly
        send()
    return [f"{what}: {why}" for what, why in wrong.items()]


def _make_real(case: Case, name: str, tenant: Tenant, other: Tenant, dice: random.Random) -> None:
    """Real ids, its own or another's, and a real key most of the time; bodies that are half made
    up, half sensible."""
    headers = dict(case.headers or {})
    if dice.random() < 0.95:
        headers["Authorization"] = f"Bearer {tenant.secrets.get(name, tenant.secret)}"
    if isinstance(case.path_parameters, dict) and dice.random() < 0.8:
        owner = tenant if dice.random() < 0.7 else other
        real = {**owner.ids, **owner.instead.get(name, {})}
        case.path_parameters = {
            parameter: real.get(parameter, value)
            for parameter, value in case.path_parameters.items()
        }
    if name in VALID and isinstance(case.body, dict) and dice.random() < 0.6:
        kept = dice.sample(sorted(case.body), k=min(len(case.body), dice.randint(0, 2)))
        case.body = {**VALID[name], **{field: case.body[field] for field in kept}}
    if name in ("receive_stripe_event", "receive_thin_stripe_event") and dice.random() < 0.6:
        case.body = {"id": f"evt_{dice.random()}", "type": "invoice.paid"}
        raw, stamp = json.dumps(case.body).encode(), str(int(time.time()))
        digest = hmac.new(
            WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256
        ).hexdigest()
        headers["Stripe-Signature"] = f"t={stamp},v1={digest}"
    if name == "fetch_file" and dice.random() < 0.6:
        case.query = {"ticket": tenant.ticket}
    if "Prefer" in headers:  # nobody works here; only a short wait is worth a test
        headers["Prefer"] = "wait=0"
    if isinstance(case.query, dict) and "wait" in case.query:
        case.query = {**case.query, "wait": 0}
    if headers.get("Idempotency-Key") and dice.random() < 0.7:
        headers["Idempotency-Key"] = f"fuzz-{dice.random()}"
    case.headers = headers


async def _database(server: Embedded) -> str:
    conn = await asyncpg.connect(server.dsn)
    name = f"fuzz_{os.getpid()}"
    await conn.execute(f"create database {name} template template strategy file_copy")
    await conn.close()
    return server.database(name)


async def _furnish(dsn: str, address: str, store: Path, number: int) -> Tenant:
    pool = await create_pool(dsn, size=3)
    account = await keys.open_account(pool, f"Fuzz {number}", "test", "prepaid")
    async with transaction(pool) as conn:
        await ledger.grant(conn, account.id, 100_000_000, f"fuzz {number}")
    _, secret = await keys.create_key(pool, account.id, "fuzz", pepper=PEPPER)
    spare, _ = await keys.create_key(pool, account.id, "spare", pepper=PEPPER)
    turned, _ = await keys.create_key(pool, account.id, "turned", pepper=PEPPER)
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as http:

        async def post(path: str, body: Any, name: str) -> Any:
            sent = await http.post(path, json=body, headers={"idempotency-key": name})
            return sent.raise_for_status().json()

        planned = (await http.post("/v1/plans", json=BRIEF)).raise_for_status().json()
        done = await post("/v1/briefs", {**BRIEF, "stems": ["all"]}, "done")
        await make_and_settle(pool, store)
        view = (await http.get(f"/v1/briefs/{done['id']}")).json()
        candidate = view["candidates"][0]["id"]
        picked = await http.post(
            f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "pick"}
        )
        license_ = picked.json()
        heard = await http.get(f"/v1/candidates/{candidate}/audio", params={"link": "true"})
        link = httpx.URL(heard.json()["url"])
        track = (await http.get(f"/v1/tracks/{license_['track']}")).json()
        stems = [one["name"] for one in track["files"] if one["name"].startswith("stem.")]
        shaped = await post(f"/v1/tracks/{license_['track']}/renditions", {}, "shaped")
        over = await post("/v1/families", FAMILY, "over")
        (await http.post(f"/v1/families/{over['id']}/cancel")).raise_for_status()
        await make_and_settle(pool, store)
        made = (await http.get(f"/v1/renditions/{shaped['id']}")).json()
        waiting = await post("/v1/briefs", BRIEF, "waiting")
        family = await post("/v1/families", FAMILY, "family")
        topup = await post("/v1/topups", VALID["create_topup"], "topup")
        several = await http.post(
            "/v1/batches", content=json.dumps(BRIEF),
            headers={"content-type": "application/jsonl", "idempotency-key": "several"},
        )  # fmt: skip
        batch = several.raise_for_status().json()
        hooks = [
            (await post("/v1/webhook_endpoints", VALID["create_webhook_endpoint"], ""))["endpoint"]
            for _ in range(2)
        ]
        told = (await http.post(f"/v1/webhook_endpoints/{hooks[0]['id']}/test")).json()
    portal, preview, secrets = await _invoiced(pool, account.id, number)
    await pool.close()
    ids = {
        "plan": planned["id"], "brief": done["id"], "candidate": candidate,
        "license": license_["id"], "track": license_["track"], "topup": topup["id"], "key": spare,
        "month": f"{datetime.now(UTC):%Y-%m}",
        "stem": stems[0].removeprefix("stem."), "rendition": shaped["id"], "file": "master",
        "family": family["id"], "invoice": f"in_Fuzz{number}", "portal": portal, "preview": preview,
        "endpoint": hooks[0]["id"], "message": told["id"], "batch": batch["id"],
        "page": "errors", "quickstart": "games",
    }  # fmt: skip
    instead = {
        "cancel_brief": {"brief": waiting["id"]},
        "download_rendition": {"file": made["files"][0]["name"]},
        "listen_to_family": {"family": over["id"]},
        "delete_webhook_endpoint": {"endpoint": hooks[1]["id"]},
        "rotate_key": {"key": turned},
        "fetch_file": {"file": link.path.rpartition("/")[2]},
    }
    return Tenant(
        account=account.id, secret=secret, ids=ids, instead=instead,
        ticket=link.params["ticket"], secrets=secrets,
    )  # fmt: skip


async def _invoiced(
    pool: asyncpg.Pool, account: str, number: int
) -> tuple[str, str, dict[str, str]]:
    """A portal link of this account, whose invoice is mirrored; a preview of a postpaid one, and
    the keys for that."""
    postpaid = (await keys.open_account(pool, "Postpaid", "test", "postpaid", 1000)).id
    _, secret = await keys.create_key(pool, postpaid, "fuzz", pepper=PEPPER)
    async with transaction(pool) as conn:
        await mirrored(conn, account, f"in_Fuzz{number}")
        await store.insert_customer(conn, account, f"cus_fuzz{number}")
        facts = (f"sub_fuzz{number}", "active", "price_fuzz", "cny", None, None, None)
        await store.insert_subscription(conn, postpaid, facts)
        portal = await errands.ask(conn, account, "portal", {"return_url": "https://x"})
        preview = await errands.ask(conn, postpaid, "preview", {})
    return portal.id, preview.id, dict.fromkeys(("preview_invoice", "read_preview"), secret)


def _await_ready(address: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the gateway did not become ready")
