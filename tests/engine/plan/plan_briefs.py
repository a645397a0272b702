"""Resolved briefs as `engine.words` makes them, without any words: for tests of the plan alone."""

import random

from engine import styles
from engine.contracts import Delivery, Kind, Meter, Plan, Resolved
from engine.score import bar_ticks, beats_per_bar, seconds_per_tick

METERS: tuple[Meter, ...] = ("4/4", "3/4", "6/8", "12/8")
MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "gong", "shang",
         "jue", "zhi", "yu")  # fmt: skip
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
FAMILIES = ("piano", "guitar", "strings", "flute", "synth", "brass", "bells", "choir", "percussion",
            "drums", "lead", "organ")  # fmt: skip


def resolved(style: str = "lofi", kind: Kind = "bed", seconds: float = 60.0, **fields) -> Resolved:
    """A brief that leaves open whatever is not named; ``bars`` and ``bpm`` fix a loop's length."""
    facts = styles.facts(style)
    if kind == "loop":
        bars, bpm = fields.setdefault("bars", 16), fields.setdefault("bpm", facts.typical_bpm)
        seconds = 60.0 * bars * beats_per_bar(fields.get("meter", "4/4")) / bpm
    bpm = fields.get("bpm")
    given = {
        "candidates": 4,
        "seed": 8,
        "bpm_range": (bpm, bpm) if bpm else facts.tempo,
        "duration_ms": round(seconds * 1000),
        "duration_frames": round(seconds * 48_000),
        "delivery": Delivery(),
        **fields,
    }
    return Resolved(kind=kind, style=style, **given)


def random_brief(dice: random.Random) -> Resolved:
    """Any style, kind, length, meter, tempo, tonality and instruments that hold together."""
    style = dice.choice(styles.names())
    low, high = styles.facts(style).tempo
    meter = dice.choice(METERS)
    fields: dict = {"meter": meter, "seed": dice.randrange(2**31)}
    if dice.random() < 0.5:
        fields["tonality"] = f"{dice.choice(TONICS)} {dice.choice(MODES)}"
    named = dice.sample(FAMILIES, 3)
    if dice.random() < 0.5:
        fields["require"] = (named[0],)
    if dice.random() < 0.5 and {named[0], named[1]} != {"drums", "percussion"}:
        fields["forbid"] = (named[1],)
    if dice.random() < 0.3:
        fields["energy"] = tuple((x / 2, dice.random()) for x in range(3))
    if dice.random() < 0.35:
        bpm = round(dice.uniform(low, high), 1)
        return resolved(style, "loop", bars=dice.choice((4, 8, 12, 16, 32)), bpm=bpm, **fields)
    if dice.random() < 0.4:
        fields["bpm"] = round(dice.uniform(low, high), 1)
    seconds = dice.choice((15.0, 30.0, 60.0, dice.uniform(8.0, 240.0)))
    if "bpm" not in fields and dice.random() < 0.3:  # bars and a length; the tempo follows
        bar_s = bar_ticks(meter) * seconds_per_tick(dice.uniform(low, high), meter)
        fields["bars"] = max(1, int((seconds - 1.0) / bar_s))
        fields["bpm_range"] = (20.0, 400.0)
    return resolved(style, "bed", seconds, **fields)


def seconds_of(plan: Plan) -> float:
    """How long the file of a plan is."""
    ticks = plan.bars * bar_ticks(plan.meter) + plan.ring_ticks
    return ticks * seconds_per_tick(plan.tempo, plan.meter)
