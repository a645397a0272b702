"""``cuesmith``: every process of the house, and what an operator does by hand.

Each command imports what it needs and no more: the gateway's process never sees Stripe's library,
and the studio's rooms are only ever started as a process of their own.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import asyncpg
import httpx
import msgspec

from api.errors import DoorError
from api.settings import SettingMissing
from billing.connections import lent, transaction
from billing.errors import BillingError
from billing.settings import BillingSettingMissing

if TYPE_CHECKING:
    pass

HOME = ".cuesmith"


class CommandRefused(Exception):
    """The command cannot do this; the message says what to do next."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 2 when it could not."""
    from api.database import EditedMigration
    from api.postgres import PostgresFailed
    from api.workbench import WorkbenchError

    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except KeyboardInterrupt:
        return 130
    except (
        CommandRefused, SettingMissing, BillingSettingMissing, WorkbenchError, PostgresFailed,
        EditedMigration, BillingError, DoorError,
    ) as refused:  # fmt: skip
        return _refused(str(refused))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _refused(f"{error}; is what the settings name there? `cuesmith dev` needs none")
    except ModuleNotFoundError as missing:
        return _refused(
            f"{missing.name} is not installed here: pip install 'cuesmith[clerk]' for the clerk, "
            "'cuesmith[clerk,cpu,local]' for dev and demo"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cuesmith", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_machine(commands)
    _add_processes(commands)
    _add_operator(commands)
    return parser


def _add_machine(commands: Any) -> None:
    demo = commands.add_parser("demo", help="one brief from key to license, into out/demo/")
    demo.add_argument("--out", type=Path, default=Path("out/demo"), help="where its files go")
    demo.add_argument("--brief", type=Path, help="another brief than the README's, as JSON")
    demo.set_defaults(run=_demo)
    dev = commands.add_parser("dev", help="everything on this machine, until Ctrl-C")
    dev.add_argument("--port", type=_port, help="the gateway's; 8000 or the next free one")
    dev.set_defaults(run=_dev)


def _add_processes(commands: Any) -> None:
    gateway = commands.add_parser("gateway", help="serve the API")
    gateway.add_argument("--host", default="127.0.0.1")
    gateway.add_argument("--port", type=_port, default=8000)
    gateway.set_defaults(run=_gateway)
    studio = commands.add_parser("studio", help="make what the queue asks for")
    studio.set_defaults(run=lambda given: _become_engine("studio"))
    clerk = commands.add_parser("clerk", help="settle deliveries, tell Stripe")
    clerk.set_defaults(run=_clerk)
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.set_defaults(run=_migrate)


def _add_operator(commands: Any) -> None:
    accounts = _group(commands, "accounts", "open accounts, give them tokens")
    opened = accounts.add_parser("open", help="a new account with its wallet")
    opened.add_argument("name")
    opened.add_argument("--mode", choices=["test", "live"], default="test")
    opened.add_argument("--billing", choices=["prepaid", "postpaid"], default="prepaid")
    opened.add_argument("--credit-limit", type=_whole, default=0, help="tokens, postpaid only")
    opened.set_defaults(run=_open_account)
    accounts.add_parser("list", help="every account").set_defaults(run=_list_accounts)
    granted = accounts.add_parser("grant", help="give tokens that nobody paid for")
    granted.add_argument("account")
    granted.add_argument("tokens", type=_whole)
    granted.add_argument("--reference", required=True, help="why; each reference counts once")
    granted.set_defaults(run=_grant)

    keys = _group(commands, "keys", "make and end API keys")
    created = keys.add_parser("create", help="a new key; its secret is shown once")
    created.add_argument("account")
    created.add_argument("--name", default="operator")
    created.add_argument("--scopes", help="of briefs,read,billing,admin; all of them if left out")
    created.set_defaults(run=_create_key)
    listed = keys.add_parser("list", help="an account's keys")
    listed.add_argument("account")
    listed.set_defaults(run=_list_keys)
    revoked = keys.add_parser("revoke", help="end a key now")
    revoked.add_argument("account")
    revoked.add_argument("key")
    revoked.set_defaults(run=_revoke_key)

    signing = keys.add_parser("signing", help="a new key that signs certificates")
    signing.add_argument("file", type=Path, help="a PEM file; CUESMITH_SIGNING_KEY names it")
    signing.set_defaults(run=_create_signing_key)

    sounds = commands.add_parser("sounds", help="which instrument bank plays; fetch one")
    sounds.add_argument("action", choices=["status", "fetch"])
    sounds.set_defaults(run=lambda given: _become_engine("sounds", given.action))

    licenses = _group(commands, "licenses", "check certificates")
    verified = licenses.add_parser("verify", help="check a certificate, without asking anyone")
    verified.add_argument("file", type=Path)
    verified.add_argument("--keys", required=True, help="published keys: a file or an address")
    verified.add_argument("--audio", type=Path, help="also check that it is for this very file")
    verified.set_defaults(run=_verify)
    licenses.add_parser("keys", help="the published keys").set_defaults(run=_license_keys)

    billing = _group(commands, "billing", "look after the till")
    statement = billing.add_parser("statement", help="an account's balance and transfers")
    statement.add_argument("account")
    statement.set_defaults(run=_statement)
    check = billing.add_parser("check", help="prove the ledger, count what Stripe is not told yet")
    check.set_defaults(run=_check)
    sandbox = billing.add_parser("sandbox", help="serve a Stripe for this machine only")
    sandbox.add_argument("--port", type=_port, default=12111)
    sandbox.add_argument("--webhook-url", default="http://127.0.0.1:8000/webhooks/stripe")
    sandbox.set_defaults(run=_sandbox)


# --- one machine ----------------------------------------------------------------------------------


def _demo(given: argparse.Namespace) -> int:
    from api import demo

    _interrupt_on_signals()
    return demo.show(home() / "demo", given.out, given.brief or demo.BRIEF)


def _dev(given: argparse.Namespace) -> int:
    from api import dev

    _interrupt_on_signals()
    return dev.serve(home(), given.port)


def home() -> Path:
    """Where one machine keeps its state."""
    return Path(os.environ.get("CUESMITH_HOME", HOME)).expanduser()


def _interrupt_on_signals() -> None:
    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    # SIGINT too: a shell starts what it puts in the background deaf to it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


# --- processes ------------------------------------------------------------------------------------


def _gateway(given: argparse.Namespace) -> int:
    from api import app, settings

    signer = app.signer_of(Path(_needed("CUESMITH_SIGNING_KEY")))
    app.serve(settings.read(), signer, given.host, given.port)
    return 0


def _clerk(given: argparse.Namespace) -> int:
    from api import logs
    from billing import settings

    told, database_url = settings.read(), _needed("DATABASE_URL")
    logs.as_json()
    _show_metrics()
    asyncio.run(_serve_clerk(database_url, told))
    return 0


async def _serve_clerk(database_url: str, billing: Any) -> None:
    from api import clerk

    public_url = os.environ.get("CUESMITH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    desk = await clerk.open_desk(database_url, billing, public_url)
    await clerk.serve(desk)


def _show_metrics() -> None:
    """/metrics, where ``CUESMITH_METRICS_PORT`` asks for it."""
    from prometheus_client import start_http_server

    if port := os.environ.get("CUESMITH_METRICS_PORT"):
        host = os.environ.get("CUESMITH_METRICS_HOST", "127.0.0.1")
        start_http_server(_port(port), addr=host)


def _become_engine(*arguments: str) -> NoReturn:
    """The studio's own door, in this process's place: `api` never imports its rooms."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "engine", *arguments])  # noqa: S606


def _sandbox(given: argparse.Namespace) -> NoReturn:
    command = [sys.executable, "-P", "-m", "billing.sandbox", "--port", str(given.port),
               "--webhook-url", given.webhook_url]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606


def _migrate(given: argparse.Namespace) -> int:
    from api.database import migrate

    applied = asyncio.run(migrate(_database_url()))
    print("\n".join(applied) if applied else "nothing to do")
    return 0


# --- what an operator does by hand ----------------------------------------------------------------


def _open_account(given: argparse.Namespace) -> int:
    from api.keys import service

    account = _with_pool(
        lambda pool: service.open_account(
            pool, given.name, given.mode, given.billing, given.credit_limit
        )
    )
    _show(account)
    return 0


def _list_accounts(given: argparse.Namespace) -> int:
    from api.keys import service

    for account in _with_pool(service.accounts):
        _show(account)
    return 0


def _grant(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def grant(pool: asyncpg.Pool) -> bool:
        async with transaction(pool) as conn:
            return await ledger.grant(conn, given.account, given.tokens, given.reference)

    if not _with_pool(grant):
        raise CommandRefused(f"{given.reference} has been granted before; nothing was added")
    print(f"{given.tokens} tokens for {given.account}")
    return 0


def _create_key(given: argparse.Namespace) -> int:
    from api.keys import service
    from api.keys.contracts import SCOPES, Scope

    asked = given.scopes.split(",") if given.scopes else SCOPES
    try:
        scopes = msgspec.convert(asked, tuple[Scope, ...])
    except msgspec.ValidationError:
        raise CommandRefused(f"--scopes takes some of {','.join(SCOPES)}") from None
    made, secret = _with_pool(
        lambda pool: service.create_key(
            pool, given.account, given.name, scopes, pepper=_pepper()
        )
    )  # fmt: skip
    print(f"{made}: keep its secret, it is not shown again", file=sys.stderr)
    print(secret)
    return 0


def _list_keys(given: argparse.Namespace) -> int:
    from api.keys import service

    for key in _with_pool(lambda pool: service.keys(pool, given.account)):
        _show(key)
    return 0


def _revoke_key(given: argparse.Namespace) -> int:
    from api.keys import service

    _show(_with_pool(lambda pool: service.revoke(pool, given.account, given.key)))
    return 0


def _create_signing_key(given: argparse.Namespace) -> int:
    from api.licenses.signing import Signer

    if given.file.exists():
        raise CommandRefused(f"{given.file} exists; a signing key is never overwritten")
    print(f"{given.file}: key {Signer.create(given.file).jwk.kid}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    from api.licenses.certificate import NotGenuine, names_audio, verify

    try:
        certificate = verify(given.file.read_bytes(), _published(given.keys))
    except NotGenuine as refused:
        raise CommandRefused(f"{given.file}: {refused}") from None
    if given.audio is not None and not names_audio(certificate, given.audio.read_bytes()):
        raise CommandRefused(f"{given.file} is genuine, but not for {given.audio}")
    print(f"genuine: {certificate.license} for {certificate.track}, "
          f"issued {certificate.issued_at:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    print(certificate.notice)
    return 0


def _published(place: str) -> Any:
    from api.licenses.signing import KeySet

    try:
        if place.startswith(("http://", "https://")):
            content = httpx.get(place, timeout=20, follow_redirects=True).raise_for_status().content
        else:
            content = Path(place).read_bytes()
        return msgspec.json.decode(content, type=KeySet)
    except (OSError, httpx.HTTPError, msgspec.DecodeError) as error:
        raise CommandRefused(f"--keys {place} gives no key set: {error}") from None


def _license_keys(given: argparse.Namespace) -> int:
    from api.licenses import service

    _show(_with_pool(service.key_set))
    return 0


def _statement(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def read(pool: asyncpg.Pool) -> Any:
        async with lent(pool) as conn:
            return (
                await ledger.balance(conn, given.account),
                await ledger.ledger(conn, given.account, None, 1_000_000),
            )

    balance, lines = _with_pool(read)
    for line in lines:
        print(f"{line.created_at:%Y-%m-%d %H:%M:%S}  {line.kind:<10} {line.tokens:>+8} "
              f"{line.balance_after:>9}  {line.reference}")  # fmt: skip
    print(f"{balance.posted} tokens, {balance.held} held, {balance.available} available")
    return 0


def _check(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger
    from billing.meters import service as meters

    async def look(pool: asyncpg.Pool) -> tuple[list[str], Mapping[str, int]]:
        async with lent(pool) as conn:
            return await ledger.violations(conn), await meters.depth(conn)

    broken, waiting = _with_pool(look)
    for line in broken:
        print(line)
    told = ", ".join(f"{lane} {count}" for lane, count in waiting.items()) or "none"
    print(f"{len(broken)} broken promises; meter events not delivered: {told}")
    return 1 if broken else 0


# --- how a command reaches the database -----------------------------------------------------------


def _with_pool(step: Callable[[asyncpg.Pool], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with asyncpg.create_pool(_database_url(), min_size=1, max_size=2) as pool:
            return await step(pool)

    return asyncio.run(run())


def _database_url() -> str:
    """The database that was named, else that of the ``cuesmith dev`` of this folder."""
    from api import workbench

    if named := os.environ.get("DATABASE_URL"):
        return named
    address = workbench.running(home())
    if address is None:
        raise CommandRefused("set DATABASE_URL, or start `cuesmith dev` in this folder")
    return address.database_url


def _pepper() -> bytes:
    from api import settings, workbench

    address = workbench.running(home())
    if not os.environ.get("CUESMITH_PEPPER") and address is not None:
        return address.pepper.encode()
    return settings.pepper()


def _needed(name: str) -> str:
    if not (value := os.environ.get(name)):
        raise SettingMissing(f"set {name}; `cuesmith dev` sets it for you on one machine")
    return value


# --- words ----------------------------------------------------------------------------------------


def _group(commands: Any, name: str, help_: str) -> Any:
    return commands.add_parser(name, help=help_).add_subparsers(required=True, metavar="action")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")


def _whole(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError("a whole number is needed")


def _show(value: Any) -> None:
    print(msgspec.json.encode(value).decode())


def _refused(message: str) -> int:
    print(f"cuesmith: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
