"""Whether what a page shows looks like what is really sent."""

from typing import Any


def fits(real: Any, shown: Any) -> bool:
    """Whether an example is of the shape of the real thing: the same names, the same kinds."""
    if real is None or shown is None:
        return True
    if isinstance(real, dict) and isinstance(shown, dict):
        return real.keys() == shown.keys() and all(fits(real[one], shown[one]) for one in real)
    if isinstance(real, list) and isinstance(shown, list):
        return all(fits(one, shown[0]) for one in real)
    numbers = (int, float)
    return type(real) is type(shown) or (isinstance(real, numbers) and isinstance(shown, numbers))
