"""One take of a brief on paper: planned, composed, arranged, written by our writer, read back."""

from msgspec import Struct

from engine.arrange import arrange
from engine.arrange.midi import write_midi
from engine.compose.composer import Composer
from engine.contracts import Plan, Resolved
from engine.critique.bars import rater
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.reports.midi_file import MidiFile, Player, matched, read
from engine.score import Note, Part, Score


class Take(Struct, frozen=True, kw_only=True):
    """A take as its file has it, and the plan for what no file can say."""

    resolved: Resolved
    plan: Plan
    seed: int
    score: Score  # what was written; the figures look at the file
    file: MidiFile
    players: tuple[Player, ...]

    @property
    def pitched(self) -> tuple[Player, ...]:
        """The players whose notes make harmony."""
        return tuple(one for one in self.players if one.pitched)


def take_of(resolved: Resolved, composer: Composer) -> Take:
    """The first take the studio would compose for this brief; nothing is retracted or rewritten
    that the composer itself does not rewrite."""
    (plan,) = draw(resolved, derive_seed(resolved.seed, 0), 1)
    seed = derive_seed(resolved.seed, 0, 0)
    (composition,) = composer.write([plan], [seed], rate=rater(plan))
    return read_back(resolved, arrange(plan, composition.lines, seed), seed)


def read_back(resolved: Resolved, score: Score, seed: int = 0) -> Take:
    """Write a score as MIDI and read it again from the bytes."""
    file = read(write_midi(score))
    return Take(
        resolved=resolved,
        plan=score.plan,
        seed=seed,
        score=score,
        file=file,
        players=matched(file, score.plan),
    )


def score_of(take: Take) -> Score:
    """The score that the file holds: the plan's parts with the notes that were read."""
    grid = 480 / take.file.division
    parts = tuple(
        Part(
            plan=player.part,
            notes=tuple(
                Note(round(n.start * grid), round(n.length * grid), n.pitch, n.velocity)
                for n in player.notes
            ),
        )
        for player in take.players
    )
    return Score(plan=take.plan, parts=parts)
