"""Style sheets: all of them are read, and a wrong one is refused with its file and its line."""

from collections import Counter
from pathlib import Path

import pytest

from engine import styles
from engine.styles import harmony
from engine.styles.sheet import SHEETS, BadSheet, read


def spoilt(tmp_path: Path, field: str, old: str, new: str, style: str) -> tuple[Path, int]:
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


@pytest.mark.parametrize("name", styles.names())
def test_a_sheet_is_read_to_its_last_line(name: str) -> None:
    style = styles.load(name)
    assert len(style.scenes["en"]) >= 5
    assert len(style.scenes["zh"]) >= 5
    assert 0.1 <= style.harmonic_rhythm[0] <= style.harmonic_rhythm[1] <= 2
    assert len(style.cells) >= 2
    assert 0.05 <= style.rest_share <= 0.6
    assert set(style.endings) <= {"ring", "button", "open"}
    assert 5 <= style.energy_cap <= 7
    assert style.harmony
    assert len(style.avoid) >= 3
    # Prose is the only form of the two styles without sections that a plan could use.
    assert style.forms or name == "dark_ambient"
    for form in style.forms:
        assert all(bars >= 1 for _, bars in form.sections)
        assert max(Counter(name for name, _ in form.sections if name[0] in "ABCD").values()) == 1


def test_forms_are_the_sheets_own() -> None:
    usual = {name: styles.load(name).forms[0] for name in ("lofi", "jazz_trio", "house_edm")}
    assert usual["lofi"].sections == (
        ("i", 4), ("A", 8), ("A'", 8), ("B", 8), ("A''", 8), ("e", 2),
    )  # fmt: skip
    assert [name for name, _ in usual["jazz_trio"].sections] == ["i", "A", "A'", "B", "A''", "e"]
    assert ("B", 16) in usual["house_edm"].sections  # the drop
    assert [form.seconds for form in styles.load("solo_piano").forms] == [103, 60, 30, None]
    assert styles.load("metal").forms[1].use == "loop"


def test_how_styles_end_is_the_sheets_own() -> None:
    assert styles.load("funk_corporate").endings == ("button",)
    assert styles.load("jazz_trio").endings == ("ring", "button")
    assert "open" in styles.load("horror").endings
    assert styles.load("meditation").energy_cap == 5


def test_chinese_music_has_its_five_modes() -> None:
    modes = styles.load("chinese_traditional").modes
    assert set(modes) == {"gong", "shang", "jue", "zhi", "yu"}
    assert modes["gong"] > modes["jue"]


def test_every_mode_a_style_may_choose_has_progressions() -> None:
    for name in styles.names():
        style = styles.load(name)
        for mode, weight in style.modes.items():
            if weight < 10:
                continue
            family = "major" if mode in ("major", "lydian", "mixolydian", "gong", "zhi") else "minor"  # fmt: skip # noqa: E501
            for options in style.chords.values():
                found = {
                    harmony.mode_of([chord for bar in option for chord in bar])
                    for option in options
                }
                assert family in found, (name, mode)


REFUSALS = {
    "tempo that does not rise": ("lofi", "tempo", "66-92", "92-66", "typ"),
    "typical tempo outside": ("lofi", "tempo", "typ 78", "typ 99", "66 < typ < 92"),
    "no meter": ("lofi", "tempo", "meters 4/4", "metres 4/4", "meters 4/4"),
    "grid of another number": ("lofi", "tempo", "grid 16", "grid 17", "16 or 12"),
    "grid 12 without its meter": ("jazz_trio", "tempo", " sub=12/8", "", "sub=3/4 or sub=12/8"),
    "no known mode": ("lofi", "tonality", "major 40, dorian 30, aeolian 30", "locrian 100",
                      "known are"),
    "unknown degree": ("lofi", "chords_A", "|", "| H7 |", "'H7' is not a chord"),
    "unknown suffix": ("lofi", "chords_A", "vi9", "vi99", "suffixes are 7 maj7"),
    "empty bar": ("lofi", "chords_A", "|", "| |", "empty bar"),
    "a mode without progressions": ("meditation", "chords_turn", "bVII/p1 | isus2", "IV | I",
                                    "no minor option, though dorian has 10 %"),
    "no harmonic rhythm": ("lofi", "hr", "1 per bar, 2 in bar 4 of 4", "slow", "per bar"),
    "range upside down": ("lofi", "role.lead", "range=60-81", "range=81-60", "low must be under"),
    "range not MIDI": ("lofi", "role.lead", "range=60-81", "range=60-181", "0-127"),
    "one velocity": ("lofi", "role.comp", "vel=", "vel=9-9; art=", "low must be under high"),
    "GM over 127": ("lofi", "role.lead", "gm=11", "gm=128", "0-127"),
    "GM in words": ("lofi", "role.lead", "gm=11", "gm=piano", "0-127"),
    "unknown key": ("lofi", "role.comp", "vel=", "loud=", "unknown key 'loud'"),
    "unknown patch": ("lofi", "role.comp", "syn=ep_tine", "syn=ep_tines", "known are ep_reed"),
    "too many digits": ("lofi", "groove.low", "K=", "K=1", "16 digits"),
    "no digit": ("lofi", "groove.low", "K=", "K=x", "digits 0-9"),
    "unknown drum": ("lofi", "groove.low", "K=", "X=", "voice of K S L H O R T P C"),
    "early half fill": ("lofi", "groove.fill2", "0", "5", "all before step 8 must be 0"),
    "early pickup": ("lofi", "groove.fill4", "0", "5", "all before step 12 must be 0"),
    "early pickup in triplets": ("jazz_trio", "groove.fill4", "0", "5", "before step 9"),
    "unknown bass degree": ("lofi", "bass.low", "0:1", "0:9", "degree of 1-8"),
    "bass notes that overlap": ("bossa", "bass.low", "0:1:4", "0:1:5", "lasts until step 5"),
    "unknown comping voice": ("lofi", "comp.1", "all", "most", "voices of 1-6 all hi top"),
    "cell of no half bar": ("lofi", "melody", "[6 10]", "[6 9]", "fills 15 steps, not 8, 16 or 32"),
    "cell in words": ("lofi", "melody", "[6 10]", "[long]", "lengths in steps"),
    "no cell": ("dark_ambient", "melody", "cells [16 16] [r16 8 8]", "cells none", "no cells"),
    "three contours": ("lofi", "contours", " ; ", " / ", "3 contours; there are four"),
    "contour bar too long": ("lofi", "contours", ":8 /", ":9 /", "steps, not 16"),
    "contour without a mode": ("lofi", "contours", "maj", "dur", "not maj or min"),
    "contour of words": ("lofi", "contours", "5:3", "so:3", "not degree:length"),
    "contour that never breathes": ("solo_piano", "contours",
                                    "maj 3:4 1':6 7:2 5:4 / 6:8 r:4 3:4 / 4:4 2':6 1':2 6:4 / 5:12 r:4",  # noqa: E501
                                    "maj 3:4 1':6 7:2 5:4 / 6:16 / 4:4 2':6 1':2 6:4 / 5:16",
                                    "no rest"),
    "two peaks": ("solo_piano", "contours", "3:4 1':6", "2':4 1':6", "more than one peak"),
    "six rungs": ("lofi", "ladder", "| +bass.low |", "+bass.low |", "6 rungs"),
    "unknown pattern on a rung": ("lofi", "ladder", "+bass.low", "+bass.slow", "'bass.slow'"),
    "a role the style has not": ("chiptune", "ladder", "+harmony", "+fx", "names 'fx'"),
    "mix without loudness": ("lofi", "mix", "lufs=", "loud=", "lufs is missing"),
    "mix without side-chain": ("rock", "mix", "sc=", "s=", "sc is missing"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_wrong_value_is_refused_with_file_and_line_and_what_is_right(tmp_path, fault) -> None:
    style, field, old, new, right = REFUSALS[fault]
    file, line = spoilt(tmp_path, field, old, new, style)
    with pytest.raises(BadSheet) as refused:
        read(file)
    message = str(refused.value)
    assert message.startswith(f"{style}.style:{line}: {field}: "), message
    assert right in message


@pytest.mark.parametrize(
    "field",
    ["scenes_zh", "feel", "hr", "form", "role.bass", "groove.fill2", "bass.mid", "comp.3",
     "melody", "harmony", "intro_end", "mix", "avoid"],
)  # fmt: skip
def test_a_missing_field_is_named_where_it_should_stand(tmp_path, field) -> None:
    lines = (SHEETS / "rock.style").read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{field}: "))
    file = tmp_path / "rock.style"
    file.write_text("\n".join(lines[:at] + lines[at + 1 :]))
    with pytest.raises(BadSheet) as refused:
        read(file)
    found = str(refused.value)
    assert found.startswith("rock.style:")
    assert f"the field {field} is missing" in found
    if not field.startswith("role."):  # roles stand in any order
        assert found.startswith(f"rock.style:{at + 1}: ")


def test_fields_out_of_order_twice_or_unknown_are_refused(tmp_path) -> None:
    lines = (SHEETS / "rock.style").read_text().splitlines()
    file = tmp_path / "rock.style"
    at = next(at for at, line in enumerate(lines) if line.startswith("hr: "))
    file.write_text("\n".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]))
    with pytest.raises(BadSheet, match=rf"^rock\.style:{at + 2}: hr: out of order; .* before form"):
        read(file)
    file.write_text("\n".join([*lines, lines[-1]]))
    last = len(lines)
    with pytest.raises(BadSheet, match=rf"^rock\.style:{last + 1}: avoid: already on line {last}"):
        read(file)
    file.write_text("\n".join(["colour: red", *lines]))
    with pytest.raises(BadSheet, match=r"^rock\.style:1: colour: no such field; .*scenes_en"):
        read(file)
    file.write_text("\n".join([*lines, "loud and clear"]))
    with pytest.raises(BadSheet, match=rf"^rock\.style:{last + 1}: not a line 'field: value'"):
        read(file)
