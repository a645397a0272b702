"""What the gateway's calls stand on; made once, in `api.app`."""

from typing import TYPE_CHECKING, Any

import asyncpg
from litestar import Request
from msgspec import Struct

from api.batches.uploads import Uploads
from api.briefs.backlog import Backlog
from api.candidates.shelf import Shelf
from api.events.audience import Audience
from api.gathered import Gathered
from api.keys.limits import Limiter
from api.keys.register import Register
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from api.watch import Watch
from api.webhooks.addresses import Addresses
from api.webhooks.sealing import Seal

if TYPE_CHECKING:
    from api.briefs.contracts import BriefRow, Seen
    from api.briefs.entering import Known, Question
    from api.briefs.intake import Intake
    from api.usage.contracts import AccountBalance


class Shop(Struct, frozen=True, kw_only=True):
    """The gateway's settings, connections, shelf and limits."""

    settings: GatewaySettings
    pool: asyncpg.Pool
    shelf: Shelf
    limiter: Limiter
    """The rate of a key, whatever it calls."""
    plan_limiter: Limiter
    """The rate at which a key may ask for plans, which cost nothing else."""
    signer: Signer
    briefs: Watch
    """Tells waiting requests that a brief has ended."""
    jobs: Watch
    """Tells waiting requests that plans or a rendition are made."""
    topups: Watch
    """Tells waiting requests that a top-up has its Checkout link."""
    errands: Watch
    """Tells waiting requests that the clerk has had Stripe's answer."""
    register: Register
    """Whose a key is."""
    balances: "Gathered[str, AccountBalance]"
    """What accounts have; reads that come together go together."""
    backlog: Backlog
    """Whether the studios may be given more to do."""
    knowledge: "Gathered[Question, Known]"
    """What must be known of a brief before it is taken in."""
    intake: "Intake"
    """Takes briefs in; those that come together go together."""
    brief_rows: "Gathered[str, tuple[BriefRow, Seen]]"
    """Briefs and how far they are, of any account."""
    seal: Seal
    """Closes webhook secrets, which only the clerk opens again."""
    addresses: Addresses
    """Says where webhooks may go."""
    uploads: Uploads
    """Batches that are being read."""
    audience: Audience
    """Everybody who listens to a brief as it is made."""

    @property
    def watches(self) -> tuple[Watch | Audience, ...]:
        """Everything a request may wait for."""
        return self.briefs, self.jobs, self.topups, self.errands, self.audience


def shop_of(request: Request[Any, Any, Any]) -> Shop:
    """The shop a request has come to."""
    return request.scope["litestar_app"].shop  # pyright: ignore
