"""Giving out links. Who may have the file is decided before, by the call that was asked for one."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from api.links import tickets
from api.links.contracts import Link
from api.shop import Shop
from engine.contracts import Asset

LASTING = timedelta(minutes=10)


async def link(shop: Shop, asset: Asset, name: str, now: datetime | None = None) -> Link:
    """A link to one file: at the store where clients reach it, otherwise here."""
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    until = now + LASTING
    url = await shop.shelf.link(asset, LASTING)
    if url is None:
        ticket = tickets.issue(shop.settings.pepper, asset, name, until)
        url = f"{shop.settings.public_url}/files/{quote(name)}?ticket={ticket}"
    return Link(
        url=url, expires_at=until, media_type=asset.media_type, bytes=asset.bytes,
        sha256=asset.sha256,
    )  # fmt: skip


def redeem(shop: Shop, ticket: str, name: str) -> Asset:
    """The file behind one of our links; `NotFound` or `LinkExpired`."""
    return tickets.redeem(shop.settings.pepper, ticket, name, datetime.now(UTC))
