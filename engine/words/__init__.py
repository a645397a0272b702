"""The words of a brief: English and Chinese, read to the fields they mean. Pure, no numpy."""

from engine.words.resolution import LENGTHS_MS, MODEL, accepted, resolve

__all__ = ["LENGTHS_MS", "MODEL", "accepted", "resolve"]
