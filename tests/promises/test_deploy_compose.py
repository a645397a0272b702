"""The house on one machine: what compose.yaml says fits together and is what our processes need.

There is no docker here, and the specification's own schema is not ours to copy (on 2026-11-27 the
file was checked against it by hand: compose-spec 170098b, no error). So its structure is asserted:
every key is one that the specification has, and everything that is named exists.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import api.settings
import billing.settings
import engine.settings
from tests.promises.deployed import DEPLOY, ROOT, settings, understood

FILE = DEPLOY / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {
    "gateway": "gateway", "studio": "studio", "studio-gpu": "studio", "clerk": "clerk",
    "stripe-sandbox": "stripe-sandbox", "migrate": "migrate", "operator": "operator",
}  # fmt: skip
"""Service → the process it runs."""
KEYS = {
    "build", "cap_drop", "command", "depends_on", "deploy", "environment", "healthcheck", "image",
    "network_mode", "networks", "ports", "profiles", "read_only", "restart", "security_opt",
    "shm_size", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def _environment(service: str) -> dict[str, str]:
    """Its variables, with what is set where nobody sets anything."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        for name, value in SERVICES[service].get("environment", {}).items()
    }


def _volumes() -> Iterator[tuple[str, str, str, bool]]:
    """Service, source, target and whether it is only read."""
    for name, service in SERVICES.items():
        for line in service.get("volumes", ()):
            source, target, *mode = line.split(":")
            yield name, source, target, mode == ["ro"]


def test_every_key_is_one_of_the_specification_and_everything_named_exists() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M))
    for name, service in SERVICES.items():
        assert service.keys() <= KEYS, name
        assert "image" in service, name
        if built := service.get("build"):
            assert (FILE.parent / built["context"]).resolve() == ROOT
            assert built["target"] in targets
            assert service["image"] == f"cuesmith/{built['target']}"
        else:
            assert re.search(r":[v\d][\w.-]*$", service["image"]), f"{name} names no version"
        if mode := service.get("network_mode"):
            assert mode.removeprefix("service:") in SERVICES
            assert "ports" not in service and "networks" not in service, name


def test_whoever_is_waited_for_is_there_and_can_be_waited_for_like_that() -> None:
    waits = 0
    for name, service in SERVICES.items():
        needed = service.get("depends_on", {})
        asked = needed if isinstance(needed, dict) else {one: {} for one in needed}
        for other, how in asked.items():
            assert other in SERVICES, name
            condition = how.get("condition", "service_started")
            assert condition in CONDITIONS
            if condition == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], other
            if condition == "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no", other
            waits += 1
        if name in OURS and name != "migrate":
            assert {"migrate", "prepare"} <= asked.keys(), name
    assert waits > 15


def test_everything_that_is_mounted_exists() -> None:
    used = set()
    for service, source, target, read_only in _volumes():
        assert target.startswith("/"), service
        if source.startswith("."):
            assert (FILE.parent / source).exists(), f"{service} mounts {source}"
            assert read_only, f"{service} could change {source}"
        else:
            used.add(source)
    assert used == COMPOSE["volumes"].keys()
    assert (DEPLOY / "compose" / "users.sh").stat().st_mode & 0o111, "postgres runs it"


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting_of_the_process_that_gets_it(service: str) -> None:
    told = {name for name in _environment(service) if name.startswith("CUESMITH_")}
    assert told <= settings(OURS[service])


def test_each_process_would_start_with_what_it_is_told() -> None:
    gateway = api.settings.read(_environment("gateway"))
    assert gateway.public_url == "http://127.0.0.1:8000"
    assert gateway.metrics_port == 9100
    studio = engine.settings.read(_environment("studio"))
    on_gpu = engine.settings.read(_environment("studio-gpu"))
    assert studio.metrics_port == on_gpu.metrics_port == 9101
    assert (studio.provider, on_gpu.provider) == ("CPUExecutionProvider", "CUDAExecutionProvider")
    assert gateway.store == studio.store == on_gpu.store
    clerk = billing.settings.read(_environment("clerk"))
    assert clerk.stripe == "sandbox"
    assert billing.settings.read(_environment("operator")) == clerk
    port = SERVICES["stripe-sandbox"]["command"][
        SERVICES["stripe-sandbox"]["command"].index("--port") + 1
    ]
    assert clerk.url == f"http://127.0.0.1:{port}"
    assert _environment("clerk")["CUESMITH_PEPPER"].encode() == gateway.pepper


def test_the_sandbox_signs_with_what_the_gateway_believes() -> None:
    sandbox, gateway = _environment("stripe-sandbox"), _environment("gateway")
    pairs = (
        ("CUESMITH_SANDBOX_WEBHOOK_SECRET", "CUESMITH_STRIPE_WEBHOOK_SECRETS"),
        ("CUESMITH_SANDBOX_THIN_WEBHOOK_SECRET", "CUESMITH_STRIPE_THIN_SECRETS"),
    )
    for signed, believed in pairs:
        assert sandbox[signed] == gateway[believed]


def test_the_clerk_and_the_sandbox_share_a_loopback_that_neither_of_them_can_end() -> None:
    for one in ("clerk", "stripe-sandbox", "operator"):
        assert SERVICES[one]["network_mode"] == "service:till"
    assert "network_mode" not in SERVICES["till"]
    assert SERVICES["till"]["networks"]["default"]["aliases"] == ["clerk"]
    assert "ports" not in SERVICES["till"], "the sandbox believes whoever reaches it"


def test_every_command_is_understood_by_the_process_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (*OURS, "till"):
        understood(SERVICES[name]["command"], monkeypatch)
    for service in SERVICES.values():
        test = service.get("healthcheck", {}).get("test", [])
        if test[1:3] == ["python", "-c"]:
            understood(test[1:], monkeypatch)
    script = SERVICES["prepare"]["command"][-1]
    made = re.search(r"\|\| (cuesmith keys signing (\S+))", script)
    assert made is not None
    understood(made[1].split(), monkeypatch)
    assert made[2] == _environment("gateway")["CUESMITH_SIGNING_KEY"]
    mounted = {target for name, _, target, _ in _volumes() if name == "prepare"}
    assert set(re.findall(r"(?<=10001:10001 )([/\w ]+)", script)) == {
        "/run/cuesmith", "/store /state"
    }  # fmt: skip
    assert mounted == {"/run/cuesmith", "/store", "/state"}


def test_our_processes_are_nobody_and_write_nowhere_but_where_they_must() -> None:
    for name in (*OURS, "till"):
        service = SERVICES[name]
        assert service["read_only"] is True, name
        assert service["tmpfs"] == ["/tmp"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "user" not in service, "the image's own"


def test_only_this_machine_can_reach_what_is_published() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_each_process_logs_in_as_a_member_of_its_own_role() -> None:
    script = (DEPLOY / "compose" / "users.sh").read_text()
    members = dict(re.findall(r"create role (\w+) login .* in role (\w+);", script))
    made = set(re.findall(r"create role (cuesmith_\w+) nologin;", script))
    roles = (DEPLOY / "roles.sql").read_text()
    assert members == {
        "gateway": "cuesmith_gateway", "clerk": "cuesmith_clerk", "studio": "cuesmith_studio",
        "monitor": "pg_monitor",
    }  # fmt: skip
    assert made == {one for one in members.values() if one.startswith("cuesmith_")}
    assert all(f"'{one}'" in roles for one in made)
    for name, process in OURS.items():
        if address := _environment(name).get("DATABASE_URL"):
            url = urlsplit(address)
            assert url.hostname == "postgres" and url.path == "/cuesmith"
            owner = SERVICES["postgres"]["environment"]["POSTGRES_USER"]
            assert url.username == (process if process in members else owner), name


def test_prometheus_finds_every_process_at_its_port() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    found = {
        (one["names"][0], one["port"])
        for job in scraped["scrape_configs"]
        for one in job.get("dns_sd_configs", ())
    }
    named = {"gateway": "gateway", "studio": "studio", "clerk": "clerk"}
    assert found == {
        (name, int(_environment(service)["CUESMITH_METRICS_PORT"]))
        for name, service in named.items()
    }
    aliases = {
        alias for service in SERVICES.values()
        for alias in service.get("networks", {}).get("default", {}).get("aliases", ())
    }  # fmt: skip
    assert {name for name, _ in found} <= SERVICES.keys() | aliases
    for service in ("gateway", "studio", "clerk"):
        assert _environment(service)["CUESMITH_METRICS_HOST"] == "0.0.0.0"
    mounted = {target: source for _, source, target, _ in _volumes()}
    assert set(scraped["rule_files"]) <= mounted.keys()
    provider = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/dashboards/cuesmith.yaml").read_text()
    )
    assert provider["providers"][0]["options"]["path"] in mounted
