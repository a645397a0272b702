"""A small piece of our own in any key, to be spoilt in many ways."""

from collections.abc import Callable

import pytest

from engine.contracts import Chord, PartPlan, Plan, Section
from engine.score import Note, Part, Score
from engine.words.tonality import MODES

BAR = 1920
DEGREES = {
    "major": (0, 4, 5, 3, 0, 3, 4, 0),
    "minor": (0, 5, 2, 6, 0, 3, 4, 0),
    "dorian": (0, 3, 0, 6, 0, 3, 2, 0),
    "phrygian": (0, 1, 0, 6, 0, 1, 6, 0),
    "lydian": (0, 1, 0, 4, 0, 1, 6, 0),
    "mixolydian": (0, 6, 3, 0, 0, 6, 3, 0),
}
# A tune of two-bar questions and answers in scale steps above the chord: (beat, length, step).
TUNE = (
    ((0, 1, 0), (1, 1, 1), (2, 1.5, 2)),
    ((0, 1.5, 2), (2, 1, 0)),
    ((0, 1, 0), (1, 1, 1), (2, 1, 2), (3, 0.5, 1)),
    ((0, 2.5, 0),),
)
PARTS = (
    PartPlan(role="lead", group="lead", name="Flute", family="flute", program=73, low=60, high=96),
    PartPlan(role="comp", group="chords", name="Piano", family="piano", program=0, low=40, high=84),
    PartPlan(
        role="bass", group="bass", name="Bass", family="bass_guitar", program=33, low=24, high=55
    ),
    PartPlan(role="drums", group="drums", name="Kit", family="drums", program=0, low=30, high=60),
)

Maker = Callable[..., Score]


def pitch_of(tonic: int, mode: str, step: int, base: int) -> int:
    """MIDI pitch of a scale step counted from the tonic above ``base``."""
    scale = MODES[mode]
    octave, degree = divmod(step, len(scale))
    return base + (tonic - base) % 12 + 12 * octave + scale[degree]


def compose(tonic: int = 0, mode: str = "major", kind: str = "bed", seed: int = 0) -> Score:
    """Sixteen bars with a tune that comes back, a comp, a walking bass and drums with fills."""
    bars = 16
    degrees = DEGREES[mode]
    chords, lead, comp, bass, drums = [], [], [], [], []
    for bar in range(bars):
        at = bar * BAR
        degree = degrees[bar % 8] if bar < bars - 1 else 0
        steps = (degree, degree + 2, degree + 4)
        triad = [pitch_of(tonic, mode, step, 52) for step in steps]
        classes = tuple(pitch % 12 for pitch in triad)
        chords.append(
            Chord(
                at=at,
                length=BAR,
                symbol=str(degree),
                root=classes[0],
                bass=classes[0],
                pitches=classes,
            )
        )
        tune = TUNE[bar % 4] if bar % 8 < 6 else TUNE[(bar + 1 + seed) % 4]
        for beat, length, step in tune:
            pitch = pitch_of(tonic, mode, degree + step + (2 if bar >= 8 else 0), 64)
            lead.append(Note(at + int(beat * 480), int(length * 480) - 20, pitch, 84))
        for hit in range(4 if bar >= 8 else 2):
            spot = at + hit * (480 if bar >= 8 else 960) + (240 if bar % 4 == 3 and hit else 0)
            comp += [
                Note(spot, 400, pitch, 60) for pitch in sorted(p - 12 * (p > 69) for p in triad)
            ]
        root = pitch_of(tonic, mode, degree, 31)
        bass.append(Note(at, 900, root, 80))
        bass.append(Note(at + 960, 450, root if bar == bars - 1 else root + 7 * (root < 45), 76))
        if bar % 2 and bar < bars - 1:
            bass.append(Note(at + 1440, 400, pitch_of(tonic, mode, degree + 1, 31), 70))
        drums += [Note(at, 100, 36, 90), Note(at + 960, 100, 38, 88)]
        drums += [Note(at + n * 240, 60, 42, 60) for n in range(8)]
        if bar % 4 == 3:
            drums += [Note(at + 1680, 60, 45, 80), Note(at + 1800, 60, 43, 84)]
    plan = Plan(
        style="lofi",
        kind=kind,  # type: ignore[arg-type]
        tempo=96.0,
        meter="4/4",
        bars=bars,
        tonic=tonic,
        mode=mode,
        sections=(
            Section(name="A", bar=0, bars=8, energy=3, roles=("lead", "comp", "bass", "drums")),
            Section(name="B", bar=8, bars=4, energy=5, roles=("lead", "comp", "bass", "drums")),
            Section(name="C", bar=12, bars=4, energy=5, roles=("lead", "comp", "bass", "drums")),
        ),
        chords=tuple(chords),
        parts=PARTS,
        ring_ticks=960,
    )
    lines = zip(PARTS, (lead, comp, bass, drums), strict=True)
    return Score(plan=plan, parts=tuple(Part(plan=p, notes=tuple(n)) for p, n in lines))


@pytest.fixture
def piece() -> Maker:
    """Composes the test piece: ``piece(tonic, mode, kind, seed)``."""
    return compose
