"""Pieces for the sound bench: briefs composed once, kept on disk for the run's other parts."""

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct, msgpack

from engine import styles
from engine.compose.composer import Composer
from engine.contracts import Brief, Resolved
from engine.master import master
from engine.master.mastering import Master
from engine.render import Stems, render
from engine.render.banks import Bank, find
from engine.score import Score
from engine.studio.rooms import Rooms
from engine.studio.sounding import Clock, sounded
from engine.studio.takes import first_number, sheets, written
from engine.words import resolve

RATE = 48_000
STYLES = tuple(sorted(styles.names()))


class Piece(Struct, frozen=True, kw_only=True):
    """One take on paper and what was asked."""

    resolved: Resolved
    seed: int
    score: Score

    @property
    def frames(self) -> int:
        """Its length inside the studio, at 48 kHz."""
        return round(self.resolved.duration_frames * RATE / self.resolved.delivery.sample_rate)


class Library:
    """Composes what it has not composed before, and finds the rest in its folder."""

    def __init__(self, folder: Path, bank: str | None) -> None:
        self.folder, self.bank_name = folder, bank
        folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def bank(self) -> Bank:
        return find(self.bank_name)

    @cached_property
    def rooms(self) -> Rooms:
        return Rooms(composer=Composer(None), bank=self.bank)

    def pieces(self, brief: Brief, seed: int, count: int = 1) -> list[Piece]:
        """``count`` takes of a brief."""
        name = hashlib.sha256(msgpack.encode((brief, seed, count))).hexdigest()[:24]
        kept = self.folder / f"{name}.pickle"
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        resolved = resolve(brief, seed)
        planned = sheets(resolved, seed, 0, first_number(resolved), count)
        takes = written(planned, seed, self.rooms)
        made = [Piece(resolved=resolved, seed=one.seed, score=one.score) for one in takes]
        kept.write_bytes(pickle.dumps(made))
        return made

    def sound(self, piece: Piece) -> Master:
        """The master of a piece of any kind, with the stems its brief asks for."""
        return sounded(
            piece.resolved,
            piece.score,
            piece.seed,
            self.rooms.bank,
            Clock(),
            stems=piece.resolved.stems,
        )

    def each(self, briefs: Sequence[Brief], seed: int) -> Iterator[Piece]:
        """One take of every brief, each with a seed of its own."""
        for number, brief in enumerate(briefs):
            yield self.pieces(brief, seed + number)[0]


def rendered(piece: Piece, bank: Bank) -> Stems:
    """A bed as the rendering room hands it on."""
    return render(piece.score, bank, frames=piece.frames, loop=False, seed=piece.seed, apart=False)


def mastered(piece: Piece, stems: Stems) -> Master:
    """A bed as its brief asks for it."""
    resolved = piece.resolved
    return master(
        stems,
        lufs=resolved.delivery.lufs or -16.0,
        true_peak_dbtp=resolved.delivery.true_peak_dbtp,
        loop=False,
        seed=piece.seed,
        delivery=resolved.delivery,
        frames=resolved.duration_frames,
    )
