"""Exact things in a prompt, by pattern: lengths, tempi, bars, meters, tonalities, loudness."""

import re
from collections.abc import Callable

from engine.words import moments, numerals, tonality
from engine.words.blanks import blank
from engine.words.draft import Draft
from engine.words.forms import find_form
from engine.words.moments import find_hits
from engine.words.signs import one_is_in

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
    rf"|(?P<s>{_N})\s*-?\s*{_SECONDS}(?P<shalf>半)?"
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
    rf"|{_EDGE}(?P<h>\d{{2,3}})\s*拍(?![子号摄照手打卖])"
    r"|(?<!\d)(?P<i>\d{2,3})\s*的?速度(?!\s*(?:为|是|在|约|大约|:|：|=)?\s*\d)"
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

# With an A before them these are things: a gong, a zhi scale.
_ALSO_WORDS = ("gong", "shang", "jue", "zhi", "yu", "maj", "min")

LONGEST_MS = 24 * 3_600_000
_KNOWN_METERS = ("4/4", "3/4", "6/8", "12/8")


def read_exact(text: str, draft: Draft) -> str:
    """Find what patterns can find; return the text with all of it blanked."""
    counts = numerals.may_be_in(text)
    for finder, counting, signs in _FINDERS:
        if (counts or not counting) and (not signs or one_is_in(text, signs)):
            text = finder(text, draft)
    return text


def _find_lufs(text: str, draft: Draft) -> str:
    for match in _LUFS.finditer(text):
        value = -abs(float(re.sub(r"[^\d.]", "", match["n"])))
        if -36 <= value <= -8:
            draft.once(match.start(), "lufs", value, match[0])
        else:
            detail = f"{match[0].strip()}: loudness must be between -36 and -8 LUFS"
            draft.cannot_be(match, "lufs", "out_of_range", detail, "-36 … -8")
        text = blank(text, *match.span())
    return text


def _find_tempi(text: str, draft: Draft) -> str:
    for match in _TEMPO_RANGE.finditer(text):
        low, high = sorted(float(number) for number in match.groups() if number)
        if low >= 30 and high <= 300:
            draft.once(match.start(), "bpm_range", (low, high), match[0])
        else:
            _refuse_tempo(match, draft)
        text = blank(text, *match.span())
    for match in _TEMPO.finditer(text):
        value = numerals.parse(next(number for number in match.groups() if number))
        if value is not None and 30 <= value <= 300:
            draft.once(match.start(), "bpm", value, match[0])
        else:
            _refuse_tempo(match, draft)
        text = blank(text, *match.span())
    return text


def _refuse_tempo(match: "re.Match[str]", draft: Draft) -> None:
    detail = f"{match[0].strip()!r}: a tempo must be between 30 and 300 bpm"
    draft.cannot_be(match, "bpm", "out_of_range", detail, "30 … 300")


def _find_bars(text: str, draft: Draft) -> str:
    for match in _BARS.finditer(text):
        value = numerals.parse(match["n"])
        if value is not None and value == int(value) and 1 <= value <= 400:
            draft.once(match.start(), "bars", int(value), match[0])
        else:
            detail = f"{match[0].strip()!r}: bars must be a whole number from 1 to 400"
            draft.cannot_be(match, "bars", "out_of_range", detail, "1 … 400")
        text = blank(text, *match.span())
    return text


def _find_meters(text: str, draft: Draft) -> str:
    for match in _METER.finditer(text):
        meter = f"{int(match['over'])}/{match['under']}"
        if meter in _KNOWN_METERS:
            draft.once(match.start(), "meter", meter, match[0])
        elif match["word"]:
            detail = f"{match[0].strip()!r}: meters are {', '.join(_KNOWN_METERS)}"
            draft.cannot_be(match, "meter", "unsupported_meter", detail, ", ".join(_KNOWN_METERS))
        else:
            continue
        text = blank(text, *match.span())
    return text


def _find_tonality(text: str, draft: Draft) -> str:
    for match in _TONALITY.finditer(text):
        found = tonality.from_match(match)
        if found is not None and not _is_article(text, match):
            draft.once(match.start(), "tonality", str(found), match[0])
            text = blank(text, *match.span())
    for match in _KEY_OF.finditer(text):
        letter = match["letter"] or match["one"] or match["zh"]
        accidental = (
            match["after"] or match["oneafter"] or match["zhafter"] or match["zhbefore"] or ""
        )
        found = tonality.parse(f"{letter}{accidental} major")
        if found is not None:
            # A key named by its letter alone means major, in English and in 1=D or D调.
            draft.once(match.start(), "tonality", str(found), match[0])
            text = blank(text, *match.span())
    return text


def _is_article(text: str, match: "re.Match[str]") -> bool:
    """Whether the A of ``a minor detail`` is an article rather than the note A."""
    if match["letter"] != "a" or match["after"] or match["lead"] or not match["mode"].isascii():
        return False
    if match["mode"] in _ALSO_WORDS:
        return True
    rest = text[match.end() :].lstrip()
    return re.match(r"(?!at\b|and\b|with\b|for\b|in\b|or\b|but\b)[a-z]", rest) is not None


def _find_length(text: str, draft: Draft) -> str:
    for match in _LENGTH.finditer(text):
        if _is_decade(text, match) or _is_moment(text, match):
            continue
        value = _length_ms(match)
        if value is None or not 0 < value <= LONGEST_MS:
            detail = f"{match[0].strip()!r} is not a length that music can have"
            draft.cannot_be(match, "duration_ms", "out_of_range", detail, "0.2 s … 10 min")
        else:
            draft.once(match.start(), "duration_ms", round(value), match[0])
        text = blank(text, *match.span())
    return text


_MOMENT = re.compile(
    r"(?:(?<![a-z])(?:at|by|after|from|until|till|around|builds? to|grows? to|building to)"
    r"(?:\sthe)?\s|@\s?|第\s?)$"
)
_END = re.compile(
    r"(?:stops?|ends?|ending|finish(?:es)?|out|over|结束|停)\s?\w{0,3}\s?(?:at|by|第)"
)


def _is_moment(text: str, match: "re.Match[str]") -> bool:
    """Whether ``at 0:21`` and ``第15秒`` are places in the music; ``ends at 0:30`` is a length."""
    before = text[max(0, match.start() - 24) : match.start()]
    return _MOMENT.search(before) is not None and _END.search(before) is None


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
    half = 500 if match["shalf"] else 0
    return None if number is None else number * (1 if match["milli"] else 1000) + half


_FINDERS: tuple[tuple[Callable[[str, Draft], str], bool, tuple[str, ...]], ...] = (
    (_find_lufs, True, ("lufs", "lkfs")),
    (find_hits, True, moments.SIGNS),
    (find_form, False, ()),
    (_find_tempi, True, ("bpm", "beats", "tempo", "=", "每分钟", "拍", "速度")),
    (_find_bars, True, ("bar", "measure", "小节")),
    (_find_meters, True, ("/",)),
    (_find_tonality, False, (*tonality.SIGNS, "key", "=", "调")),
    (_find_length, True, ("s", ":", "min", "分", "秒")),
)
"""Every finder, in order, whether there is a number in whatever it finds, and signs one of which is
in it: most texts have none of most of them, and are not searched. No sign named: any text may."""
