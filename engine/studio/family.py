"""One family in the studio: drawn, mastered, heard, judged, and ranked.

Takes are drawn one behind the other, neighbours different on purpose, until as many hold as were
asked for or the budget is used up; a take whose sounds are confusable, alarm where they should not
or miss a limit is retracted with its reason. Ambiences are made last, for what is offered. The walk
is a pure function of the resolved brief.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
from msgspec import Struct, to_builtins

from engine.backends.contracts import FamilyPerformance, OfferedFamily, Tell
from engine.cabin.belonging import Member, bonds, in_noise, matrix
from engine.cabin.character import Character
from engine.cabin.drawing import draw
from engine.cabin.hearing import loudness
from engine.cabin.judging import Finished, broken, constraints
from engine.cabin.making import made
from engine.cabin.placement import placed
from engine.contracts import (
    CabinFunction,
    FamilyMade,
    FamilyMember,
    Measured,
    ResolvedFamily,
    ResolvedFunction,
    RetractedTake,
)
from engine.master import files
from engine.provenance.origin import build, digest
from engine.queue.contracts import Progress
from engine.studio.family_files import assets, facts_of, sound_file, spread
from engine.studio.family_levels import levelled, quantised
from engine.studio.family_loops import looped
from engine.studio.sounding import Clock
from engine.words.functions import AMBIENCES, facts

SPARE_TAKES = 8
"""Beyond three for each candidate, how many takes are drawn before a family ends with fewer."""


def perform_family(
    resolved: ResolvedFamily, *, tell: Tell, done: Mapping[int, int] | None = None
) -> FamilyPerformance:
    """Candidates in rank order, after the takes that were retracted on the way.

    ``done`` maps numbers that were delivered before to their takes; they are not made again.
    """
    kept: list[_Take] = []
    for number in range(1, 3 * resolved.candidates + SPARE_TAKES + 1):
        if len(kept) >= resolved.candidates:
            break
        tell(Progress(step="compose", done=len(kept), total=resolved.candidates))
        take = _taken(resolved, number)
        if isinstance(take, RetractedTake):
            yield take
        else:
            kept.append(take)
    kept.sort(key=lambda take: (-take.rating, take.number))
    for number, take in enumerate(kept, start=1):
        if done is not None and number in done:
            continue
        tell(Progress(step="render", done=number - 1, total=len(kept)))
        yield _offered(resolved, take, number)


class _Take(Struct, frozen=True, kw_only=True):
    """A take whose single sounds hold."""

    number: int
    character: Character
    members: list[Member]
    measured: dict[str, tuple[Measured, ...]]
    bonds: tuple[Measured, ...]
    rating: float
    laps: dict[str, float]


def _taken(resolved: ResolvedFamily, number: int) -> _Take | RetractedTake:
    """Draw one take and judge it; the dearest judgement comes last."""
    clock = Clock()
    character = draw(resolved, number)
    members = [
        member(resolved, one, character)
        for one in resolved.functions
        if one.function not in AMBIENCES
    ]
    clock.lap("render")
    measured = {
        one.finished.one.name: constraints(one.finished, resolved.delivery) for one in members
    }
    between = bonds(members, character)
    faults = [f"{name}: {', '.join(broken(found))}" for name, found in measured.items()
              if broken(found)]  # fmt: skip
    faults += [f"{one.name}: {one.detail or one.measured}" for one in between if not one.passed]
    if not faults and len(members) > 1:
        noisy = in_noise(members, resolved.seed)
        between = (*between, noisy)
        if not noisy.passed:
            weak = {name: share for name, share in noisy.measured.items() if share < 1}
            faults.append(f"confused in noise: {weak}")
    clock.lap("judge")
    if faults:
        return RetractedTake(take=number, reason="; ".join(faults), code="constraint")
    return _Take(
        number=number,
        character=character,
        members=members,
        measured=measured,
        bonds=between,
        rating=_rating(members, measured, between),
        laps=clock.laps,
    )


def member(resolved: ResolvedFamily, one: ResolvedFunction, character: Character) -> Member:
    """One single sound at its level."""
    rate = resolved.delivery.sample_rate
    functions: tuple[CabinFunction, ...] = tuple(other.function for other in resolved.functions)
    draft = made(one, character, facts(one.function).base_hz, functions, rate)
    audio = levelled(draft.audio, one, resolved.delivery)
    audio = quantised(audio, resolved.delivery.bit_depth, character.seed + character.take)
    finished = Finished(one=one, notes=draft.notes, audio=audio, rate=rate)
    return Member(finished=finished, correction=draft.correction, loudness=loudness(audio, rate))


def _rating(
    members: list[Member],
    measured: Mapping[str, tuple[Measured, ...]],
    between: tuple[Measured, ...],
) -> float:
    """0-1: how far the family stands from every limit that it keeps."""
    found = {one.name: one for one in between}
    speeds = {one.finished.one.name: one.finished.one.speed_kmh for one in members}
    margins = [
        one.measured[str(speeds[name])]["margin_db"] - one.asked
        for name, all_of_it in measured.items()
        for one in all_of_it
        if one.name == "audible_margin_db"
    ]
    parts = [
        min(1.0, max(0.0, min(margins, default=0.0)) / 12),
        min(1.0, max(0.0, (found["distinct"].measured or 2.0) - found["distinct"].asked)),
        1 - min(1.0, found["timbre"].measured / found["timbre"].asked),
        found["signature"].measured,
    ]
    if "recognised_in_noise" in found:
        parts.append(float(np.mean(list(found["recognised_in_noise"].measured.values()))))
    return round(float(np.mean(parts)), 4)


# --- what is offered ------------------------------------------------------------------------------


def _offered(resolved: ResolvedFamily, take: _Take, number: int) -> OfferedFamily:
    """The files of a family and everything that was measured on them."""
    clock = Clock()
    sounds: dict[str, bytes] = {}
    members: list[FamilyMember] = []
    by_name = {one.finished.one.name: one for one in take.members}
    for one in resolved.functions:
        if one.name in by_name:
            entry, written = _single(resolved, take, by_name[one.name])
        else:
            entry, written = looped(resolved, one, take.character)
        sounds |= written
        members.append(entry)
    clock.lap("write")
    made = FamilyMade(
        number=number,
        take=take.number,
        seed=resolved.seed,
        rating=take.rating,
        resolved=resolved,
        character=to_builtins(take.character),
        members=tuple(members),
        measured=take.bonds,
        compared=tuple(by_name),
        distances=matrix(take.members),
        assets=tuple(asset for one in members for asset in one.assets),
        provenance=_origin(resolved, take, sounds),
        timings_s=take.laps | clock.laps,
    )
    return OfferedFamily(made=made, sounds=sounds)


def _single(
    resolved: ResolvedFamily, take: _Take, member: Member
) -> tuple[FamilyMember, dict[str, bytes]]:
    """A single sound's files, mono always among them."""
    sound, delivery = member.finished, resolved.delivery
    one, rate, channels = sound.one, sound.rate, delivery.channels
    seed = take.character.seed + take.character.take
    written = {one.name: sound_file(sound.audio[:, None], one, resolved)}
    measured = take.measured[one.name]
    if channels > 1:
        wide = quantised(
            placed(one.function, sound.audio, channels, rate), delivery.bit_depth, seed
        )
        written = {
            one.name: sound_file(wide, one, resolved),
            f"{one.name}.mono": written[one.name],
        }
        measured = (*measured, *spread(wide, sound.audio, one.function, channels, rate))
    entry = FamilyMember(
        name=one.name,
        function=one.function,
        duration_ms=one.duration_ms,
        frames=one.frames,
        notes=sound.notes,
        measured=measured,
        facts=facts_of(resolved, one),
        peaks=files.peaks(sound.audio, rate, 50),
        assets=assets(written),
    )
    return entry, written


def _origin(
    resolved: ResolvedFamily, take: _Take, sounds: Mapping[str, bytes]
) -> dict[str, object]:
    """What would make the family again, byte for byte."""
    return {
        "build": build(),
        "seed": resolved.seed,
        "take": take.number,
        "brief_sha256": digest(resolved),
        "character_sha256": digest(take.character),
        "sounds_sha256": {name: hashlib.sha256(one).hexdigest() for name, one in sounds.items()},
        "digital_source_type": "algorithmicMedia",
    }
