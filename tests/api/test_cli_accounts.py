"""What an operator types to look after an account's tokens, limit, prices and statement."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest

from api.cli import main
from billing.prices import service as prices
from billing.prices.books import names

BOOK = prices.book(names()[-1])


@pytest.fixture(autouse=True)
def database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)


@pytest.fixture
def account(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["accounts", "create", "Acme", "--billing", "postpaid"]) == 0
    return json.loads(capsys.readouterr().out)["id"]


def _file(folder: Path, **changed: object) -> str:
    book = msgspec.structs.replace(BOOK, **{"name": "acme", **changed})
    (folder / "book.json").write_bytes(msgspec.json.encode(book))
    return str(folder / "book.json")


def test_credit_once_with_an_end_and_a_statement_in_three_forms(
    account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    credit = ["accounts", "credit", account, "50", "--reference", "sorry", "--days", "30"]
    assert main(credit) == 0
    assert main(credit) == 2
    assert "granted before" in capsys.readouterr().err
    assert main(["accounts", "statement", account]) == 0
    said = capsys.readouterr().out
    assert "grant" in said
    assert "0 tokens before, 50 after; now 50 tokens, 0 held" in said
    assert main(["accounts", "statement", account, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["kind"] for row in rows] == ["opening", "grant", "closing"]
    assert main(["billing", "statement", account, "--format", "jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["balance_after"] for line in lines] == [0, 50, 50]
    assert main(["accounts", "statement", account, "--month", "2020-12"]) == 0
    assert "0 tokens before, 0 after" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["0"], ["5", "--days", "0"], ["5", "--days", "99999999"]])
def test_a_credit_of_nothing_or_without_an_end_in_sight_is_refused(
    account: str, wrong: list[str]
) -> None:
    assert main(["accounts", "credit", account, *wrong, "--reference", "x"]) == 2


def test_a_price_list_is_set_shown_and_ended(
    account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, of = _file(tmp_path, seconds_per_token=60), ["accounts", "prices", account]
    assert main([*of, "--set", file]) == 0
    assert capsys.readouterr().out.endswith("today: acme\n")
    assert main([*of, "--set", file]) == 2
    assert main([*of, "--end", "2099-01-01"]) == 0
    assert "to 2099-01-01" in capsys.readouterr().out
    assert main(["accounts", "show", account]) == 0
    assert json.loads(capsys.readouterr().out)["prices"] == "acme"
    assert main([*of, "--until", "2099-01-01"]) == 2
    rate = prices.Rate(seconds_per_token=1, license_times=1)
    assert main([*of, "--set", _file(tmp_path, kinds={"chim": rate})]) == 2
    assert "chim is none of" in capsys.readouterr().err
    assert main([*of, "--set", str(tmp_path / "nowhere.json")]) == 2


def test_a_limit_is_a_postpaid_accounts(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accounts", "limit", account, "500"]) == 0
    assert json.loads(capsys.readouterr().out)["available"] == 500
    assert main(["accounts", "open", "Prepaid"]) == 0
    prepaid = json.loads(capsys.readouterr().out)["id"]
    assert main(["accounts", "limit", prepaid, "500"]) == 2
    assert main(["accounts", "limit", "acc_none", "5"]) == 2
    assert main(["accounts", "show", "acc_none"]) == 2
    assert main(["accounts", "statement", "acc_none"]) == 2


def test_the_check_names_who_is_frozen(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accounts", "freeze", account, "--reason", "fraud"]) == 0
    assert main(["billing", "check"]) == 0
    said = capsys.readouterr().out
    assert f"{account} is frozen since" in said
    assert "0 broken promises; 1 accounts frozen" in said
