"""The chart rendered without a cluster, for several sorts of values."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import helm_python
import yaml

from tests.promises.deployed import DEPLOY, ROOT

CHART = DEPLOY / "helm"
CUSTOM = json.loads((ROOT / "tests" / "promises" / "schemas" / "custom.json").read_text())
NEWEST, OLDEST = "1.37", "1.30"
"""The Kubernetes whose schemas we validate against: the newest we have, and the oldest we take."""

Manifest = dict[str, Any]


def _values(name: str) -> dict[str, Any]:
    values = helm_python.values_from_yaml((CHART / f"values.{name}.yaml").read_text())
    return {**values, "operator": {"enabled": True}}


CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "gpu": _values("gpu"),
    "live": {**_values("live")},
    "folder": {
        "store": {"url": "/store", "existingClaim": "audio"},
        "studio": {"cpu": {"players": 2, "sessions": 2, "settings": {"CUESMITH_LEASE_S": 60}}},
        "gateway": {
            "autoscaling": {"enabled": False},
            "settings": {"CUESMITH_OPEN_BRIEFS": 500, "CUESMITH_BACKLOG_S": 3_600_000},
            "nodeSelector": {"pool": "web"},
            "tolerations": [{"key": "web", "operator": "Exists"}],
        },
        "marks": {"existingSecret": "marks"},
        "image": {"pullSecrets": [{"name": "registry"}]},
    },
    "bucket": {
        "store": {"endpoint": "https://s3.example.com", "existingSecret": "bucket"},
        "networkPolicies": {"enabled": False},
        "migrate": {"enabled": False},
    },
}
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"


@cache
def rendered(case: str) -> tuple[Manifest, ...]:
    values = CASES[case]
    if values.get("monitoring", {}).get("enabled"):
        values = {**values, "monitoring": {"enabled": True, "alerts": ALERTS.read_text()}}
    with helm_python.Chart.load(CHART) as chart:
        files = chart.render(values, name="cue", namespace="music", is_install=True)
    found = [
        one
        for name, text in files.items()
        if name.endswith(".yaml")
        for one in yaml.safe_load_all(text)
    ]
    return tuple(one for one in found if one)


def everything() -> Iterator[tuple[str, Manifest]]:
    for case in CASES:
        for one in rendered(case):
            yield case, one


def the(case: str, kind: str, name: str = "") -> Manifest:
    found = [
        one
        for one in rendered(case)
        if one["kind"] == kind and one["metadata"]["name"] == f"cue-{name}".rstrip("-")
    ]
    assert len(found) == 1, (case, kind, name)
    return found[0]


def pods() -> Iterator[tuple[str, str, Manifest]]:
    """Case, name and template of every pod."""
    for case, one in everything():
        if one["kind"] in ("Deployment", "Job"):
            yield case, one["metadata"]["name"], one["spec"]["template"]


def containers() -> Iterator[tuple[str, Manifest, Manifest]]:
    for case, name, template in pods():
        for container in template["spec"]["containers"]:
            yield f"{case}: {name}/{container['name']}", template, container


def env(container: Manifest) -> dict[str, Manifest]:
    names = [one["name"] for one in container.get("env", ())]
    assert len(names) == len(set(names)), "a variable is set twice"
    return {one["name"]: one for one in container.get("env", ())}


def chosen(selector: Manifest, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        one["operator"] == "In" and labels.get(one["key"]) in one["values"]
        for one in selector.get("matchExpressions", ())
    )
