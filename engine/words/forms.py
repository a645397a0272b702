"""Form in words: ``4 bar intro, then verse``, ``AABA``, ``前奏、主歌、副歌``, ``ABA 曲式``."""

import re

from msgspec import Struct

from engine.words import numerals
from engine.words.blanks import blank
from engine.words.draft import Draft
from engine.words.signs import one_is_in

_N = numerals.PATTERN
_BARS = r"(?:bars?\b|measures?\b|个?小节)"

_NAMES: tuple[tuple[str, bool, str], ...] = (
    # Letter of the form, whether the word can mean nothing else, the words.
    ("D", True, r"pre[- ]?chorus(?:es)?|预副歌|导歌"),
    ("A", True, r"verses?|主歌|(?<![a-z])a\s?段|section a\b|a[- ](?:section|part)\b"),
    ("B", True, r"(?<!pre )(?<!pre-)chorus(?:es)?|refrains?|副歌|(?<![a-z])b\s?段|section b\b"
                r"|b[- ](?:section|part)\b"),
    ("C", True, r"bridges?\b|middle eight|middle 8|桥段|桥接段?|(?<![a-z])c\s?段|section c\b"
                r"|c[- ](?:section|part)\b"),
    ("br", True, r"breakdowns?|interludes?|间奏|过门"),
    ("i", True, r"intros?\b|introductions?\b|前奏|引子|序奏"),
    ("e", True, r"outros?\b|codas?\b|尾奏|尾声"),
    ("B", False, r"drops?\b|hooks?\b|(?<!副歌)高潮段?"),
    ("br", False, r"breaks?\b|过渡段?"),
    ("A", False, r"build[- ]?ups?\b|build(?=\s?(?:[,，;→>-]|$))|铺垫段"),
    ("e", False, r"(?:(?<=[,;>→-] )|(?<=and )|(?<=then )|(?<=bar )|(?<=bars ))endings?\b"
                 r"(?! on| with)|(?:结尾|收尾)(?=\s?(?:[,，、;；。→>（(\d一二两三四八]|$))"),
)  # fmt: skip
_NAME = "|".join(f"(?P<n{at}>{words})" for at, (_, _, words) in enumerate(_NAMES))
_ANY_NAME = re.compile("|".join(words for _, _, words in _NAMES))
_ITEM = re.compile(
    rf"(?:(?P<before>{_N})\s?-?\s?{_BARS}\s?(?:of\s|long\s|的)?(?:the\s|a\s)?)?"
    rf"(?<![a-z])(?:{_NAME})(?![a-z])"
    rf"(?:\s?[(（:：]?\s?(?:of\s|is\s|lasts\s|for\s|有|是|占|共)?(?P<after>{_N})\s?-?\s?{_BARS}\s?[)）]?"
    r"|\s?(?P<number>[1-9]\d?)(?![\d:./%]|\s?-?\s?(?:s\b|sec|min|ms\b|bpm|x\b|秒|分|拍|bar))"
    r"|\s?(?:x|×|\*)\s?(?P<times>[2-4])\b|\s(?P<twice>twice)\b|(?P<twicezh>两遍|两次))?"
)
_MENTION = re.compile(
    r"(?:\b(?:in|during|at|before|after|until|for|on|within|over|every|each|podcast|video|show"
    r"|per)\s(?:the\s|each\s|every\s|a\s)?|在|每段?)$"
)
_FAR = 28  # characters that may stand between two sections of one list
_STOP = re.compile(r"[.!?。！？\n]")

_LETTERS = re.compile(
    r"(?<![a-z0-9'])(?P<word>(?:form|structure|sections?|曲式|结构|段落)\s?(?:is\s|of\s|[:：=]|为|是|用)?\s?)?"
    r"(?P<letters>a'{0,3}\d{0,2}(?:\s?[-–—>→,/|+]?>?\s?(?:br\d{0,2}|[a-die]'{0,3}\d{0,2})){1,11})"
    r"(?![a-z0-9'#])"
    r"(?P<after>\s?[-的]?\s?(?:song\s)?(?:form|structure|曲式|结构|式|体|三段))?"
)
_FRAMED = re.compile(
    r"(?<![a-z0-9'])i\d{1,2}(?:\s(?:br\d{0,2}|[a-die]'{0,3}\d{0,2})){1,15}(?![a-z0-9'#])"
)
_LETTER = re.compile(r"(br|[a-die])('{0,3})(\d{0,2})")

_SHAPES: tuple[tuple[str, str], ...] = (
    ("A A' B A''", r"起承转合"),
    ("A B A C A", r"rondo form|rondo|回旋曲式?"),
    (
        "A B A",
        r"ternary form|three[- ]part form|三段[体式]|三部曲式|单三部曲式|复三部曲式|三段曲式",
    ),
    ("A B", r"binary form|two[- ]part form|[二两]段[体式]|二部曲式|单二部曲式|[二两]段曲式"),
)
_SHAPE = re.compile("|".join(f"(?P<s{at}>{words})" for at, (_, words) in enumerate(_SHAPES)))


class Said(Struct, frozen=True, kw_only=True):
    """A section as words name it; ``bars`` None is left open."""

    name: str
    bars: int | None
    start: int
    end: int
    sure: bool


def find_form(text: str, draft: Draft) -> str:
    """Gather the sections of the form in order; return the text with them blanked."""
    for finder in (_find_letters, _find_shape, _find_named):
        text = finder(text, draft)
    return text


# --- letters: AABA, A B A' form, i4 A8 B8 e2 -----------------------------------------------------


def _find_letters(text: str, draft: Draft) -> str:
    for pattern in (_FRAMED, _LETTERS):
        for match in pattern.finditer(text):
            letters = match[0] if pattern is _FRAMED else match["letters"]
            named = pattern is _FRAMED or match["word"] or match["after"]
            if named or _speaks_for_itself(letters):
                draft.shape(match.start(), _of_letters(letters), match[0])
                text = blank(text, *match.span())
    return text


def _speaks_for_itself(letters: str) -> bool:
    """``aaba`` and ``a8 b8 a8`` are forms without being called so; ``add`` and ``a b`` are not."""
    if re.search(r"'|\d", letters):
        return len(_LETTER.findall(letters)) >= 3 and "i" not in letters
    plain = re.sub(r"[-–—→>]", "", letters)
    return re.fullmatch(r"a[abcd]{2,7}", plain) is not None and (
        plain.count("a") >= 2 and "b" in plain and plain not in ("abba", "baa")
    )


def _of_letters(letters: str) -> list[tuple[str, int | None]]:
    return [
        (f"{name if name in ('i', 'e', 'br') else name.upper()}{primes}", int(bars or 0) or None)
        for name, primes, bars in _LETTER.findall(letters)
    ]


_SHAPE_SIGNS = ("form", "rondo", "段", "部曲式", "回旋曲", "起承转合")
"""One of them is in every shape that has a name."""


def _find_shape(text: str, draft: Draft) -> str:
    if not one_is_in(text, _SHAPE_SIGNS):
        return text
    for match in _SHAPE.finditer(text):
        at = next(at for at in range(len(_SHAPES)) if match[f"s{at}"])
        draft.shape(match.start(), [(name, None) for name in _SHAPES[at][0].split()], match[0])
        text = blank(text, *match.span())
    return text


# --- names: intro, verse, chorus; 前奏四小节 ----------------------------------------------------


_NAME_SIGNS = (
    "chorus", "verse", "section", "part", "refrain", "bridge", "middle", "break", "interlude",
    "intro", "outro", "coda", "drop", "hook", "build", "ending", "歌", "段", "奏", "桥", "过门",
    "过渡", "引子", "尾声", "高潮", "结尾", "收尾",
)  # fmt: skip
"""One of them is in every section's name."""


def _find_named(text: str, draft: Draft) -> str:
    if not one_is_in(text, _NAME_SIGNS) or not _ANY_NAME.search(text):
        return text
    for group in _groups(text):
        if not _is_form(group):
            continue
        spans = dict.fromkeys((item.start, item.end) for item in group)
        words = ", ".join(text[start:end].strip() for start, end in spans)
        draft.shape(group[0].start, [(item.name, item.bars) for item in group], words)
        for start, end in spans:
            text = blank(text, start, end)
    return text


def _groups(text: str) -> list[list[Said]]:
    """Sections that stand so close to each other that they are one list."""
    groups: list[list[Said]] = []
    for match in _ITEM.finditer(text):
        items = _items(match)
        if items[0].bars is None and _MENTION.search(text[: match.start()][-12:]):
            continue
        gap = text[groups[-1][-1].end : match.start()] if groups else ""
        if groups and len(gap) <= _FAR and not _STOP.search(gap):
            groups[-1].extend(items)
        else:
            groups.append(items)
    return groups


def _items(match: "re.Match[str]") -> list[Said]:
    at = next(at for at in range(len(_NAMES)) if match[f"n{at}"])
    name, sure, _ = _NAMES[at]
    bars = _bars(match["before"] or match["after"])
    number = int(match["number"]) if match["number"] else None
    if number is not None and (number > 3 or name in ("i", "e", "br")):
        bars = number  # intro 4, verse 8; but verse 2 is the second verse
    again = int(match["times"] or 0) or (2 if match["twice"] or match["twicezh"] else 1)
    said = Said(name=name, bars=bars, start=match.start(), end=match.end(), sure=sure)
    return [said] * again


def _bars(said: str | None) -> int | None:
    value = numerals.parse(said) if said else None
    return None if value is None else int(value)


def _is_form(group: list[Said]) -> bool:
    """Whether the words are a form: lengths in bars, or two sections that can be nothing else."""
    if any(item.bars is not None for item in group):
        return True
    sure = [item for item in group if item.sure]
    letters = [item for item in sure if item.name not in ("i", "e")]
    return len(group) >= 2 and (bool(letters) or (len(group) >= 3 and bool(sure)))
