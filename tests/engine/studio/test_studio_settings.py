"""A studio refuses to start on nonsense, and says what to set."""

import pytest

from engine.settings import SettingMissing, read

GIVEN = {"DATABASE_URL": "postgresql://x", "CUESMITH_STORE": "out"}


def test_what_is_needed_is_named() -> None:
    with pytest.raises(SettingMissing, match="CUESMITH_STORE"):
        read({"DATABASE_URL": "postgresql://x"})


@pytest.mark.parametrize(
    "name", ["CUESMITH_LEASE_S", "CUESMITH_METRICS_PORT", "CUESMITH_SESSIONS", "CUESMITH_ROWS"]
)
@pytest.mark.parametrize("value", ["0", "-1", "soon", "²"])
def test_a_number_must_be_one(name: str, value: str) -> None:
    with pytest.raises(SettingMissing, match=name):
        read({**GIVEN, name: value})


@pytest.mark.parametrize("name", ["CUESMITH_PLAYERS", "CUESMITH_DRAIN_S", "CUESMITH_WARM"])
def test_some_numbers_may_be_nought(name: str) -> None:
    assert not getattr(read({**GIVEN, name: "0"}), name.removeprefix("CUESMITH_").lower())
    with pytest.raises(SettingMissing, match=f"{name} must be a whole number, or 0"):
        read({**GIVEN, name: "-1"})


def test_defaults_are_for_one_machine() -> None:
    settings = read(GIVEN)
    assert (settings.lease_s, settings.metrics_port) == (30, None)
    assert (settings.sessions, settings.players, settings.warm) == (1, 0, False)
    assert (settings.drain_s, settings.stuck_s, settings.rows) == (25, 300, None)
    assert settings.metrics_host == "127.0.0.1"


def test_an_accelerator_has_more_to_do_at_once_and_warms_up() -> None:
    settings = read({**GIVEN, "CUESMITH_PROVIDER": "CUDAExecutionProvider"})
    assert (settings.sessions, settings.warm) == (8, True)
    assert 1 <= settings.players <= 8
