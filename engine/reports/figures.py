"""The figures of the arrangement report: what is asked, what is measured, and how, in words."""

from collections.abc import Callable, Sequence
from statistics import median

from msgspec import Struct

from engine.reports.findings import Finding, Share
from engine.reports.form import auc
from engine.words import evaluation


class Figure(Struct, frozen=True, kw_only=True):
    """One line of the report. ``least`` is None where a number is only told, not asked for."""

    name: str
    definition: str
    least: float | None
    measured: float | None  # None: there was no case
    cases: int
    unit: str = "%"  # "%": a share; "": a plain number

    @property
    def passed(self) -> bool:
        """Whether it holds; a figure without a single case has not been shown."""
        if self.least is None:
            return True
        return self.measured is not None and self.measured >= self.least

    def printed(self, value: float | None) -> str:
        """A value in the figure's own unit."""
        if value is None:
            return "–"
        return f"{100 * value:.2f} %" if self.unit == "%" else f"{value:.3f}"


class Line(Struct, frozen=True, kw_only=True):
    """How a figure is made out of findings."""

    name: str
    definition: str
    least: float | None
    of: Callable[[Sequence[Finding]], tuple[float | None, int]]
    unit: str = "%"


def figures(findings: Sequence[Finding]) -> list[Figure]:
    """Every line, measured on these findings."""
    made = []
    for line in LINES:
        measured, cases = line.of(findings)
        made.append(
            Figure(
                name=line.name,
                definition=line.definition,
                least=line.least,
                measured=measured,
                cases=cases,
                unit=line.unit,
            )
        )
    return made


def _share(name: str) -> Callable[[Sequence[Finding]], tuple[float | None, int]]:
    """The share of all cases of one name, every case alike."""

    def of(findings: Sequence[Finding]) -> tuple[float | None, int]:
        found = [one.shares[name] for one in findings if name in one.shares]
        total = sum(one.total for one in found)
        return (sum(one.right for one in found) / total if total else None), total

    return of


def _value(name: str) -> Callable[[Sequence[Finding]], tuple[float | None, int]]:
    """The median of a number that each piece has."""

    def of(findings: Sequence[Finding]) -> tuple[float | None, int]:
        found = [one.values[name] for one in findings if name in one.values]
        return (median(found) if found else None), len(found)

    return of


def _pooled_auc(findings: Sequence[Finding]) -> tuple[float | None, int]:
    same = [value for one in findings for value in one.same]
    other = [value for one in findings for value in one.other]
    if not same or not other:
        return None, 0
    return auc(same, other), len(same) + len(other)


def _crashes(findings: Sequence[Finding]) -> tuple[float | None, int]:
    return (sum(not one.crash for one in findings) / len(findings) if findings else None), len(
        findings
    )


_FILE = "read from the MIDI file's bytes by mido"
LINES: tuple[Line, ...] = (
    Line(name="briefs composed without an error", least=1.0, of=_crashes,
         definition="a brief that was accepted gives a take and a file that can be read back"),
    Line(name="length", least=1.0, of=_share("length"),
         definition=f"{_FILE}: end of the longest track in seconds is the file's exact length "
         "within 1 ms (a bed: plus half a tick, because its ring is whole ticks); no note lasts "
         "beyond it"),
    Line(name="bars", least=1.0, of=_share("bars"),
         definition=f"{_FILE}: the bar in which the last note begins is the last of the asked "
         "bars (of the planned ones where none were asked); a loop ends on a bar line"),
    Line(name="meter", least=1.0, of=_share("meter"),
         definition=f"{_FILE}: the only time signature is the asked one"),
    Line(name="tempo", least=1.0, of=_share("tempo"),
         definition=f"{_FILE}: the only tempo event is within 0.01 bpm of the asked tempo, or "
         "inside the range that was left open; asked bars in an asked length decide it alone"),
    Line(name="instruments required", least=1.0, of=_share("required"),
         definition=f"{_FILE}: some track with notes has a program of the family in General MIDI "
         "(role groups: some track of that planned group; drums: channel 10)"),
    Line(name="instruments forbidden", least=1.0, of=_share("forbidden"),
         definition=f"{_FILE}: no track with notes has one"),
    Line(name="drum onsets in the sound within 10 ms of the grid", least=0.95, of=_share("waves"),
         definition="drum stems rendered apart, with their room; every place of the swung grid at "
         "which the file has a stroke of velocity 40 or more that is heard at all (an onset within "
         "30 ms), against the nearest onset found by spectral flux in the sound"),
    Line(name="— of such strokes, heard at all", least=None, of=_share("waves, heard"),
         definition="the share that has an onset within 30 ms; what rings covers the others"),
    Line(name="— ghost notes in place, softer than that", least=None, of=_share("waves, ghosts"),
         definition="places with softer strokes alone that have an onset within 10 ms"),
    Line(name="— what chance would give", least=None, of=_share("waves, chance"),
         definition="the same with the grid moved by 37 to 53 ms, where nothing is struck"),
    Line(name="tonality heard in the notes", least=0.97, of=_share("tonality"),
         definition="key profiles on the file's pitch classes (weighted by length, bass, strong "
         "beats, last bar): tonic and third are the asked ones (or the planned ones)"),
    Line(name="sounding notes that fit the planned chord, per beat", least=0.90,
         of=_share("chords"),
         definition="an eighth of a beat after each beat: the share of sounding pitches that are "
         "chord tones or tensions allowed by the style bible's 1.7, averaged over all beats"),
    Line(name="— chord tones alone", least=None, of=_share("chord tones"),
         definition="the same without tensions"),
    Line(name="energy asked against onset density × loudness", least=0.8, unit="",
         of=_value("energy"),
         definition="Spearman over a piece's sections, where three or more energies were asked "
         "for; onsets per bar of all parts × mean of (velocity/127)²; median over pieces"),
    Line(name="— against the sound of the rendered ones", least=None, unit="",
         of=_value("energy heard"),
         definition="Spearman of asked energy and the section's level in the mix"),
    Line(name="same section against other section, AUC", least=0.9, unit="",
         of=_value("sections"),
         definition="per piece, bars at the same place of two sections: likeness of pairs of one "
         "letter (A, A') against pairs of two; the mean of cosines of onset patterns and of "
         "pitch classes over the pitched parts that sound in both; median over pieces"),
    Line(name="— pooled over all pairs of all pieces", least=None, unit="", of=_pooled_auc,
         definition="the same, as one AUC"),
    Line(name="— with the drums", least=None, unit="", of=_value("sections with drums"),
         definition="the same with strokes by key as a part's content; median over pieces"),
    Line(name="hits met within one 16th, fixed tempo", least=1.0, of=_share("hits, fixed tempo"),
         definition=f"{_FILE}: two parts begin a note there that is as loud as three of four "
         "of their notes in the bar before and the bar after, or louder"),
    Line(name="hits met within 30 ms, open tempo", least=1.0, of=_share("hits, open tempo"),
         definition="the same within 30 ms"),
    Line(name="bars not repeated more than four times in a row", least=1.0, of=_share("repeats"),
         definition="bars of parts with notes; a bar counts against it when the four before it "
         "have the same pitches at the same places (a twelfth of a quarter)"),
    Line(name="words understood, English", least=0.95, of=_share("words en"),
         definition="fields of the evaluation sentences read exactly, of all that are meant or "
         "were read"),
    Line(name="words understood, Chinese", least=0.95, of=_share("words zh"),
         definition="the same for Chinese sentences and for those that mix both languages"),
    Line(name="parts inside their instrument's range", least=1.0, of=_share("range"),
         definition="lowest and highest note of each part, against a table of its own"),
    Line(name="bars without two busy roles in one octave", least=0.95, of=_share("registers"),
         definition="busy: four onsets in the bar; in one octave: medians within 7 semitones; of "
         "all bars with pitches"),
    Line(name="— of bars with two busy roles", least=None, of=_share("registers, busy"),
         definition="the same of those bars alone"),
    Line(name="— takes the panel would keep", least=None, of=_share("kept"),
         definition="what is measured here is every first take; a client hears only kept ones"),
)  # fmt: skip


def words_finding() -> Finding:
    """The evaluation set as a finding of its own: Chinese that mixes in English is Chinese."""
    outcomes = evaluation.evaluate(evaluation.sentences())
    shares = {}
    for name, languages in (("words en", ("English",)), ("words zh", ("Chinese", "mixed"))):
        counted = evaluation.tally([one for one in outcomes if one.sentence.language in languages])
        shares[name] = Share(right=counted.right, total=counted.right + counted.wrong)
    return Finding(number=-1, style="words", shares=shares)
