"""A music catalogue: WAV files and the tab-separated sheet of Harvest Media, a row per version.

The sheet lies in the album's folder beside the sounds and nothing else does, as its ingestion
tool asks. ``TRACK: Audio Filename`` is without its ending.
"""

from collections.abc import Mapping, Sequence

from engine.contracts import Party
from engine.packages.content import Content, Item
from engine.packages.tables import rows

FOLDER = "album"
WRITERS, PUBLISHERS = 3, 2  # of whom the sheet has columns

_PARTY = (
    "Capacity",
    "Society",
    "IPI",
    "Territory",
    "Owner Performance Share %",
    "Owner Mechanical Share %",
)
COLUMNS: tuple[str, ...] = (
    "LIBRARY: Name",
    "ALBUM: Code",
    "ALBUM: Title",
    "ALBUM: Description",
    "ALBUM: Release Date",
    "TRACK: Title",
    "TRACK: Number",
    "TRACK: Is Main",
    "TRACK: Main Track Number",
    "TRACK: Version",
    "TRACK: Description",
    "TRACK: Duration",
    "TRACK: BPM",
    "TRACK: Tempo",
    "TRACK: Genre",
    "TRACK: Mixout",
    "TRACK: Instrumentation",
    "TRACK: Keywords",
    "TRACK: Lyrics",
    "TRACK: Category Codes",
    "TRACK: Composer(s)",
    "TRACK: Publisher(s)",
    "TRACK: Audio Filename",
    *(
        f"WRITER:{number}: {field}"
        for number in range(1, WRITERS + 1)
        for field in ("First Name", "Middle Name", "Last Name", *_PARTY, "Original Publisher")
    ),
    *(
        f"PUBLISHER:{number}: {field}"
        for number in range(1, PUBLISHERS + 1)
        for field in ("Name", *_PARTY)
    ),
    "CODE: ISWC",
    "CODE: ISRC",
)
_ORDER = ("master", "cut", "sting", "underscore", "no_drums")
_MIXOUT = {"underscore": "No Melody", "no_drums": "No Drums"}
_PLAIN = {"master": "Main", "sting": "Sting", "underscore": "Underscore", "no_drums": "No Drums"}
_TEMPI = ((70, "Slow"), (90, "Medium Slow"), (115, "Medium"), (140, "Medium Fast"))


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    sheet = [_row(content, item, number) for number, item in enumerate(_tracks(content), 1)]
    return {
        "README.txt": _README.encode(),
        f"{folder}/metadata.txt": rows([COLUMNS, *sheet], "\t"),
    }


def _tracks(content: Content) -> list[Item]:
    """The main version first, then the others, longer cuts before shorter ones."""

    def place(item: Item) -> tuple[int, int, str]:
        version = item.sound.version
        rank = _ORDER.index(version) if version in _ORDER else len(_ORDER)
        return rank, -item.sound.frames, item.file

    return sorted(content.items, key=place)


def _row(content: Content, item: Item, number: int) -> Sequence[object]:
    facts, main = content.facts, number == 1
    version = _version(item)
    tempo = content.tempo(item)
    cells: dict[str, object] = {
        "LIBRARY: Name": facts.library,
        "ALBUM: Code": facts.album_code,
        "ALBUM: Title": facts.album or facts.title,
        "ALBUM: Description": facts.album_description,
        "ALBUM: Release Date": facts.release_date,
        "TRACK: Title": facts.title if main else f"{facts.title} ({version})",
        "TRACK: Number": number,
        "TRACK: Is Main": "Y" if main else "N",
        "TRACK: Main Track Number": "" if main else 1,
        "TRACK: Version": version,
        "TRACK: Description": facts.description,
        "TRACK: Duration": _minutes(item),
        "TRACK: BPM": round(tempo) if tempo else "",
        "TRACK: Tempo": _pace(tempo),
        "TRACK: Genre": facts.genre,
        "TRACK: Mixout": _MIXOUT.get(item.sound.version, ""),
        "TRACK: Instrumentation": ", ".join(facts.instruments),
        "TRACK: Keywords": ", ".join(facts.keywords),
        "TRACK: Composer(s)": " and ".join(party.name for party in facts.composers),
        "TRACK: Publisher(s)": " and ".join(party.name for party in facts.publishers),
        "TRACK: Audio Filename": item.stem,
        "CODE: ISRC": facts.isrc if main else "",
    }
    for at, writer in enumerate(facts.composers[:WRITERS], 1):
        cells |= _writer(f"WRITER:{at}:", writer, facts.publishers)
    for at, publisher in enumerate(facts.publishers[:PUBLISHERS], 1):
        cells[f"PUBLISHER:{at}: Name"] = publisher.name
        cells |= _party(f"PUBLISHER:{at}:", publisher, "Original Publisher")
    return [cells.get(column, "") for column in COLUMNS]


def _writer(column: str, party: Party, publishers: Sequence[Party]) -> dict[str, object]:
    first, *middle, last = party.name.split() if " " in party.name.strip() else ("", party.name)
    return {
        f"{column} First Name": first,
        f"{column} Middle Name": " ".join(middle),
        f"{column} Last Name": last,
        f"{column} Original Publisher": publishers[0].name if publishers else "",
    } | _party(column, party, "Composer")


def _party(column: str, party: Party, capacity: str) -> dict[str, object]:
    return {
        f"{column} Capacity": capacity,
        f"{column} Society": party.society,
        f"{column} IPI": party.ipi,
        f"{column} Territory": "World",
        f"{column} Owner Performance Share %": party.share,
        f"{column} Owner Mechanical Share %": party.share,
    }


def _version(item: Item) -> str:
    if item.sound.version == "cut":
        return f"{item.seconds:g} Sec"
    return _PLAIN.get(item.sound.version, item.sound.name.replace("_", " ").title())


def _minutes(item: Item) -> str:
    seconds = max(1, round(item.seconds))
    return f"{seconds // 60}:{seconds % 60:02}"


def _pace(tempo: float | None) -> str:
    if not tempo:
        return ""
    return next((word for limit, word in _TEMPI if tempo <= limit), "Fast")


_README = """\
The folder album holds the WAV files and metadata.txt, one tab-separated row per version, for the
ingestion tool of Harvest Media. What the library must still fill in is empty: codes, artwork, and
whatever of composers and publishers was not given. The music was made by a machine under a license;
manifest.json names it.
"""
