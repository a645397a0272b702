"""The chart's containers, without a cluster: ``python -m loadtests.rehearse_chart``.

Each runs with the command and the variables that the chart renders, as user 10001 without
capabilities, on a read-only root with only /tmp to write to, and logs into the database as a member
of its process's role. Then a brief goes from a key to a license, a top-up is paid at the sandbox,
and everybody is told to end. It exits 1 where anything of that fails. Root only, for the mounts.
"""

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import helm_python
import httpx
import yaml

from api.licenses.signing import Signer
from api.ports import any_port
from api.postgres import Embedded

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 10001
SECRETS = {
    "CUESMITH_PEPPER": "a pepper for rehearsals",
    "CUESMITH_STRIPE_WEBHOOK_SECRETS": "whsec_a", "CUESMITH_STRIPE_THIN_SECRETS": "whsec_b",
    "CUESMITH_SANDBOX_WEBHOOK_SECRET": "whsec_a", "CUESMITH_SANDBOX_THIN_WEBHOOK_SECRET": "whsec_b",
}  # fmt: skip
LOGINS = {"gateway": "gateway", "clerk": "clerk", "stripe-sandbox": "clerk", "studio": "studio"}
CHIME = {"prompt": "soft chime", "kind": "chime", "candidates": 1, "duration_ms": 800}

# $1: a folder that becomes the root; $2: compiled loops; $3: the store; $4: the signing key;
# $5: the interpreter's installation; $6: what is run.
POD = """
set -e
mount --make-rprivate /
mount --rbind / "$1"
case "$5" in /root/*)
  mount -t tmpfs -o mode=755 tmpfs "$1/root"
  mkdir -p "$1$5"; mount --bind "$5" "$1$5"; mount -o remount,ro "$1/root";;
esac
mount --bind "$2" "$1/srv"; mount -o remount,bind,ro "$1/srv"
mount --bind "$3" "$1/mnt"
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mkdir -p "$1/run/secrets/cuesmith"
install -m 440 -g 10001 "$4" "$1/run/secrets/cuesmith/signing-key.pem"
install -m 555 "$6" "$1/run/start"
mount -o remount,ro "$1/run"
mount -t tmpfs -o size=2g,mode=1777 tmpfs "$1/tmp"
mount -o remount,bind,ro "$1"
cd "$1"
exec chroot "$1" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
  --inh-caps=-all --bounding-set=-all bash /run/start
"""


class House:
    """The chart's containers, by name."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self.owner = folder, owner
        self.ports = {port: str(any_port()) for port in ("8000", "9100", "9101", "9102", "12111")}
        self.containers = {one["name"]: one for one in _containers()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def at(self, port: str, path: str) -> str:
        """An address of one of the house's ports, as the chart numbers them."""
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def begin(self, name: str, database: str) -> subprocess.Popen[bytes]:
        """Start a container as a pod would."""
        start, log = self.folder / f"start-{name}", self.folder / f"log-{name}"
        start.write_text(self._script(self.containers[name], database))
        places = [self.folder / one for one in ("root", "compiled", "store", "signing-key.pem")]
        places[0].mkdir(exist_ok=True)
        pod = ["unshare", "-m", "bash", "-c", POD, "pod", *places, sys.base_prefix, start]
        with log.open("wb") as out:
            self.running[name] = subprocess.Popen(pod, stdout=out, stderr=out)
        return self.running[name]

    def _script(self, container: dict[str, Any], database: str) -> str:
        secrets = {**SECRETS, "DATABASE_URL": database}
        variables = {
            one["name"]: self._here(one["value"]) if "value" in one else secrets[one["name"]]
            for one in container["env"]
        }
        image = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/tmp",
            "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": "/srv",
        }  # fmt: skip
        words = [self._here(word) for word in container["command"]]
        told = [f"{name}={value}" for name, value in (image | variables).items()]
        return f"cd {shlex.quote(str(ROOT))}\nexec env -i {shlex.join([*told, *words])}\n"

    def _here(self, text: str) -> str:
        """A word of the chart's on this machine: our ports, our address, our checkout."""
        for theirs, ours in self.ports.items():
            text = ours if text == theirs else text.replace(f":{theirs}", f":{ours}")
        return text.replace("cue-gateway", "127.0.0.1").replace("/srv/cuesmith", str(ROOT))

    def end(self) -> dict[str, int]:
        """Tell everybody to end; how each of them did."""
        for process in self.running.values():
            process.terminate()
        return {name: process.wait(60) for name, process in self.running.items()}


def _containers() -> list[dict[str, Any]]:
    values = {"store": {"url": "/mnt", "existingClaim": "audio"}}
    with helm_python.Chart.load(ROOT / "deploy" / "helm") as chart:
        files = chart.render(values, name="cue", namespace="music")
    manifests = [
        one for name, text in files.items() if name.endswith(".yaml")
        for one in yaml.safe_load_all(text) if one
    ]  # fmt: skip
    return [
        container for one in manifests if one["kind"] in ("Deployment", "Job")
        for container in one["spec"]["template"]["spec"]["containers"]
    ]  # fmt: skip


def main() -> int:
    """Rehearse; 1 where something failed."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        print("only root may mount a root that cannot be written to")
        return 1
    # Not in /tmp, of which every pod has its own.
    with tempfile.TemporaryDirectory(prefix="cuesmith-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "store").mkdir()
        os.chown(folder / "store", NOBODY, NOBODY)
        Signer.create(folder / "signing-key.pem")
        _warm(folder / "compiled")
        with Embedded(folder / "postgres") as server:
            server.data.chmod(0o711)  # whoever logs in may reach the socket in it
            house = House(folder, server.database("house"))
            asyncio.run(_execute(server.dsn, "create database house"))
            try:
                _rehearse(house)
            except Exception:  # whatever it was, what the pods said of it is worth more
                for log in sorted(folder.glob("log-*")):
                    print(f"--- {log.name}\n{log.read_text()[-2000:]}")
                raise
            finally:
                ended = house.end()
    print("ended: " + ", ".join(f"{name} {code}" for name, code in ended.items()))
    return int(any(ended.values()))


def _warm(folder: Path) -> None:
    """Compile the loops as the Dockerfile does."""
    environ = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "engine", "warm"], cwd=ROOT, env=environ, check=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", folder], check=True)


def _rehearse(house: House) -> None:
    migrated = house.begin("migrate", house.owner).wait(120)
    assert migrated == 0, f"the migration ended with {migrated}"
    for role in ("gateway", "clerk", "studio"):
        login = f"create role {role}_of_house login in role cuesmith_{role}"
        asyncio.run(_execute(house.owner, login))
    began = time.monotonic()
    for name, role in LOGINS.items():
        house.begin(name, house.owner.replace("postgres@", f"{role}_of_house@", 1))
    for what, port, path in (
        ("gateway", "8000", "/readyz"), ("clerk", "9102", "/healthz"),
        ("studio", "9101", "/readyz"), ("the gateway's metrics", "9100", "/metrics"),
    ):  # fmt: skip
        _until(partial(_answers, house.at(port, path)))
        print(f"{what}: answers {time.monotonic() - began:.0f} s after the start")
    _sell(house)


def _sell(house: House) -> None:
    """A brief, its license, and a top-up."""
    account = json.loads(_operate(house, "accounts", "open", "House", "--mode", "test"))["id"]
    _operate(house, "accounts", "grant", account, "100", "--reference", "rehearsal")
    key = _operate(house, "keys", "create", account)
    headers = {"authorization": f"Bearer {key}", "prefer": "wait=10"}
    with httpx.Client(base_url=house.at("8000", ""), headers=headers, timeout=60) as client:

        def post(path: str, body: Any = None) -> Any:
            answer = client.post(path, json=body, headers={"idempotency-key": path})
            assert answer.is_success, answer.text
            return answer.json()

        began = time.monotonic()
        brief = f"/v1/briefs/{post('/v1/briefs', CHIME)['id']}"
        _until(lambda: client.get(brief).json()["finished_at"] is not None)
        view = client.get(brief).json()
        assert view["status"] == "succeeded", view
        print(f"a brief: {view['status']} after {time.monotonic() - began:.1f} s")
        license_ = post(f"/v1/candidates/{view['candidates'][0]['id']}/pick")
        print(f"a pick: {license_['id']}")
        topup = post("/v1/topups", {"tokens": 1000})
        httpx.post(f"{topup['checkout_url']}/pay", data={"card": "pm_card_visa"})
        mine = f"/v1/topups/{topup['id']}"
        _until(lambda: client.get(mine).json()["status"] == "paid")
        print("a top-up: paid")
    print(_operate(house, "billing", "check").splitlines()[-1])


def _answers(address: str) -> bool:
    return httpx.get(address, timeout=5).status_code == 200


def _operate(house: House, *words: str) -> str:
    """What an operator types, as the database's owner."""
    environ = {**os.environ, **SECRETS, "DATABASE_URL": house.owner}
    done = subprocess.run([sys.executable, "-m", "api.cli", *words], cwd=ROOT, env=environ,
                          capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout.strip()


def _until(holds: Callable[[], bool], patience_s: float = 120) -> None:
    """Ask until it holds; `AssertionError` where it never does."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass  # not there yet
        time.sleep(0.3)
    raise AssertionError(f"not within {patience_s:.0f} s")


async def _execute(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute(statement)
    await conn.close()


if __name__ == "__main__":
    sys.exit(main())
