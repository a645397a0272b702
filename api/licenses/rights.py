"""What a license lets its holder do: as the brief asked, or as the pick says otherwise."""

from msgspec import structs

from api.licenses.contracts import NewLicense
from engine.contracts import Rights

WORLD = "world"


def granted(briefed: Rights, asked: NewLicense) -> Rights:
    """The brief's rights with what the pick says otherwise."""
    said = {
        name: value
        for name in Rights.__struct_fields__
        if (value := getattr(asked, name)) is not None
    }
    return structs.replace(briefed, **said)


def read(rights: Rights) -> str:
    """The rights in a sentence, as the certificate says them."""
    place = "worldwide" if rights.territory == WORLD else f"in {rights.territory}"
    resale = "may be resold in a catalogue" if rights.catalog_resale else "may not be resold"
    alone = (
        "exclusive: this track is licensed to nobody else, and nobody else is offered or licensed "
        "music that shares a run of twelve notes of its melodies"
        if rights.exclusive
        else "not exclusive: the track is licensed to this account alone, and others may be "
        "licensed similar music"
    )
    return f"The track may be used {place} and {resale}. It is {alone}."
