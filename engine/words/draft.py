"""What has been read of a prompt so far, and the finished reading."""

from msgspec import Struct

from engine.contracts import Reading
from engine.words import lexicon


class Read(Struct, frozen=True, kw_only=True):
    """What a prompt says. ``bad`` holds (code, detail, limit) of numbers that cannot be meant."""

    kind: str | None = None
    duration_ms: int | None = None
    bars: int | None = None
    bpm: float | None = None
    bpm_range: tuple[float, float] | None = None
    tonality: str | None = None
    mode: str | None = None
    meter: str | None = None
    lufs: float | None = None
    style: str | None = None
    pace: int | None = None
    mood_pace: int = 0
    moods: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    energy: tuple[tuple[float, float], ...] | None = None
    stems: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    ignored: tuple[str, ...] = ()
    bad: tuple[tuple[str, str, str], ...] = ()


class Draft:
    """What has been read so far; only the readers write into it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.single: dict[str, object] = {}
        self.moods: list[str] = []
        self.require: list[str] = []
        self.forbid: list[str] = []
        self.votes: dict[str, float] = {}
        self.named: dict[str, str] = {}
        self.readings: list[tuple[int, Reading]] = []
        self.ignored: list[tuple[int, str]] = []
        self.bad: list[tuple[str, str, str]] = []

    def note(self, at: int, field: str, value: object, words: str) -> None:
        """Keep that these words were understood as this value."""
        self.readings.append((at, Reading(field=field, value=str(value), words=words.strip())))

    def once(self, at: int, field: str, value: object, words: str) -> None:
        """Set a field that can be said only once; what is said again differently is left aside."""
        if field not in self.single:
            self.single[field] = value
            self.note(at, field, value, words)
        elif self.single[field] != value:
            self.ignored.append((at, words.strip()))

    def vote(self, votes: tuple[tuple[str, float], ...], sign: float = 1.0) -> None:
        """Let words speak for (or against) styles."""
        for style, loudness in votes:
            self.votes[style] = self.votes.get(style, 0.0) + sign * loudness

    def finished(self) -> Read:
        """The reading as a value."""
        style = self._loudest_style()
        forbid = [name for name in self.forbid if name not in self.require]
        if "vocals" in forbid and "choir" not in self.require and "choir" not in forbid:
            words = next(r.words for _, r in self.readings if r.value == "vocals")
            if not _only_instrumental(words):
                # Who wants no voices does not want the choir's either.
                forbid.append("choir")
        single = self.single
        return Read(
            kind=_text(single.get("kind")),
            duration_ms=_whole(single.get("duration_ms")),
            bars=_whole(single.get("bars")),
            bpm=_number(single.get("bpm")),
            bpm_range=_pair(single.get("bpm_range")),
            tonality=_text(single.get("tonality")),
            mode=_text(single.get("mode")),
            meter=_text(single.get("meter")),
            lufs=_number(single.get("lufs")),
            style=style,
            pace=_whole(single.get("pace")),
            mood_pace=_whole(single.get("mood_pace")) or 0,
            moods=tuple(self.moods),
            require=tuple(self.require),
            forbid=tuple(forbid),
            energy=_curve(single.get("energy")),
            stems=("all",) if "stems" in single else (),
            readings=tuple(reading for _, reading in sorted(self.readings, key=lambda r: r[0])),
            ignored=tuple(dict.fromkeys(words for _, words in sorted(self.ignored) if words)),
            bad=tuple(self.bad),
        )

    def _loudest_style(self) -> str | None:
        best, loudest = None, 0.0
        for style, loudness in self.votes.items():  # first mentioned wins a draw
            if loudness > loudest + 1e-9:
                best, loudest = style, loudness
        for style, words in self.named.items():
            if style != best:
                # Two styles were named; hybrids are not written yet, so say which was left aside.
                self.ignored.append((self.text.find(words), words))
        return best


def _only_instrumental(words: str) -> bool:
    return any(words == entry for entry in _split_words(lexicon.INSTRUMENTAL))


def _split_words(pair: tuple[str, str]) -> list[str]:
    return [w.strip() for w in pair[0].split(",")] + [w.strip() for w in pair[1].split("、")]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _pair(value: object) -> tuple[float, float] | None:
    return (float(value[0]), float(value[1])) if isinstance(value, tuple) else None


def _curve(value: object) -> tuple[tuple[float, float], ...] | None:
    if not isinstance(value, str):
        return None
    points = (point.split(":") for point in value.split())
    return tuple((float(at), float(energy)) for at, energy in points)
