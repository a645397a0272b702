"""Phrases of a prompt: the best cut into known words, and which of them are negated."""

import re
import unicodedata
from functools import cache

from msgspec import Struct

from engine.words import lexicon
from engine.words.lexicon import CARRIES_NOTHING, Entry

Option = tuple[float, int, Entry | None]
"""What may begin at a place: its price, where it ends, and its meaning; None is unread text."""


class Item(Struct):
    """A stretch of the prompt and what it stands for; ``entry`` None is unread text."""

    start: int
    end: int
    text: str
    entry: Entry | None
    negated: bool = False


_WORD = re.compile(r"[a-z0-9]+(?:[&'][a-z]+){0,3}")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LONGEST_ENGLISH = 6
_GAP = re.compile(r"[ \t]*[-_ ]?[ \t]*(?:& )?")
_LISTING = "、&/+"
_SIGNS = {
    sign: Entry(field="join" if sign in _LISTING else "stop", value=sign)
    for sign in _LISTING + ",，;；。.!?！？:：\n()（）[]…"
}


@cache
def english() -> dict[str, Entry]:
    return {
        words: entry for words, entry in lexicon.rows() if words[0].isascii() and words.isascii()
    }


@cache
def chinese() -> dict[str, Entry]:
    return {words: entry for words, entry in lexicon.rows() if not words.isascii()}


@cache
def _most_words() -> dict[str, int]:
    """How many words the longest English entry has that begins with a word."""
    found: dict[str, int] = {}
    for phrase in english():
        words = phrase.split(" ")
        found[words[0]] = max(found.get(words[0], 0), min(len(words), _LONGEST_ENGLISH))
    return found


@cache
def _lengths() -> dict[str, tuple[int, ...]]:
    """How long the Chinese entries are that begin with a sign, the longest first."""
    found: dict[str, set[int]] = {}
    for words in chinese():
        found.setdefault(words[0], set()).add(len(words))
    return {sign: tuple(sorted(lengths, reverse=True)) for sign, lengths in found.items()}


# What an unread sign, an entry and a filler cost; the cheapest cut of a sentence is taken.
_UNREAD, _ENTRY, _FILLER = 3.0, 1.0, 1.1


def look_up(text: str, masked: str) -> list[Item]:
    """Cut the unblanked text into known phrases and an unread rest, reading as much as possible.

    Not simply the longest phrase first: ``creepy music box`` is creepy and a music box, not creepy
    music and a box.
    """
    best: list[float] = [0.0] * (len(masked) + 1)
    step: list[Option] = [(0.0, 0, None)] * len(masked)
    for at in range(len(masked) - 1, -1, -1):
        if masked[at] == " " or _inside_word(masked, at):
            best[at], step[at] = best[at + 1], (0.0, at + 1, None)
            continue
        options = _options(masked, at)
        chosen, cost = options[0], options[0][0] + best[options[0][1]]
        for option in options[1:]:
            if (other := option[0] + best[option[1]]) < cost:
                chosen, cost = option, other
        best[at], step[at] = cost, chosen
    items: list[Item] = []
    at = 0
    while at < len(masked):
        _, end, entry = step[at]
        if entry is not None or _says_something(masked[at]):
            items.append(Item(at, end, text[at:end], entry))
        at = end
    return items


_SPEAKING = ("L", "N", "M", "So")
"""Kinds of signs that may say something: letters, numbers, their marks, and pictures."""


def _says_something(sign: str) -> bool:
    return unicodedata.category(sign).startswith(_SPEAKING)


def _inside_word(text: str, at: int) -> bool:
    """Nothing begins there."""
    return text[at] in _LETTERS and at > 0 and text[at - 1] in _LETTERS


def _options(text: str, at: int) -> list[Option]:
    """What may begin here. The longest comes first and wins a draw."""
    sign = text[at]
    if sign in _LETTERS:
        return _english_options(text, at)
    if not sign.isascii() and (known := _chinese_options(text, at)):
        return [*known, (_UNREAD, at + 1, None)]
    if (entry := _SIGNS.get(sign)) is not None:
        return [(0.0, at + 1, entry)]
    return [(_UNREAD if sign.isalnum() else 0.0, at + 1, None)]


def _chinese_options(text: str, at: int) -> list[Option]:
    lengths = _lengths().get(text[at])
    if lengths is None:
        return []
    table, found = chinese(), list[Option]()
    for length in lengths:
        end = at + length
        entry = table.get(text[at:end]) if end <= len(text) else None
        if entry is not None:
            found.append((_price(entry), end, entry))
    return found


def _price(entry: Entry) -> float:
    return _FILLER if entry.field in CARRIES_NOTHING else _ENTRY


def _english_options(text: str, at: int) -> list[Option]:
    first = _WORD.match(text, at)
    assert first is not None, "a word begins with a letter or a digit"
    phrases, ends = [first[0]], [first.end()]
    for _ in range(_most_words().get(first[0], 1) - 1):
        gap = _GAP.match(text, ends[-1])
        word = _WORD.match(text, gap.end()) if gap and gap.end() > ends[-1] else None
        if word is None:
            break
        phrases.append(f"{phrases[-1]} {word[0]}")
        ends.append(word.end())
    options: list[Option] = []
    for phrase, end in zip(reversed(phrases), reversed(ends), strict=True):
        entry = _singular(phrase)
        if entry is not None:
            options.append((_price(entry), end, entry))
    # A Chinese entry may begin with Latin letters: t台, 8位, boss战.
    return [*options, *_chinese_options(text, at), (_UNREAD, ends[0], None)]


_MANY = ("instrument", "scene", "kind", "style", "ending")
"""Fields whose entries may be said in the plural."""


def _singular(phrase: str) -> Entry | None:
    table = english()
    entry = table.get(phrase)
    if entry is not None or not phrase.endswith("s"):
        return entry
    for ending in ("'s", "es", "s"):
        if phrase.endswith(ending) and len(phrase) > len(ending) + 2:
            entry = table.get(phrase.removesuffix(ending))
            if entry is not None and entry.field in _MANY:
                return entry
    return None


_NEGATABLE = {
    "instrument", "moods", "style", "genre", "scene", "pace", "kind", "energy", "stems",
    "manner", "ending", "mode", "meter",
}  # fmt: skip


def negate(items: list[Item]) -> None:
    """Carry negations to what they negate: ``no drums or piano``, ``不要鼓和钢琴``, ``鼓不要``."""
    for index, item in enumerate(items):
        if item.entry is None or item.entry.field != "not" or item.negated:
            continue
        targets = [] if item.entry.value == "late" else _targets_after(items, index)
        if all(items[target].entry is None for target in targets):
            targets = _targets_before(items, index)
        for target in targets:
            items[target].negated = True
        if not targets:
            # What is refused here is not ours to refuse: tell the client.
            item.entry, item.negated = None, True


def _targets_after(items: list[Item], index: int) -> list[int]:
    run: list[int] = []
    separators: list[str] = []
    pending = ""
    for at in range(index + 1, len(items)):
        entry = items[at].entry
        field, value = ("", "") if entry is None else (entry.field, entry.value)
        if field in CARRIES_NOTHING:
            continue
        if field == "not" and not run:
            items[at].negated = True  # 不要 + 有: two signs of one refusal
            continue
        if field == "join" or (field == "stop" and value in (",", "，") and run):
            pending = value
            continue
        if entry is not None and field not in _NEGATABLE:
            break
        described = bool(run) and items[run[-1]].entry is None and items[at - 1] is items[run[-1]]
        if run and not pending and not described:
            # ``no slow piano``: the quality goes with the thing it describes; but ``no cheesy
            # synths``, where nobody knows the quality, refuses the synths.
            break
        if run and not _same_sort(items[run[0]], items[at]):
            break
        if run:
            separators.append(pending)
        run.append(at)
        pending = ""
    if not run:
        return []
    run = run[: _reach(separators) + 1]
    return _complained_of(items, run[-1]) if _is_complaint(items, run) else run


_TOO_MUCH = {"太", "过", "过于", "太过", "那么", "too", "so", "overly", "too much", "过分"}


def _is_complaint(items: list[Item], run: list[int]) -> bool:
    """``不要鼓太吵`` wants drums that are not loud: the players named are not refused."""
    named = {entry.field for at in run if (entry := items[at].entry) is not None}
    return named == {"instrument"} and any(
        items[at].text in _TOO_MUCH for at in _fillers_after(items, run[-1])
    )


def _complained_of(items: list[Item], last: int) -> list[int]:
    after = last + 1 + len(_fillers_after(items, last))
    entry = items[after].entry if after < len(items) else None
    return [after] if entry is not None and entry.field in _NEGATABLE else []


def _fillers_after(items: list[Item], at: int) -> list[int]:
    after = at + 1
    while after < len(items) and (entry := items[after].entry) and entry.field in CARRIES_NOTHING:
        after += 1
    return list(range(at + 1, after))


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
        if separator in ("", *_STRONG_JOIN) or commas_then_or or direct_and:
            reach = position + 1
        else:
            break
    return reach


def _same_sort(one: Item, other: Item) -> bool:
    both = {item.entry.field for item in (one, other) if item.entry is not None}
    return len(both) < 2 or both <= {"moods", "pace", "manner"} or both <= {"style", "genre"}


def _targets_before(items: list[Item], index: int) -> list[int]:
    """``鼓不要``: a negation at the end of its clause looks back; in English only some do."""
    entry = items[index].entry
    if items[index].text.isascii() and (entry is None or entry.value != "late"):
        return []
    run: list[int] = []
    for at in range(index - 1, -1, -1):
        entry = items[at].entry
        if entry is None:
            continue  # ``女声 chop 不要``: an unknown word belongs to what is refused
        if entry.field in ("stop", "not"):
            break
        if entry.field == "instrument" and not items[at].negated:
            run.append(at)
        elif entry.field not in ("join", *CARRIES_NOTHING):
            break
    return run
