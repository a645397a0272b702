"""Alerts and dashboards speak of nothing but what exists, and every alert has its page."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from litestar.routes import HTTPRoute

from api.clerk import rounds, watching
from tests.promises import promql
from tests.promises.deployed import DEPLOY, ROOT, metrics

PROMETHEUS, GRAFANA = DEPLOY / "prometheus", DEPLOY / "grafana"
RUNBOOK = (DEPLOY / "runbook.md").read_text()
OTHERS: dict[str, frozenset[str]] = {
    "up": frozenset(),  # Prometheus itself
    "pg_up": frozenset(),  # postgres_exporter
    "pg_stat_activity_count": frozenset({"datname", "state"}),
    "pg_settings_max_connections": frozenset({"server"}),
}
EVERYWHERE = {"job", "instance"}
"""Labels that Prometheus puts onto every series."""
BOARDS = {"business", "queue", "engine", "money"}
PROMTOOL = shutil.which(os.environ.get("PROMTOOL", "promtool"))
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None and "promtool" not in os.environ.get("CUESMITH_TESTS_NEED", ""),
    reason="needs promtool: apt-get install --no-install-recommends prometheus",
)


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


RULES = {rule["alert"]: rule for rule in _rules()}


def _panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            yield file.stem, panel


def _expressions() -> Iterator[tuple[str, promql.Said]]:
    for name, rule in RULES.items():
        yield name, promql.read(rule["expr"])
    for board, panel in _panels():
        for target in panel["targets"]:
            yield f"{board}: {panel['title']}", promql.read(target["expr"])


def _selectors() -> Iterator[tuple[str, promql.Selector]]:
    for where, said in _expressions():
        for one in said.selectors:
            yield where, one


@cache
def _known() -> dict[str, frozenset[str]]:
    return {**metrics(), **OTHERS}


# --- what they speak of ---


def test_every_series_exists_with_the_labels_that_are_asked_of_it() -> None:
    known, seen = _known(), 0
    for where, one in _selectors():
        assert one.name in known, f"{where}: no process shows {one.name}"
        asked = {matcher.label for matcher in one.matchers}
        assert asked <= known[one.name] | EVERYWHERE, f"{where}: {one.name} has no such label"
        seen += 1
    assert seen > 100


def test_every_label_that_is_grouped_by_is_one_of_the_series() -> None:
    known = _known()
    for where, said in _expressions():
        there = frozenset(EVERYWHERE).union(*(known[one.name] for one in said.selectors))
        assert said.grouped <= there, where


def test_a_series_or_label_that_nobody_shows_would_be_found() -> None:
    said = promql.read(
        'sum by (lane, le) (rate(clerk_queue_jbos{lane=~"a|b", state!="x"}[5m])) / 3 > 1h'
        " and on () absent(up) unless nothing offset 5m"
    )
    assert [one.name for one in said.selectors] == ["clerk_queue_jbos", "up", "nothing"]
    assert said.grouped == {"lane", "le"}
    assert said.selectors[0].matchers == (
        promql.Matcher("lane", "=~", "a|b"), promql.Matcher("state", "!=", "x"),
    )  # fmt: skip
    assert "clerk_queue_jbos" not in _known()
    assert "clerk_ledger_broken_promises" in _known()
    with pytest.raises(ValueError, match="no"):
        promql.read("sum by (lane")


def _matched(label: str, *series: str) -> set[str]:
    """The values that all expressions ask of one label."""
    return {
        value
        for _, one in _selectors()
        if not series or one.name in series
        for matcher in one.matchers
        if matcher.label == label and not matcher.value.startswith("$")
        for value in (matcher.value.split("|") if matcher.sign in ("=~", "!~") else [matcher.value])
    }


def test_routes_and_statuses_are_those_of_the_gateway(gateway_routes: dict[str, Any]) -> None:
    asked = _matched("route")
    assert asked and asked <= gateway_routes.keys()
    assert _matched("status") <= {"5..", "201", "402"}
    for where, one in _selectors():
        for matcher in one.matchers:
            if matcher.label == "status" and "." in matcher.value:
                assert matcher.sign == "=~", where


def test_what_is_slow_is_asked_of_calls_that_wait_for_nothing(
    gateway_routes: dict[str, Any],
) -> None:
    for route in _matched("route", "gateway_request_seconds_bucket"):
        for handler in gateway_routes[route]:
            assert "Prefer" not in handler.opt["operation"].headers, route


@pytest.fixture
def gateway_routes() -> dict[str, Any]:
    """The gateway's addresses as its metrics name them, each with its handlers."""
    from litestar import Litestar

    from api.app import ROUTES

    app = Litestar(ROUTES, openapi_config=None)
    return {
        route.path_format: [one for one in route.route_handlers if "operation" in one.opt]
        for route in app.routes
        if isinstance(route, HTTPRoute)
    }


def test_other_values_are_those_that_the_code_gives() -> None:
    jobs = {"cuesmith-gateway", "cuesmith-studio", "cuesmith-clerk"}
    assert _matched("job") == jobs
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    assert jobs <= {one["job_name"] for one in scraped}
    assert _matched("work") <= set(re.findall(r"'(\w+)'", watching.SELECT_WAITING))
    assert _matched("round") <= {one.step.__name__ for one in rounds.ROUNDS}
    lanes = {"rendition", "plan", "interactive", "batch"}
    assert _matched("lane") - {"send", "reconcile", "dead"} <= lanes
    said = "".join(file.read_text() for file in (ROOT / "engine/studio/lanes").glob("*.py"))
    for outcome in _matched("outcome", "studio_briefs_total"):
        assert f'"{outcome}"' in said
    for refusal in _matched("refusal"):
        assert f'"{refusal}"' in (ROOT / "api" / "problems.py").read_text()


# --- alerts ---


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_how_urgent_it_is_and_where_to_read_on(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    said = rule["annotations"]
    assert said["runbook_url"] == f"deploy/runbook.md#{name.lower()}"
    assert said["summary"].endswith(".")
    section = re.search(rf"^## {name}\n(.*?)(?=^##? )", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None, f"the runbook has no section {name}"
    for part in ("**Means**", "**Look first**", "**Do**", "**Wake somebody**"):
        assert part in section[1], f"{name}: {part}"


def test_every_page_is_of_an_alert_and_every_reference_leads_somewhere() -> None:
    alerts = re.search(r"^# Alerts\n(.*?)^# ", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert alerts is not None
    assert re.findall(r"^## (.+)$", alerts[1], re.MULTILINE) == list(RULES)
    headings = set(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))
    for named in re.findall(r"\*([A-Z][^*\n]+)\*(?!\*)", RUNBOOK):
        if f"**{named}**" not in RUNBOOK and named not in PANELS | ASIDES:
            assert named in headings, f"the runbook speaks of *{named}*"


def test_what_was_rehearsed_is_a_test_that_there_is() -> None:
    named = re.findall(r"\| `(test_\w+)` \|$", RUNBOOK, re.MULTILINE)
    written = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) >= 15
    for name in named:
        assert re.search(rf"^(async )?def {name}\(", written, re.MULTILINE), name


PANELS = {panel["title"] for _, panel in _panels()}
ASIDES = {"Seen as"}


# --- dashboards ---


def test_there_are_four_boards_as_their_source_says() -> None:
    spec = importlib.util.spec_from_file_location("boards", GRAFANA / "boards.py")
    assert spec is not None and spec.loader is not None
    boards = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(boards)
    found = {file.name: file.read_text() for file in (GRAFANA / "dashboards").iterdir()}
    assert found == boards.written(), "run python deploy/grafana/boards.py"
    assert {name.removesuffix(".json") for name in found} == BOARDS


def test_every_panel_has_a_title_a_unit_a_sentence_and_a_source_that_is_provisioned() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())
    uids = {one["uid"] for one in source["datasources"]}
    for board, panel in _panels():
        where = f"{board}: {panel['title']}"
        assert panel["title"] and panel["description"].endswith("."), where
        assert panel["fieldConfig"]["defaults"]["unit"], where
        assert panel["targets"], where
        assert {one["datasource"]["uid"] for one in panel["targets"]} <= uids, where
        for target in panel["targets"]:
            assert target["legendFormat"], where
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert labels <= promql.read(target["expr"]).grouped, where


def test_panels_do_not_lie_upon_each_other() -> None:
    for name in BOARDS:
        taken = set()
        for board, panel in _panels():
            if board == name:
                grid = panel["gridPos"]
                cells = {(grid["x"] + x, grid["y"] + y)
                         for x in range(grid["w"]) for y in range(grid["h"])}  # fmt: skip
                assert not cells & taken, panel["title"]
                taken |= cells


# --- by Prometheus itself ---


def _promtool(*arguments: str) -> str:
    assert PROMTOOL is not None, "CUESMITH_TESTS_NEED asks for promtool, which is not installed"
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_prometheus_takes_our_rules_and_its_own_settings() -> None:
    assert f"{len(RULES)} rules found" in _promtool("check", "rules", "alerts.yaml")
    _promtool("check", "config", "--syntax-only", "prometheus.yml")


@needs_promtool
def test_alerts_fire_when_they_should_and_not_before() -> None:
    assert "SUCCESS" in _promtool("test", "rules", "alerts_test.yaml")


def test_the_rules_that_are_tried_are_ours() -> None:
    tried = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text())
    names = {one["alertname"] for test in tried["tests"] for one in test["alert_rule_test"]}
    assert len(names) >= 3
    assert names <= RULES.keys()
