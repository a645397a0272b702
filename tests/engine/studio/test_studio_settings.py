"""A studio refuses to start on nonsense, and says what to set."""

import pytest

from engine.settings import SettingMissing, read

GIVEN = {"DATABASE_URL": "postgresql://x", "CUESMITH_STORE": "out"}


def test_what_is_needed_is_named() -> None:
    with pytest.raises(SettingMissing, match="CUESMITH_STORE"):
        read({"DATABASE_URL": "postgresql://x"})


@pytest.mark.parametrize("name", ["CUESMITH_LEASE_S", "CUESMITH_METRICS_PORT"])
@pytest.mark.parametrize("value", ["0", "-1", "soon", "²"])
def test_a_number_must_be_one(name: str, value: str) -> None:
    with pytest.raises(SettingMissing, match=name):
        read({**GIVEN, name: value})


def test_defaults_are_for_one_machine() -> None:
    settings = read(GIVEN)
    assert (settings.lease_s, settings.metrics_port) == (30, None)
    assert settings.metrics_host == "127.0.0.1"
