"""The arranger: the composer's lines become parts that players would enjoy."""

from engine.arrange.arranging import arrange

__all__ = ["arrange"]
