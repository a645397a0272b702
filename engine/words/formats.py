"""What goes together in a sound file: container, rate, depth and channels. Pure; the door asks it.

Facts of the formats: MP3 is one or two channels at up to 48 kHz, FLAC holds integers of at most
24 bit here, Ogg Vorbis and MP3 have no bit depth at all, WAV takes everything.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct

from engine.contracts import (
    BitDepth,
    Channels,
    Delivery,
    Profile,
    RenditionOrder,
    SampleRate,
    SoundFormat,
)
from engine.errors import BriefRefused, Reason
from engine.words.resolution import CREST_DB
from engine.words.tonality import MODES, parse, printed

_Number = TypeVar("_Number", bound=int)

MEDIA_TYPES: dict[SoundFormat, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
}
ENDINGS: dict[str, SoundFormat] = {kind: name for name, kind in MEDIA_TYPES.items()}
"""How a file of each media type ends."""
RATES: dict[SoundFormat, tuple[SampleRate, ...]] = {
    "wav": (44_100, 48_000, 96_000),
    "flac": (44_100, 48_000, 96_000),
    "mp3": (44_100, 48_000),
    "ogg": (44_100, 48_000, 96_000),
}
DEPTHS: dict[SoundFormat, tuple[BitDepth, ...]] = {
    "wav": (16, 24, 32),
    "flac": (16, 24),
    "mp3": (),
    "ogg": (),
}
CHANNELS: dict[SoundFormat, tuple[Channels, ...]] = {
    "wav": (1, 2, 4, 6),
    "flac": (1, 2, 4, 6),
    "mp3": (1, 2),
    "ogg": (1, 2, 4, 6),
}

CHANNEL_ORDER: dict[int, tuple[str, ...]] = {
    1: ("C",),
    2: ("FL", "FR"),
    4: ("FL", "FR", "RL", "RR"),
    6: ("FL", "FR", "C", "LFE", "RL", "RR"),
}


class Form(Struct, frozen=True, kw_only=True):
    """The form of one sound file. ``bit_depth`` plays no part in MP3 and Ogg Vorbis."""

    format: SoundFormat = "wav"
    sample_rate: SampleRate = 48_000
    bit_depth: BitDepth = 24
    channels: Channels = 2

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]


PROFILE_FORMS: dict[Profile, Form] = {
    "unity": Form(),
    "godot": Form(format="ogg"),
    "wwise": Form(),
    "fmod": Form(),
    "harvest": Form(),
    "automotive": Form(),
}
"""What the files of a package are; the channels are always those that were delivered."""


def accepted() -> dict[str, dict[str, list[int]]]:
    """The whole table, for a client to read."""
    return {
        name: {
            "sample_rate": list(RATES[name]),
            "bit_depth": list(DEPTHS[name]),
            "channels": list(CHANNELS[name]),
        }
        for name in MEDIA_TYPES
    }


def refusals(
    order: RenditionOrder, at: str = "", delivered: Delivery | None = None
) -> list[Reason]:
    """What of an order cannot be done, whatever the music; ``at`` is put before every pointer.

    With what was ``delivered`` at hand, also where the order contradicts what it leaves as it is.
    """
    of_form = _of_profile(order, at) if order.profile else _of_format(order, at)
    return [*of_form, *_of_loudness(order, at, delivered)]


def settled(order: RenditionOrder, delivered: Delivery) -> Form:
    """The form that an order asks for: what it leaves open stays as delivered, or comes as near to
    that as the format allows. Raises `BriefRefused` for an order that `refusals` speaks against."""
    if reasons := refusals(order, delivered=delivered):
        raise BriefRefused(reasons)
    if order.profile:
        return _packed(order.profile, order, delivered)
    name = order.format
    return Form(
        format=name,
        sample_rate=order.sample_rate or _nearest(RATES[name], delivered.sample_rate),
        bit_depth=order.bit_depth or _nearest(DEPTHS[name] or (16,), delivered.bit_depth),
        channels=order.channels or _nearest(CHANNELS[name], delivered.channels),
    )


def check(form: Form) -> None:
    """Raises `BriefRefused` where a form cannot be written."""
    order = RenditionOrder(
        format=form.format,
        sample_rate=form.sample_rate,
        bit_depth=form.bit_depth if DEPTHS[form.format] else None,
        channels=form.channels,
    )
    if reasons := refusals(order):
        raise BriefRefused(reasons)


def short_key(tonality: str | None) -> str:
    """``Dm``, ``F#m``, ``Bb``: the tonic, and whether its third is minor; "" where unknown."""
    key = parse(tonality) if tonality else None
    if key is None:
        return ""
    scale = MODES[key.mode]
    return printed(key.tonic, key.mode).split()[0] + ("m" if 3 in scale and 4 not in scale else "")


def _packed(profile: Profile, order: RenditionOrder, delivered: Delivery) -> Form:
    usual = PROFILE_FORMS[profile]
    return Form(
        format=usual.format,
        sample_rate=order.sample_rate or usual.sample_rate,
        bit_depth=order.bit_depth or usual.bit_depth,
        channels=order.channels or delivered.channels,
    )


def _nearest(possible: tuple[_Number, ...], wanted: int) -> _Number:
    return min(possible, key=lambda one: (abs(one - wanted), -one))


def _of_format(order: RenditionOrder, at: str) -> Iterator[Reason]:
    name = order.format
    title = _TITLES[name]
    if order.sample_rate and order.sample_rate not in RATES[name]:
        yield _unsupported(f"{at}/sample_rate", title, f"{order.sample_rate} Hz", RATES[name])
    if order.bit_depth and not DEPTHS[name]:
        detail = f"{title} has no bit depth; leave it out"
        yield Reason(f"{at}/bit_depth", "unsupported_format", detail, [])
    elif order.bit_depth and order.bit_depth not in DEPTHS[name]:
        asked = f"{order.bit_depth} bit"
        yield _unsupported(f"{at}/bit_depth", title, asked, DEPTHS[name])
    if order.channels and order.channels not in CHANNELS[name]:
        yield _unsupported(f"{at}/channels", title, f"{order.channels} channels", CHANNELS[name])


def _of_profile(order: RenditionOrder, at: str) -> Iterator[Reason]:
    assert order.profile
    usual = PROFILE_FORMS[order.profile]
    title = _TITLES[usual.format]
    if order.format not in ("wav", usual.format):
        detail = f"a package for {order.profile} holds {title} files; leave the format out"
        yield Reason(f"{at}/format", "unsupported_format", detail, [usual.format])
    if order.duration_ms is not None:
        detail = f"a package for {order.profile} has lengths of its own; leave the length out"
        yield Reason(f"{at}/duration_ms", "contradiction", detail)
    if order.profile == "wwise" and order.sample_rate not in (None, 48_000):
        yield _unsupported(
            f"{at}/sample_rate", "a package for wwise", f"{order.sample_rate} Hz", (48_000,)
        )
    elsewhere = RenditionOrder(
        format=usual.format,
        sample_rate=order.sample_rate,
        bit_depth=order.bit_depth,
        channels=order.channels,
    )
    yield from _of_format(elsewhere, at)


def _of_loudness(order: RenditionOrder, at: str, delivered: Delivery | None) -> Iterator[Reason]:
    """Music this loud does not fit under this peak; the same bound that a brief is held to."""
    lufs, peak = order.lufs, order.true_peak_dbtp
    if delivered is not None and (lufs is None) != (peak is None):
        lufs = delivered.lufs if lufs is None else lufs
        peak = delivered.true_peak_dbtp if peak is None else peak
    if lufs is None or peak is None or lufs <= peak - CREST_DB:
        return
    detail = (
        f"{lufs:g} LUFS under a true peak of {peak:g} dBTP is not possible; "
        f"at most {peak - CREST_DB:g} LUFS"
    )
    field = "lufs" if order.lufs is not None else "true_peak_dbtp"
    yield Reason(f"{at}/{field}", "contradiction", detail, peak - CREST_DB)


def _unsupported(pointer: str, title: str, asked: str, possible: tuple[int, ...]) -> Reason:
    listed = ", ".join(str(one) for one in possible)
    detail = f"{title} cannot be had with {asked}; possible are {listed}"
    return Reason(pointer, "unsupported_format", detail, list(possible))


_TITLES: dict[SoundFormat, str] = {
    "wav": "WAV",
    "flac": "FLAC",
    "mp3": "MP3",
    "ogg": "Ogg Vorbis",
}
