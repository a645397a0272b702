import csv
import io
import json

from msgspec import structs

from engine.contracts import (
    Asset,
    Brand,
    Delivery,
    FamilyMade,
    FamilyMember,
    Measured,
    ResolvedFamily,
    ResolvedFunction,
    SoundFile,
    TrackFacts,
)
from engine.packages import family_sounds, pack
from tests.engine.packages import pieces
from tests.engine.packages.readers import comma_separated, tab_delimited, unpacked

HARVEST = unpacked(pack("harvest", pieces.bed(), pieces.FACTS))
# The columns that a catalogue's template asks for.
ASKED = {
    "LIBRARY: Name", "ALBUM: Code", "ALBUM: Title", "ALBUM: Description", "ALBUM: Release Date",
    "TRACK: Title", "TRACK: Number", "TRACK: Is Main", "TRACK: Main Track Number",
    "TRACK: Version", "TRACK: Duration", "TRACK: BPM", "TRACK: Tempo", "TRACK: Genre",
    "TRACK: Mixout", "TRACK: Instrumentation", "TRACK: Keywords", "TRACK: Lyrics",
    "TRACK: Category Codes", "TRACK: Composer(s)", "TRACK: Publisher(s)",
}  # fmt: skip


def test_a_catalogue_gets_a_row_per_version_the_main_one_first() -> None:
    rows = tab_delimited(HARVEST["album/metadata.txt"])
    assert set(rows[0]) >= ASKED
    assert [row["TRACK: Version"] for row in rows] == [
        "Main", "3 Sec", "1.5 Sec", "Sting", "Underscore", "No Drums"
    ]  # fmt: skip
    assert [row["TRACK: Number"] for row in rows] == list("123456")
    assert [row["TRACK: Is Main"] for row in rows] == ["Y", *"NNNNN"]
    assert [row["TRACK: Main Track Number"] for row in rows] == ["", *"11111"]
    assert [row["TRACK: Mixout"] for row in rows] == ["", "", "", "", "No Melody", "No Drums"]
    assert [row["TRACK: Duration"] for row in rows[:2]] == ["0:06", "0:03"]
    assert rows[0]["TRACK: Title"] == "Kart Select"
    assert rows[1]["TRACK: Title"] == "Kart Select (3 Sec)"


def test_every_row_of_a_catalogue_finds_its_file_and_the_folder_holds_no_others() -> None:
    rows = tab_delimited(HARVEST["album/metadata.txt"])
    held = {name for name in HARVEST if name.startswith("album/")} - {"album/metadata.txt"}
    assert {f"album/{row['TRACK: Audio Filename']}.wav" for row in rows} == held
    assert len(held) == 6


def test_a_catalogue_is_told_who_holds_what() -> None:
    (row, *_) = tab_delimited(HARVEST["album/metadata.txt"])
    assert row["TRACK: Composer(s)"] == "Ada King Lovelace and Plato"
    names = [row[f"WRITER:1: {part} Name"] for part in ("First", "Middle", "Last")]
    assert names == ["Ada", "King", "Lovelace"]
    assert (row["WRITER:2: First Name"], row["WRITER:2: Last Name"]) == ("", "Plato")
    assert row["WRITER:1: Owner Performance Share %"] == "60"
    assert (row["WRITER:1: Society"], row["WRITER:1: IPI"]) == ("PRS", "00012345678")
    assert row["WRITER:1: Original Publisher"] == row["PUBLISHER:1: Name"] == "Press Ltd"
    assert (row["TRACK: BPM"], row["TRACK: Tempo"]) == ("240", "Fast")
    assert (row["CODE: ISRC"], row["TRACK: Lyrics"]) == ("", "")
    assert row["TRACK: Keywords"] == "light, retro"


def test_no_text_in_a_sheet_is_a_formula_a_new_cell_or_a_new_row() -> None:
    facts = structs.replace(
        pieces.FACTS, title="=1+1", genre="a\tb\r\nc", description='say "hi"', keywords=("+x", "-y")
    )
    (row, *rest) = tab_delimited(
        unpacked(pack("harvest", pieces.bed(), facts))["album/metadata.txt"]
    )
    assert len(rest) == 5
    assert row["TRACK: Title"] == "'=1+1" and row["TRACK: Genre"] == "a b c"
    assert row["TRACK: Description"] == "say 'hi'" and row["TRACK: Keywords"] == "'+x, -y"


def member(name: str, loop: bool = False, **facts: object) -> tuple[SoundFile, bytes]:
    about, content = pieces.sound(
        name, "function", 48_000, loop=(0, 47_999) if loop else None, lufs=-20.5, bars=None
    )
    return structs.replace(about, tempo=None, meter=None, facts=dict(facts)), content


CAR = unpacked(
    pack(
        "automotive",
        [
            member("door_open", function="door_open", urgency=0, band_low_hz=380.0,
                   band_high_hz=4_000.0, attack_ms=12.5, decay_ms=700, peak_dbfs=-9.0,
                   level_dba_60=58.5, level_db_re_family=-0.5),
            member("warn", function="warn", urgency=4, margin_db=11.5),
            member("drive_040", loop=True, function="drive", urgency=0, speed_kmh=40),
            member("mystery"),
        ],
        TrackFacts(track="fam_1", title="Warm, calm", kind="chime"),
    )
)  # fmt: skip


def test_a_car_gets_one_row_per_function_in_both_tables() -> None:
    rows = comma_separated(CAR["functions.csv"])
    listed = json.loads(CAR["functions.json"])["functions"]
    assert {row["name"] for row in rows} == {"door_open", "warn", "drive_040", "mystery"}
    assert [row["name"] for row in rows] == [one["name"] for one in listed]
    for row, one in zip(rows, listed, strict=True):
        assert set(row) == set(one) and row["file"] in CAR
        for column, value in one.items():
            if value is None:
                assert row[column] == ""
            elif isinstance(value, list):
                assert row[column].split() == value
            elif isinstance(value, str):
                assert row[column] == value
            else:
                assert float(row[column]) == value


def test_a_cars_table_tells_levels_bands_times_and_channels() -> None:
    rows = {row["name"]: row for row in comma_separated(CAR["functions.csv"])}
    door = rows["door_open"]
    assert (door["urgency"], rows["warn"]["urgency"]) == ("U0 courtesy", "U4 warning")
    assert (door["band_low_hz"], door["band_high_hz"]) == ("380", "4000")
    assert (door["attack_ms"], door["decay_ms"]) == ("12.5", "700")
    assert (door["peak_dbfs"], door["loudness_lufs"]) == ("-9", "-20.5")
    assert (door["duration_ms"], door["frames"], door["channel_order"]) == (
        "1000",
        "48000",
        "FL FR",
    )
    assert (rows["drive_040"]["loop_last_frame"], door["loop_last_frame"]) == ("47999", "")
    assert rows["drive_040"]["function"] == "drive" and rows["mystery"]["function"] == "mystery"
    assert rows["mystery"]["urgency"] == ""


def test_the_csv_is_one_that_every_dialect_sniffs() -> None:
    text = CAR["functions.csv"].decode()
    assert csv.Sniffer().sniff(text).delimiter == ","
    assert len(list(csv.reader(io.StringIO(text)))) == 5


def test_a_family_goes_into_its_package_with_what_was_measured_of_it() -> None:
    kept = {"door_open": pieces.sound("door_open", "function", 4_800)[1], "door_open.mono": b"m"}
    function = ResolvedFunction(
        name="door_open", function="door_open", urgency=0, duration_ms=100, frames=4_800,
        speed_kmh=60, band_hz=(300.0, 5_000.0), peak_dbfs=-3.0, loudness_lufs=-20.0,
    )  # fmt: skip
    member = FamilyMember(
        name="door_open", function="door_open", duration_ms=100, frames=4_800,
        measured=(
            Measured(name="loudness_lufs", measured=-20.1, detail="loudest 125 ms"),
            Measured(name="attack_ms", measured=12.0),
            Measured(name="peak_dbfs", measured=-4.5),
            Measured(name="true_peak_dbtp", measured=-4.25),
            Measured(name="audible_margin_db", measured={"60": {"margin_db": 9.5}}),
        ),
        facts={"level_db_re_family": -0.1, "level_dba": {"0": 42.0, "60": 67.0, "120": 76.0},
               "gain_db_by_speed": {"0": 0.0, "20": 4.0}},
        assets=tuple(
            Asset(name=name, sha256="", bytes=len(content), media_type="audio/wav")
            for name, content in kept.items()
        ),
    )  # fmt: skip
    family = ResolvedFamily(
        brand=Brand(), tonic="D", functions=(function,), candidates=1, seed=1, delivery=Delivery()
    )
    made = FamilyMade(
        number=1, take=1, seed=1, rating=1.0, resolved=family, character={}, members=(member,)
    )
    held = [(sound, kept[asset.name]) for sound, asset in family_sounds(made)]
    files = unpacked(pack("automotive", held, TrackFacts(track="fam_1", title="Car")))
    rows = {row["name"]: row for row in comma_separated(files["functions.csv"])}
    door, mono = rows["door_open"], rows["door_open.mono"]
    assert files[door["file"]] == kept["door_open"] and files[mono["file"]] == b"m"
    assert (door["channels"], mono["channels"]) == ("2", "1")
    assert (door["urgency"], door["speed_kmh"], door["frames"]) == ("U0 courtesy", "60", "4800")
    assert (door["band_low_hz"], door["attack_ms"], door["decay_ms"]) == ("300", "12", "")
    assert (door["peak_dbfs"], door["true_peak_dbtp"]) == ("-4.5", "-4.25")
    assert (door["level_dba_0"], door["level_dba_120"], door["margin_db"]) == ("42", "76", "9.5")
    assert (door["loudness_lufs"], door["loudness_of"]) == ("-20.1", "loudest 125 ms")
    listed = json.loads(files["manifest.json"])["files"]
    assert listed[0]["facts"]["gain_db_by_speed"] == {"0": 0.0, "20": 4.0}
