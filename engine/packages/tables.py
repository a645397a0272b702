"""Tables as text: tab-separated and comma-separated, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence


def rows(lines: Iterable[Sequence[object]], separator: str) -> bytes:
    """UTF-8 with one line for every row. Of a text only its words are kept: no tabs or line breaks,
    and nothing that a spreadsheet would take for a formula. Where tabs separate, double quotes
    become single ones, because not every reader of such files knows what quoting is."""
    cells = ([_cell(value) for value in line] for line in lines)
    if separator == "\t":
        cells = ([cell.replace('"', "'") for cell in line] for line in cells)
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(cells)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    if not isinstance(value, str):
        return str(value)
    text = " ".join(value.replace("\0", " ").split())
    return f"'{text}" if text[:1] in _FORMULA else text


_FORMULA = ("=", "+", "-", "@")
