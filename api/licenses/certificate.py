"""The certificate of a license: a signed document that anyone can check without asking us.

``license.json`` is canonical JSON (sorted names, no spaces) of a flattened JWS: protected header,
payload, signature. It is accepted only byte for byte as it was written: what is read is written
again and compared, so no byte can change without being noticed.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from api.licenses.signing import KeySet, Signer, decode, encode, holds

TYPE = "cuesmith-license+json"


class NotGenuine(Exception):
    """The document is not a certificate of these keys, or not as it was written."""


class Certificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the license says. ``grants`` is false for test accounts: theirs grant nothing.

    What has a default was not there in the first certificates, which hold as they are. ``files``
    are all that the license comes with, by name; ``rights_read`` says the rights in a sentence;
    ``human_input`` has a ``log`` of who decided what when.
    """

    license: str
    track: str
    candidate: str
    brief: str
    account: str
    mode: str
    grants: bool
    notice: str
    rights: dict[str, Any]
    audio: dict[str, Any]
    provenance: dict[str, Any]
    training_data: str
    human_input: dict[str, Any]
    tokens: int
    issued_at: datetime
    rights_read: str = ""
    files: dict[str, dict[str, Any]] = {}
    models: dict[str, str] = {}
    training: dict[str, str] = {}
    originality: dict[str, Any] = {}
    marking: str = ""


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class _Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payload: str
    protected: str
    signature: str


def issue(certificate: Certificate, signer: Signer) -> bytes:
    """The signed document, byte for byte as it will be kept and delivered."""
    header = _Header(alg="EdDSA", kid=signer.jwk.kid, typ=TYPE)
    protected, payload = encode(_canonical(header)), encode(_canonical(certificate))
    signature = signer.sign(f"{protected}.{payload}".encode())
    return _canonical(_Document(payload=payload, protected=protected, signature=encode(signature)))


def verify(document: bytes, keys: KeySet) -> Certificate:
    """The certificate inside a document; raises `NotGenuine` for the least change."""
    try:
        outer = msgspec.json.decode(document, type=_Document)
        header = msgspec.json.decode(decode(outer.protected), type=_Header)
        signature = decode(outer.signature)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise NotGenuine(f"this is not a license certificate: {error}") from error
    if _canonical(outer) != document:
        raise NotGenuine("the document is not written as it was issued")
    if header.alg != "EdDSA" or header.typ != TYPE:
        raise NotGenuine("the certificate is of an unknown kind")
    key = keys.named(header.kid)
    if key is None:
        raise NotGenuine(f"no published key is called {header.kid}")
    if not holds(key, f"{outer.protected}.{outer.payload}".encode(), signature):
        raise NotGenuine("the signature does not match")
    try:
        return contents(document)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotGenuine(f"the certificate is newer than this program: {error}") from error


def contents(document: bytes) -> Certificate:
    """What one of our own documents says, as we kept it; nothing is checked."""
    outer = msgspec.json.decode(document, type=_Document)
    return msgspec.json.decode(decode(outer.payload), type=Certificate)


def names_audio(certificate: Certificate, audio: bytes) -> bool:
    """Whether this is a file that the license is for."""
    return bool(named_as(certificate, hashlib.sha256(audio).hexdigest()))


def named_as(certificate: Certificate, sha256: str) -> str:
    """What the license calls the file of this digest; empty for a file that it does not name."""
    sounds = certificate.audio.get("files")
    main = sounds if isinstance(sounds, dict) else {"master": certificate.audio}
    for name, file in (certificate.files | main).items():
        if file.get("sha256") == sha256:
            return name
    return ""


def key_of(document: bytes) -> str:
    """The id of the key that a document says it was signed with."""
    outer = msgspec.json.decode(document, type=_Document)
    return msgspec.json.decode(decode(outer.protected), type=_Header).kid


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
