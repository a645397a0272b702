"""Numbers as people write them: ``16``, ``1.5``, ``sixteen``, ``十六``, ``一百二十``, ``两``."""

import re

from engine.words.signs import one_is_in

_ENGLISH_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_ENGLISH_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_CHINESE_DIGITS = {"零": 0, "〇": 0, "两": 2, "俩": 2} | {
    digit: number for number, digit in enumerate("一二三四五六七八九", 1)
}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1000}

_TENS = "|".join(_ENGLISH_TENS)
_UNITS = "|".join(sorted(_ENGLISH_UNITS, key=len, reverse=True))
PATTERN = (
    r"(?:\d{1,12}(?:\.\d{1,12})?|[零〇一二两三四五六七八九十百千]{1,12}(?:点[零一二三四五六七八九]{1,4})?"
    rf"|(?:(?:one|a) hundred(?: and)? (?:(?:{_TENS})(?:[ -](?:{_UNITS}))?|(?:{_UNITS})))"
    rf"|(?:one|a) hundred|(?:{_TENS})(?:[ -](?:{_UNITS}))?|(?:{_UNITS}))"
)
"""A number anywhere in a lower-cased sentence."""


_STEMS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twel", "thir", "fif", "twen", "for", "zero", "hundred", "half", "minute",
)  # fmt: skip
_SIGNS = frozenset("0123456789半") | _CHINESE_DIGITS.keys() | _CHINESE_SCALES.keys()


def may_be_in(text: str) -> bool:
    """False only where a lower-cased text has no number, nor a half, nor a minute."""
    if not _SIGNS.isdisjoint(text) or one_is_in(text, _STEMS):
        return True
    return not text.isascii() and any(map(str.isdecimal, text))


def parse(text: str) -> float | None:
    """Value of a number matched by `PATTERN`; None when it is not one."""
    text = text.strip().lower()
    if re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text, re.ASCII):
        return float(text)
    if text and (text[0] in _CHINESE_DIGITS or text[0] in _CHINESE_SCALES):
        return _chinese(text)
    return _english(text)


def _chinese(text: str) -> float | None:
    whole, _, fraction = text.partition("点")
    if any(sign not in _CHINESE_DIGITS and sign not in _CHINESE_SCALES for sign in whole):
        return None
    value = _positional(whole) if not _has_scale(whole) else _scaled(whole)
    if fraction:
        value += float("0." + "".join(str(_CHINESE_DIGITS.get(sign, 0)) for sign in fraction))
    return float(value)


def _has_scale(text: str) -> bool:
    return any(sign in _CHINESE_SCALES for sign in text)


def _positional(text: str) -> float:
    # 一二零 is read digit by digit, as in a phone number or a tempo.
    return float("".join(str(_CHINESE_DIGITS[sign]) for sign in text[:12]))


def _scaled(text: str) -> float:
    total, digit, last_scale = 0, None, 1
    for sign in text:
        if sign in _CHINESE_SCALES:
            last_scale = _CHINESE_SCALES[sign]
            total += (1 if digit is None else digit) * last_scale
            digit = None
        else:
            digit = _CHINESE_DIGITS[sign]
            last_scale = 10 if sign in "零〇" else last_scale
    if digit is not None:
        # 一百二 is 120 in speech, 一百零二 is 102.
        shorthand = last_scale >= 100 and text[-2] in _CHINESE_SCALES
        total += digit * (last_scale // 10 if shorthand else 1)
    return float(total)


def _english(text: str) -> float | None:
    total = 0
    for word in re.split(r"[\s-]+", text):
        if word in ("a", "and"):
            total += 1 if word == "a" else 0
        elif word == "hundred":
            total = max(total, 1) * 100
        elif word in _ENGLISH_TENS:
            total += _ENGLISH_TENS[word]
        elif word in _ENGLISH_UNITS:
            total += _ENGLISH_UNITS[word]
        else:
            return None
    return float(total)
