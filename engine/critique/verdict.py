"""What the panel says of a take, on paper or by ear."""

from msgspec import Struct


class Verdict(Struct, frozen=True, kw_only=True):
    """Kept or retracted, why, and the measurements behind it (each 0-1, 1 the best)."""

    rating: float
    kept: bool
    reasons: tuple[str, ...] = ()
    features: dict[str, float] = {}
