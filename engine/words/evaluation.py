"""How well prompts are understood: sentences of known meaning, compared field by field."""

from pathlib import Path

from msgspec import Struct

from engine.words.reader import Read, read

SENTENCES = Path(__file__).with_name("sentences.txt")
FIELDS = (
    "kind", "style", "duration_ms", "bars", "bpm", "bpm_range", "tonality", "meter", "lufs",
    "pace", "moods", "require", "forbid", "energy",
)  # fmt: skip


class Sentence(Struct, frozen=True, kw_only=True):
    """A prompt and its meaning; several styles mean that each of them would be right."""

    text: str
    means: dict[str, str]


class Tally(Struct, kw_only=True):
    """How often a field was right, missed, invented or mistaken."""

    right: int = 0
    silent: int = 0  # rightly not read
    missed: int = 0
    invented: int = 0
    mistaken: int = 0

    @property
    def exact(self) -> float:
        """Share of sentences in which the field is exactly as it should be."""
        return (self.right + self.silent) / self.total

    @property
    def total(self) -> int:
        """All sentences counted."""
        return self.right + self.silent + self.missed + self.invented + self.mistaken

    @property
    def found(self) -> float:
        """Share of the sentences that say something about the field in which it was read right."""
        said = self.right + self.missed + self.mistaken
        return self.right / said if said else 1.0


class Mistake(Struct, frozen=True, kw_only=True):
    """One field of one sentence that was not read as it is meant."""

    text: str
    field: str
    meant: str
    heard: str


def sentences() -> list[Sentence]:
    """The evaluation set."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return [_sentence(line) for line in lines if line.strip() and not line.startswith("#")]


def _sentence(line: str) -> Sentence:
    text, _, means = line.rpartition(" | ")
    pairs = (pair.partition("=") for pair in means.split(";") if pair.strip())
    return Sentence(
        text=text,
        means={field.strip(): value.strip() for field, _, value in pairs if value.strip()},
    )


def evaluate(cases: list[Sentence]) -> tuple[dict[str, Tally], list[Mistake]]:
    """Read every sentence and count, field by field."""
    tallies = {field: Tally() for field in FIELDS}
    mistakes: list[Mistake] = []
    for case in cases:
        heard = read(case.text)
        for field in FIELDS:
            meant, got = case.means.get(field, ""), _printed(heard, field)
            if _same(field, meant, got):
                _count(tallies[field], "right" if meant else "silent")
                continue
            _count(tallies[field], "invented" if not meant else "mistaken" if got else "missed")
            mistakes.append(Mistake(text=case.text, field=field, meant=meant, heard=got))
    return tallies, mistakes


def _count(tally: Tally, what: str) -> None:
    setattr(tally, what, getattr(tally, what) + 1)


def _same(field: str, meant: str, got: str) -> bool:
    if field == "style" and "," in meant:
        return got in meant.split(",")
    if field in ("moods", "require", "forbid"):
        return set(meant.split(",")) == set(got.split(","))
    return meant == got


def _printed(heard: Read, field: str) -> str:
    value = getattr(heard, field)
    if value is None or value == ():
        return ""
    if field == "bpm_range":
        return f"{value[0]:g}-{value[1]:g}"
    if field == "energy":
        return " ".join(f"{at:g}:{energy:g}" for at, energy in value)
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def table(tallies: dict[str, Tally], mistakes: list[Mistake]) -> str:
    """The figures as a table, and every mistake in words."""
    rows = ["field        exact  found  right  missed  invented  mistaken"]
    rows += [
        f"{field:12} {tally.exact:5.1%}  {tally.found:5.0%}  {tally.right:5}  "
        f"{tally.missed:6}  {tally.invented:8}  {tally.mistaken:8}"
        for field, tally in tallies.items()
    ]
    rows += [
        f"  {one.field}: meant {one.meant or '-'}, heard {one.heard or '-'}: {one.text}"
        for one in mistakes
    ]
    return "\n".join(rows)
