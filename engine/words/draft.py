"""What has been read of a prompt so far, and the finished reading."""

import re
from collections.abc import Iterator
from operator import itemgetter

from msgspec import Struct, structs

from engine.contracts import Reading
from engine.words import lexicon

Shape = tuple[tuple[str, int | None], ...]
"""Sections as (name, bars), bars None where the words leave them open."""

LONGEST_SECTION = 64
MOST_HITS = 32

_REFUSED_BEFORE = re.compile(
    r"(?:(?<![a-z'])(?:not|no|avoid|never|without|isn't|don't use|do not use|don't|nothing)"
    r"(?:\s(?:in|at|a|an|the|any))*\s|(?:不要|别用|不用|不是|不能是|避免|别|不能有|不许)(?:在|用|有)?\s?)$"
)


class Impossible(Struct, frozen=True, kw_only=True):
    """A number in the words that cannot be meant, and the field that would have to hold it."""

    field: str
    code: str
    detail: str
    limit: str
    words: str


class Read(Struct, frozen=True, kw_only=True):
    """What a prompt says. ``bad`` holds numbers that cannot be meant."""

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
    sections: Shape = ()
    hits: tuple[int, ...] = ()  # ms, in order
    ending: str | None = None
    stems: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    ignored: tuple[str, ...] = ()
    bad: tuple[Impossible, ...] = ()


class Draft:
    """What has been read so far; only the readers write into it."""

    def __init__(self, text: str, written: str) -> None:
        self.text = text
        self.written = written  # the same positions, in the client's own script
        self.plain = text == written
        self.single: dict[str, object] = {}
        self.moods: list[str] = []
        self.refused_moods: set[str] = set()
        self.require: list[str] = []
        self.forbid: list[str] = []
        self.votes: dict[str, float] = {}
        self.named: dict[str, str] = {}
        self.readings: list[tuple[int, Reading]] = []
        self.ignored: list[tuple[int, str]] = []
        self.bad: list[Impossible] = []
        self.sections: list[tuple[str, int | None]] = []
        self.section_words: list[tuple[int, str]] = []
        self.hits: list[int] = []
        self.hit_words: list[tuple[int, str]] = []

    def note(self, at: int, field: str, value: object, words: str) -> None:
        """Keep that these words were understood as this value."""
        self.readings.append((at, Reading(field=field, value=str(value), words=words.strip())))

    def once(self, at: int, field: str, value: object, words: str) -> None:
        """Set a field that can be said only once; what is said again differently is left aside."""
        if self._refused(at):
            self.ignored.append((at, words.strip()))
        elif self.single.setdefault(field, value) == value:
            self.note(at, field, value, words)
        else:
            self.ignored.append((at, words.strip()))

    def cannot_be(
        self, match: "re.Match[str]", field: str, code: str, detail: str, limit: str
    ) -> None:
        """Keep a number that no piece of music can have."""
        self.bad.append(
            Impossible(field=field, code=code, detail=detail, limit=limit, words=match[0].strip())
        )

    def meet(self, at: int, moments: list[int], words: str) -> None:
        """Keep moments, in ms, that the music must meet."""
        if self._refused(at):
            self.ignored.append((at, words.strip()))
            return
        self.hits += moments
        self.hit_words.append((at, words.strip()))

    def shape(self, at: int, sections: list[tuple[str, int | None]], words: str) -> None:
        """Keep sections of the form; an intro or an ending said elsewhere joins the letters."""
        wrong = [bars for _, bars in sections if bars is not None and bars > LONGEST_SECTION]
        if wrong or any(bars == 0 for _, bars in sections):
            detail = f"{words!r}: a section has 1 to {LONGEST_SECTION} bars"
            limit = f"1 … {LONGEST_SECTION}"
            self.bad.append(
                Impossible(
                    field="sections", code="out_of_range", detail=detail, limit=limit, words=words
                )
            )
        elif self._refused(at) or not (joined := _joined(self.sections, sections)):
            self.ignored.append((at, words))
        else:
            self.sections = joined
            self.section_words.append((at, words))

    def _refused(self, at: int) -> bool:
        """Whether a refusal stands directly before: ``not in D minor``, ``不要120拍``."""
        return _REFUSED_BEFORE.search(self.text[max(0, at - 24) : at]) is not None

    def vote(self, votes: tuple[tuple[str, float], ...], sign: float = 1.0) -> None:
        """Let words speak for (or against) styles."""
        for style, loudness in votes:
            self.votes[style] = self.votes.get(style, 0.0) + sign * loudness

    def finished(self) -> Read:
        """The reading as a value."""
        self._refuse_moods()
        style = self._loudest_style()
        hits = tuple(sorted(dict.fromkeys(self.hits)))
        self._note_all("hits", ",".join(map(str, hits)), self.hit_words)
        self._note_all("sections", printed_shape(tuple(self.sections)), self.section_words)
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
            sections=tuple(self.sections),
            hits=hits,
            ending=_text(single.get("ending")),
            stems=("all",) if "stems" in single else (),
            readings=tuple(dict.fromkeys(self._readings())),
            ignored=tuple(
                dict.fromkeys(
                    self._as_written(at, words) for at, words in sorted(self.ignored) if words
                )
            ),
            bad=tuple(self.bad),
        )

    def _refuse_moods(self) -> None:
        """``unsettling but not scary``: a refusal by name wins over what another word implies."""
        if not self.refused_moods:
            return
        self.moods = [mood for mood in self.moods if mood not in self.refused_moods]
        kept: list[tuple[int, Reading]] = []
        for at, reading in self.readings:
            if reading.field == "moods" and reading.value in self.refused_moods:
                self.ignored.append((at, reading.words))
            else:
                kept.append((at, reading))
        self.readings = kept

    def _readings(self) -> Iterator[Reading]:
        """As they stand in the text, in the client's own script."""
        for at, reading in sorted(self.readings, key=itemgetter(0)):
            yield reading if self.plain else self._told(at, reading)

    def _told(self, at: int, reading: Reading) -> Reading:
        words = self._as_written(at, reading.words)
        return reading if words == reading.words else structs.replace(reading, words=words)

    def _as_written(self, at: int, words: str) -> str:
        if self.plain:
            return words
        found = self.text.find(words, max(0, at))
        return words if found < 0 else self.written[found : found + len(words)]

    def _note_all(self, field: str, value: str, words: list[tuple[int, str]]) -> None:
        for at, said in words:
            self.note(at, field, value, said)

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


def printed_shape(sections: Shape) -> str:
    """``i:4 A B``: sections in order, with their bars where they are known."""
    return " ".join(name if bars is None else f"{name}:{bars}" for name, bars in sections)


_FRAMES = ("i", "br", "e")


def _joined(
    said: list[tuple[str, int | None]], more: list[tuple[str, int | None]]
) -> list[tuple[str, int | None]]:
    """Both lists of sections as one; nothing when they cannot both be the form."""
    if not said:
        return more
    if all(name in _FRAMES for name, _ in more):
        inner, outer = said, more
    elif all(name in _FRAMES for name, _ in said):
        inner, outer = more, said
    else:
        return []
    if {name for name, _ in inner} & {name for name, _ in outer}:
        return []
    opening = [section for section in outer if section[0] == "i"]
    return [*opening, *inner, *(section for section in outer if section[0] != "i")]


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
