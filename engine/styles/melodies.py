"""Melody cells and contours: the rhythms a style sings in, and four seeds of its own."""

import re

from engine.styles.lines import Lines

CONTOURS = 4
_CELL = re.compile(r"\[([^\]]*)\]")
_LENGTH = re.compile(r"r?\d+")
_NOTE = re.compile(r"(?:(r)|([b#]?)([1-7])(['’,]?)~?):(\d+)")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_PER_CENT = re.compile(r"rests?[^;]*?(\d+)(?:-(\d+))? %")
_PER_BARS = re.compile(r"rests?[^;]*?1 (beat|bar) (?:per|in) (\d+)")
USUAL_REST = 0.125  # one beat in two bars


def cells(lines: Lines, grid: int) -> tuple[tuple[int, ...], ...]:
    """Rhythms in steps, a rest as a negative length; each fills half a bar, one or two."""
    found: list[tuple[int, ...]] = []
    for written in _CELL.findall(lines["melody"]):
        words = written.split()
        if not words or not all(_LENGTH.fullmatch(word) for word in words):
            raise lines.refusal("melody", f"[{written}] is not lengths in steps, r for a rest")
        cell = tuple(-int(word[1:]) if word[0] == "r" else int(word) for word in words)
        total = sum(abs(length) for length in cell)
        if total not in (grid // 2, grid, 2 * grid):
            raise lines.refusal(
                "melody",
                f"[{written}] fills {total} steps, not {grid // 2}, {grid} or {2 * grid}",
            )
        found.append(cell)
    if not found:
        raise lines.refusal("melody", "no cells; they are written like [6 2 8] [r4 4 8]")
    return tuple(found)


def rest_share(text: str, grid: int) -> float:
    """How much of a melody is silence, 0-1."""
    share = _PER_CENT.search(text)
    if share is not None:
        figures = [float(one) for one in share.groups() if one]
        return sum(figures) / len(figures) / 100
    measured = _PER_BARS.search(text)
    if measured is None:
        return USUAL_REST
    beats = 1.0 if measured[1] == "bar" else (1 / 4 if grid == 16 else 1 / 3)
    return beats / int(measured[2])


def contours(lines: Lines, grid: int) -> tuple[str, ...]:
    """Four contours of two to four bars, each with a breath and one peak."""
    found = tuple(part.strip() for part in lines["contours"].split(" ; "))
    if len(found) != CONTOURS:
        raise lines.refusal("contours", f"{len(found)} contours; there are four, split by ' ; '")
    for number, contour in enumerate(found, 1):
        _check(lines, number, contour, grid)
    return found


def _check(lines: Lines, number: int, contour: str, grid: int) -> None:
    mode, _, written = contour.partition(" ")
    if mode not in ("maj", "min"):
        raise lines.refusal("contours", f"contour {number} begins with {mode!r}, not maj or min")
    bars = [bar.split() for bar in written.split("/")]
    if not 2 <= len(bars) <= 4:
        raise lines.refusal("contours", f"contour {number} has {len(bars)} bars, not 2 to 4")
    heights: list[int | None] = []
    for bar in bars:
        total = 0
        for cell in bar:
            note = _NOTE.fullmatch(cell)
            if note is None:
                raise lines.refusal("contours", f"{cell!r} is not degree:length, like 3:4 b7,:2")
            total += int(note[5])
            heights.append(None if note[1] else _height(mode, note))
        if total != grid:
            raise lines.refusal(
                "contours", f"{' '.join(bar)!r} adds up to {total} steps, not {grid}"
            )
    if None not in heights:
        raise lines.refusal("contours", f"contour {number} has no rest r; a melody breathes")
    if _peaks([height for height in heights if height is not None]) != 1:
        raise lines.refusal(
            "contours", f"contour {number} has more than one peak; its highest tone is heard once"
        )


def _height(mode: str, note: "re.Match[str]") -> int:
    scale = _MAJOR if mode == "maj" else _MINOR
    octave = {"'": 12, "’": 12, ",": -12}.get(note[4], 0)
    return scale[int(note[3]) - 1] + octave + {"b": -1, "#": 1}.get(note[2], 0)


def _peaks(heights: list[int]) -> int:
    """How often the highest tone is reached; repeated at once it counts once."""
    top = max(heights, default=0)
    return sum(
        height == top and (at == 0 or heights[at - 1] != top) for at, height in enumerate(heights)
    )
