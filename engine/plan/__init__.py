"""The plan: what will be written, decided before a note is."""

from engine.plan.drawing import draw

__all__ = ["draw"]
