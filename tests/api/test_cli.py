"""What an operator types, and the one clear line when it cannot be done."""

import json
import stat
from pathlib import Path

import pytest

from api.cli import main
from api.demo import DemoFailed, heard
from api.licenses.signing import Signer
from api.ports import any_port
from api.workbench import Workbench, WorkbenchError

PEPPER = "a pepper of the tests"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "CUESMITH_STRIPE", "CUESMITH_SIGNING_KEY", "CUESMITH_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUESMITH_PEPPER", PEPPER)


@pytest.fixture
def database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)


def test_an_operator_opens_an_account_gives_it_tokens_and_a_key(
    database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accounts", "open", "Acme", "--mode", "live"]) == 0
    account = json.loads(capsys.readouterr().out)["id"]
    assert main(["accounts", "list"]) == 0
    assert account in capsys.readouterr().out
    assert main(["accounts", "grant", account, "40", "--reference", "goodwill"]) == 0
    assert main(["accounts", "grant", account, "40", "--reference", "goodwill"]) == 2
    assert "granted before" in capsys.readouterr().err

    assert main(["keys", "create", account, "--scopes", "briefs,read"]) == 0
    shown = capsys.readouterr()
    secret, made = shown.out.strip(), shown.err.partition(":")[0]
    assert secret.startswith("sk_live_")
    assert main(["keys", "revoke", account, made]) == 0
    assert main(["keys", "list", account]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert listed["revoked_at"] is not None
    assert secret not in str(listed)

    assert main(["billing", "statement", account]) == 0
    assert "40 tokens, 0 held, 40 available" in capsys.readouterr().out
    assert main(["billing", "check"]) == 0
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nothing to do"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["accounts", "list"], "set DATABASE_URL, or start `cuesmith dev`"),
        (["migrate"], "set DATABASE_URL, or start `cuesmith dev`"),
        (["clerk"], "set CUESMITH_STRIPE to sandbox or live"),
        (["gateway"], "CUESMITH_SIGNING_KEY"),
        (["licenses", "verify", "nowhere.json", "--keys", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(
    command: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    line = capsys.readouterr().err
    assert line.startswith("cuesmith: ")
    assert says in line
    assert line.count("\n") == 1


def test_an_unknown_account_or_scope_is_refused(
    database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "create", "acc_none"]) == 2
    assert main(["accounts", "grant", "acc_none", "5", "--reference", "x"]) == 2
    assert main(["keys", "create", "acc_none", "--scopes", "everything"]) == 2
    assert "--scopes takes some of briefs,read,billing,admin" in capsys.readouterr().err


def test_a_signing_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    assert main(["keys", "signing", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_bytes()
    assert main(["keys", "signing", str(file)]) == 2
    assert file.read_bytes() == kept
    assert Signer.load(file).jwk.kid


def test_one_machine_never_works_with_the_real_stripe(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "home", environ={"CUESMITH_STRIPE": "live"})
    with pytest.raises(WorkbenchError, match="sandbox only"):
        bench.__enter__()
    assert not (tmp_path / "home").exists()


def test_a_database_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    nowhere = f"postgresql://postgres@127.0.0.1:{any_port()}/x"
    with pytest.raises(WorkbenchError, match="check DATABASE_URL"):
        Workbench(tmp_path / "home", environ={"DATABASE_URL": nowhere}).__enter__()


def test_a_sound_that_was_cut_short_is_noticed() -> None:
    form = b"fmt " + (16).to_bytes(4, "little") + bytes.fromhex("0100020080bb0000006504000600 1800")
    whole = b"RIFF\0\0\0\0WAVE" + form + b"data" + (12).to_bytes(4, "little") + bytes(12)
    sound = heard(whole)
    assert (sound.channels, sound.sample_rate, sound.bit_depth, sound.frames) == (2, 48_000, 24, 2)
    for cut in (whole[:-1], b"", b"RIFF" + bytes(8)):
        with pytest.raises(DemoFailed):
            heard(cut)
