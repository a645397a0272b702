"""Chord symbols in letters: what a degree is called in a key."""

from engine.styles.harmony import SUFFIXES, read, taken_apart

_LETTERS, _NATURAL = "CDEFGAB", (0, 2, 4, 5, 7, 9, 11)
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_MEMBERS = {"/3": 2, "/5": 4, "/7": 6}
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def lettered(symbol: str, tonic: str) -> str:
    """``"bVImaj7/3"`` in ``"F"`` → ``"Dbmaj7/F"``: each note by the letter that its degree has.

    A note that would need three signs is written as the key on a keyboard that it is.
    """
    _, degree, suffix, bass = taken_apart(symbol)
    steps, harmony, home = _NUMERALS.index(degree.upper()), read(symbol), _pitch(tonic)
    root = _note(tonic, steps, home + harmony.root)
    chord = root + _quality(suffix, minor=degree.islower() and 4 in SUFFIXES[suffix])
    if not bass:
        return chord
    beyond = steps + _MEMBERS[bass] if bass in _MEMBERS else int(bass[2:]) - 1
    return f"{chord}/{_note(tonic, beyond, home + harmony.bass)}"


def _quality(suffix: str, *, minor: bool) -> str:
    """In brackets where it would be read as another word: Cm(maj7), and C(#11) is no C#."""
    apart = suffix.startswith("#") or (minor and suffix.startswith("maj"))
    return "m" * minor + (f"({suffix})" if apart else suffix)


def _note(tonic: str, steps: int, pitch: int) -> str:
    """The note that is so many letters above the tonic's and has this pitch class."""
    letter = (_LETTERS.index(tonic[0]) + steps) % 7
    signs = (pitch - _NATURAL[letter] + 6) % 12 - 6
    if abs(signs) > 2:
        return _SHARPS[pitch % 12]
    return _LETTERS[letter] + ("#" * signs if signs > 0 else "b" * -signs)


def _pitch(tonic: str) -> int:
    return _NATURAL[_LETTERS.index(tonic[0])] + tonic.count("#") - tonic.count("b")
