"""What may stand in the files under deploy/: settings, commands and metrics that the code has."""

import argparse
import importlib
import re
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

_STORE = "engine/stock/places.py"
_TOLD = {
    "gateway": ("api/settings.py", "api/app.py", _STORE),
    "clerk": ("billing/settings.py", "api/cli/processes.py", "api/clerk/**/*.py", _STORE),
    "studio": ("engine/settings.py", _STORE),
    "migrate": (),
    "operator": (
        "api/settings.py", "billing/settings.py", "api/cli/**/*.py", "api/clerk/**/*.py", _STORE
    ),
    "stripe-sandbox": ("billing/sandbox/__main__.py",),
}  # fmt: skip
SECRET = {
    "DATABASE_URL", "CUESMITH_PEPPER", "CUESMITH_STRIPE_KEY", "CUESMITH_STRIPE_WEBHOOK_SECRETS",
    "CUESMITH_STRIPE_THIN_SECRETS", "CUESMITH_SANDBOX_WEBHOOK_SECRET",
    "CUESMITH_SANDBOX_THIN_WEBHOOK_SECRET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
}  # fmt: skip


@cache
def settings(process: str) -> frozenset[str]:
    """The ``CUESMITH_…`` variables that a process reads, by its own source."""
    files = [file for pattern in _TOLD[process] for file in sorted(ROOT.glob(pattern))]
    assert len(files) >= len(_TOLD[process]), "a file that reads settings was moved"
    found = {
        name for file in files for name in re.findall(r"CUESMITH_[A-Z_]*[A-Z]", file.read_text())
    }
    if process == "clerk":
        found.add("CUESMITH_PEPPER")  # by api.settings.pepper
    return frozenset(found)


def understood(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process's own parser read its command; it fails where there is no such command."""
    if command[0] == "cuesmith":
        _parsed(importlib.import_module("api.cli")._parser(), command[1:])
    elif command[:3] == ["python", "-m", "engine"]:
        _parsed(importlib.import_module("engine.__main__")._parser(), command[3:])
    elif command[:3] == ["python", "-m", "billing.sandbox"]:
        monkeypatch.setattr("sys.argv", command[2:])
        importlib.import_module("billing.sandbox.__main__")._arguments()
    elif command[:2] == ["python", "-c"]:
        compile(command[2], "a command", "exec")
    else:
        raise AssertionError(f"nobody here knows {command}")


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    assert callable(parser.parse_args(arguments).run)


@cache
def metrics() -> dict[str, frozenset[str]]:
    """Every series that our processes show, with its labels: each module that makes a metric is
    imported, and the registry is asked."""
    for folder in ("api", "billing", "engine"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if re.search(r"\bprometheus_client\b", file.read_text()):
                importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    found: dict[str, frozenset[str]] = {}
    for collector in tuple(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            found |= _series(collector)
        else:  # the process's own: memory, open files, CPU
            found |= {
                one.name: frozenset(one.labels)
                for metric in collector.collect()
                for one in metric.samples
            }
    return found


def _series(metric: MetricWrapperBase) -> dict[str, frozenset[str]]:
    name, labels = metric._name, frozenset(metric._labelnames)
    if metric._type == "counter":
        return {f"{name}_total": labels}
    if metric._type == "histogram":
        return {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
    return {name: labels}
