"""One message, sent once: signed by Standard Webhooks, to the very address that was checked.

No redirect is followed, no proxy is asked, nothing is kept open, and of the answer only the
beginning is read.
"""

import asyncio
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime

import httpcore
import httpx
from httpcore._backends.anyio import AnyIOBackend
from standardwebhooks import Webhook

from api.webhooks.addresses import Address, Addresses, Forbidden, Target
from api.webhooks.outbox import Answer, Letter
from api.webhooks.sealing import NotOurs, Seal

ANSWERS_WITHIN_S = 15.0
READ_BYTES = 4096
KEPT_CHARACTERS = 500
AGENT = "Cuesmith-Webhooks/1"


class Courier:
    """Carries letters; knows the seal of their secrets and where they may go."""

    def __init__(self, seal: Seal, addresses: Addresses, tls: ssl.SSLContext | None = None) -> None:
        self._seal, self._addresses = seal, addresses
        self._tls = tls or httpx.create_ssl_context()

    async def send(self, letter: Letter) -> Answer:
        """One try. Whatever goes wrong is told in the answer, in words for the endpoint's owner."""
        answer: list[Answer] = []
        try:
            headers = self._signed(letter, datetime.now(UTC))
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                target = self._addresses.read(letter.url)
                address = await self._addresses.check(target)
                await self._post(target, address, headers, letter.message.body(), answer)
        except TimeoutError:
            # What has answered has answered, however slowly it goes on talking.
            return answer[0] if answer else Answer(error="no answer within 15 seconds")
        except Forbidden as error:
            return Answer(error=f"not sent: {error}")
        except NotOurs:
            return Answer(error="not sent: the secret cannot be opened; rotate it")
        except (
            httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError,
        ) as error:  # fmt: skip
            return answer[0] if answer else Answer(error=_said(error))
        return answer[0]

    def _signed(self, letter: Letter, now: datetime) -> list[tuple[bytes, bytes]]:
        body, name = letter.message.body().decode(), letter.message.id
        sealed = [one for one in (letter.secret, letter.old_secret) if one is not None]
        signatures = [
            Webhook(self._seal.open(letter.endpoint, one)).sign(name, now, body) for one in sealed
        ]
        return [
            (b"content-type", b"application/json"),
            (b"user-agent", AGENT.encode()),
            (b"webhook-id", name.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", " ".join(signatures).encode()),
        ]

    async def _post(
        self,
        target: Target,
        address: Address,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        answer: list[Answer],
    ) -> None:
        """Send, and put into ``answer`` what is known as soon as it is."""
        url = httpcore.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port,
            target=target.path.encode(),
        )  # fmt: skip
        sent = [
            (b"host", target.authority.encode()),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ]
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls, network_backend=_Straight(address),
                max_keepalive_connections=0,
            ) as connections,
            connections.stream("POST", url, headers=sent, content=body) as response,
        ):  # fmt: skip
            answer.append(_answer(response.status, b""))
            read = b""
            async for some in response.aiter_stream():
                read = (read + some)[:READ_BYTES]
                answer[0] = _answer(response.status, read)
                if len(read) == READ_BYTES:
                    return


class _Straight(httpcore.AsyncNetworkBackend):
    """Connects to the address that was checked, whatever the name may mean by now. The name stays
    in the Host header and in TLS."""

    def __init__(self, address: Address) -> None:
        self._address = str(address)
        self._network: httpcore.AsyncNetworkBackend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class has it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return await self._network.connect_tcp(
            self._address, port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def _answer(status: int, read: bytes) -> Answer:
    text = read.decode(errors="replace").replace("\0", "")[:KEPT_CHARACTERS] or None
    if 200 <= status < 300:
        return Answer(status=status, text=text)
    why = "redirects are not followed" if 300 <= status < 400 else "not a 2xx"
    return Answer(status=status, text=text, error=f"answered {status}: {why}")


def _said(error: Exception) -> str:
    words = f"{type(error).__name__}: {error}".replace("\0", "")
    return words[:KEPT_CHARACTERS]
