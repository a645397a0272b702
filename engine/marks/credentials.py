"""Who signs what we make: a certificate chain and its key, in one PEM file.

The key says no more than that a file came from this deployment's studios; licenses have a key of
their own, which no studio holds. `create` makes a chain for development, which nobody trusts by
itself; a public deployment brings one from an authority on the C2PA trust list.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from engine.errors import EngineError

LIFE = timedelta(days=825)
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
"""A purpose that C2PA accepts in a signer's certificate."""
_DIGITAL_SIGNATURE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
_CERT_SIGN = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


class BadCredentials(EngineError):
    """The file holds no chain and key that can sign now."""


class Credentials(Struct, frozen=True, kw_only=True):
    """A chain in PEM, the signer's certificate first, and the signer's key in PKCS 8."""

    chain: bytes
    key: bytes

    @property
    def name(self) -> str:
        """Whom the certificate names."""
        return _first(self.chain).subject.rfc4514_string()

    def over(self, now: datetime | None = None) -> bool:
        """Whether the certificate has ended: with it nobody can sign any more."""
        return _first(self.chain).not_valid_after_utc <= (now or datetime.now(UTC))

    @property
    def root(self) -> bytes:
        """The last certificate of the chain in PEM, which whoever checks must trust."""
        last = x509.load_pem_x509_certificates(self.chain)[-1]
        return last.public_bytes(serialization.Encoding.PEM)


def load(file: Path, now: datetime | None = None) -> Credentials:
    """What a PEM file holds; `BadCredentials` says what is wrong with it."""
    text = file.read_bytes()
    try:
        key = serialization.load_pem_private_key(_block(text, b"PRIVATE KEY"), password=None)
        chain = x509.load_pem_x509_certificates(text)
    except (ValueError, TypeError) as error:
        raise BadCredentials(f"{file} is no PEM file with a chain and a key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise BadCredentials(f"the key in {file} must be an EC key on P-256")
    if chain[0].public_key() != key.public_key():
        raise BadCredentials(f"the first certificate in {file} is not the key's")
    if chain[0].not_valid_after_utc <= (now or datetime.now(UTC)):
        raise BadCredentials(f"the certificate in {file} ended {chain[0].not_valid_after_utc}")
    return Credentials(
        chain=b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key=_pem(key),
    )


def create(file: Path, name: str = "Cuesmith development") -> Credentials:
    """A chain of our own: a root that signs one certificate, whose key alone is kept."""
    now = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _named(f"{name} root")
    root = (
        _begun(root_name, root_name, root_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CERT_SIGN, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    leaf = (
        _begun(_named(name), root_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_DIGITAL_SIGNATURE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([EMAIL]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(_pem(key) + chain)
    return Credentials(chain=chain, key=_pem(key))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name),
         x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cuesmith")]
    )  # fmt: skip


def _first(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _block(text: bytes, what: bytes) -> bytes:
    """The first PEM block of that name."""
    begin, end = b"-----BEGIN " + what + b"-----", b"-----END " + what + b"-----"
    start, stop = text.find(begin), text.find(end)
    return text[start : stop + len(end)] if 0 <= start < stop else b""
