"""One brief on the table: what it says, what was chosen for the client, what is wrong with it."""

from msgspec import structs

from engine.contracts import Brief, Reading
from engine.errors import BriefRefused, NotYetAvailable, Reason
from engine.words.reader import Read


class Case:
    """One brief on the table: what it says, and what has been found wrong or chosen so far."""

    def __init__(self, brief: Brief, read: Read, seed: int) -> None:
        self.brief, self.read, self.seed = brief, read, seed
        self.reasons: list[Reason] = []
        self.defaults: list[str] = []
        self.overruled: set[tuple[str, str]] = set()
        self.corrected: dict[str, str] = {}
        self.dropped: list[str] = []
        self.explained: list[Reading] = []

    def refuse(self, pointer: str, code: str, detail: str, limit: object = None) -> None:
        self.reasons.append(Reason(pointer, code, detail, limit))

    def contradict(self, pointers: tuple[str, ...], detail: str, limit: object = None) -> None:
        for pointer in pointers:
            self.refuse(pointer, "contradiction", detail, limit)

    def pointer(self, field: str) -> str:
        """Where a field was said: in itself or in the words."""
        return "/prompt" if getattr(self.brief, field) is None else f"/{field}"

    def overrule(self, field: str, value: object) -> None:
        """A field, or another word, won over what these words say."""
        self.overruled.add((field, str(value)))

    def explain(self, reading: Reading) -> None:
        """Words that the reader left aside mean something for this kind of music."""
        self.explained.append(reading)

    def left(self, field: str) -> bool:
        """Whether what the words say of a field has been overruled."""
        return any(field == overruled for overruled, _ in self.overruled)

    def kept_readings(self) -> tuple[Reading, ...]:
        kept = (
            self._corrected(reading) for reading in self.read.readings
            if (reading.field, reading.value) not in self.overruled
        )  # fmt: skip
        return (*kept, *self.explained)

    def _corrected(self, reading: Reading) -> Reading:
        value = self.corrected.get(reading.field)
        return reading if value is None else structs.replace(reading, value=value)

    def left_aside(self) -> tuple[str, ...]:
        overruled = tuple(
            reading.words
            for reading in self.read.readings
            if (reading.field, reading.value) in self.overruled
        )
        told = {reading.words.lower() for reading in self.explained}
        ignored = (words for words in self.read.ignored if words.lower() not in told)
        return tuple(dict.fromkeys((*ignored, *overruled, *self.dropped)))


def refusal(reasons: list[Reason]) -> BriefRefused:
    unbuilt = all(reason.code == "not_yet_available" for reason in reasons)
    return NotYetAvailable(reasons) if unbuilt else BriefRefused(reasons)
