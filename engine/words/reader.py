"""Reading a prompt: English, Chinese or both in one sentence, into what its words mean.

First exact things are found by pattern (lengths, tempi, bars, meters, tonalities, loudness), then
the rest is looked up in the lexicon, longest entry first, then negations are carried to what they
negate. Whatever stays unread is kept as it was written, so that nothing is dropped in silence.
"""

import re
import unicodedata
from functools import cache

from msgspec import Struct, structs

from engine.contracts import Reading
from engine.words import lexicon, numerals, tonality
from engine.words.lexicon import Entry


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


class _Item(Struct):
    """A stretch of the prompt and what it stands for; ``entry`` None is unread text."""

    start: int
    end: int
    text: str
    entry: Entry | None
    negated: bool = False


def read(prompt: str) -> Read:
    """Understand a prompt. Pure: the same words always mean the same."""
    text = _normalised(prompt)
    draft = _Draft(text)
    masked = _read_exact(text, draft)
    items = _look_up(text, masked)
    _negate(items)
    _take(items, draft)
    return draft.finished()


# --- the draft -----------------------------------------------------------------------------------


class _Draft:
    """What has been read so far; only this module writes into it."""

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


# --- exact things, by pattern --------------------------------------------------------------------

_N = numerals.PATTERN
_EDGE = r"(?<![a-z0-9.])"
_SECONDS = r"(?:seconds?|secs?\b|s\b|秒钟?|seconds)"
# 十分 alone is "very", 2分 alone may be a length.
_MINUTES = rf"(?:minutes?|mins?\b|分钟|分(?=半|\s*{_N}\s*秒)|(?<=\d)分(?![一-鿿]))"

_LENGTH = re.compile(
    rf"{_EDGE}(?:"
    rf"(?P<mm>\d{{1,2}}):(?P<ss>[0-5]\d)(?![\d:])"
    rf"|(?P<half>half a minute|half minute|half-minute|a half minute|半分钟|半分)"
    rf"|(?P<ah>(?:(?:a|one) )?minute and a half|one and a half minutes?|一分半钟?|1分半钟?)"
    rf"|(?P<hm>{_N})\s+and\s+(?:a\s+)?half\s+min(?:ute)?s?"
    rf"|(?P<m>{_N})\s*-?\s*{_MINUTES}(?:\s*(?:and\s+)?(?P<mhalf>半钟?|a half)"
    rf"|\s*(?:and\s+)?(?P<ms>{_N})\s*-?\s*(?:{_SECONDS}|(?=[^\w]|$)))?"
    rf"|(?P<am>a)\s+minute(?!s)"
    rf"|(?P<milli>{_N})\s*-?\s*(?:ms\b|milliseconds?|毫秒)"
    rf"|(?P<s>{_N})\s*-?\s*{_SECONDS}"
    rf")"
)
_DECADE = re.compile(r"(?<![a-z0-9])(?:19)?[5-9]0['’]?s\b")
_LENGTH_NOUN = re.compile(
    r"\s*-?\s*(?:long|length|bed|loop|track|cut|version|spot|ad\b|cue|clip|duration|in length"
    r"|of music|background)"
)
_TEMPO_RANGE = re.compile(
    rf"(?:{_EDGE}(?:between\s+)?(\d{{2,3}})\s*(?:-|–|~|—|到|至|to|and)\s*(\d{{2,3}})\s*-?\s*bpm"
    rf"|bpm\s*(\d{{2,3}})\s*(?:-|–|~|—|到|至|to)\s*(\d{{2,3}})"
    rf"|每分钟\s*(\d{{2,3}})\s*(?:-|–|~|—|到|至)\s*(\d{{2,3}})\s*拍)"
)
_TEMPO = re.compile(
    rf"(?:{_EDGE}(?P<a>{_N})\s*-?\s*(?:bpm|beats per minute|beats a minute|beats/min)"
    rf"|bpm\s*(?:of|is|at|为|是|=|:|：|在)?\s*(?P<b>{_N})"
    rf"|每分钟\s*(?:大约|约)?\s*(?P<c>{_N})\s*[拍下]"
    rf"|(?P<d>{_N})\s*拍\s*(?:每分钟|/分钟|/分|一分钟)"
    rf"|tempo\s*(?:of|is|at|=|:)?\s*(?P<e>\d{{2,3}}(?:\.\d+)?)(?!\s*(?:bpm|/))"
    rf"|速度\s*(?:为|是|在|约|大约|:|：|=)?\s*(?P<f>{_N})(?:\s*(?:拍|bpm))?"
    rf"|[♩q]\s*=\s*(?P<g>\d{{2,3}}(?:\.\d+)?))"
)
_BARS = re.compile(rf"{_EDGE}(?P<n>{_N})\s*-?\s*(?:bars?\b|measures?\b|个?小节)")
_METER = re.compile(
    r"(?<![\d/.])(?P<over>\d{1,2})\s*/\s*(?P<under>2|4|8|16)(?![\d/])"
    r"(?P<word>\s*(?:time signature|time|meter|metre|beat|拍子?|节拍|waltz))?"
)
_LUFS = re.compile(r"(?P<n>[-−–]?\s?\d{1,2}(?:\.\d+)?)\s*(?:lufs|lkfs)")
_TONALITY = re.compile(
    rf"(?<![a-z0-9#♯♭])(?:(?P<lead>in the key of|key of|key\s*[:：=]|in)\s+)?{tonality.PATTERN}"
    r"(?:\s*-?\s*(?:key|scale|调式|调))?(?![a-z])"
)
_KEY_OF = re.compile(
    r"(?<![a-z])(?:(?:in the )?key of|key\s*[:：=])\s*"
    r"(?P<letter>[a-g])\s*(?P<after>#|♯|♭|b|sharp|flat)?(?![a-z0-9])"
    r"|(?:1\s*=\s*(?P<one>[a-g])(?P<oneafter>#|♯|♭|b)?)(?![a-z0-9])"
    r"|(?<![a-z0-9])(?P<zhbefore>升|降)?(?P<zh>[a-g])(?P<zhafter>#|♯|♭)?调(?!式)"
)

LONGEST_MS = 24 * 3_600_000
_KNOWN_METERS = ("4/4", "3/4", "6/8", "12/8")


def _normalised(prompt: str) -> str:
    # NFKC turns full-width digits and letters into plain ones; lower() may lengthen a letter,
    # which does no harm because every position below counts in the normalised text.
    return unicodedata.normalize("NFKC", prompt).lower().replace("’", "'")


def _read_exact(text: str, draft: _Draft) -> str:
    """Find what patterns can find; return the text with all of it blanked."""
    for finder in (_find_lufs, _find_tempi, _find_bars, _find_meters, _find_tonality, _find_length):
        text = finder(text, draft)
    return text


def _blank(text: str, start: int, end: int) -> str:
    # A control character that no entry contains keeps every position where it was.
    return text[:start] + "\x00" * (end - start) + text[end:]


def _find_lufs(text: str, draft: _Draft) -> str:
    for match in _LUFS.finditer(text):
        value = -abs(float(re.sub(r"[^\d.]", "", match["n"])))
        if -36 <= value <= -8:
            draft.once(match.start(), "lufs", value, match[0])
        else:
            detail = f"{match[0].strip()}: loudness must be between -36 and -8 LUFS"
            draft.bad.append(("out_of_range", detail, "-36 … -8"))
        text = _blank(text, *match.span())
    return text


def _find_tempi(text: str, draft: _Draft) -> str:
    for match in _TEMPO_RANGE.finditer(text):
        low, high = sorted(float(number) for number in match.groups() if number)
        if low >= 30 and high <= 300:
            draft.once(match.start(), "bpm_range", (low, high), match[0])
        else:
            draft.bad.append(_bad_tempo(match[0]))
        text = _blank(text, *match.span())
    for match in _TEMPO.finditer(text):
        value = numerals.parse(next(number for number in match.groups() if number))
        if value is not None and 30 <= value <= 300:
            draft.once(match.start(), "bpm", value, match[0])
        else:
            draft.bad.append(_bad_tempo(match[0]))
        text = _blank(text, *match.span())
    return text


def _bad_tempo(words: str) -> tuple[str, str, str]:
    detail = f"{words.strip()!r}: a tempo must be between 30 and 300 bpm"
    return ("out_of_range", detail, "30 … 300")


def _find_bars(text: str, draft: _Draft) -> str:
    for match in _BARS.finditer(text):
        value = numerals.parse(match["n"])
        if value is not None and value == int(value) and 1 <= value <= 400:
            draft.once(match.start(), "bars", int(value), match[0])
        else:
            detail = f"{match[0].strip()!r}: bars must be a whole number from 1 to 400"
            draft.bad.append(("out_of_range", detail, "1 … 400"))
        text = _blank(text, *match.span())
    return text


def _find_meters(text: str, draft: _Draft) -> str:
    for match in _METER.finditer(text):
        meter = f"{int(match['over'])}/{match['under']}"
        if meter in _KNOWN_METERS:
            draft.once(match.start(), "meter", meter, match[0])
        elif match["word"]:
            detail = f"{match[0].strip()!r}: meters are {', '.join(_KNOWN_METERS)}"
            draft.bad.append(("unsupported_meter", detail, ", ".join(_KNOWN_METERS)))
        else:
            continue
        text = _blank(text, *match.span())
    return text


def _find_tonality(text: str, draft: _Draft) -> str:
    for match in _TONALITY.finditer(text):
        found = tonality.from_match(match)
        if found is not None and not _is_article(text, match):
            draft.once(match.start(), "tonality", str(found), match[0])
            text = _blank(text, *match.span())
    for match in _KEY_OF.finditer(text):
        letter = match["letter"] or match["one"] or match["zh"]
        accidental = (
            match["after"] or match["oneafter"] or match["zhafter"] or match["zhbefore"] or ""
        )
        found = tonality.parse(f"{letter}{accidental} major")
        if found is not None:
            # A key named by its letter alone means major, in English and in 1=D or D调.
            draft.once(match.start(), "tonality", str(found), match[0])
            text = _blank(text, *match.span())
    return text


def _is_article(text: str, match: "re.Match[str]") -> bool:
    """Whether the A of ``a minor detail`` is an article rather than the note A."""
    if match["letter"] != "a" or match["after"] or match["lead"] or not match["mode"].isascii():
        return False
    rest = text[match.end() :].lstrip()
    return re.match(r"(?!at\b|and\b|with\b|for\b|in\b|or\b|but\b)[a-z]", rest) is not None


def _find_length(text: str, draft: _Draft) -> str:
    for match in _LENGTH.finditer(text):
        if _is_decade(text, match):
            continue
        value = _length_ms(match)
        if value is None or not 0 < value <= LONGEST_MS:
            detail = f"{match[0].strip()!r} is not a length that music can have"
            draft.bad.append(("out_of_range", detail, "0.2 s … 10 min"))
        else:
            draft.once(match.start(), "duration_ms", round(value), match[0])
        text = _blank(text, *match.span())
    return text


def _is_decade(text: str, match: "re.Match[str]") -> bool:
    """Whether ``80s`` is the eighties; ``60s`` and ``90s`` standing alone are lengths."""
    if match[0] == "808s":  # a drum machine's bass
        return True
    if not _DECADE.match(text, match.start()) or _LENGTH_NOUN.match(text, match.end()):
        return False
    before = re.search(r"(?:the|early|late|mid)[ -]*$", text[: match.start()])
    follows = re.match(r"\s*-?\s*[a-z]", text[match.end() :])
    return bool(before or follows or match[0].strip() not in ("60s", "90s"))


def _length_ms(match: "re.Match[str]") -> float | None:
    if match["mm"]:
        return (int(match["mm"]) * 60 + int(match["ss"])) * 1000
    if match["half"]:
        return 30_000
    if match["ah"]:
        return 90_000
    if match["am"]:
        return 60_000
    if match["hm"]:
        minutes = numerals.parse(match["hm"])
        return None if minutes is None else minutes * 60_000 + 30_000
    if match["m"]:
        minutes = numerals.parse(match["m"])
        if minutes is None:
            return None
        seconds = 30.0 if match["mhalf"] else (numerals.parse(match["ms"]) if match["ms"] else 0.0)
        return None if seconds is None else minutes * 60_000 + seconds * 1000
    number = numerals.parse(match["milli"] or match["s"])
    return None if number is None else number * (1 if match["milli"] else 1000)


# --- everything else, by the lexicon -------------------------------------------------------------

_WORD = re.compile(r"[a-z0-9]+(?:[&'][a-z]+)*")
_LONGEST_CHINESE = 8
_LONGEST_ENGLISH = 6
_GAP = re.compile(r"[ \t]*[-_ ]?[ \t]*(?:& )?")
_SIGNS = re.compile(r"[,，;；。.!?！？:：\n()（）\[\]…]|、|&|/|\+")
_LISTING = {"、", "&", "/", "+"}


@cache
def _english() -> dict[str, Entry]:
    return {
        words: entry for words, entry in lexicon.rows() if words[0].isascii() and words.isascii()
    }


@cache
def _chinese() -> dict[str, Entry]:
    return {words: entry for words, entry in lexicon.rows() if not words.isascii()}


# What an unread sign, an entry and a filler cost; the cheapest cut of a sentence is taken.
_UNREAD, _ENTRY, _FILLER = 3.0, 1.0, 1.1


def _look_up(text: str, masked: str) -> list[_Item]:
    """Cut the unblanked text into known phrases and an unread rest, reading as much as possible.

    Not simply the longest phrase first: ``creepy music box`` is creepy and a music box, not creepy
    music and a box.
    """
    best: list[float] = [0.0] * (len(masked) + 1)
    step: list[tuple[int, Entry | None]] = [(0, None)] * len(masked)
    for at in range(len(masked) - 1, -1, -1):
        options = _options(masked, at)
        cost, end, entry = min(
            ((price + best[end], end, entry) for price, end, entry in options), key=lambda o: o[0]
        )
        best[at], step[at] = cost, (end, entry)
    items: list[_Item] = []
    at = 0
    while at < len(masked):
        end, entry = step[at]
        if entry is not None or masked[at].isalnum():
            items.append(_Item(at, end, text[at:end], entry))
        at = end
    return items


def _options(text: str, at: int) -> list[tuple[float, int, Entry | None]]:
    """What may begin here: price, end, meaning. The longest comes first and wins a draw."""
    if not text[at].isascii():
        found = [
            (at + length, _chinese().get(text[at : at + length]))
            for length in range(min(_LONGEST_CHINESE, len(text) - at), 0, -1)
        ]
        known = [(_price(entry), end, entry) for end, entry in found if entry is not None]
        if known:
            return [*known, (_UNREAD, at + 1, None)]
    word = _WORD.match(text, at)
    if word is not None:
        return _english_options(text, word)
    sign = _SIGNS.match(text, at)
    if sign is not None:
        field = "join" if sign[0] in _LISTING else "stop"
        return [(0.0, sign.end(), Entry(field=field, value=sign[0]))]
    return [(_UNREAD if text[at].isalnum() else 0.0, at + 1, None)]


def _price(entry: Entry) -> float:
    return _FILLER if entry.field == "filler" else _ENTRY


def _english_options(text: str, first: "re.Match[str]") -> list[tuple[float, int, Entry | None]]:
    words, ends = [first[0]], [first.end()]
    while len(words) < _LONGEST_ENGLISH:
        gap = _GAP.match(text, ends[-1])
        word = _WORD.match(text, gap.end()) if gap and gap.end() > ends[-1] else None
        if word is None:
            break
        words.append(word[0])
        ends.append(word.end())
    options: list[tuple[float, int, Entry | None]] = []
    for length in range(len(words), 0, -1):
        entry = _singular(" ".join(words[:length]))
        if entry is not None:
            options.append((_price(entry), ends[length - 1], entry))
    # A Chinese entry may begin with Latin letters: t台, 8位, boss战.
    for length in range(min(_LONGEST_CHINESE, len(text) - first.start()), 1, -1):
        entry = _chinese().get(text[first.start() : first.start() + length])
        if entry is not None:
            options.append((_ENTRY, first.start() + length, entry))
    return [*options, (_UNREAD, ends[0], None)]


def _singular(phrase: str) -> Entry | None:
    table = _english()
    if phrase in table:
        return table[phrase]
    for ending in ("'s", "es", "s"):
        if phrase.endswith(ending) and len(phrase) > len(ending) + 2:
            entry = table.get(phrase.removesuffix(ending))
            if entry is not None and entry.field in ("instrument", "scene", "kind", "style"):
                return entry
    return None


_NEGATABLE = {"instrument", "moods", "style", "genre", "scene", "pace", "kind", "energy", "stems"}


def _negate(items: list[_Item]) -> None:
    """Carry negations to what they negate: ``no drums or piano``, ``不要鼓和钢琴``, ``鼓不要``."""
    for index, item in enumerate(items):
        if item.entry is None or item.entry.field != "not" or item.negated:
            continue
        targets = _targets_after(items, index) or _targets_before(items, index)
        for target in targets:
            items[target].negated = True
        if not targets:
            # What is refused here is not ours to refuse: tell the client.
            item.entry, item.negated = None, True


def _targets_after(items: list[_Item], index: int) -> list[int]:
    run: list[int] = []
    separators: list[str] = []
    pending = ""
    for at in range(index + 1, len(items)):
        entry = items[at].entry
        field, value = ("", "") if entry is None else (entry.field, entry.value)
        if field == "filler":
            continue
        if field == "not" and not run:
            items[at].negated = True  # 不要 + 有: two signs of one refusal
            continue
        if field == "join" or (field == "stop" and value in (",", "，") and run):
            pending = value
            continue
        if field not in _NEGATABLE or (run and not pending):
            # ``no slow piano``: the quality goes with the thing it describes.
            break
        if run and not _same_sort(items[run[0]], items[at]):
            break
        if run:
            separators.append(pending)
        run.append(at)
        pending = ""
    if not run:
        return []
    return run[: _reach(separators) + 1]


_LATE_JOIN = {"or", "nor", "和", "或"}
_STRONG_JOIN = {"or", "nor", "或", "或者", "和", "与", "及", "以及", "跟", "还有", *_LISTING}


def _reach(separators: list[str]) -> int:
    """How many of the listed things a negation still covers beyond the first.

    ``no drums or bass`` and ``不要鼓、贝斯`` go on; a bare comma stops, unless a later ``or`` shows
    that the list was meant as one.
    """
    reach = 0
    for position, separator in enumerate(separators):
        rest = separators[position:]
        commas_then_or = separator in (",", "，") and any(
            s in ("or", "nor", "和", "或") for s in rest
        )
        direct_and = separator in ("and", "plus") and position == 0
        if separator in _STRONG_JOIN or commas_then_or or direct_and:
            reach = position + 1
        else:
            break
    return reach


def _same_sort(one: _Item, other: _Item) -> bool:
    both = {item.entry.field for item in (one, other) if item.entry is not None}
    return len(both) == 1 or both <= {"moods", "pace"} or both <= {"style", "genre"}


def _targets_before(items: list[_Item], index: int) -> list[int]:
    """``鼓不要``: a negation at the end of its clause looks back, in Chinese only."""
    if items[index].text.isascii():
        return []
    run: list[int] = []
    for at in range(index - 1, -1, -1):
        entry = items[at].entry
        if entry is None or entry.field in ("stop", "not"):
            break
        if entry.field == "instrument" and not items[at].negated:
            run.append(at)
        elif entry.field not in ("filler", "join"):
            break
    return run


def _take(items: list[_Item], draft: _Draft) -> None:
    """Write what every item means into the draft and gather what was not read."""
    for item in items:
        entry = item.entry
        if entry is None or entry.field in ("filler", "join", "stop", "not", "unknown"):
            continue
        if item.negated:
            _take_refused(item, entry, draft)
        else:
            _take_asked(item, entry, draft)
    _gather_ignored(items, draft)


def _take_asked(item: _Item, entry: Entry, draft: _Draft) -> None:
    at, field, value, words = item.start, entry.field, entry.value, item.text
    if field == "instrument":
        _take_instrument(item, value, draft)
    elif field in ("style", "genre", "scene"):
        draft.vote(entry.votes)
        if field == "style":
            draft.named.setdefault(value, words)
        draft.note(at, "style", value, words)
        _take_moods_inside(item, draft)
    elif field == "moods":
        if value not in draft.moods:
            draft.moods.append(value)
            draft.vote(entry.votes)  # said twice, a mood does not speak louder
        draft.note(at, "moods", value, words)
        if entry.pace:
            draft.single.setdefault("mood_pace", entry.pace)
    elif field == "pace":
        draft.once(at, "pace", entry.pace, words)
    elif field == "kind":
        _take_kind(item, value, draft)
    elif field in ("without", "instrumental"):
        if value not in draft.forbid:
            draft.forbid.append(value)
        draft.note(at, "forbid", value, words)
    else:
        draft.once(at, field, value, words)


def _take_moods_inside(item: _Item, draft: _Draft) -> None:
    """``heroic battle`` is a scene and still heroic; names of genres are not (cool jazz)."""
    if item.text in _GENRE_NAMES:
        return
    parts = item.text.split() if item.text.isascii() else _pieces(item.text)
    table = _english() if item.text.isascii() else _chinese()
    for part in parts:
        entry = table.get(part)
        if entry is not None and entry.field == "moods" and entry.value not in draft.moods:
            draft.moods.append(entry.value)
            draft.note(item.start, "moods", entry.value, part)


_GENRE_NAMES = ("cool jazz", "heavy metal", "dark ambient", "light bulb")


def _pieces(text: str) -> list[str]:
    """Every stretch of at least two signs of a Chinese phrase."""
    return [text[a:b] for a in range(len(text)) for b in range(a + 2, len(text) + 1)]


def _take_kind(item: _Item, value: str, draft: _Draft) -> None:
    """A background loop is a loop: the word for a bed only says what the music is for."""
    said = draft.single.get("kind")
    if said == "bed" and value != "bed":
        del draft.single["kind"]
        draft.readings = [
            (at, structs.replace(r, field="use") if r.field == "kind" else r)
            for at, r in draft.readings
        ]
    elif said is not None and value == "bed":
        draft.note(item.start, "use", "bed", item.text)
        return
    draft.once(item.start, "kind", value, item.text)


def _take_instrument(item: _Item, value: str, draft: _Draft) -> None:
    if value == "vocals":
        draft.ignored.append((item.start, item.text))  # nothing here sings; the client is told
        return
    draft.vote(lexicon.hints_of(value))
    if value not in draft.require:
        draft.require.append(value)
    draft.note(item.start, "require", value, item.text)


def _take_refused(item: _Item, entry: Entry, draft: _Draft) -> None:
    at, words = item.start, item.text
    if entry.field == "instrument":
        if entry.value not in draft.forbid:
            draft.forbid.append(entry.value)
        draft.note(at, "forbid", entry.value, words)
    elif entry.field == "pace":
        # ``not too fast`` asks for the middle, not for slow.
        draft.once(at, "pace", 0, f"not {words}")
    elif entry.field in ("moods", "style", "genre", "scene"):
        draft.vote(entry.votes, sign=-1.0)
        draft.note(at, "moods" if entry.field == "moods" else "style", f"not {entry.value}", words)
    elif entry.field == "kind":
        draft.note(at, "kind", f"not {entry.value}", words)
    else:
        draft.ignored.append((at, words))


def _gather_ignored(items: list[_Item], draft: _Draft) -> None:
    """Unread words, joined into the phrases they were written in."""
    run: list[_Item] = []
    _absorb(items)
    for item in [*items, _Item(-1, -1, "", Entry(field="stop", value=""))]:
        unread = item.entry is None or item.entry.field == "unknown"
        if run and run[-1].negated and item.entry is not None and item.entry.field == "filler":
            item.negated = True  # not *like* somebody
            run.append(item)
            continue
        if unread:
            if run and draft.text[run[-1].end : item.start].strip(" -'"):
                _close(run, draft)
                run = []
            run.append(item)
        elif run:
            _close(run, draft)
            run = []


# Signs that carry nothing alone, but belong to the unknown word they are part of: 抖音, 火锅店.
_PARTS_OF_WORDS = frozenset("音声歌曲调拍人家店美出放听小点前后里中上下满风感时节层多段首")


def _absorb(items: list[_Item]) -> None:
    """Give an unread Chinese word back the signs that were taken for fillers."""
    for order in (range(1, len(items)), range(len(items) - 2, -1, -1)):
        for at in order:
            neighbour = items[at - 1] if order.step > 0 else items[at + 1]
            item = items[at]
            if (
                neighbour.entry is None
                and not neighbour.text.isascii()
                and neighbour.start <= item.end
                and neighbour.end >= item.start
                and item.text in _PARTS_OF_WORDS
                and item.entry is not None
                and item.entry.field == "filler"
            ):
                item.entry = None


def _close(run: list[_Item], draft: _Draft) -> None:
    words = draft.text[run[0].start : run[-1].end].replace("\x00", " ").strip()
    if words and not re.fullmatch(r"[\d\W_]{0,1}", words):
        draft.ignored.append((run[0].start, words))
