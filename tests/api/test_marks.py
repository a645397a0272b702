"""What a client downloads says that a machine made it, and a license is for that very file."""

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
import pytest
import soundfile
from msgspec import structs

from api.app import create_app
from api.licenses import certificate as certificates
from api.licenses import service as licenses
from api.licenses.signing import Signer
from api.settings import GatewaySettings, SettingMissing
from api.settings import read as read_settings
from engine.marks import audible
from engine.marks import credentials as who
from engine.marks.content import SOURCE, Unsigned, read
from engine.marks.credentials import Credentials
from tests.api.conftest import Client, Door, opened
from tests.api.studio import make_and_settle

LOOP = {"prompt": "bright synthwave", "kind": "loop", "bars": 4, "bpm": 192, "candidates": 1,
        "stems": ["bass"], "seed": 5}  # fmt: skip
AIGC = '"ProduceID":"{}"'


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return who.create(tmp_path_factory.mktemp("marks") / "marks.pem")


async def _licensed(
    client: Client, door: Door, signer: Credentials | None, **more: Any
) -> dict[str, Any]:
    asked = await client.brief({**LOOP, **more})
    assert asked.status_code == 202, asked.text
    brief = asked.json()["id"]
    await make_and_settle(door.pool, door.store, credentials=signer)
    (line,) = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"]
    picked = await client.post(
        f"/v1/candidates/{line['id']}/pick", headers={"idempotency-key": "p"}
    )
    return picked.json()


async def _file(client: Client, path: str) -> httpx.Response:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.slow
async def test_master_stems_copies_and_renditions_are_signed_and_licensed(
    client: Client, door: Door, signer: Credentials
) -> None:
    license_ = await _licensed(client, door, signer)
    candidate, track = license_["candidate"], license_["track"]
    master = (await _file(client, f"/v1/tracks/{track}/audio")).content
    paths = {
        f"/v1/tracks/{track}/stems/bass": "audio/wav",
        f"/v1/candidates/{candidate}/audio?format=mp3": "audio/mpeg",
        f"/v1/candidates/{candidate}/audio?format=wav": "audio/wav",
    }
    for content, kind in [(master, "audio/wav")] + [
        ((await _file(client, path)).content, kind) for path, kind in paths.items()
    ]:
        found = read(content, kind, roots=signer.root)
        assert (found.state, found.source) == ("Trusted", SOURCE)
        assert found.facts["model_sha256"]
        assert "originality" not in found.facts, "that is between us and the account"
    keys = await licenses.key_set(door.pool)
    document = (await _file(client, f"/v1/licenses/{license_['id']}/certificate")).content
    certificate = certificates.verify(document, keys)
    assert certificates.names_audio(certificate, master)
    assert b"smpl" in master, "its loop points are still there"
    assert soundfile.info(io.BytesIO(master)).frames == 240_000

    asked = await client.post(
        f"/v1/tracks/{track}/renditions", {"format": "mp3"}, headers={"idempotency-key": "r"}
    )
    await make_and_settle(door.pool, door.store, credentials=signer)
    made = (await client.get(f"/v1/renditions/{asked.json()['id']}")).json()
    (mp3,) = [one for one in made["files"] if one["media_type"] == "audio/mpeg"]
    content = (await _file(client, mp3["url"].removeprefix("http://127.0.0.1:8000"))).content
    found = read(content, "audio/mpeg", roots=signer.root)
    assert (found.state, found.facts["license"]) == ("Trusted", license_["id"])
    assert soundfile.info(io.BytesIO(content)).duration == pytest.approx(5, abs=0.1)


@pytest.mark.slow
async def test_renditions_and_packages_carry_credentials_inside_or_beside(
    client: Client, door: Door, signer: Credentials
) -> None:
    track = (await _licensed(client, door, signer))["track"]
    for form, ours in (("flac", "audio/flac"), ("ogg", "audio/ogg")):
        asked = await client.post(
            f"/v1/tracks/{track}/renditions", {"format": form}, headers={"idempotency-key": form}
        )
        await make_and_settle(door.pool, door.store, credentials=signer)
        made = (await client.get(f"/v1/renditions/{asked.json()['id']}")).json()
        told = {one["name"]: one for one in made["files"]}
        assert told.keys() == {f"master.{form}", "master.c2pa"}
        beside = told["master.c2pa"]
        assert (beside["media_type"], beside["sound"]) == ("application/c2pa", None)
        content, credentials = [
            await _file(client, told[name]["url"].removeprefix("http://127.0.0.1:8000"))
            for name in (f"master.{form}", "master.c2pa")
        ]
        assert credentials.headers["content-type"] == "application/c2pa"
        found = read(content.content, ours, roots=signer.root, beside=credentials.content)
        assert (found.state, found.source) == ("Trusted", SOURCE)
    for profile, kind, beside in (("godot", "audio/ogg", True), ("wwise", "audio/wav", False)):
        files = await _package(client, door, track, profile, signer)
        (folder,) = {path.partition("/")[0] for path in files}
        listed = json.loads(files[f"{folder}/manifest.json"])["files"]
        assert len(listed) > 3
        for one in listed:
            assert (one["credentials_path"] is not None) == beside
            manifest = files[f"{folder}/{one['credentials_path']}"] if beside else None
            content = files[f"{folder}/{one['path']}"]
            found = read(content, kind, roots=signer.root, beside=manifest)
            assert (found.state, found.source) == ("Trusted", SOURCE), one["path"]
            assert hashlib.sha256(content).hexdigest() == one["sha256"]


async def _package(
    client: Client, door: Door, track: str, profile: str, signer: Credentials
) -> dict[str, bytes]:
    address = f"/v1/tracks/{track}/package?profile={profile}"
    assert (await client.get(address)).status_code == 202
    await make_and_settle(door.pool, door.store, credentials=signer)
    archive = zipfile.ZipFile(io.BytesIO((await _file(client, address)).content))
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
async def test_chinas_label_stands_in_every_file_also_where_nothing_is_signed(
    client: Client, door: Door
) -> None:
    license_ = await _licensed(client, door, None, marking="cn")
    for path in (
        f"/v1/tracks/{license_['track']}/audio",
        f"/v1/candidates/{license_['candidate']}/audio?format=mp3",
    ):
        content = (await _file(client, path)).content
        assert AIGC.format(license_["candidate"]).encode("utf-16-le") in content, path
        with pytest.raises(Unsigned):
            read(content, "audio/mpeg" if "mp3" in path else "audio/wav")


@pytest.mark.slow
async def test_the_audible_mark_stands_before_a_loop_on_request(
    client: Client, door: Door, signer: Credentials
) -> None:
    track = (await _licensed(client, door, signer))["track"]
    address, named = f"/v1/tracks/{track}/renditions", iter(range(10))

    async def order(**asked: Any) -> httpx.Response:
        headers = {"idempotency-key": f"mark-{next(named)}"}
        return await client.post(address, asked, headers=headers)

    asked = await order(audible_mark="start_end")
    await make_and_settle(door.pool, door.store, credentials=signer)
    made = (await client.get(f"/v1/renditions/{asked.json()['id']}")).json()
    assert made["order"]["audible_mark"] == "start_end"
    (wav,) = [one for one in made["files"] if one["media_type"] == "audio/wav"]
    content = (await _file(client, wav["url"].removeprefix("http://127.0.0.1:8000"))).content
    lead = audible.frames(48_000)
    assert wav["sound"]["loop"] == [lead, lead + 240_000 - 1]
    assert wav["sound"]["frames"] == soundfile.info(io.BytesIO(content)).frames
    assert wav["sound"]["frames"] == 240_000 + 2 * lead
    loop = content.index(b"smpl") + 8 + 36 + 8
    assert struct.unpack("<II", content[loop : loop + 8]) == (lead, lead + 240_000 - 1)
    heard, _ = soundfile.read(io.BytesIO(content))
    clean = (await _file(client, f"/v1/tracks/{track}/audio")).content
    plain, _ = soundfile.read(io.BytesIO(clean))
    assert np.abs(heard[lead : lead + 240_000] - plain).max() < 2**-20, "but for its dither"
    assert read(content, "audio/wav", roots=signer.root).state == "Trusted"
    assert AIGC.format(made["id"]).encode("utf-16-le") in content
    for wrong, pointer in (
        ({"version": "stems"}, "/audible_mark"), ({"profile": "wwise"}, "/audible_mark"),
        ({"audible_mark": "middle"}, "/audible_mark"), ({"audible_mark": None}, "/audible_mark"),
    ):  # fmt: skip
        refused = await order(**({"audible_mark": "start"} | wrong))
        places = [one["pointer"] for one in refused.json()["errors"]]
        assert (refused.status_code, places) == (422, [pointer]), wrong


@pytest.mark.slow
async def test_a_closed_loop_is_not_signed(client: Client, door: Door, signer: Credentials) -> None:
    license_ = await _licensed(client, door, signer, marking="closed_loop")
    master = (await _file(client, f"/v1/tracks/{license_['track']}/audio")).content
    with pytest.raises(Unsigned):
        read(master, "audio/wav")


async def test_the_root_is_published_where_files_are_signed(
    settings: GatewaySettings,
    pool: asyncpg.Pool,
    tmp_path: Path,
    signer: Credentials,
    door: Door,
    client: Client,
) -> None:
    missing = await door.http.get("/.well-known/content-credentials.pem")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (await client.get("/v1/capabilities")).json()["marks"] == ["metadata"]
    marked = structs.replace(settings, marks_root=signer.root.decode())
    app = create_app(marked, Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        published = await http.get("/.well-known/content-credentials.pem")
        other = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        told = (await other.get("/v1/capabilities")).json()["marks"]
    assert (published.status_code, published.content) == (200, signer.root)
    assert told == ["metadata", "content_credentials"]


def test_a_root_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "x", "CUESMITH_STORE": "x", "CUESMITH_PEPPER": "p" * 16}
    secret = tmp_path / "marks.pem"
    who.create(secret)
    for file in (tmp_path / "missing.pem", secret):
        with pytest.raises(SettingMissing):
            read_settings(environ | {"CUESMITH_MARKS_ROOT": str(file)})


def test_the_shell_makes_credentials_and_reads_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine.__main__ import main
    from engine.marks.content import Origin, signed

    file, sound = tmp_path / "marks.pem", tmp_path / "x.wav"
    assert main(["marks", "create", str(file)]) == 0
    assert main(["marks", "create", str(file)]) == 2, "what signs is never overwritten"
    plain = io.BytesIO()
    soundfile.write(plain, np.zeros(4800), 48_000, format="WAV")
    origin = Origin(title="x", version="0", facts={})
    sound.write_bytes(signed(plain.getvalue(), "audio/wav", origin, who.load(file)))
    capsys.readouterr()
    roots = str(tmp_path / "marks.root.pem")
    assert main(["marks", "read", str(sound), "--roots", roots]) == 0
    assert '"Trusted"' in capsys.readouterr().out
    broken = bytearray(sound.read_bytes())
    broken[100] ^= 1
    sound.write_bytes(broken)
    assert main(["marks", "read", str(sound), "--roots", roots]) == 1
