"""The rooms a session walks through, furnished once per process."""

from msgspec import Struct

from engine.compose.composer import Composer
from engine.render.banks import Bank, find
from engine.settings import StudioSettings


class Rooms(Struct, frozen=True, kw_only=True):
    """The composer with its weights and the bank with its sounds."""

    composer: Composer
    bank: Bank


def furnish(settings: StudioSettings) -> Rooms:
    """Load the weights and find the instruments; refuses weights that are not the named ones."""
    composer = Composer(settings.models, provider=settings.provider)
    return Rooms(composer=composer, bank=find(settings.bank))
