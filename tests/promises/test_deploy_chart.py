"""The chart, rendered without a cluster: what it makes is valid, and is what our processes need."""

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import helm_python
import jsonschema
import kubernetes_validate
import pytest

import api.settings
import billing.settings
import engine.settings
from tests.promises.chart import (
    CASES,
    CHART,
    CUSTOM,
    NEWEST,
    OLDEST,
    Manifest,
    chosen,
    containers,
    env,
    everything,
    pods,
    rendered,
    the,
)
from tests.promises.deployed import DEPLOY, ROOT, SECRET, settings, understood

# --- valid ---


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_wrong(case: str) -> None:
    report = helm_python.lint(CHART, CASES[case], strict=True)
    assert report["errors"] == []
    assert [one for one in report["messages"] if one["severity"] >= 2] == []


@pytest.mark.parametrize("case", CASES)
def test_every_manifest_is_valid_in_the_oldest_and_the_newest_kubernetes(case: str) -> None:
    seen = 0
    for one in rendered(case):
        if schema := CUSTOM.get(f"{one['apiVersion']} {one['kind']}"):
            jsonschema.Draft202012Validator(schema).validate(one)
        else:
            for version in (OLDEST, NEWEST):
                kubernetes_validate.validate(one, version, strict=True)
        seen += 1
    assert seen > 10


def test_a_field_that_does_not_exist_would_be_found() -> None:
    broken = json.loads(json.dumps(the("gpu", "ScaledObject", "studio-gpu")))
    broken["spec"]["minReplicas"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, CUSTOM["keda.sh/v1alpha1 ScaledObject"])
    broken = json.loads(json.dumps(the("default", "Deployment", "gateway")))
    broken["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"stripe": {"mode": "test"}}, "mode"),
        ({"gateway": {"settings": {"CUESMITH_PEPPER": "in a file"}}}, "CUESMITH_PEPPER"),
        ({"gateway": {"settings": {"DATABASE_URL": "postgres://"}}}, "DATABASE_URL"),
        ({"gatway": {}}, "gatway"),
        ({"store": {"url": "/store"}}, "existingClaim"),
        ({"store": {"url": "s3://a/b", "endpoint": "http://minio:9000"}}, "endpoint"),
        ({"networkPolicies": {"store": {"to": []}}}, "to"),
        ({"studio": {"batchWeight": 2}}, "batchWeight"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_by_name(
    values: dict[str, Any], named: str
) -> None:
    with (
        helm_python.Chart.load(CHART) as chart,
        pytest.raises(helm_python.HelmValuesError, match=named),
    ):
        chart.render(values)


# --- safe ---


def test_every_pod_is_nobody_and_writes_nowhere_but_where_it_must() -> None:
    for name, template, container in containers():
        pod, own = template["spec"], container["securityContext"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert own["readOnlyRootFilesystem"] is True, name
        assert own["allowPrivilegeEscalation"] is False, name
        assert own["capabilities"] == {"drop": ["ALL"]}, name
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}, name
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys(), name
        for volume in volumes.values():
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": 0}), name
            assert "hostPath" not in volume, name
    user = re.findall(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(user) == {"10001"}


def test_every_container_has_requests_and_limits() -> None:
    for name, _, container in containers():
        for bound in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][bound].keys(), name


def test_what_serves_is_probed_where_it_answers() -> None:
    for name, _, container in containers():
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        probes = [container[one] for one in container if one.endswith("Probe")]
        if container["name"] in ("gateway", "clerk", "studio"):
            assert {"startupProbe", "livenessProbe"} <= container.keys(), name
            assert ("readinessProbe" in container) == (container["name"] != "clerk"), name
        for probe in probes:
            if asked := probe.get("httpGet"):
                assert asked["port"] in ports, name
                assert asked["path"] in ("/healthz", "/readyz"), name


def test_no_secret_stands_in_a_manifest() -> None:
    for name, _, container in containers():
        for variable, said in env(container).items():
            if variable in SECRET:
                assert said.keys() == {"name", "valueFrom"}, f"{name} {variable}"
                assert "secretKeyRef" in said["valueFrom"], f"{name} {variable}"
            else:
                assert not re.search(r"postgres(ql)?://|whsec_|[rs]k_(live|test)_", said["value"])
    assert all(one["kind"] != "Secret" for _, one in everything())


def test_each_process_sees_its_own_secrets_only() -> None:
    whose = {
        "gateway": {"cue-gateway"}, "studio": {"cue-studio"}, "clerk": {"cue-clerk"},
        "migrate": {"cue-migrate"}, "stripe-sandbox": {"cue-gateway"},
        "operator": {"cue-migrate", "cue-clerk"},
    }  # fmt: skip
    for name, template, container in containers():
        seen = {
            said["valueFrom"]["secretKeyRef"]["name"]
            for said in env(container).values()
            if "valueFrom" in said
        }
        assert seen - {"bucket"} <= whose[container["name"]], name
        assert "CUESMITH_STRIPE_KEY" not in env(container) or container["name"] in (
            "clerk", "operator",
        ), name  # fmt: skip
        mounted = {
            (volume["secret"]["secretName"], item["key"])
            for volume in template["spec"]["volumes"]
            if "secret" in volume
            for item in volume["secret"]["items"]
        }
        assert mounted <= FILES.get(container["name"], set()), name


FILES = {
    "gateway": {("cue-gateway", "signing-key.pem"), ("marks", "root.pem")},
    "studio": {("marks", "marks.pem")},
}
"""Secrets that a process reads as files."""


def test_a_variable_that_names_a_file_names_one_that_is_mounted() -> None:
    seen = set()
    for name, template, container in containers():
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        there = {
            f"{mount['mountPath']}/{item['path']}"
            for mount in container["volumeMounts"]
            for item in volumes[mount["name"]].get("secret", {}).get("items", ())
        }
        named = {value for value in environment(container).values() if value.endswith(".pem")}
        assert named == there, name
        seen |= {value.rpartition("/")[2] for value in named}
    assert seen == {"signing-key.pem", "marks.pem", "root.pem"}


def test_a_store_of_secrets_has_every_key_that_a_process_asks_for() -> None:
    kept = {
        one["spec"]["target"]["name"]: {row["secretKey"] for row in one["spec"]["data"]}
        for one in rendered("live")
        if one["kind"] == "ExternalSecret"
    }
    asked: dict[str, set[str]] = {}
    for _, name, template in (row for row in pods() if row[0] == "live"):
        for container in template["spec"]["containers"]:
            for said in env(container).values():
                if "valueFrom" in said:
                    key = said["valueFrom"]["secretKeyRef"]
                    asked.setdefault(key["name"], set()).add(key["key"])
        for volume in template["spec"]["volumes"]:
            if "secret" in volume:
                keys = {item["key"] for item in volume["secret"]["items"]}
                asked.setdefault(volume["secret"]["secretName"], set()).update(keys)
        assert name
    reference = the("live", "TriggerAuthentication", "scaler")["spec"]["secretTargetRef"][0]
    asked.setdefault(reference["name"], set()).add(reference["key"])
    assert kept == asked


# --- what our processes need ---


def test_every_variable_is_a_setting_of_the_process_that_gets_it() -> None:
    for name, _, container in containers():
        told = {one for one in env(container) if one.startswith("CUESMITH_")}
        assert told <= settings(container["name"]), name


def test_every_command_is_understood_by_the_process_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = set()
    for _, _, container in containers():
        understood(container["command"], monkeypatch)
        seen.add(container["name"])
        for probe in (container.get("livenessProbe"), container.get("startupProbe")):
            if probe and "exec" in probe:
                understood(probe["exec"]["command"], monkeypatch)
    assert seen == {"gateway", "clerk", "studio", "migrate", "operator", "stripe-sandbox"}
    grants = the("default", "Job", "migrate")["spec"]["template"]["spec"]["containers"][0]
    there = grants["command"][-1].removeprefix("/srv/cuesmith/")
    assert f"COPY {there} {there}" in (ROOT / "Dockerfile").read_text()


def test_every_image_is_a_target_of_the_dockerfile() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M))
    images = {container["image"] for _, _, container in containers()}
    named = {re.fullmatch(r"registry\.example\.com/cuesmith/([a-z-]+):0\.1\.0", one)[1]
             for one in images}  # fmt: skip
    assert named == {"gateway", "clerk", "studio", "studio-gpu"}
    assert named <= targets


def environment(container: Manifest) -> dict[str, str]:
    """What a process would see, with something plausible for each secret."""
    plausible = {
        "DATABASE_URL": "postgresql://cue@db/cue",
        "CUESMITH_PEPPER": "sixteen characters and more",
        "CUESMITH_STRIPE_KEY": "rk_live_of_a_test",
    }
    return {
        name: said.get("value", plausible.get(name, "whsec_a,whsec_b"))
        for name, said in env(container).items()
    }


@pytest.mark.parametrize("case", CASES)
def test_each_process_would_start_with_what_it_is_told(case: str, tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_text("-----BEGIN CERTIFICATE-----\n")
    read: dict[str, Any] = {
        "gateway": api.settings.read, "clerk": billing.settings.read, "studio": engine.settings.read
    }  # fmt: skip
    started = set()
    for name, _, container in containers():
        if name.startswith(f"{case}:") and container["name"] in read:
            told = environment(container)
            if "CUESMITH_MARKS_ROOT" in told:
                told["CUESMITH_MARKS_ROOT"] = str(root)
            got = read[container["name"]](told)
            assert container["name"] == "clerk" or got.database_url == "postgresql://cue@db/cue"
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            named = {told.get("CUESMITH_METRICS_PORT"), told.get("CUESMITH_HEALTH_PORT")} - {None}
            assert named == {str(ports["metrics"])}, name
            assert told["CUESMITH_METRICS_HOST"] == "0.0.0.0", "a pod is scraped from outside"
            started.add(container["name"])
    assert started == {"gateway", "clerk", "studio"}


def test_the_port_of_the_service_is_the_one_that_the_gateway_listens_on() -> None:
    for case in CASES:
        container = the(case, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert container["command"][-2:] == ["--port", str(ports["http"])]
        assert "0.0.0.0" in container["command"]
        service = the(case, "Service", "gateway")["spec"]["ports"]
        assert [one["targetPort"] for one in service] == ["http"]


def test_a_studio_has_longer_to_end_than_it_takes_to_drain() -> None:
    for name, template, container in containers():
        if container["name"] == "studio":
            drain = int(environment(container)["CUESMITH_DRAIN_S"])
            assert template["spec"]["terminationGracePeriodSeconds"] >= drain + 60, name


def test_a_studio_on_gpus_gets_one_and_insists_on_it() -> None:
    template = the("gpu", "Deployment", "studio-gpu")["spec"]["template"]["spec"]
    container = template["containers"][0]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert container["resources"]["requests"]["nvidia.com/gpu"] == 1
    assert environment(container)["CUESMITH_PROVIDER"] == "CUDAExecutionProvider"
    assert container["image"].split("/")[-1].startswith("studio-gpu:")
    assert template["nodeSelector"] and template["tolerations"]
    assert not any("studio-cpu" in one["metadata"]["name"] for one in rendered("gpu"))


def test_live_clerks_are_several_and_the_sandbox_is_beside_the_only_one() -> None:
    live, trial = (the(case, "Deployment", "clerk")["spec"] for case in ("live", "default"))
    assert live["replicas"] >= 2
    assert [one["name"] for one in live["template"]["spec"]["containers"]] == ["clerk"]
    assert trial["replicas"] == 1
    names = [one["name"] for one in trial["template"]["spec"]["containers"]]
    assert names == ["clerk", "stripe-sandbox"]


# --- how it belongs together ---


def test_selectors_choose_the_pods_they_are_for() -> None:
    for case in CASES:
        labels = {
            name: template["metadata"]["labels"] for at, name, template in pods() if at == case
        }
        for one in rendered(case):
            name, spec = one["metadata"]["name"], one.get("spec", {})
            match one["kind"]:
                case "Deployment" | "PodDisruptionBudget":
                    assert _picked(spec["selector"], labels) == [name]
                case "Service":
                    assert _picked({"matchLabels": spec["selector"]}, labels) == [name]
                case "NetworkPolicy":
                    assert _picked(spec["podSelector"], labels) != []


def _picked(selector: Manifest, labels: dict[str, dict[str, str]]) -> list[str]:
    return [pod for pod in labels if chosen(selector, labels[pod])]


def test_how_many_there_are_is_decided_by_one() -> None:
    scaled = set()
    for case in CASES:
        deployments = {
            one["metadata"]["name"]: one["spec"]
            for one in rendered(case)
            if one["kind"] == "Deployment"
        }
        scalers = [
            one["spec"]["scaleTargetRef"]["name"]
            for one in rendered(case)
            if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
        ]
        assert len(scalers) == len(set(scalers))
        for name, spec in deployments.items():
            assert ("replicas" in spec) == (name not in scalers), f"{case}: {name}"
        assert set(scalers) <= deployments.keys()
        scaled |= set(scalers)
    assert scaled == {"cue-gateway", "cue-studio-cpu", "cue-studio-gpu"}


def test_every_service_account_is_there_and_none_brings_a_token() -> None:
    for case in CASES:
        accounts = {
            one["metadata"]["name"]: one
            for one in rendered(case)
            if one["kind"] == "ServiceAccount"
        }
        used = {template["spec"]["serviceAccountName"] for at, _, template in pods() if at == case}
        assert used == accounts.keys()
        assert all(one["automountServiceAccountToken"] is False for one in accounts.values())


def test_the_hook_brings_along_what_the_job_needs_before_anything_else_is_there() -> None:
    hooks = {
        (one["kind"], one["metadata"]["name"]): one["metadata"]["annotations"]
        for one in rendered("live")
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    }
    name = "cue-migrate"
    assert set(hooks) == {
        (kind, name) for kind in ("Job", "ServiceAccount", "NetworkPolicy", "ExternalSecret")
    }
    assert {one["helm.sh/hook"] for one in hooks.values()} == {"pre-install,pre-upgrade"}
    job = int(hooks["Job", name]["helm.sh/hook-weight"])
    assert all(
        int(said["helm.sh/hook-weight"]) < job for (kind, _), said in hooks.items() if kind != "Job"
    )


def _policies(case: str, component: str) -> list[Manifest]:
    labels = {
        "app.kubernetes.io/name": "cuesmith",
        "app.kubernetes.io/instance": "cue",
        "app.kubernetes.io/component": component,
    }
    return [
        one["spec"]
        for one in rendered(case)
        if one["kind"] == "NetworkPolicy" and chosen(one["spec"]["podSelector"], labels)
    ]


COMPONENTS = ("gateway", "clerk", "studio-cpu", "studio-gpu", "operator", "migrate")


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_is_allowed_that_is_not_named(component: str) -> None:
    policies = _policies("live", component)
    assert any("ingress" not in one and "egress" not in one for one in policies), "default deny"
    assert all(set(one["policyTypes"]) == {"Ingress", "Egress"} for one in policies)
    for policy in policies:
        for rule in policy.get("egress", []):
            assert rule["to"] and rule["ports"]
        for rule in policy.get("ingress", []):
            assert rule["from"] and rule["ports"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_only_the_clerk_and_an_operator_reach_the_world_and_never_our_own_by_it(
    component: str,
) -> None:
    reached = []
    for policy in _policies("live", component):
        for rule in policy.get("egress", []):
            for peer in rule["to"]:
                block = peer.get("ipBlock")
                if block and not ipaddress.ip_network(block["cidr"]).is_private:
                    reached.append(block)
    assert bool(reached) == (component in ("clerk", "operator"))
    for block in reached:
        left_out = [ipaddress.ip_network(one) for one in block["except"]]
        for address in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"):
            assert any(ipaddress.ip_address(address) in one for one in left_out), address


def test_a_studio_is_spoken_to_only_for_its_metrics() -> None:
    for component in ("studio-cpu", "studio-gpu", "clerk"):
        rules = [rule for one in _policies("live", component) for rule in one.get("ingress", [])]
        assert [[port["port"] for port in rule["ports"]] for rule in rules] == [["metrics"]]
    rules = [rule for one in _policies("live", "migrate") for rule in one.get("ingress", [])]
    assert rules == []


# --- scaling ---


def _query() -> str:
    trigger = the("gpu", "ScaledObject", "studio-gpu")["spec"]["triggers"][0]
    assert trigger["type"] == "postgresql"
    return trigger["metadata"]["query"]


async def test_the_scaler_reads_the_backlog_in_studio_seconds_and_nothing_else(
    postgres: str,
) -> None:
    conn = await asyncpg.connect(postgres)
    await conn.execute((DEPLOY / "roles.sql").read_text())
    await conn.execute("set role cuesmith_scaler")
    assert await conn.fetchval(_query()) == 0
    await conn.execute("reset role")
    await _wait(conn, "brf_1", "interactive", 40.0)
    await _wait(conn, "brf_2", "interactive", 20.0)
    await _wait(conn, "brf_3", "batch", 100.0)
    await conn.execute("set role cuesmith_scaler")
    assert float(await conn.fetchval(_query())) == 60.0 + 0.25 * 100.0
    for table in ("engine.jobs", "engine.deliveries", "api.accounts", "billing.wallets"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(f"select from {table}")
    await conn.close()


async def _wait(conn: asyncpg.Connection, job: str, lane: str, seconds: float) -> None:
    await conn.execute(
        "insert into engine.jobs (id, account, resolved, seed, lane, expected_s, deadline_at)"
        " values ($1, 'acc_a', '{}', 1, $2, $3, now() + interval '1 hour')",
        job, lane, seconds,
    )  # fmt: skip
