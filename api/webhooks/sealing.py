"""Webhook secrets as they lie in the database: sealed, so that a stolen table signs nothing.

The gateway makes a secret and shows it once; the clerk needs it again for every message. Both know
the pepper, so the key that seals is derived from it, and each secret is bound to its endpoint's id.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32
_NONCE_BYTES = 12
_PURPOSE = b"cuesmith webhook secrets 1"


class NotOurs(Exception):
    """A sealed secret that this pepper does not open, or that belongs to another endpoint."""


class Seal:
    """Seals and opens secrets under a deployment's pepper."""

    def __init__(self, pepper: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(pepper)
        self._cipher = AESGCM(key)

    def close(self, endpoint: str, secret: str) -> bytes:
        """The secret of an endpoint as it may lie about."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), endpoint.encode())

    def open(self, endpoint: str, sealed: bytes) -> str:
        """The secret again; raises `NotOurs`."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, endpoint.encode()).decode()
        except InvalidTag as error:
            raise NotOurs(f"the secret of {endpoint} was sealed under another pepper") from error


def new_secret() -> str:
    """A secret as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
