"""Signing certificates with Ed25519, and checking them against published keys."""

import base64
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct


class Jwk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public key as RFC 8037 writes it."""

    kty: str
    crv: str
    kid: str
    x: str
    alg: str = "EdDSA"
    use: str = "sig"


class KeySet(Struct, frozen=True, kw_only=True):
    """The keys a deployment has ever signed with; old ones stay."""

    keys: tuple[Jwk, ...]

    def named(self, kid: str) -> Jwk | None:
        """The key of this id."""
        return next((key for key in self.keys if key.kid == kid), None)


class Signer:
    """The deployment's private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        kid = hashlib.sha256(raw).hexdigest()[:16]
        self.jwk = Jwk(kty="OKP", crv="Ed25519", kid=kid, x=encode(raw))

    @classmethod
    def load(cls, file: Path) -> "Signer":
        """The key of a PEM file."""
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{file} must hold an Ed25519 private key")
        return cls(key)

    @classmethod
    def create(cls, file: Path) -> "Signer":
        """A new key, kept in a file that only its owner may read; whole or not at all.

        `FileExistsError` where a file is there already: certificates were signed with its key.
        """
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as arriving:
            arriving.write(pem)
            arriving.flush()
            os.fsync(arriving.fileno())
            os.link(arriving.name, file)
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._key.sign(message)


def holds(jwk: Jwk, message: bytes, signature: bytes) -> bool:
    """Whether this key signed this message."""
    try:
        Ed25519PublicKey.from_public_bytes(decode(jwk.x)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """base64url back to bytes; ValueError for anything but its one canonical form."""
    raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
