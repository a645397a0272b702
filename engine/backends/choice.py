"""Which backend a studio has: ours, or one that is named by its module and its factory."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from engine.backends.contracts import Backend
from engine.settings import SettingMissing, StudioSettings

OURS = "engine.backends.score:backend"

Factory = Callable[[StudioSettings], Backend]


def chosen(settings: StudioSettings) -> Backend:
    """The backend that the settings name; raises `SettingMissing` where there is none of it."""
    place = OURS if settings.backend == "score" else settings.backend
    module, _, factory = place.partition(":")
    try:
        make = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingMissing(
            f"CUESMITH_BACKEND must be `score` or `module:factory`, and {place} is not there "
            f"({error})"
        ) from None
    return cast("Factory", make)(settings)
