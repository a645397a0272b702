"""Phrases of a prompt: the best cut into known words, and which of them are negated."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

from msgspec import Struct

from engine.words import lexicon
from engine.words.lexicon import CARRIES_NOTHING, Entry

Option = tuple[float, int, Entry | None]
"""What may begin at a place: its price, how long it is, and its meaning; None is unread text."""


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

_BLANKS = " \x00"
_PLACES = re.compile(r"[a-z0-9]+|[^ \x00]")
"""Where something may begin: at a word, never inside one, and at every sign that is no blank and
was not read before."""


def look_up(text: str, masked: str) -> list[Item]:
    """Cut the unblanked text into known phrases and an unread rest, reading as much as possible.

    Not simply the longest phrase first: ``creepy music box`` is creepy and a music box, not creepy
    music and a box.
    """
    best: list[float] = [0.0] * (len(masked) + 1)
    step: list[Option | None] = [None] * len(masked)
    latin, behind, after = masked.isascii(), len(masked), ""
    for place in reversed(list(_PLACES.finditer(masked))):
        at, said = place.start(), place[0]
        if behind - at > 1:  # where nothing begins, all is as at the next place
            best[at + 1 : behind] = [best[behind]] * (behind - at - 1)
        chosen, seconds = _alone(said, latin)
        if chosen is None or after in seconds or after in _LINKS:
            chosen = min(_options(masked, at), key=lambda one: one[0] + best[at + one[1]])
        best[at], step[at], behind = chosen[0] + best[at + chosen[1]], chosen, at
        after = "'" if after in _APOSTROPHES else said
    return _items(text, masked, step)


_LINKS = frozenset("-_&'\t")
"""Signs over which a phrase, or a word, may go on."""
_APOSTROPHES = frozenset("'&")
_PLURALS = ("", "s", "es", "'s")


@lru_cache(maxsize=8192)
def _alone(said: str, latin: bool) -> tuple[Option | None, frozenset[str]]:
    """What a word or a sign is where nothing longer begins with it, and the words that something
    longer may go on with; None where that must be looked at. ``latin``: the whole text is."""
    if said[0] in _lengths() and not (latin and said.isascii()):
        return None, frozenset()
    if said[0] in _LETTERS:
        return _of_word(said)[0][0], _seconds().get(said, frozenset())
    return _of_sign(said)[0], frozenset()


@cache
def _seconds() -> dict[str, frozenset[str]]:
    """The second words of the English entries of several words that begin with a word."""
    found: dict[str, set[str]] = {}
    for first, second, *_ in (words for phrase in english() if len(words := phrase.split(" ")) > 1):
        found.setdefault(first, set()).update(second + ending for ending in _PLURALS)
    return {first: frozenset(seconds) for first, seconds in found.items()}


def _items(text: str, masked: str, step: list[Option | None]) -> list[Item]:
    """What was chosen, from the beginning on."""
    items: list[Item] = []
    at = 0
    while at < len(step):
        chosen = step[at]
        if chosen is None and masked[at] in _BLANKS:
            at += 1
            continue
        _, length, entry = chosen or (_UNREAD, 1, None)
        end = at + length
        if entry is not None or _says_something(masked[at]):
            items.append(Item(at, end, text[at:end], entry))
        at = end
    return items


_SPEAKING = ("L", "N", "M", "So")
"""Kinds of signs that may say something: letters, numbers, their marks, and pictures."""


def _says_something(sign: str) -> bool:
    return unicodedata.category(sign).startswith(_SPEAKING)


def _options(text: str, at: int) -> Sequence[Option]:
    """What may begin here. The longest comes first and wins a draw."""
    sign = text[at]
    if sign in _LETTERS:
        return _english_options(text, at)
    if sign in _lengths() and (known := _chinese_options(text, at)):
        return [*known, (_UNREAD, 1, None)]
    return _of_sign(sign)


@lru_cache(maxsize=4096)
def _of_sign(sign: str) -> Sequence[Option]:
    """A sign that begins nothing known."""
    if (entry := _SIGNS.get(sign)) is not None:
        return ((0.0, 1, entry),)
    return ((_UNREAD if sign.isalnum() else 0.0, 1, None),)


def _chinese_options(text: str, at: int) -> list[Option]:
    table, found, room = chinese(), list[Option](), len(text) - at
    for length in _lengths()[text[at]]:
        entry = table.get(text[at : at + length]) if length <= room else None
        if entry is not None:
            found.append((_price(entry), length, entry))
    return found


def _price(entry: Entry) -> float:
    return _FILLER if entry.field in CARRIES_NOTHING else _ENTRY


def _english_options(text: str, at: int) -> Sequence[Option]:
    first = _WORD.match(text, at)
    assert first is not None, "a word begins with a letter or a digit"
    alone, most = _of_word(first[0])
    # A Chinese entry may begin with Latin letters: t台, 8位, boss战.
    others = _chinese_options(text, at) if text[at] in _lengths() else ()
    if most == 1 and not others:
        return alone
    longer = _longer(text, at, first, most)
    return [*reversed(longer), *alone[:-1], *others, alone[-1]]


def _longer(text: str, at: int, first: "re.Match[str]", most: int) -> list[Option]:
    """Entries of several words, the longest last."""
    phrase, end, found = first[0], first.end(), list[Option]()
    for _ in range(most - 1):
        gap = _GAP.match(text, end)
        word = _WORD.match(text, gap.end()) if gap and gap.end() > end else None
        if word is None:
            break
        phrase, end = f"{phrase} {word[0]}", word.end()
        entry = _singular(phrase)
        if entry is not None:
            found.append((_price(entry), end - at, entry))
    return found


@lru_cache(maxsize=4096)
def _of_word(word: str) -> tuple[tuple[Option, ...], int]:
    """What a word may be alone, and how many words the longest entry has that begins with it."""
    entry, unread = _singular(word), (_UNREAD, len(word), None)
    alone = (unread,) if entry is None else ((_price(entry), len(word), entry), unread)
    return alone, _most_words().get(word, 1)


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
