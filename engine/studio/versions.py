"""Other versions of a candidate: a game's intensity layers, cut-downs of a bed. No new music."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct, structs

from engine.arrange import arrange
from engine.arrange.midi import write_midi
from engine.contracts import Plan, Resolved
from engine.master import files
from engine.plan.relatives import carried, cut_down, layers
from engine.score import Score
from engine.sound.loudness import programme_lufs, true_peak_dbtp
from engine.studio.rooms import Rooms
from engine.studio.sounding import Clock, sounded
from engine.studio.takes import Take


class Version(Struct, frozen=True, kw_only=True):
    """A candidate in another shape. ``name`` tells which: ``layer-2``, ``30s``."""

    name: str
    score: Score
    master: bytes
    midi: bytes


def layered(resolved: Resolved, take: Take, rooms: Rooms) -> Iterator[Version]:
    """The candidate's intensities, calmest first; the last one is the candidate itself.

    All are cut from one mix, so a game may change between them at any sample and hears players
    come and go, but no jump in what goes on playing.
    """
    whole = sounded(resolved, take.score, take.seed, rooms, Clock(), apart=True)
    for number, plan in enumerate(layers(take.plan), 1):
        score = _fewer(take.score, plan)
        audio = np.zeros_like(whole.audio)
        for group in sorted({part.group for part in plan.parts} & whole.stems.keys()):
            audio += whole.stems[group]
        layer = structs.replace(
            whole,
            audio=audio,
            stems={},
            loudness_lufs=round(float(programme_lufs(audio, whole.sample_rate)), 3),
            true_peak_dbtp=round(float(true_peak_dbtp(audio, whole.sample_rate)), 3),
        )
        yield Version(
            name=f"layer-{number}",
            score=score,
            master=files.master_wav(
                layer, resolved.delivery, score, loop=resolved.kind == "loop", seed=take.seed
            ),
            midi=write_midi(score),
        )


def _fewer(score: Score, plan: Plan) -> Score:
    """The score without the parts that a layer has not. Arranging anew would not do: players that
    are alone spread into the room of those who are to come, and sound another note with them."""
    roles = {part.role for part in plan.parts}
    return Score(plan=plan, parts=tuple(part for part in score.parts if part.plan.role in roles))


def shortened(resolved: Resolved, take: Take, rooms: Rooms, duration_ms: int) -> Version:
    """The candidate cut down to a length: the same lines in fewer bars, played and mastered anew.

    Raises `engine.plan.relatives.TooShort` where its piece has no room for that.
    """
    cut = cut_down(take.plan, duration_ms)
    score = arrange(cut.plan, carried(take.lines, cut), take.seed)
    frames = round(duration_ms * resolved.delivery.sample_rate / 1000)
    shorter = structs.replace(resolved, duration_ms=duration_ms, duration_frames=frames)
    mastered = sounded(shorter, score, take.seed, rooms, Clock(), apart=False)
    return Version(
        name=f"{duration_ms / 1000:g}s",
        score=score,
        master=files.master_wav(mastered, resolved.delivery, score, loop=False, seed=take.seed),
        midi=write_midi(score),
    )
