"""The gateway, put together in one place.

``cuesmith gateway`` runs `serve`: settings from the environment, the certificate's signing key from
the PEM file that ``CUESMITH_SIGNING_KEY`` names.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

import msgspec
import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from litestar.types import ASGIApp
from prometheus_client import start_http_server

from api import arrival, docs, house, logs, openapi, problems
from api.arrival import Gateway, safe_headers
from api.batches import routes as batches
from api.batches.uploads import Uploads
from api.briefs import entering
from api.briefs import routes as briefs
from api.briefs import store as briefs_store
from api.briefs.backlog import Backlog
from api.briefs.intake import Intake
from api.briefs.service import BODY_MAX_BYTES
from api.budgets import routes as budgets
from api.candidates import routes as candidates
from api.candidates.shelf import open_shelf
from api.console import routes as console
from api.crowd import Crowd
from api.database import create_pool
from api.events import routes as events
from api.events.audience import Audience
from api.families import routes as families
from api.gathered import Gathered
from api.invoices import routes as invoices
from api.keys import register as keys_register
from api.keys import routes as keys
from api.keys.limits import Limiter
from api.keys.register import Register
from api.licenses import routes as licenses
from api.licenses import service as licensing
from api.licenses.signing import Signer
from api.links import routes as links
from api.listening import Ear
from api.notices import routes as notices
from api.plans import routes as plans
from api.plans import store as plans_store
from api.renditions import routes as renditions
from api.settings import GatewaySettings
from api.shop import Shop
from api.usage import routes as usage
from api.usage import service as usage_service
from api.usage import store as usage_store
from api.watch import Watch
from api.webhooks import endpoints
from api.webhooks import routes as webhooks
from api.webhooks.addresses import Addresses
from api.webhooks.sealing import Seal
from billing.processor import errands
from engine.queue.events import CHANNEL

log = structlog.get_logger()
CONNECTION_BYTES = 32 * 1024
BACKLOG = 1024
"""Connections the kernel keeps for us until we take them."""
ROUTES = [
    *briefs.ROUTES, *batches.ROUTES, *plans.ROUTES, *families.ROUTES, *candidates.ROUTES,
    *licenses.ROUTES,
    *renditions.ROUTES, *usage.ROUTES, *budgets.ROUTES, *notices.ROUTES, *invoices.ROUTES,
    *events.ROUTES, *links.ROUTES, *keys.ROUTES, *endpoints.ROUTES, *webhooks.ROUTES,
    *house.ROUTES, *docs.ROUTES,
]  # fmt: skip


def create_app(settings: GatewaySettings, signer: Signer) -> Gateway:
    """The gateway as an ASGI application."""

    @asynccontextmanager
    async def open_shop(app: Litestar) -> AsyncIterator[None]:
        assert isinstance(app, Gateway)
        pool = await create_pool(
            settings.database_url, size=settings.pool_size, within_s=settings.database_s
        )
        await licensing.publish(pool, signer)
        audience = Audience(pool, settings.event_streams, settings.event_streams_per_account)
        ear = Ear(settings.database_url)
        ear.on(CHANNEL, audience.hear, audience.hear_all)
        register = Register(pool)
        ear.on(keys_register.CHANNEL, register.forget, register.forget_all)
        ear.open()
        register.open()
        shop = Shop(
            settings=settings,
            pool=pool,
            shelf=open_shelf(settings.store, settings.bucket),
            limiter=Limiter(settings.rate_per_minute, settings.rate_burst),
            plan_limiter=Limiter(settings.plans_per_minute, settings.plans_burst, name="plans"),
            signer=signer,
            briefs=Watch(pool, briefs_store.SELECT_FINISHED, crowd),
            jobs=Watch(pool, plans_store.SELECT_FINISHED, crowd),
            topups=Watch(pool, usage_store.SELECT_ANSWERED, crowd),
            errands=Watch(pool, errands.SELECT_FINISHED, crowd),
            register=register,
            knowledge=Gathered(partial(entering.select_known, pool)),
            intake=Intake(pool, settings),
            brief_rows=Gathered(partial(briefs_store.select_whole, pool, settings.public_url)),
            balances=Gathered(partial(usage_service.balances, pool)),
            backlog=Backlog(settings.backlog_s, settings.batch_backlog_s),
            seal=Seal(settings.pepper),
            addresses=Addresses(loopback=settings.webhooks_loopback),
            uploads=Uploads(),
            audience=audience,
        )
        app.shop = shop
        log.info("gateway.ready", address=settings.public_url)
        try:
            yield
        finally:
            await asyncio.gather(
                ear.close(), register.close(), *(watch.close() for watch in shop.watches)
            )
            await pool.close()

    crowd = Crowd(settings.open_requests, settings.waits_per_key)
    version = metadata.version("cuesmith")
    document = openapi.document(ROUTES, settings.public_url, version)
    app = Gateway(
        [*ROUTES, *console.ROUTES],
        lifespan=[open_shop],
        exception_handlers={Exception: problems.answer},
        before_send=[arrival.depart],
        request_max_body_size=BODY_MAX_BYTES,
        openapi_config=None,
        logging_config=None,
    )
    app.state.public_url, app.safe = settings.public_url, safe_headers(settings.public_url)
    app.crowd, app.body_s = crowd, settings.body_s
    app.state.openapi = msgspec.json.encode(document)
    app.state.docs = docs.Library(document, settings.public_url)
    return app


def serve(
    settings: GatewaySettings,
    signer: Signer,
    host: str,
    port: int,
    beside: Callable[[Gateway], ASGIApp] = lambda gateway: gateway,
) -> None:
    """Answer until SIGTERM or SIGINT. Requests in flight are finished; those that only wait for
    a brief or a top-up are answered at once with how it stands.

    ``beside`` puts something else next to the gateway, in the same process: what it is measured by.
    """
    logs.as_json()
    _refuse_taken(host, port)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.metrics_host)
    app = create_app(settings, signer)
    # Its own lines are not JSON; only what goes wrong is worth breaking the rule.
    server = Server(
        beside(app), address=host, port=port, interface=Interfaces.ASGINL,
        # HTTP/2 would come without our limits on headers; what stands before us speaks 1.1.
        http=HTTPModes.http1,
        # What a client that does not read may leave in our memory; also the longest head.
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * settings.header_s, max_buffer_size=CONNECTION_BYTES
        ),
        backlog=BACKLOG, backpressure=settings.open_connections, log_level=LogLevels.error,
    )  # fmt: skip

    def stop() -> None:
        shop: Shop | None = getattr(app, "shop", None)
        for watch in shop.watches if shop else ():
            watch.dismiss()
        server.stop()

    async def run() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        log.info("gateway.starting", address=f"http://{host}:{port}")
        # The shop is opened here and not by the server, so that what it lacks reaches the caller.
        async with app.lifespan():
            # What is here now stays; looking through it once more would keep requests waiting.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            with contextlib.suppress(asyncio.CancelledError):
                await server.serve()

    try:
        uvloop.run(run())
    except ExceptionGroup as group:  # Litestar opens the shop in a group of tasks
        raise group.exceptions[0] from group
    log.info("gateway.stopped")


def _refuse_taken(host: str, port: int) -> None:
    """`OSError` when somebody listens there already: the server itself would share the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()


def signer_of(file: Path) -> Signer:
    """The key that signs certificates; `FileNotFoundError` says how to make one."""
    if not file.is_file():
        raise FileNotFoundError(
            f"there is no signing key at {file}: `cuesmith keys signing` makes one"
        )
    return Signer.load(file)
