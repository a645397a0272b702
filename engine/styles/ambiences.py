"""What an ambience is made of: nature's textures by name, and the ground that each style lays."""

from msgspec import Struct

TEXTURES: dict[str, str] = {
    "rain": "Rain",
    "wind": "Wind",
    "ocean": "Ocean waves",
    "stream": "Stream",
    "fire": "Fire",
    "room": "Room tone",
}
"""Textures by the name that a brief asks for them, and what people call them."""

PLAYERS = ("pads", "bass", "lead", "fx", "bells", "synth")
"""What else an ambience may be asked for: a ground, its bass, and bells far apart."""

ACCEPTED = (*PLAYERS, *TEXTURES)


class Ground(Struct, frozen=True, kw_only=True):
    """The tones that lie under an ambience. ``degrees`` are semitones over the tonic."""

    patch: str  # engine.render.ambience
    name: str
    degrees: tuple[tuple[int, ...], ...]  # one per candidate, in turn
    low: int  # MIDI pitch of the octave that the tonic lies in
    bells: bool = False
    textures: tuple[str, ...] = ()  # beside it, where no other is asked for


_OPEN = ((0, 7, 14), (0, 7, 12, 19), (0, 7, 16), (0, 9, 14), (0, 5, 12))
_DARK = ((0, 7, 13), (0, 1, 7), (0, 6, 12), (0, 3, 7, 14), (0, 7, 15))
_WARM = ((0, 4, 7, 14), (0, 7, 9, 16), (0, 4, 11), (0, 5, 9, 14), (0, 7, 11, 16))
_FIVE = ((0, 7, 14), (0, 2, 7, 14), (0, 7, 9), (0, 5, 12), (0, 7, 16))

_AIR = Ground(patch="air_resonator", name="Air pad", degrees=_OPEN, low=48)
_GROUNDS: dict[str, Ground] = {
    "dark_ambient": Ground(
        patch="air_drone", name="Dark drone", degrees=_DARK, low=33, textures=("room",)
    ),
    "horror": Ground(
        patch="air_drone", name="Uneasy drone", degrees=_DARK, low=36, textures=("wind",)
    ),
    "cinematic_tension": Ground(patch="air_drone", name="Tense drone", degrees=_DARK, low=38),
    "meditation": Ground(
        patch="air_resonator", name="Bowl pad", degrees=_OPEN, low=45, bells=True
    ),
    "chinese_traditional": Ground(
        patch="air_resonator", name="Air pad", degrees=_FIVE, low=50, bells=True,
        textures=("stream",),
    ),
    "fantasy_tavern": Ground(
        patch="air_resonator", name="Air pad", degrees=_WARM, low=45, textures=("fire",)
    ),
    "lofi": Ground(
        patch="air_glass", name="Glass pad", degrees=_WARM, low=48, textures=("rain",)
    ),
    "synthwave": Ground(patch="air_glass", name="Glass pad", degrees=_DARK, low=45),
    "house_edm": Ground(patch="air_glass", name="Glass pad", degrees=_OPEN, low=48),
    "trap_hiphop": Ground(patch="air_drone", name="Dark drone", degrees=_DARK, low=33),
    "orchestral_tender": Ground(
        patch="air_resonator", name="Air pad", degrees=_WARM, low=45, bells=True
    ),
}  # fmt: skip


def ground(style: str) -> Ground:
    """What an ambience in a style stands on."""
    return _GROUNDS.get(style, _AIR)
