"""Which series and labels a PromQL expression speaks of; enough of its grammar and no more."""

import re

from msgspec import Struct

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"'  # a string
    r"|\[[^\]]*\]"  # a range
    r"|\d[\d.]*[a-zA-Z]*"  # a number or a duration
    r"|[A-Za-z_:][A-Za-z0-9_:]*"  # a name
    r"|=~|!~|!=|==|>=|<=|\S"
)
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset"}


class Matcher(Struct, frozen=True):
    """One condition on a label."""

    label: str
    sign: str
    value: str


class Selector(Struct, frozen=True):
    """A series as an expression names it."""

    name: str
    matchers: tuple[Matcher, ...]


class Said(Struct, frozen=True):
    """What an expression speaks of."""

    selectors: tuple[Selector, ...]
    grouped: frozenset[str]
    """The labels in ``by (…)`` and its like."""


def read(expression: str) -> Said:
    """The series and labels of an expression; `ValueError` where it breaks off."""
    tokens = _TOKEN.findall(expression)
    selectors, grouped = list[Selector](), set[str]()
    at = 0
    while at < len(tokens):
        token, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in _GROUPING:
            names, at = _until(tokens, at + 1, "(", ")")
            grouped.update(name for name in names if name != ",")
        elif not _NAME.fullmatch(token) or token in _WORDS or _is_function(after, tokens, at):
            at += 1
        elif after == "{":
            inside, at = _until(tokens, at + 1, "{", "}")
            selectors.append(Selector(token, _matchers(inside)))
        else:
            selectors.append(Selector(token, ()))
            at += 1
    return Said(tuple(selectors), frozenset(grouped))


def _is_function(after: str, tokens: list[str], at: int) -> bool:
    """``rate(`` and ``sum by (job) (``."""
    return after == "(" or after in _GROUPING


def _until(tokens: list[str], at: int, opening: str, closing: str) -> tuple[list[str], int]:
    """What stands between two brackets, and where it goes on behind them."""
    if tokens[at : at + 1] != [opening] or closing not in tokens[at:]:
        raise ValueError(f"no {opening}…{closing} in {' '.join(tokens)}")
    end = tokens.index(closing, at)
    return tokens[at + 1 : end], end + 1


def _matchers(tokens: list[str]) -> tuple[Matcher, ...]:
    parts = [one for one in tokens if one != ","]
    if len(parts) % 3:
        raise ValueError(f"no matchers: {' '.join(tokens)}")
    return tuple(
        Matcher(label, sign, value.strip('"'))
        for label, sign, value in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )
