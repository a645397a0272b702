"""Content credentials: what made a file, signed together with the file's own bytes.

C2PA 2 (https://c2pa.org/specifications/): one bit that changes, in the sound, in a loop point or in
a title, is found. So they are written last, after every text and chunk. WAV and MP3 hold them.
FLAC and Ogg have theirs in a file beside, bound to every byte: a FLAC file that held them would
begin with an ID3 tag, which strict readers take for no FLAC, and Ogg has no place for them.
"""

import hashlib
import io
import json
import wave
from pathlib import Path
from typing import Any

import c2pa
from msgspec import Struct

from engine.errors import EngineError
from engine.marks import waves
from engine.marks.credentials import BadCredentials, Credentials, load
from engine.marks.detached import MANIFEST, Detached, Hashed
from engine.marks.waves import NoWave

INSIDE = frozenset({"audio/wav", "audio/mpeg"})
"""What holds its credentials."""
BESIDE = frozenset({"audio/flac", "audio/ogg"})
"""What has them in a file beside, of the same name with the ending of `SIDECAR`."""
SIDECAR, SIDECAR_TYPE = "c2pa", MANIFEST
TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg",
}  # fmt: skip
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
ORIGIN = "com.cuesmith.origin"


class Unsigned(EngineError):
    """The file could not be given credentials, or has none."""


class CredentialsOver(Unsigned):
    """The certificate has ended; no file can be given credentials with it."""


class Origin(Struct, frozen=True, kw_only=True):
    """What a file's credentials say of it. ``facts`` are our provenance: models, seeds, digests;
    never a client's words."""

    title: str
    version: str
    facts: dict[str, Any]


class Reading(Struct, frozen=True, kw_only=True):
    """What somebody who checks a file finds.

    ``state`` is Trusted (a signer he trusts), Valid (signed by somebody he does not know) or
    Invalid; ``problems`` says why.
    """

    state: str
    signer: str
    source: str
    facts: dict[str, Any]
    problems: tuple[str, ...]


def signed(content: bytes, media_type: str, origin: Origin, credentials: Credentials) -> bytes:
    """The file with its credentials inside; `Unsigned` when it cannot hold any, `CredentialsOver`
    when nothing can."""
    out = io.BytesIO(content)
    _sign(out, media_type, origin, credentials)
    return out.getvalue()


def sign_file(file: Path, media_type: str, origin: Origin, credentials: Credentials) -> None:
    """Put credentials into a file that lies on the disk; of a WAV file only a piece is ever in
    memory. Raises as `signed`, and the file is then of no use any more."""
    with file.open("r+b") as held:
        _sign(held, media_type, origin, credentials)


def sidecar(content: bytes | Path, origin: Origin, credentials: Credentials) -> bytes:
    """Credentials to lie beside a file, which stays as it is; they hold for exactly its bytes."""
    with _opened(content) as held:
        sha256 = hashlib.file_digest(held, "sha256").digest()
    try:
        with _detached(origin, credentials) as detached:
            return detached.sign(Hashed(sha256=sha256))
    except c2pa.C2paError as error:
        raise Unsigned(f"the file could not be signed: {error}") from error


def _sign(held: io.BytesIO | Any, media_type: str, origin: Origin, who: Credentials) -> None:
    try:
        if media_type == "audio/wav":
            with _detached(origin, who) as detached:
                waves.sign(held, detached)
        elif media_type in INSIDE:
            _embed(held, media_type, origin, who)
        else:
            raise Unsigned(f"{media_type} holds no credentials; {', '.join(sorted(INSIDE))} do")
    except (c2pa.C2paError, NoWave) as error:
        raise Unsigned(f"{media_type} could not be signed: {error}") from error


def _embed(held: io.BytesIO | Any, media_type: str, origin: Origin, who: Credentials) -> None:
    """The library's own way, which takes several times the file's length of memory."""
    _unended(who)
    signer = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=who.chain, private_key=who.key, ta_url=None
    )
    out = io.BytesIO()
    with (
        c2pa.Signer.from_info(signer) as signs,
        c2pa.Builder(json.dumps(_manifest(origin))) as builder,
    ):
        builder.sign(signs, media_type, io.BytesIO(held.read()), out)
    held.seek(0)
    held.write(out.getbuffer())
    held.truncate()


def _detached(origin: Origin, credentials: Credentials) -> Detached:
    _unended(credentials)
    return Detached(_manifest(origin), credentials)


def _unended(credentials: Credentials) -> None:
    if credentials.over():
        raise CredentialsOver(f"the certificate of {credentials.name} has ended")


def _opened(content: bytes | Path) -> Any:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def tried(file: Path) -> Credentials:
    """The chain and the key of a PEM file, after they have signed one; `BadCredentials` where they
    cannot. What is wrong with a chain is then found before anybody's music is made."""
    credentials = load(file)
    out = io.BytesIO()
    with wave.open(out, "wb") as silence:
        silence.setparams((1, 2, 48_000, 0, "NONE", ""))
        silence.writeframes(bytes(96))
    try:
        signed(out.getvalue(), "audio/wav", Origin(title="", version="", facts={}), credentials)
    except Unsigned as error:
        raise BadCredentials(f"nothing can be signed with {file}: {error}") from error
    return credentials


def read(
    content: bytes | Path, media_type: str, *, roots: bytes = b"", beside: bytes | None = None
) -> Reading:
    """What a file's credentials say and whether they hold; `Unsigned` when there are none.

    ``roots``: certificates in PEM whose signers are trusted. ``beside``: the file that holds the
    credentials, where the sound's own does not.
    """
    trust: dict[str, Any] = {"verify": {"verify_trust": True}}
    if roots:
        trust["trust"] = {"user_anchors": roots.decode()}
    try:
        context = c2pa.Context(settings=c2pa.Settings.from_dict(trust))
        with (
            _opened(content) as held,
            c2pa.Reader(media_type, held, beside, context=context) as reader,
        ):
            return _reading(json.loads(reader.json()))
    except c2pa.C2paError as error:
        raise Unsigned(f"the file has no content credentials: {error}") from error


def _manifest(origin: Origin) -> dict[str, Any]:
    return {
        "claim_generator_info": [{"name": "Cuesmith", "version": origin.version}],
        "title": origin.title,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": SOURCE}]},
            },
            {
                "label": "cawg.training-mining",
                "data": {"entries": {
                    f"cawg.{what}": {"use": "notAllowed"}
                    for what in ("ai_generative_training", "ai_training", "data_mining")
                }},
            },
            {"label": ORIGIN, "data": origin.facts},
        ],
    }  # fmt: skip


def _reading(told: dict[str, Any]) -> Reading:
    manifest = told["manifests"][told["active_manifest"]]
    said = {one["label"]: one.get("data", {}) for one in manifest.get("assertions", ())}
    actions = said.get("c2pa.actions.v2", {}).get("actions", [{}])
    return Reading(
        state=told.get("validation_state", "Invalid"),
        signer=manifest.get("signature_info", {}).get("common_name", ""),
        source=actions[0].get("digitalSourceType", ""),
        facts=said.get(ORIGIN, {}),
        problems=tuple(one["code"] for one in told.get("validation_status", ())),
    )
