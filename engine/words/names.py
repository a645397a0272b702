"""Names a client may write in a field, read to the one name the studio uses."""

from functools import cache

from engine.words import instruments, lexicon


def style(name: str, accepted: tuple[str, ...]) -> str | None:
    """A style id, or one of its names in either language; None when nobody knows it."""
    plain = _plain(name)
    if plain.replace(" ", "_") in accepted:
        return plain.replace(" ", "_")
    return _aliases("style").get(plain)


def instrument(name: str) -> str | None:
    """A role group or family, by its own name or the lexicon's; None when nobody knows it."""
    plain = _plain(name)
    if plain.replace(" ", "_") in instruments.ACCEPTED:
        return plain.replace(" ", "_")
    return _aliases("instrument").get(plain)


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


@cache
def _aliases(field: str) -> dict[str, str]:
    return {
        words.replace("_", " "): entry.value
        for words, entry in lexicon.rows()
        if entry.field == field
    }
