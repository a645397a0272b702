"""Grooves, bass cells and comping cells: what is played, step by step of a style's grid."""

import re

from msgspec import Struct

from engine.styles.lines import Lines, pattern

VOICES = "KSLHORTPC"
_BASS = re.compile(r"(\d+):(-[57]|[1-8]|[<>dn]):(\d+)(?::([1-9]))?")
_VOICE = r"(?:all|hi|top|[1-6]|B(?:5|8|10)?)"
_COMP = re.compile(rf"(\d+):({_VOICE}(?:\+{_VOICE})*)(~[durtg])?:(\d+)(?::([1-9]))?")
_PLAIN_DIGIT = 6


class BassNote(Struct, frozen=True):
    """``step:degree:length[:digit]`` of a bass cell."""

    step: int
    degree: str
    length: int
    digit: int


class CompNote(Struct, frozen=True):
    """``step:voice:length[:digit]`` of a comping cell; ``way`` is a strum, roll or tremolo."""

    step: int
    voice: str
    way: str
    length: int
    digit: int


def groove(lines: Lines, field: str, grid: int, sub: str) -> dict[str, tuple[int, ...]]:
    """Voice → a digit 0-9 for each step. Half fills and pickups are silent before their part."""
    voices: dict[str, tuple[int, ...]] = {}
    for word in pattern(lines[field]).split():
        voice, equals, digits = word.partition("=")
        if not equals or voice not in VOICES or voice in voices:
            known = " ".join(VOICES)
            raise lines.refusal(field, f"{word!r} is not one voice of {known} with its digits")
        steps = digits.replace("-", "")
        if not steps.isdigit() or len(steps) != grid:
            raise lines.refusal(field, f"{voice} has {steps!r}; it needs {grid} digits 0-9")
        voices[voice] = tuple(int(digit) for digit in steps)
    beat = 3 if sub == "12/8" else 4
    first = {"groove.fill2": grid // 2, "groove.fill4": grid - beat}.get(field, 0)
    for voice, steps in voices.items():
        early = next((at for at in range(first) if steps[at]), None)
        if early is not None:
            raise lines.refusal(
                field, f"{voice} has a digit at step {early}; all before step {first} must be 0"
            )
    return voices


def bass(lines: Lines, field: str) -> tuple[BassNote, ...]:
    """The notes of a bass cell, one after another."""
    notes: list[BassNote] = []
    free = 0
    for cell in pattern(lines[field]).split():
        found = _BASS.fullmatch(cell)
        if found is None:
            raise lines.refusal(
                field, f"{cell!r} is not step:degree:length[:digit] with a degree of "
                "1-8 -5 -7 < > d n"
            )  # fmt: skip
        note = BassNote(int(found[1]), found[2], int(found[3]), int(found[4] or _PLAIN_DIGIT))
        if note.step < free:
            raise lines.refusal(
                field, f"{cell!r} overlaps the note before it, which lasts until step {free}"
            )
        free = note.step + note.length
        notes.append(note)
    return tuple(notes)


def comp(lines: Lines, field: str) -> tuple[CompNote, ...]:
    """The notes of a comping cell."""
    notes: list[CompNote] = []
    for cell in pattern(lines[field]).split():
        found = _COMP.fullmatch(cell)
        if found is None:
            raise lines.refusal(
                field, f"{cell!r} is not step:voice:length[:digit] with voices of 1-6 all hi top "
                "B B5 B8 B10 joined by + and a way of ~d ~u ~r ~t ~g"
            )  # fmt: skip
        way = (found[3] or "")[1:]
        digit = int(found[5] or _PLAIN_DIGIT)
        notes.append(CompNote(int(found[1]), found[2], way, int(found[4]), digit))
    return tuple(notes)
