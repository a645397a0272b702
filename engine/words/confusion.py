"""What was understood as what: figures per field and language, and tables of confusion."""

from collections import Counter

from engine.words.evaluation import FIELDS, LANGUAGES, Outcome, Tally, of_language, tally
from engine.words.lexicon import KINDS, MOODS, STYLE_NAMES

_NONE = "-"


def report(outcomes: list[Outcome]) -> str:
    """Everything: figures, confusions of styles, kinds and moods, and every mistake in words."""
    return "\n\n".join(
        [
            figures(outcomes),
            styles(outcomes),
            kinds(outcomes),
            moods(outcomes),
            mistakes(outcomes) or "no mistakes",
        ]
    )


def figures(outcomes: list[Outcome]) -> str:
    """Right and wrong per field, in each language: ``right/wrong share``."""
    columns = [of_language(outcomes, language) for language in LANGUAGES]
    counts = [len({outcome.sentence.text for outcome in column}) for column in columns]
    heads = (f"{name} ({count})" for name, count in zip(LANGUAGES, counts, strict=True))
    rows = [f"{'right/wrong':12}" + "".join(f"{head:>20}" for head in heads)]
    for field in FIELDS:
        cells = [tally([one for one in column if one.field == field]) for column in columns]
        rows.append(f"{field:12}" + "".join(f"{_cell(cell):>20}" for cell in cells))
    rows.append(f"{'all':12}" + "".join(f"{_cell(tally(column)):>20}" for column in columns))
    return "\n".join(rows)


def _cell(counted: Tally) -> str:
    if not counted.right + counted.wrong:
        return "-"
    return f"{counted.right}/{counted.wrong} {counted.share:6.1%}"


def styles(outcomes: list[Outcome]) -> str:
    """Style meant (rows) against style read (columns)."""
    return _matrix("style", outcomes, [name for name, _, _ in STYLE_NAMES])


def kinds(outcomes: list[Outcome]) -> str:
    """Kind meant (rows) against kind read (columns)."""
    return _matrix("kind", outcomes, [name for name, _, _ in KINDS])


def _matrix(field: str, outcomes: list[Outcome], names: list[str]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for one in outcomes:
        if one.field == field and one.meant != "*" and one.verdict != "silent":
            meant = one.heard if one.verdict == "right" else one.meant.strip("?").split(",")[0]
            counts[meant or _NONE, one.heard or _NONE] += 1
    names = [*names, _NONE]
    head = "".join(f"{_short(name):>5}" for name in names)
    rows = [f"{field + ' meant x read':20}{head}"]
    for meant in names:
        cells = "".join(f"{counts[meant, read] or '.':>5}" for read in names)
        rows.append(f"{meant:20}{cells}")
    return "\n".join(rows)


def _short(name: str) -> str:
    return name if len(name) < 5 else "".join(part[:2] for part in name.split("_"))[:4]


def moods(outcomes: list[Outcome]) -> str:
    """Every mood: how often it was read right, missed and invented, and what was read instead."""
    right, missed, invented = Counter[str](), Counter[str](), Counter[str]()
    instead: dict[str, Counter[str]] = {}
    for one in outcomes:
        if one.field != "moods" or one.meant == "*":
            continue
        heard = {mood for mood in one.heard.split(",") if mood}
        choices = [choice for choice in one.meant.split(",") if choice]
        may = {mood for choice in choices for mood in choice.strip("?").split("/")}
        lost = [
            choice.split("/")[0]
            for choice in choices
            if not choice.startswith("?") and not set(choice.split("/")) & heard
        ]
        surplus = sorted(heard - may)
        right.update(heard & may)
        missed.update(lost)
        invented.update(surplus)
        for mood in lost:
            instead.setdefault(mood, Counter()).update(surplus)
    rows = [f"{'mood':14}{'right':>6}{'missed':>8}{'invented':>10}  read instead"]
    for mood, *_ in MOODS:
        others = " ".join(f"{name} {count}" for name, count in instead.get(mood, {}).items())
        rows.append(f"{mood:14}{right[mood]:6}{missed[mood]:8}{invented[mood]:10}  {others}")
    return "\n".join(rows)


def mistakes(outcomes: list[Outcome]) -> str:
    """Every field that was not read as it is meant, with its sentence."""
    return "\n".join(
        f"{one.field}: meant {one.meant or _NONE}, heard {one.heard or _NONE}: {one.sentence.text}"
        for one in outcomes
        if one.verdict not in ("right", "silent")
    )
