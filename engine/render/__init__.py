"""Renders a score to stems with the instrument bank and our own synthesisers."""

from engine.render.mixing import Stems, render

__all__ = ["Stems", "render"]
