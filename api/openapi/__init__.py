"""This API as an OpenAPI document: how its calls look, what their fields mean, an example each."""

from api.openapi.about import ABOUT
from api.openapi.bodies import EXAMPLES
from api.openapi.document import document

__all__ = ["ABOUT", "EXAMPLES", "document"]
