"""Labels that laws ask for by name, as texts of a file.

China's "Measures for Labeling AI-Generated Synthetic Content" and GB 45438-2025: a file's metadata
has a field called ``AIGC`` with these members as JSON; ``Label`` "1" means that it was made by a
machine.
"""

import msgspec
from msgspec import Struct

AIGC = "AIGC"


class Aigc(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The implicit label of GB 45438-2025. ``produce_id`` names the content at its producer; who
    passes it on fills in the rest."""

    label: str = "1"
    content_producer: str
    produce_id: str = msgspec.field(name="ProduceID")
    reserved_code1: str = ""
    content_propagator: str = ""
    propagate_id: str = msgspec.field(name="PropagateID", default="")
    reserved_code2: str = ""


def aigc(producer: str, named: str) -> tuple[str, str]:
    """The label's name and its text."""
    made = Aigc(content_producer=producer, produce_id=named)
    return AIGC, msgspec.json.encode(made).decode()
