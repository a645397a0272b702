"""What was found in one take: shares, numbers, and what is wrong with it in words."""

from collections.abc import Iterable

from msgspec import Struct

from engine.contracts import Brief
from engine.critique import panel
from engine.reports import constraints, form, harmony
from engine.reports.briefs import Asked
from engine.reports.takes import Take
from engine.reports.waves import Wave


class Share(Struct, frozen=True, kw_only=True):
    """So many right of so many; right may be a fraction where cases are averaged."""

    right: float
    total: int


class Finding(Struct, frozen=True, kw_only=True):
    """One brief of the set, measured."""

    number: int
    style: str
    seed: int = 0
    brief: Brief | None = None
    facts: str = ""
    refused: tuple[str, ...] = ()
    shares: dict[str, Share] = {}
    values: dict[str, float] = {}
    same: tuple[float, ...] = ()
    other: tuple[float, ...] = ()
    drums: bool = False
    seconds: float = 0.0
    faults: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()  # short names of what went wrong, to be counted by style
    badness: float = 0.0
    crash: str = ""


class _Notebook:
    """Collects shares, numbers and complaints while a take is read."""

    def __init__(self) -> None:
        self.shares: dict[str, Share] = {}
        self.values: dict[str, float] = {}
        self.faults: list[str] = []
        self.causes: list[str] = []
        self.badness = 0.0

    def share(self, name: str, right: float, total: int) -> None:
        before = self.shares.get(name, Share(right=0, total=0))
        self.shares[name] = Share(right=before.right + right, total=before.total + total)

    def fault(self, cause: str, text: str, weight: float) -> None:
        self.causes.append(cause)
        self.faults.append(f"{cause}: {text}")
        self.badness += weight


def finding_of(asked: Asked, take: Take) -> Finding:
    """Measure a take on paper."""
    notes = _Notebook()
    _constraints(notes, constraints.checks(take))
    _harmony(notes, take)
    likeness = _form(notes, take)
    verdict = panel.judge(take.score)
    notes.share("kept", verdict.kept, 1)
    plan = take.plan
    sections = " ".join(f"{one.name}{one.bars}({one.energy})" for one in plan.sections)
    return Finding(
        number=asked.number,
        style=plan.style,
        seed=asked.seed,
        brief=asked.brief,
        facts=f"{plan.kind}, {plan.tempo:.1f} bpm, {plan.meter}, {sections}, {plan.mode}",
        refused=asked.refused,
        shares=notes.shares,
        values=notes.values,
        same=likeness.same,
        other=likeness.other,
        drums=any(one.track.drums for one in take.players),
        seconds=asked.resolved.duration_ms / 1000,
        faults=tuple(notes.faults),
        causes=tuple(notes.causes),
        badness=notes.badness,
    )


def crashed(asked: Asked, error: BaseException) -> Finding:
    """A brief that was accepted and gave no take."""
    text = f"{type(error).__name__}: {error}"
    return Finding(
        number=asked.number, style=asked.resolved.style, seed=asked.seed, brief=asked.brief,
        refused=asked.refused, faults=(f"error: {text}",), causes=("error",), badness=100.0,
        crash=text,
    )  # fmt: skip


def _constraints(notes: _Notebook, checks: Iterable[constraints.Check]) -> None:
    for check in checks:
        notes.share(check.name, check.passed, 1)
        if not check.passed:
            notes.fault(check.name, check.detail, 10.0)


def _harmony(notes: _Notebook, take: Take) -> None:
    heard = harmony.tonality_of(take)
    if heard is not None:
        notes.share("tonality", heard.same, 1)
        if not heard.same:
            near = ", its relative" if heard.relative else ""
            notes.fault("tonality", f"{heard.asked} heard as {heard.heard}{near}", 3.0)
    fit = harmony.chord_fit(take)
    if not fit.beats:
        return
    notes.share("chords", fit.fitting, fit.beats)
    notes.share("chord tones", fit.strict, fit.beats)
    share = fit.fitting / fit.beats
    if share < 0.9:
        roles = sorted(harmony.misfits(take).items(), key=lambda one: -one[1])
        by = ", ".join(f"{role} {count}" for role, count in roles)
        notes.fault("chords", f"{share:.0%} of sounding notes fit; outside: {by}", 10 * (1 - share))


def _form(notes: _Notebook, take: Take) -> form.Likeness:
    found = form.energies(take)
    if form.differing(found):
        value = form.spearman([one.asked for one in found], [one.played for one in found])
        notes.values["energy"] = value
        if value < 0.8:
            pairs = " ".join(f"{one.asked:.2g}→{one.played:.1f}" for one in found)
            notes.fault("energy", f"Spearman {value:.2f}: {pairs}", 1 - value)
    likeness = form.likeness(take)
    if likeness.same and likeness.other:
        value = form.auc(likeness.same, likeness.other)
        notes.values["sections"] = value
        if value < 0.9:
            notes.fault("sections", f"AUC {value:.2f}", 2 * (1 - value))
    whole = form.likeness(take, drums=True)
    if whole.same and whole.other:
        notes.values["sections with drums"] = form.auc(whole.same, whole.other)
    repeats = form.repeats(take)
    bars = sum(bool(bar) for one in take.players for bar in form.bars_of(one.notes, take))
    notes.share("repeats", bars - len(repeats), bars)
    if repeats:
        notes.fault("repeats", ", ".join(repeats[:8]), 3.0)
    registers = form.registers(take)
    notes.share("registers", registers.bars - registers.crowded, registers.bars)
    notes.share("registers, busy", registers.both_busy - registers.crowded, registers.both_busy)
    if registers.crowded > 0.05 * registers.bars:
        pairs = ", ".join(f"{pair} {count}" for pair, count in registers.pairs.items())
        notes.fault("registers", f"{registers.crowded} of {registers.bars} bars: {pairs}",
                    2 * registers.crowded / registers.bars)  # fmt: skip
    return likeness


def wave_finding(asked: Asked, take: Take, wave: Wave) -> Finding:
    """What the sound of a take adds."""
    notes = _Notebook()
    notes.share("waves", wave.met, wave.heard)
    notes.share("waves, heard", wave.heard, wave.places)
    notes.share("waves, ghosts", wave.soft_met, wave.soft)
    notes.share("waves, chance", wave.by_chance * wave.heard, wave.heard)
    if wave.places and wave.met < 0.95 * wave.places:
        shown = "; ".join(wave.missed[:4])
        notes.fault("waves", f"{wave.met} of {wave.places} strokes heard in place; {shown}", 1.0)
    found = form.energies(take)
    if form.differing(found):
        notes.values["energy heard"] = form.spearman([one.asked for one in found], wave.levels_db)
    return Finding(
        number=asked.number, style=take.plan.style, seed=asked.seed, brief=asked.brief,
        shares=notes.shares, values=notes.values, faults=tuple(notes.faults),
        causes=tuple(notes.causes), badness=notes.badness,
    )  # fmt: skip
