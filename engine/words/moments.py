"""Moments of a picture that the music must meet: ``hit at 0:08 and 12.5 seconds``, ``第8秒重音``.

Times are found first and strung into lists; a list is a list of hits when an event stands before
it (``accents at``) or after it (``处卡点``). The work grows with the text, however it is written.
"""

import re

from msgspec import Struct

from engine.words import numerals
from engine.words.blanks import blank
from engine.words.draft import Draft

_N = numerals.PATTERN
_SECOND = r"(?:seconds?\b|secs?\b|s\b|\"|秒钟?)"
_MINUTE = r"(?:minutes?\b|mins?\b|分钟?)"
_TIME = re.compile(
    r"(?<![a-z0-9.:/])(?:the\s+)?(?P<ordinal>第\s*)?(?:"
    r"(?P<mm>\d{1,2}):(?P<ss>[0-5]\d(?:\.\d{1,3})?)(?![\d:])"
    rf"|(?P<milli>{_N})\s?-?\s?(?:ms\b|milliseconds?\b|毫秒)"
    rf"|(?P<m>{_N})\s?-?\s?{_MINUTE}(?:\s?(?:and\s)?(?P<ms>{_N})\s?-?\s?{_SECOND})?"
    rf"|(?P<s>{_N})\s?-?\s?{_SECOND}(?:\s+marks?\b)?"
    rf"|(?P<bare>{_N})(?![\d/:.]|\s?-?\s?(?!and\b)[a-z小拍分])"
    r")"
)
_AND = re.compile(
    r"\s*(?:(?:,|，)\s*(?:and|和|以及|还有)|、|&|\+|/|and|和|与|跟|及|以及|还有|又在|再在)\s*(?:at\s+|在)?"
)
_COMMA = re.compile(r"\s*(?:,|，)\s*(?:at\s+|在)?")

_EVENTS = (
    r"hit\s?points?|hits?|accents?|stabs?|impacts?|sync\s?points?|sync(?:ed)?(?:\sto)?(?:\sthe)?(?:\spicture)?|stingers?|markers?"
    r"|cuts?|cut\s?points?|downbeats?|booms?|slams?|drops?|explosions?|crash(?:es)?"
    r"|jump\sscares?|scares?|bangs?|logo(?:\s(?:reveals?|appears?|hits?|lands?|animation))?|pack\s?shots?|product\sshots?"
    r"|(?:title|product|car)\s(?:reveals?|appears?)|reveals?"
)
_EVENTS_ZH = (
    r"(?:鼓点|鼓)?重音|卡点|踩点|打点|砸点|击点|重拍|强拍|重击|强击|重锤|爆点|炸点|同步点|冲击点|冲击|转场|切镜头?|切画面"
    r"|撞击|爆炸|对点|节点|高潮点|落点|产品亮相|产品出现|车出现|(?:出\s?)?logo(?:出现|亮相|落版|定版)?"
    r"|标版|落版|定版|出标|出字|hits?|accents?|drops?|stabs?|impacts?"
)
_ANY_EVENT = re.compile(f"{_EVENTS}|{_EVENTS_ZH}")
SIGNS = (
    "hit", "accent", "stab", "impact", "sync", "sting", "marker", "cut", "beat", "boom", "slam",
    "drop", "explosion", "crash", "scare", "bang", "logo", "shot", "reveal", "appear", "音", "点",
    "拍", "击", "锤", "转场", "切", "爆", "亮相", "出现", "版", "出标", "出字",
)  # fmt: skip
"""One of them is in every event's name."""
_BEFORE = re.compile(
    rf"(?<![a-z0-9])(?P<event>{_EVENTS})"
    r"(?P<link>\s?[:=@]\s?(?:at\s)?|\s(?:(?:must|should|to|that|which|will)\s){0,2}"
    r"(?:(?:be|lands?|falls?|comes?|hits?|happens?|sits?)\s)?(?:exactly\s|precisely\s|right\s)?"
    r"(?:(?:at|on|around)\s?(?:exactly\s|times?\s)?(?::\s?)?|(?=the\s|\d{1,2}:)))$"
    rf"|(?P<eventzh>{_EVENTS_ZH})\s?(?:点|时间|位置)?\s?(?:必须|一定|要|需要|都|分别|依次){{0,2}}\s?"
    r"(?:放在|落在|位于|卡在|出现在|设在|在|于|卡|为|是|:|@|at)\s?$"
)
_AFTER = re.compile(
    r"\s?(?:处|的时候|时候|时|的位置|位置|的地方|那里|左右|整|,|，){0,2}\s?"
    r"(?:必须|一定|需要|要|都|各|分别|有|来|给|加|做|个|一个|一次|一记|一下|出|放|配|上|的|是|为|强|大){0,5}\s?"
    rf"(?:{_EVENTS_ZH})(?:点)?"
    r"|\s?,?\s?(?:(?:there (?:is|are|must be|should be)|we need|needs?|with|put|add|the|i want"
    r"|we want|comes?|is|a|an|big|hard|one|strong)\s){0,4}"
    rf"(?:{_EVENTS})(?![a-z0-9])"
)
_AT = re.compile(r"(?<![a-z])(?:at|on)\s(?:about\s|around\s|exactly\s)?$|@\s?$")
_IN = re.compile(r"(?:在|于|卡在|到)\s?$")
# 15秒卡点视频 is a video of 15 s; 在15秒卡点, 第15秒卡点 and 15秒处卡点 are moments.
_PLACED = re.compile(
    r"\s?(?:处|的时候|时候|时(?!长)|的位置|位置|的地方|那里|要|需要|必须|来|加|给|放|配)"
)
_PLAIN = re.compile(
    r"\s?(?:的|是|为)?\s?(?:重音|重拍|强拍|重击|强击|重锤|hits?|accents?)(?!收尾|结束|结尾)"
)
_SIGN = re.compile(r"[一-鿿]")
_REACH = 60  # characters before a list in which its event must begin


class _Time(Struct, frozen=True, kw_only=True):
    """One time of a text: where it stands, how it is written, and what it says."""

    start: int
    end: int
    ms: float
    notation: str  # clock, unit or bare
    ordinal: bool  # 第8秒 is a moment, 8秒 may be a length


def find_hits(text: str, draft: Draft) -> str:
    """Gather every moment that is to be met; return the text with them blanked."""
    if not _ANY_EVENT.search(text):
        return text
    for run in _runs(text):
        found = _announced(text, run) or _followed(text, run)
        if found is not None:
            times, start, end = found
            draft.meet(start, [round(time.ms) for time in times], text[start:end])
            text = blank(text, start, end)
    return text


def _runs(text: str) -> list[list[_Time]]:
    """Times that stand in one list, the last of them with a unit; a bare number is no run."""
    runs: list[list[_Time]] = []
    for match in _TIME.finditer(text):
        time = _read(match)
        if time is None:
            continue
        gap = text[runs[-1][-1].end : time.start] if runs else ""
        if runs and (_AND.fullmatch(gap) or _COMMA.fullmatch(gap)):
            runs[-1].append(time)
        else:
            runs.append([time])
    return [run for run in runs if any(time.notation != "bare" for time in run)]


def _read(match: "re.Match[str]") -> _Time | None:
    ms, notation = _ms(match)
    if ms is None:
        return None
    return _Time(
        start=match.start(),
        end=match.end(),
        ms=ms,
        notation=notation,
        ordinal=match["ordinal"] is not None,
    )


def _ms(match: "re.Match[str]") -> tuple[float | None, str]:
    if match["mm"]:
        return (int(match["mm"]) * 60 + float(match["ss"])) * 1000, "clock"
    if match["milli"]:
        return numerals.parse(match["milli"]), "unit"
    if match["m"]:
        minutes, seconds = numerals.parse(match["m"]), numerals.parse(match["ms"] or "0")
        both = None if minutes is None or seconds is None else minutes * 60_000 + seconds * 1000
        return both, "unit"
    seconds = numerals.parse(match["s"] or match["bare"])
    return None if seconds is None else seconds * 1000, "unit" if match["s"] else "bare"


def _announced(text: str, run: list[_Time]) -> tuple[list[_Time], int, int] | None:
    """``accents at 0:08 and 12.5 seconds``: the event stands before its times."""
    for first, time in enumerate(run):
        begin = max(0, time.start - _REACH)
        event = _BEFORE.search(text, begin, time.start)
        if event is None:
            continue
        several = event["event"] is None or event["event"].endswith("s")
        times = _forward(text, run[first:], several)
        if times[-1].notation != "bare":
            return times, event.start(), times[-1].end
    return None


def _forward(text: str, run: list[_Time], several: bool) -> list[_Time]:
    """The times that belong to the event; after a bare comma a length may begin instead."""
    taken, closed = 1, False
    for at in range(1, len(run)):
        gap = text[run[at - 1].end : run[at].start]
        alike = run[at].notation == run[at - 1].notation and run[at].ordinal == run[at - 1].ordinal
        listed = _AND.fullmatch(gap) is not None
        if not (listed or run[at - 1].notation == "bare" or (several and alike and not closed)):
            break
        taken, closed = at + 1, closed or listed  # ``4 and 8 s, 30 s``: after the and, it ends
    return run[:taken]


def _followed(text: str, run: list[_Time]) -> tuple[list[_Time], int, int] | None:
    """``第3秒和第7秒重音``: the event stands after its times."""
    event = _AFTER.match(text, run[-1].end)
    if event is None or run[-1].notation == "bare" or not _is_placed(text, run, event[0]):
        return None
    first = len(run) - 1
    for at in range(len(run) - 2, -1, -1):
        gap = text[run[at].end : run[at + 1].start]
        alike = run[at].notation == "clock" and run[at + 1].notation == "clock"
        if _AND.fullmatch(gap) or run[at].ordinal or run[at].notation == "bare" or alike:
            first = at
        else:
            break
    return run[first:], run[first].start, event.end()


def _is_placed(text: str, run: list[_Time], event: str) -> bool:
    """Whether the times are moments rather than a length with an event after it."""
    before = text[max(0, run[0].start - 12) : run[0].start]
    if event.isascii() and not _SIGN.search(text[run[0].start : run[-1].end]):
        return _AT.search(before) is not None
    if event.lstrip()[:1] in (",", "，"):
        return run[-1].ordinal
    return (
        any(time.ordinal for time in run)
        or run[-1].notation == "clock"
        or _IN.search(before) is not None
        or _PLACED.match(event) is not None
        or _PLAIN.match(event) is not None
    )
