"""Content credentials: what made a file, signed together with the file's own bytes.

C2PA 2 (https://c2pa.org/specifications/): one bit that changes, in the sound, in a loop point or in
a title, is found. So they are written last, after every text and chunk. WAV, MP3 and FLAC hold
them; a FLAC file then begins with an ID3 tag, as the specification wants it, which libsndfile reads
and a strict parser may not. OGG has no place for them, and the official library cannot sign it from
beside either (c2pa-python 0.38: what it writes for a file that stays as it is does not verify).
"""

import io
import json
import wave
from pathlib import Path
from typing import Any

import c2pa
from msgspec import Struct

from engine.errors import EngineError
from engine.marks.credentials import BadCredentials, Credentials, load

HOLD = frozenset({"audio/wav", "audio/mpeg", "audio/flac"})
"""What can hold its credentials."""
TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac"}
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
    if credentials.over():
        raise CredentialsOver(f"the certificate of {credentials.name} has ended")
    who = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=credentials.chain, private_key=credentials.key, ta_url=None
    )
    out = io.BytesIO()
    try:
        with (
            c2pa.Signer.from_info(who) as signer,
            c2pa.Builder(json.dumps(_manifest(origin))) as builder,
        ):
            builder.sign(signer, media_type, io.BytesIO(content), out)
    except c2pa.C2paError as error:
        raise Unsigned(f"{media_type} could not be signed: {error}") from error
    return out.getvalue()


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


def read(content: bytes, media_type: str, *, roots: bytes = b"") -> Reading:
    """What a file's credentials say and whether they hold; `Unsigned` when there are none.

    ``roots``: certificates in PEM whose signers are trusted.
    """
    trust: dict[str, Any] = {"verify": {"verify_trust": True}}
    if roots:
        trust["trust"] = {"user_anchors": roots.decode()}
    try:
        context = c2pa.Context(settings=c2pa.Settings.from_dict(trust))
        with c2pa.Reader(media_type, io.BytesIO(content), context=context) as reader:
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
