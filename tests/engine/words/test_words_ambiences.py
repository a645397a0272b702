"""What an ambience is made of, from words and fields of both languages."""

import pytest

from engine.contracts import Brief, Instruments, Resolved
from engine.errors import BriefRefused
from engine.words import resolve


def read(prompt: str, **fields) -> Resolved:
    return resolve(Brief(kind="ambience", prompt=prompt, **fields), 1)


@pytest.mark.parametrize(
    ("prompt", "texture"),
    [
        ("rain", "rain"), ("light rain", "rain"), ("雨声", "rain"), ("windy plain", "wind"),
        ("微风", "wind"), ("ocean waves", "ocean"), ("海浪", "ocean"), ("a small creek", "stream"),
        ("溪流", "stream"), ("crackling fireplace", "fire"), ("篝火", "fire"),
        ("room tone", "room"), ("空调", "room"),
    ],
)  # fmt: skip
def test_nature_is_read_and_told(prompt: str, texture: str) -> None:
    resolved = read(prompt)
    assert resolved.require == (texture,)
    assert [one.value for one in resolved.readings if one.field == "require"] == [texture]


def test_fields_name_textures_too_and_forbid_them() -> None:
    asked = Instruments(require=("Rain", "bells"), forbid=("wind",))
    resolved = read("windy rain", instruments=asked)
    assert resolved.require == ("rain", "bells")
    assert resolved.forbid == ("wind",)


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        (Instruments(require=("drums",)), "/instruments/require/0"),
        (Instruments(require=("rain", "spoons")), "/instruments/require/1"),
        (Instruments(forbid=("spoons",)), "/instruments/forbid/0"),
        (Instruments(forbid=("pads", "bass", "lead", "fx")), "/instruments/forbid"),
        (Instruments(require=("rain",), forbid=("rain",)), "/instruments/require"),
    ],
)
def test_what_an_ambience_cannot_be_made_of_is_refused(asked: Instruments, pointer: str) -> None:
    with pytest.raises(BriefRefused) as refusal:
        read("", instruments=asked)
    assert pointer in {reason.pointer for reason in refusal.value.reasons}


def test_players_that_words_alone_ask_for_are_left_aside() -> None:
    resolved = read("calm ambience with drums and rain")
    assert resolved.require == ("rain",)
    assert "drums" in resolved.ignored


def test_a_piece_of_music_has_no_rain() -> None:
    with pytest.raises(BriefRefused, match="unknown instrument 'rain'"):
        resolve(Brief(kind="bed", instruments=Instruments(require=("rain",))), 1)
