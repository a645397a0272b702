"""The documents for people: pages of our own, from the same sources as what they tell of.

Every page is one file without anything fetched from elsewhere; only the pricing calculator has a
script, which is ours. What is printed as a command or a program is run by our tests as printed.
"""

from api.docs.frame import JSON, PAGE
from api.docs.library import Library
from api.docs.routes import ROUTES

__all__ = ["JSON", "PAGE", "ROUTES", "Library"]
