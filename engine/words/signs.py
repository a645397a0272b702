"""Signs by which a pattern can be ruled out before it is searched for: most texts have none of most
of them, and looking for a few letters costs a tenth of a search."""


def one_is_in(text: str, signs: tuple[str, ...]) -> bool:
    """Whether any of the signs is in the text."""
    for sign in signs:  # noqa: SIM110 - three times as fast as any()
        if sign in text:
            return True
    return False
