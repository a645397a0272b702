"""Style sheets: all of them are read, and a wrong one is refused with its line."""

from pathlib import Path

import pytest

from engine import styles
from engine.styles import harmony
from engine.styles.sheet import SHEETS, BadSheet, read


def spoilt(tmp_path: Path, field: str, old: str, new: str, style: str = "lofi") -> tuple[Path, int]:
    """A copy of a sheet with one value changed, and the number of that line."""
    lines = (SHEETS / f"{style}.style").read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{field}: "))
    assert old in lines[at], lines[at]
    lines[at] = lines[at].replace(old, new, 1)
    file = tmp_path / f"{style}.style"
    file.write_text("\n".join(lines))
    return file, at + 1


def test_all_22_styles_can_be_played() -> None:
    assert len(styles.names()) == 22
    for name in styles.names():
        style = styles.load(name)
        assert {"lead", "comp", "bass", "drums"} <= set(style.roles)
        assert len(style.ladder) == 7
        assert len(style.contours) == 4
        assert style.tempo[0] <= style.typical_bpm <= style.tempo[1]
        assert -36 <= styles.facts(name).lufs <= -8


def test_every_mode_a_style_may_choose_has_progressions() -> None:
    for name in styles.names():
        style = styles.load(name)
        for mode in style.modes:
            major = mode in ("major", "lydian", "mixolydian")
            found = {
                harmony.mode_of([chord for bar in option for chord in bar])
                for option in style.chords["A"]
            }
            assert ("major" if major else "minor") in found, (name, mode)


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("tempo", "typ ", "typ 9"),
        ("tempo", "grid 16", "grid 17"),
        ("chords_A", "|", "| H7 |"),
        ("role.lead", "range=", "range=99-"),
        ("role.lead", "gm=", "gm=222 "),
        ("role.lead", "gm=", "gm=piano "),
        ("role.comp", "vel=", "loud="),
        ("groove.low", "K=", "K=1"),
        ("bass.low", "0:1", "0:x"),
        ("comp.1", "0:", "0:x"),
        ("contours", ":4", ":5"),
        ("ladder", "|", "||"),
        ("mix", "lufs", "loud"),
    ],
)
def test_a_wrong_value_is_refused_with_file_and_line(tmp_path, field, old, new) -> None:
    file, line = spoilt(tmp_path, field, old, new)
    with pytest.raises(BadSheet, match=rf"^lofi\.style:{line}: {field}: "):
        read(file)


def test_a_missing_field_and_a_double_one_are_named(tmp_path) -> None:
    text = (SHEETS / "rock.style").read_text()
    file = tmp_path / "rock.style"
    file.write_text("\n".join(one for one in text.splitlines() if not one.startswith("mix: ")))
    with pytest.raises(BadSheet, match=r"rock\.style: the field mix is missing"):
        read(file)
    file.write_text(f"{text.rstrip()}\nmix: again\n")
    last = len(text.rstrip().splitlines()) + 1
    with pytest.raises(BadSheet, match=rf"rock\.style:{last}: "):
        read(file)
