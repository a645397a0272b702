"""Archives that a game engine, a catalogue or a car can take as they are."""

from engine.packages.family import family_sounds
from engine.packages.needs import NEEDS, needed
from engine.packages.packing import NothingToPack, pack, pack_into

__all__ = ["NEEDS", "NothingToPack", "family_sounds", "needed", "pack", "pack_into"]
