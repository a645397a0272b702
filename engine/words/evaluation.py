"""How well prompts are understood: sentences of known meaning, compared field by field.

A meaning is written as ``field=value; field=value``. Lists are separated by commas; of ``a/b``
either is right, ``?a`` may be read but need not, ``*`` leaves the field to the reader. Several
styles mean that each of them would be right.
"""

import re
from pathlib import Path

from msgspec import Struct

from engine.words.draft import Read
from engine.words.reader import read

SENTENCES = Path(__file__).with_name("sentences.txt")
HELD_OUT = Path(__file__).with_name("held_out.txt")
FIELDS = (
    "kind", "style", "duration_ms", "bars", "bpm", "bpm_range", "tonality", "mode", "meter",
    "lufs", "pace", "moods", "require", "forbid", "energy", "sections", "hits", "ending", "stems",
)  # fmt: skip
LANGUAGES = ("English", "Chinese", "mixed")
_LISTS = ("moods", "require", "forbid", "hits", "stems")
_SIGN = re.compile(r"[一-鿿]")
_WORD = re.compile(r"[a-z]{3,}", re.IGNORECASE)
# Latin words that Chinese sentences use as their own.
_LOANS = {"bpm", "lufs", "app", "vlog", "bgm", "logo", "edm", "lofi", "spa", "rpg"}


class Sentence(Struct, frozen=True, kw_only=True):
    """A prompt and its meaning."""

    text: str
    means: dict[str, str]

    @property
    def language(self) -> str:
        """English, Chinese or mixed."""
        if not _SIGN.search(self.text):
            return "English"
        words = {word.lower() for word in _WORD.findall(self.text)}
        return "mixed" if words - _LOANS else "Chinese"


class Tally(Struct, kw_only=True):
    """How often a field was right, missed, invented or mistaken."""

    right: int = 0
    silent: int = 0  # rightly not read
    missed: int = 0
    invented: int = 0
    mistaken: int = 0

    @property
    def wrong(self) -> int:
        """Fields that are not as they are meant."""
        return self.missed + self.invented + self.mistaken

    @property
    def share(self) -> float:
        """Share of right fields among those that say something or were read to; silence, the
        easiest thing to get right, does not count."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            right=self.right + other.right,
            silent=self.silent + other.silent,
            missed=self.missed + other.missed,
            invented=self.invented + other.invented,
            mistaken=self.mistaken + other.mistaken,
        )


class Outcome(Struct, frozen=True, kw_only=True):
    """One field of one sentence: what is meant, what was read, and how that compares."""

    sentence: Sentence
    field: str
    meant: str
    heard: str
    verdict: str  # right, silent, missed, invented or mistaken


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The sentences of a file, one a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_sentence(line) for line in lines if line.strip() and not line.startswith("#")]


def _sentence(line: str) -> Sentence:
    text, _, means = line.rpartition(" | ")
    pairs = (pair.partition("=") for pair in means.split(";") if pair.strip())
    return Sentence(
        text=text,
        means={field.strip(): value.strip() for field, _, value in pairs if value.strip()},
    )


def evaluate(cases: list[Sentence]) -> list[Outcome]:
    """Read every sentence and compare it field by field."""
    outcomes: list[Outcome] = []
    for case in cases:
        heard = read(case.text)
        for field in FIELDS:
            meant, got = case.means.get(field, ""), _printed(heard, field)
            verdict = _verdict(field, meant, got)
            outcomes.append(
                Outcome(sentence=case, field=field, meant=meant, heard=got, verdict=verdict)
            )
    return outcomes


def tally(outcomes: list[Outcome]) -> Tally:
    """How the fields fared."""
    counted = Tally()
    for outcome in outcomes:
        setattr(counted, outcome.verdict, getattr(counted, outcome.verdict) + 1)
    return counted


def of_language(outcomes: list[Outcome], language: str) -> list[Outcome]:
    """The outcomes of the sentences in one language."""
    return [outcome for outcome in outcomes if outcome.sentence.language == language]


def _verdict(field: str, meant: str, got: str) -> str:
    if meant == "*":
        return "silent"
    if field in _LISTS:
        return _verdict_of_list(meant, got)
    may_be = meant.startswith("?")
    accepted = meant.removeprefix("?").split(",") if field == "style" else [meant.lstrip("?")]
    if got and got in accepted:
        return "right"
    if not got:
        return "silent" if may_be or not meant else "missed"
    return "mistaken" if meant else "invented"


def _verdict_of_list(meant: str, got: str) -> str:
    heard = set(got.split(",")) - {""}
    wanted = [choice for choice in meant.split(",") if choice]
    must = [set(choice.split("/")) for choice in wanted if not choice.startswith("?")]
    may = {one for choice in wanted for one in choice.removeprefix("?").split("/")}
    missing = [choices for choices in must if not choices & heard]
    surplus = heard - may
    if missing or surplus:
        return "mistaken" if missing and heard else "missed" if missing else "invented"
    return "right" if heard else "silent"


def _printed(heard: Read, field: str) -> str:
    value = getattr(heard, field)
    if value is None or value == ():
        return ""
    if field == "bpm_range":
        return f"{value[0]:g}-{value[1]:g}"
    if field == "energy":
        return " ".join(f"{at:g}:{energy:g}" for at, energy in value)
    if field == "sections":
        return ",".join(name if bars is None else f"{name}:{bars}" for name, bars in value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
