"""What each customer needs of a track, so that the studio knows what to render before packing."""

from engine.contracts import Kind, Profile, RenditionOrder, Version
from engine.words.formats import PROFILE_FORMS

CUTS_MS = (60_000, 30_000, 15_000)
_GAME: tuple[Version, ...] = ("master", "stems", "layers", "loop_parts", "sting", "transition")
_ONCE = ("sting", "chime")


def _orders(profile: Profile, versions: tuple[Version, ...]) -> tuple[RenditionOrder, ...]:
    form = PROFILE_FORMS[profile]
    return tuple(
        RenditionOrder(
            version=version,
            format=form.format,
            sample_rate=form.sample_rate,
            bit_depth=None if form.format in ("ogg", "mp3") else form.bit_depth,
            duration_ms=length,
        )
        for version in versions
        for length in (CUTS_MS if version == "cut" else (None,))
    )


NEEDS: dict[Profile, tuple[RenditionOrder, ...]] = {
    "unity": _orders("unity", _GAME),
    "godot": _orders("godot", _GAME),
    "wwise": _orders("wwise", _GAME),
    "fmod": _orders("fmod", _GAME),
    "harvest": _orders("harvest", ("master", "cut", "sting", "underscore", "no_drums")),
    "automotive": _orders("automotive", ("master",)),
}
"""The first order of each is the piece itself; without the others a package is poorer but whole."""


def needed(profile: Profile, kind: Kind, duration_ms: int) -> tuple[RenditionOrder, ...]:
    """The orders that make sense for a piece of this kind and length.

    A piece may still lack what one of them asks for (drums to leave out, room for a cut); that
    version is then left out of the package.
    """
    return tuple(order for order in NEEDS[profile] if _sensible(order, kind, duration_ms))


def _sensible(order: RenditionOrder, kind: Kind, duration_ms: int) -> bool:
    if order.version == "master":
        return True
    if order.version == "loop_parts":
        return kind == "loop"
    if order.version == "cut":
        assert order.duration_ms
        return kind not in _ONCE and order.duration_ms < duration_ms
    return kind not in _ONCE
