"""Webhooks go to the internet at large and nowhere else, whatever a name is made to mean."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.webhooks.addresses import Address, Addresses, Forbidden, public, resolved
from api.webhooks.contracts import Message
from api.webhooks.outbox import Letter
from api.webhooks.sealing import NotOurs, Seal, new_secret
from api.webhooks.sending import Courier
from tests.api.webhooks.receiving import receiver, saying

ENDPOINT = "we_" + "0" * 24
SEAL = Seal(b"a pepper for tests only")

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
    "64:ff9b::a00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:53aa::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_the_internets_are_not_public(address: str) -> None:
    assert not public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "//example.com/", "example.com", "https://",
        "https:///x", "https://example.com:22/", "https://example.com:80/",
        "https://example.com:99999/", "https://example.com:x/", "https://user@example.com/",
        "https://user:word@example.com/", "https://:@example.com/", "https://@example.com/",
        "https://exa mple.com/", "https://example.com/\\..", "https://example.com\\@10.0.0.1/",
        "https://example.com/\n", "https://example.com/#part", "https://exämple.com/",
        "https://localhost/", "https://LOCALHOST./", "https://x.localhost/", "https://db.internal/",
        "https://printer.local/", "https://127.0.0.1/", "https://[::1]/", "https://[::1/",
        "https://[::ffff:10.0.0.1]/", "https://[fe80::1%25eth0]/", "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data", "https://-bad.example/",
        "https://" + "a" * 500 + ".com/",
    ],
)  # fmt: skip
def test_urls_that_cannot_be_meant_are_refused_unresolved(url: str) -> None:
    with pytest.raises(Forbidden):
        Addresses(resolve=_never).read(url)


async def _never(host: str, port: int) -> list[Address]:
    raise AssertionError("it was resolved")


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/"]
)
async def test_numbers_that_mean_this_machine_are_seen_through(url: str) -> None:
    """How they are read is the resolver's business; what it makes of them is checked."""
    addresses = Addresses()
    with pytest.raises(Forbidden):
        await addresses.check(addresses.read(url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost:1/", "http://[::1]/"])
def test_only_development_may_send_to_this_machine(url: str) -> None:
    assert Addresses(loopback=True).read(url).path
    with pytest.raises(Forbidden):
        Addresses().read(url)
    with pytest.raises(Forbidden):
        Addresses(loopback=True).read("http://10.0.0.1/")


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    addresses = Addresses(resolve=_meaning(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(Forbidden, match="not a public address"):
        await addresses.check(addresses.read("https://two-faced.example/"))
    with pytest.raises(Forbidden, match="has no address"):
        nowhere = Addresses(resolve=_meaning([]))
        await nowhere.check(nowhere.read("https://nowhere.example/"))


async def test_a_name_that_comes_to_mean_us_after_it_was_checked_gets_nothing() -> None:
    """Rebinding: public at registration, this machine when the message is sent."""
    async with receiver(saying(200)) as here:
        answers = [["8.8.8.8"], ["127.0.0.1"]]

        async def rebound(host: str, port: int) -> list[Address]:
            return [ipaddress.ip_address(one) for one in answers.pop(0)]

        addresses = Addresses(resolve=rebound)
        await addresses.check(addresses.read("https://rebound.example:8443/hook"))
        answer = await Courier(SEAL, addresses).send(_letter("https://rebound.example:8443/hook"))
        assert answer.error == "not sent: rebound.example is not a public address"
        assert answers == []
        assert here.received == []


async def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    """The name is asked for once; in TLS and in the Host header it stays the name."""
    serving, trusting = _certified("hook.example", tmp_path)
    seen: list[str] = []

    def noted(sock: ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        seen.append(name)

    serving.sni_callback = noted
    async with receiver(saying(200), ssl=serving) as here:
        port, asked = int(here.url.split(":")[2].split("/")[0]), 0

        async def once(host: str, at: int) -> list[Address]:
            nonlocal asked
            asked += 1
            return [ipaddress.ip_address("127.0.0.1" if asked == 1 else "192.0.2.1")]

        addresses = _AnyPort(loopback=True, resolve=once)
        courier = Courier(SEAL, addresses, trusting)
        answer = await courier.send(_letter(f"https://hook.example:{port}/hook?a=b"))
        assert (answer.status, answer.error, asked) == (200, None, 1)
        assert seen == ["hook.example"]
        (one,) = here.received
        assert one.headers["host"] == f"hook.example:{port}"
        assert one.headers["request-line"] == "POST /hook?a=b HTTP/1.1"


async def test_a_certificate_for_another_name_is_not_believed(tmp_path: Path) -> None:
    serving, trusting = _certified("other.example", tmp_path)
    async with receiver(saying(200), ssl=serving) as here:
        port = here.url.split(":")[2].split("/")[0]
        addresses = _AnyPort(loopback=True, resolve=_meaning(["127.0.0.1"]))
        answer = await Courier(SEAL, addresses, trusting).send(
            _letter(f"https://hook.example:{port}/")
        )
        assert "certificate" in (answer.error or "")
        assert here.received == []


def test_a_secret_is_opened_only_for_its_endpoint_and_under_its_pepper() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    sealed = SEAL.close(ENDPOINT, secret)
    assert SEAL.open(ENDPOINT, sealed) == secret
    assert secret.encode() not in sealed
    assert SEAL.close(ENDPOINT, secret) != sealed, "the same secret never looks the same"
    for other, endpoint, lying in (
        (SEAL, "we_" + "1" * 24, sealed),
        (Seal(b"another pepper, as long"), ENDPOINT, sealed),
        (SEAL, ENDPOINT, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(NotOurs):
            other.open(endpoint, lying)


class _AnyPort(Addresses):
    """A server in a test has the port that was free."""

    def read(self, url: str):
        from urllib.parse import urlsplit

        from api.webhooks.addresses import Target

        parts = urlsplit(url)
        assert parts.hostname is not None
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return Target(scheme="https", host=parts.hostname, port=parts.port or 443, path=path)


def _meaning(addresses: list[str]):
    async def resolve(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address(one) for one in addresses]

    return resolve


def _letter(url: str) -> Letter:
    message = Message(
        id="evt_1", type="brief.failed", facts='{"brief": "brf_1"}', created_at=datetime.now(UTC)
    )
    return Letter(
        message=message, endpoint=ENDPOINT, account="acc_1", url=url, tries=0,
        secret=SEAL.close(ENDPOINT, new_secret()), old_secret=None,
    )  # fmt: skip


def _certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for this name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    whole = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip
    whole.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(whole)
    trusting = ssl.create_default_context(
        cadata=made.public_bytes(serialization.Encoding.PEM).decode()
    )
    return serving, trusting


async def test_names_that_are_never_resolved_hold_up_no_other_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever names a server of his own decides how long that takes; the database and the store
    are looked up by the loop's own threads."""
    real, go = socket.getaddrinfo, threading.Event()

    def lookup(host: str, *more: Any, **named: Any) -> Any:
        if host == "slow.example":
            go.wait(60)
        return real("127.0.0.1" if host == "slow.example" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    stuck = [asyncio.create_task(resolved("slow.example", 443)) for _ in range(100)]
    try:
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        found = await asyncio.wait_for(loop.getaddrinfo("localhost", 80), 20)
        assert found and not any(one.done() for one in stuck)
    finally:
        go.set()
        await asyncio.gather(*stuck)
