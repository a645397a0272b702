import itertools

import pytest

from engine.contracts import Delivery, RenditionOrder
from engine.errors import BriefRefused
from engine.words import formats
from engine.words.formats import Form, refusals, settled, short_key


def test_every_combination_is_either_refused_with_what_is_possible_or_settled() -> None:
    delivered = Delivery(sample_rate=96_000, bit_depth=32, channels=6)
    asks = itertools.product(
        ("wav", "flac", "mp3", "ogg"),
        (None, 44_100, 48_000, 96_000),
        (None, 16, 24, 32),
        (None, 1, 2, 4, 6),
    )
    for name, rate, depth, channels in asks:
        order = RenditionOrder(format=name, sample_rate=rate, bit_depth=depth, channels=channels)  # type: ignore[arg-type]
        reasons = refusals(order, "/rendition")
        for reason in reasons:
            assert reason.code == "unsupported_format" and reason.detail
            assert reason.pointer.startswith("/rendition/")
        if reasons:
            with pytest.raises(BriefRefused):
                settled(order, delivered)
            continue
        form = settled(order, delivered)
        formats.check(form)
        assert form.format == name
        assert (form.sample_rate, form.channels) == (
            rate or form.sample_rate,
            channels or form.channels,
        )


@pytest.mark.parametrize(
    ("order", "pointer", "possible"),
    [
        (RenditionOrder(format="mp3", channels=4), "/channels", [1, 2]),
        (RenditionOrder(format="mp3", sample_rate=96_000), "/sample_rate", [44_100, 48_000]),
        (RenditionOrder(format="mp3", bit_depth=16), "/bit_depth", []),
        (RenditionOrder(format="ogg", bit_depth=24), "/bit_depth", []),
        (RenditionOrder(format="flac", bit_depth=32), "/bit_depth", [16, 24]),
        (RenditionOrder(profile="godot", format="flac"), "/format", ["ogg"]),
        (RenditionOrder(profile="godot", bit_depth=24), "/bit_depth", []),
        (RenditionOrder(profile="wwise", sample_rate=44_100), "/sample_rate", [48_000]),
        (RenditionOrder(profile="unity", duration_ms=30_000), "/duration_ms", None),
    ],
)
def test_what_does_not_go_together_is_named(
    order: RenditionOrder, pointer: str, possible: object
) -> None:
    (reason,) = refusals(order)
    assert (reason.pointer, reason.limit) == (pointer, possible)


def test_what_is_left_open_stays_as_delivered_or_comes_near() -> None:
    delivered = Delivery(sample_rate=96_000, bit_depth=32, channels=6)
    assert settled(RenditionOrder(), delivered) == Form(
        sample_rate=96_000, bit_depth=32, channels=6
    )
    assert settled(RenditionOrder(format="flac"), delivered) == Form(
        format="flac", sample_rate=96_000, bit_depth=24, channels=6
    )
    mp3 = settled(RenditionOrder(format="mp3"), delivered)
    assert (mp3.sample_rate, mp3.channels) == (48_000, 2)
    godot = settled(RenditionOrder(profile="godot"), delivered)
    assert (godot.format, godot.sample_rate, godot.channels) == ("ogg", 48_000, 6)


@pytest.mark.parametrize(
    ("tonality", "key"),
    [
        ("D minor", "Dm"), ("Bb major", "Bb"), ("F# dorian", "F#m"), ("C lydian", "C"),
        ("A yu", "Am"), ("降B大调", "Bb"), ("no key", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_key_is_its_tonic_and_whether_its_third_is_minor(tonality: str | None, key: str) -> None:
    assert short_key(tonality) == key


def test_the_table_for_clients_names_every_format() -> None:
    assert formats.accepted()["mp3"] == {
        "sample_rate": [44_100, 48_000],
        "bit_depth": [],
        "channels": [1, 2],
    }
    assert set(formats.accepted()) == {"wav", "flac", "mp3", "ogg"}


def test_loudness_that_does_not_fit_under_the_peak_is_refused() -> None:
    (reason,) = refusals(RenditionOrder(lufs=-8, true_peak_dbtp=-9))
    assert (reason.pointer, reason.code, reason.limit) == ("/lufs", "contradiction", -13)
    quiet = Delivery(lufs=-20, true_peak_dbtp=-9)
    assert not refusals(RenditionOrder(lufs=-12))
    (reason,) = refusals(RenditionOrder(lufs=-12), "/order", quiet)
    assert reason.pointer == "/order/lufs"
    (reason,) = refusals(RenditionOrder(true_peak_dbtp=-9), delivered=Delivery(lufs=-10))
    assert reason.pointer == "/true_peak_dbtp"
    assert not refusals(RenditionOrder(), delivered=Delivery(lufs=-10, true_peak_dbtp=-9))
    with pytest.raises(BriefRefused):
        settled(RenditionOrder(lufs=-12), quiet)
