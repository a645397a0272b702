"""Reading a prompt: English, Chinese or both in one sentence, into what its words mean.

First exact things are found by pattern, then the rest is looked up in the lexicon, then negations
are carried to what they negate. Whatever stays unread is kept as it was written, so that nothing is
dropped in silence.
"""

import unicodedata
from functools import lru_cache

from msgspec import structs

from engine.words import lexicon
from engine.words.draft import Draft, Read
from engine.words.exact import read_exact
from engine.words.lexicon import CARRIES_NOTHING, Entry
from engine.words.phrases import Item, chinese, english, look_up, negate
from engine.words.scripts import simplified, without_japanese

__all__ = ["Read", "read"]


def read(prompt: str) -> Read:
    """Understand a prompt. Pure: the same words always mean the same."""
    written = _normalised(prompt)
    text = simplified(written)
    draft = Draft(text, written)
    masked = without_japanese(read_exact(text, draft))
    items = look_up(text, masked)
    _absorb(items)
    negate(items)
    _take(items, draft)
    return draft.finished()


def _normalised(prompt: str) -> str:
    """Full-width digits and letters as plain ones, all in small letters.

    Sign by sign, so that no sign becomes many: one Arabic ligature alone would become eighteen.
    """
    if prompt.isascii():
        return prompt.lower()
    return "".join(map(_plain, unicodedata.normalize("NFC", prompt)))


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    if sign.isascii():
        return sign.lower()
    if sign == "’":
        return "'"
    plain = unicodedata.normalize("NFKC", sign).lower()
    return plain if len(plain) == 1 else sign


_SAYS_NOTHING = ("filler", "context", "join", "stop", "not", "unknown")


def _take(items: list[Item], draft: Draft) -> None:
    """Write what every item means into the draft and gather what was not read."""
    for index, item in enumerate(items):
        entry, following = item.entry, items[index + 1] if index + 1 < len(items) else None
        if item.text == "light" and _is_instrument(following):
            draft.ignored.append((item.start, item.text))  # light percussion is not bright
            continue
        if entry is None or entry.field in _SAYS_NOTHING:
            continue
        if item.negated:
            _take_refused(item, entry, draft)
        else:
            _take_asked(item, entry, draft)
    _gather_ignored(items, draft)


def _is_instrument(item: Item | None) -> bool:
    return item is not None and item.entry is not None and item.entry.field == "instrument"


def _take_asked(item: Item, entry: Entry, draft: Draft) -> None:
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
    elif field == "manner":
        _take_manner(item, entry.asked, draft)
    elif field in ("without", "instrumental"):
        if value not in draft.forbid:
            draft.forbid.append(value)
        draft.note(at, "forbid", value, words)
    else:
        draft.once(at, field, value, words)


def _take_manner(item: Item, mood: str, draft: Draft) -> None:
    """``not too loud`` means calm; a manner that means no mood is left aside."""
    if not mood:
        draft.ignored.append((item.start, item.text))
        return
    if mood not in draft.moods:
        draft.moods.append(mood)
        draft.vote(lexicon.votes_of_mood(mood))
    draft.note(item.start, "moods", mood, item.text)


def _take_moods_inside(item: Item, draft: Draft) -> None:
    """``heroic battle`` is a scene and still heroic; names of genres are not (cool jazz)."""
    if item.text in _GENRE_NAMES:
        return
    parts = item.text.split() if item.text.isascii() else _pieces(item.text)
    table = english() if item.text.isascii() else chinese()
    for part in parts:
        entry = table.get(part)
        if entry is not None and entry.field == "moods" and entry.value not in draft.moods:
            draft.moods.append(entry.value)
            draft.note(item.start, "moods", entry.value, part)


_GENRE_NAMES = ("cool jazz", "heavy metal", "dark ambient", "light bulb")


def _pieces(text: str) -> list[str]:
    """Every stretch of at least two signs of a Chinese phrase."""
    return [text[a:b] for a in range(len(text)) for b in range(a + 2, len(text) + 1)]


def _take_kind(item: Item, value: str, draft: Draft) -> None:
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


def _take_instrument(item: Item, value: str, draft: Draft) -> None:
    if value == "vocals":
        draft.ignored.append((item.start, item.text))  # nothing here sings; the client is told
        return
    draft.vote(lexicon.hints_of(value))
    if value not in draft.require:
        draft.require.append(value)
    draft.note(item.start, "require", value, item.text)


def _take_refused(item: Item, entry: Entry, draft: Draft) -> None:
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
        if entry.field == "moods" and words == entry.value:
            draft.refused_moods.add(words)  # by its name; ``calm, not sleepy`` is still calm
        draft.note(at, "moods" if entry.field == "moods" else "style", f"not {entry.value}", words)
    elif entry.field == "manner":
        _take_manner(item, entry.refused, draft)
    elif entry.field in ("kind", "ending"):
        draft.note(at, entry.field, f"not {entry.value}", words)
    else:
        draft.ignored.append((at, words))


def _gather_ignored(items: list[Item], draft: Draft) -> None:
    """Unread words, joined into the phrases they were written in."""
    run: list[Item] = []
    for item in [*items, Item(-1, -1, "", Entry(field="stop", value=""))]:
        unread = item.entry is None or item.entry.field in ("unknown", "context")
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


# A single sign of a mood or a pace inside a word that nobody knows is a part of it: 跑酷, 燃油.
_PART_OF_UNKNOWN = ("moods", "pace")


def _belongs_to(item: Item, neighbour: Item) -> bool:
    """Whether an item is a part of the unread Chinese word that it touches."""
    if item.entry is None or neighbour.entry is not None or neighbour.text.isascii():
        return False
    if item.text.isascii() or not (neighbour.start <= item.end and neighbour.end >= item.start):
        return False
    if item.entry.field in CARRIES_NOTHING:
        return item.text in _PARTS_OF_WORDS
    return len(item.text) == 1 and item.entry.field in _PART_OF_UNKNOWN


def _absorb(items: list[Item]) -> None:
    """Give an unread Chinese word back the signs that were taken for fillers."""
    if not any(item.entry is None and not item.text.isascii() for item in items):
        return
    for order in (range(1, len(items)), range(len(items) - 2, -1, -1)):
        for at in order:
            neighbour = items[at - 1] if order.step > 0 else items[at + 1]
            item = items[at]
            if _belongs_to(item, neighbour):
                item.entry = None


def _close(run: list[Item], draft: Draft) -> None:
    words = draft.text[run[0].start : run[-1].end].replace("\x00", " ").strip()
    if words:
        draft.ignored.append((run[0].start, words))
