"""What an operator types when money goes back; and that the runbook knows no other commands."""

import asyncio
import json
import re
import shlex
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.cli import _parser, main
from billing.ledger import service as ledger
from billing.processor import errands, store
from tests.api.invoiced import mirrored

RUNBOOK = Path(__file__).resolve().parents[2] / "deploy" / "runbook.md"


@pytest.fixture(autouse=True)
def database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", postgres)
    return postgres


@pytest.fixture
def account(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["accounts", "open", "Acme", "--billing", "postpaid"]) == 0
    return json.loads(capsys.readouterr().out)["id"]


def _furnish(database: str, account: str) -> None:
    async def furnish() -> None:
        conn = await asyncpg.connect(database)
        await store.insert_payment(conn, "pi_1", account, "top_1", 3000, "cny", 100)
        await mirrored(conn, account, "in_1")
        await errands.ask(conn, account, "portal", {"return_url": "https://x"})
        await conn.close()

    asyncio.run(furnish())


def test_an_operator_refunds_what_was_paid_and_no_more(
    database: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _furnish(database, account)
    assert main(["accounts", "refund", account, "pi_1", "10.00"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert (asked["kind"], asked["state"], asked["asked"]["amount_minor"]) == (
        "refund", "asked", 1000,
    )  # fmt: skip
    for amount, says in (("20.01", "at most 20.00 CNY"), ("1.005", "2 decimals"),
                         ("x", "no amount")):  # fmt: skip
        assert main(["accounts", "refund", account, "pi_1", amount]) == 2
        assert says in capsys.readouterr().err
    assert main(["accounts", "refund", account, "pi_2"]) == 2
    assert "no payment pi_2" in capsys.readouterr().err
    assert main(["billing", "payments", account]) == 0
    assert "30.00 CNY for 100 tokens" in capsys.readouterr().out
    assert main(["billing", "waiting"]) == 0
    assert "0 events and 2 errands wait" in capsys.readouterr().out


def test_an_operator_takes_something_off_an_invoice(
    database: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _furnish(database, account)
    command = ["billing", "credit-note", account]
    assert main([*command, "in_1", "5.00", "--memo", "sorry"]) == 0
    assert json.loads(capsys.readouterr().out)["asked"]["amount_minor"] == 500
    assert main([*command, "in_1", "16.01", "--memo", "more"]) == 2
    assert "at most 16.00 CNY" in capsys.readouterr().err
    assert main([*command, "in_2", "1", "--memo", "x"]) == 2
    assert "no invoice in_2" in capsys.readouterr().err


def test_an_operator_agrees_on_other_terms(
    database: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _furnish(database, account)
    assert main(["billing", "terms", account, "--grace", "30", "--currency", "usd"]) == 0
    assert main(["billing", "terms", account]) == 0
    terms = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (terms["grace_days"], terms["currency"], terms["days_until_due"]) == (30, "usd", 14)

    async def grace() -> timedelta:
        conn = await asyncpg.connect(database)
        found = await conn.fetchval("select grace_until - due_at from billing.invoices")
        await conn.close()
        return found

    assert asyncio.run(grace()) == timedelta(days=30)
    for wrong in (["--currency", "xxx"], ["--grace", "9999"]):
        assert main(["billing", "terms", account, *wrong]) == 2
    assert main(["billing", "terms", "acc_nobody", "--grace", "3"]) == 2


def test_only_what_was_canceled_is_subscribed_again(
    database: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def canceled() -> None:
        conn = await asyncpg.connect(database)
        facts = ("sub_1", "canceled", "price_1", "cny", None, None, None)
        await store.insert_subscription(conn, account, facts)
        await conn.close()

    assert main(["billing", "resubscribe", account]) == 2
    asyncio.run(canceled())
    assert main(["billing", "resubscribe", account]) == 0
    assert "sub_1 is over" in capsys.readouterr().out


def test_an_operator_gives_a_candidate_s_tokens_back_once(
    database: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def spend() -> None:
        conn = await asyncpg.connect(database)
        await ledger.set_credit_limit(conn, account, 100)
        await ledger.charge_license(conn, account, "cand_1", 8)
        await conn.close()

    async def posted() -> int:
        conn = await asyncpg.connect(database)
        try:
            return (await ledger.balance(conn, account)).posted
        finally:
            await conn.close()

    asyncio.run(spend())
    assert main(["accounts", "return", account, "cand_1"]) == 2
    assert "paid for no audition" in capsys.readouterr().err
    assert main(["accounts", "return", account, "cand_1", "--license"]) == 0
    assert "8 tokens are back" in capsys.readouterr().out
    assert main(["accounts", "return", account, "cand_1", "--license"]) == 2
    assert "before" in capsys.readouterr().err
    assert asyncio.run(posted()) == 0


def test_an_operator_freezes_and_thaws(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accounts", "freeze", account, "--reason", "a question"]) == 0
    assert main(["accounts", "freeze", account, "--reason", "a question"]) == 0
    assert "as before" in capsys.readouterr().out
    assert main(["accounts", "thaw", account]) == 0
    assert "a question" in capsys.readouterr().out
    assert main(["accounts", "thaw", account, "--reason", "another"]) == 2
    assert main(["accounts", "thaw", account, "--reason", "a question"]) == 0
    assert "may spend" in capsys.readouterr().out
    assert main(["accounts", "freeze", "acc_nobody", "--reason", "x"]) == 2


def _commands() -> list[str]:
    text = " ".join(RUNBOOK.read_text().split())
    return re.findall(r"`(cuesmith [^`]+)`", text)


@pytest.mark.parametrize("command", sorted(set(_commands())))
def test_every_command_of_the_runbook_exists(command: str) -> None:
    filled = command.replace("TOKENS", "5").replace("--approve ID", "--approve 7")
    given = _parser().parse_args(shlex.split(filled.removeprefix("cuesmith ")))
    assert callable(given.run)
    assert len(set(_commands())) >= 10
