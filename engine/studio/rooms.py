"""The rooms a session walks through, furnished once per process."""

from threading import Thread

from msgspec import Struct, field

from engine.compose.composer import PACKAGED, Composer
from engine.critique.originality import Index, packaged
from engine.plan import likelihood
from engine.render.banks import Bank, find
from engine.settings import StudioSettings
from engine.sound import compiled
from engine.studio.pace import Pace


class Rooms(Struct, frozen=True, kw_only=True):
    """The composer with its weights, what it may not quote, the bank with its sounds, and how long
    they took lately."""

    composer: Composer
    bank: Bank
    training: Index = field(default_factory=packaged)
    pace: Pace = field(default_factory=Pace)


def furnish(settings: StudioSettings) -> Rooms:
    """Load the weights and find the instruments; refuses weights that are not the named ones.

    The loops of render and master get ready beside it, so that no first brief waits for them. A
    process that ends sooner waits: machine code is not left half written.
    """
    Thread(target=compiled.ready, name="loops").start()
    likelihood.packaged()  # plans ask it themselves; here it is found wanting before a brief is
    composer = Composer(settings.models, rows=settings.rows, provider=settings.provider)
    training = packaged(settings.models or PACKAGED)
    return Rooms(composer=composer, bank=find(settings.bank), training=training)
