"""Webhooks to bad endpoints while gateways and clerks are killed: the small form of the bench."""

from pathlib import Path

import pytest

from loadtests.bench_webhooks import asked, measured

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]


def test_every_message_comes_whoever_is_killed_and_however_endpoints_behave(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = asked(["--kills", "4", "--briefs", "8", "--accounts", "1", "--apart", "0.5"])
    home = folder / "hooks"
    home.mkdir()
    verdict = measured(given, home)
    said = capsys.readouterr().out
    assert verdict == 0, said
    assert "killed -9: 2 gateways, 2 clerks" in said
    assert "| gone | " in said
