"""Chords by their letters, as a musician reads them."""

import pytest

from engine.styles.harmony import SUFFIXES, UnknownChord, read
from engine.styles.letters import lettered

SHARPS = {"C": 0, "C#": 1, "D": 2, "Eb": 3, "E": 4, "F": 5, "F#": 6, "G": 7, "Ab": 8, "A": 9,
          "Bb": 10, "B": 11}  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "tonic", "name"),
    [
        ("i", "F", "Fm"), ("bVI", "F", "Db"), ("bVImaj7/3", "F", "Dbmaj7/F"), ("V", "F", "C"),
        ("V/3", "C", "G/B"), ("iim7b5", "C", "Dm7b5"), ("imaj7", "C", "Cm(maj7)"),
        ("viidim", "E", "D#dim"), ("IV", "F#", "B"), ("VII", "C#", "B#"), ("#IV", "Eb", "A"),
        ("bII", "Ab", "Bbb"), ("I/p5", "Bb", "Bb/F"), ("v7sus4", "A", "E7sus4"), ("i5", "D", "D5"),
        ("iv7/7", "G", "Cm7/Bb"), ("I+", "C", "C+"),
        ("I#11", "C", "C(#11)"),
    ],
)  # fmt: skip
def test_a_degree_is_called_as_it_is_in_its_key(symbol: str, tonic: str, name: str) -> None:
    assert lettered(symbol, tonic) == name


def test_every_symbol_in_every_key_names_the_notes_it_has() -> None:
    degrees = [
        f"{sign}{one}" for sign in ("", "b", "#")
        for roman in ("I", "II", "III", "IV", "V", "VI", "VII") for one in (roman, roman.lower())
    ]  # fmt: skip
    seen = 0
    for degree in degrees:
        for suffix in SUFFIXES:
            for bass in ("", "/3", "/5", "/7", "/p2", "/p7"):
                try:
                    harmony = read(f"{degree}{suffix}{bass}")
                except UnknownChord:
                    continue
                for tonic, home in SHARPS.items():
                    root, _, low = lettered(f"{degree}{suffix}{bass}", tonic).partition("/")
                    assert _pitch(root) == (home + harmony.root) % 12
                    assert not low or _pitch(low) == (home + harmony.bass) % 12
                    seen += 1
    assert seen > 50_000


def _pitch(name: str) -> int:
    """The pitch class at the beginning of a chord's name; a flat ninth is no flat note."""
    signs = name[1:3] if name[1:3] in ("##", "bb") else name[1:2]
    natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    return (natural + signs.count("#") - signs.count("b")) % 12
