"""Subtle faults put into bars that people wrote, thousands at once and never twice the same.

Every fault touches one bar, most of them one note of it. They are made on the grid, with torch, so
that every batch has new ones. What a listener could not call a fault is left out when ``sharp``: a
bar that the passage has elsewhere in the same voice, changed notes that are tones of their chord,
an onset that moves to where another voice strikes, an octave that the line does not leap to or
from.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from engine.critique.grid import CENTRE, SCALES, VOICES

FAULTS = (
    "pitch in scale", "pitch out of scale", "shifted onset", "merged or split", "octave slip",
    "swapped bar", "wrong chord", "repeated bar", "density jump",
)  # fmt: skip
SIXTEENTH, EIGHTH = 3, 6
WIDE = 9  # semitones; an octave slip that is heard leaves the line by more
_LOUD = (2.0, 1.0, 1.0, 0.5, 0.5, 0.5)  # how often a fault is each voice's


class Bars(NamedTuple):
    """Bars to be spoilt: ``pitch`` and ``onset`` (bars, voices, units) as in a grid, ``root`` and
    ``mask`` (bars, units), ``scale`` (bars, 12) bool by pitch class from the tonic."""

    pitch: Tensor
    onset: Tensor
    root: Tensor
    mask: Tensor
    scale: Tensor


class Spoilt(NamedTuple):
    """Bars after a fault, and which of them have one: ``done`` (bars,) bool."""

    pitch: Tensor
    onset: Tensor
    done: Tensor


class Dice:
    """Randomness on one device."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self.device = device
        self._generator = torch.Generator(device)
        self._generator.manual_seed(seed)

    def shares(self, *shape: int) -> Tensor:
        """Uniform in [0, 1)."""
        return torch.rand(shape, generator=self._generator, device=self.device)

    def below(self, bound: int, *shape: int) -> Tensor:
        """Integers under a bound."""
        return torch.randint(bound, shape, generator=self._generator, device=self.device)

    def one_of(self, values: tuple[int, ...], *shape: int) -> Tensor:
        """Values drawn alike often."""
        return torch.tensor(values, device=self.device)[self.below(len(values), *shape)]

    def many(self, weights: Tensor, count: int) -> Tensor:
        """So many indices by their weights (choices,), with repeats."""
        return torch.multinomial(weights, count, replacement=True, generator=self._generator)

    def drawn(self, weights: Tensor) -> Tensor:
        """One index of each row by its weights (rows, choices); where all are 0 any."""
        safe = torch.where((weights.sum(-1, keepdim=True) > 0), weights, torch.ones_like(weights))
        return torch.multinomial(safe.float(), 1, generator=self._generator)[:, 0]


def scale_of(mode: Tensor) -> Tensor:
    """Modes (bars,) → (bars, 12) whether a pitch class from the tonic is in the scale."""
    masks = torch.tensor(SCALES, device=mode.device)[mode.long()]
    return (masks[:, None] >> torch.arange(12, device=mode.device) & 1).bool()


def class_of(pitch: Tensor) -> Tensor:
    """Pitch class from the tonic of pitches on a grid."""
    return (pitch - 1 - CENTRE) % 12


def edges(bars: Bars) -> Tensor:
    """(bars, voices, units) where a stroke or a silence begins."""
    pitch = bars.pitch
    other = torch.ones_like(bars.onset)
    other[..., 1:] = pitch[..., 1:] != pitch[..., :-1]
    return bars.onset & (pitch > 0) | other


def stops(bars: Bars) -> Tensor:
    """(bars, voices, units) the unit where what sounds at each unit ends, at most the bar line."""
    size = bars.pitch.shape[-1]
    unit = torch.arange(size, device=bars.pitch.device)
    found = torch.where(edges(bars), unit, size).flip(-1)
    lowest = torch.cummin(found, -1).values.flip(-1)
    return torch.cat([lowest[..., 1:], torch.full_like(lowest[..., :1], size)], -1)


class Chosen(NamedTuple):
    """One note of each bar: voice, start, stop and pitch (bars,), and whether there was one."""

    voice: Tensor
    start: Tensor
    stop: Tensor
    pitch: Tensor
    found: Tensor


def _note(bars: Bars, dice: Dice) -> Chosen:
    """A note that begins in the bar: the voice first, the lead more often, then any of its."""
    starts = bars.onset & (bars.pitch > 0)
    counts = starts.sum(-1, keepdim=True)
    loud = torch.tensor(_LOUD, device=dice.device)[None, :, None]
    weights = (starts * loud / counts.clamp(min=1)).flatten(1)
    at = dice.drawn(weights)
    size = bars.pitch.shape[-1]
    voice, start = at // size, at % size
    row = torch.arange(len(at), device=at.device)
    return Chosen(
        voice, start, stops(bars)[row, voice, start], bars.pitch[row, voice, start],
        starts.any(-1).any(-1),
    )  # fmt: skip


def _own(bars: Bars, voice: Tensor) -> Tensor:
    """(bars, voices, 1) the chosen voice."""
    return (torch.arange(len(VOICES), device=voice.device) == voice[:, None])[..., None]


def _units(bars: Bars) -> Tensor:
    return torch.arange(bars.pitch.shape[-1], device=bars.pitch.device)


def _put(bars: Bars, note: Chosen, start: Tensor, stop: Tensor, pitch: Tensor) -> Bars:
    """The chosen voice with a note (or a silence, pitch 0) in [start, stop)."""
    unit, own = _units(bars), _own(bars, note.voice)
    span = own & (unit >= start[:, None])[:, None] & (unit < stop[:, None])[:, None]
    begin = own & (unit == start[:, None])[:, None] & (pitch > 0)[:, None, None]
    return bars._replace(
        pitch=torch.where(span, pitch[:, None, None], bars.pitch),
        onset=(bars.onset & ~span) | begin,
    )


def _ended(bars: Bars, done: Tensor) -> Spoilt:
    return Spoilt(bars.pitch, bars.onset, done)


def _welcome(bars: Bars, at: Tensor, pitch: Tensor) -> Tensor:
    """Whether the harmony at a unit has a pitch."""
    row = torch.arange(len(at), device=at.device)
    return (bars.mask[row, at.clamp(max=bars.mask.shape[1] - 1)] >> class_of(pitch) & 1) > 0


def _in_scale(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One note a step or two of the scale off."""
    note = _note(bars, dice)
    n = len(note.pitch)
    sign, steps = 2 * dice.below(2, n) - 1, 1 + dice.below(2, n)
    pitch = note.pitch
    for _ in range(5):
        pitch = torch.where(steps > 0, pitch + sign, pitch)
        inside = bars.scale.gather(1, class_of(pitch)[:, None])[:, 0]
        steps = steps - (inside & (steps > 0)).long()
    done = note.found & _fits(pitch)
    if sharp:
        done &= ~_welcome(bars, note.start, pitch)
    return _ended(_put(bars, note, note.start, note.stop, pitch), done)


def _fits(pitch: Tensor) -> Tensor:
    return (pitch >= 1) & (pitch <= 2 * CENTRE)


def _out_of_scale(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One note a semitone or two off, onto what the scale does not have."""
    note = _note(bars, dice)
    moves = torch.tensor((-2, -1, 1, 2), device=dice.device)
    outside = ~bars.scale.gather(1, class_of(note.pitch[:, None] + moves))
    pitch = note.pitch + moves[dice.drawn(outside.float())]
    done = note.found & outside.any(-1) & _fits(pitch)
    if sharp:
        done &= ~_welcome(bars, note.start, pitch)
    return _ended(_put(bars, note, note.start, note.stop, pitch), done)


def _shifted(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One onset a sixteenth or an eighth early or late."""
    note = _note(bars, dice)
    row = torch.arange(len(note.start), device=dice.device)
    size, unit = bars.pitch.shape[-1], _units(bars)
    own = bars.pitch[row, note.voice]
    before = (edges(bars)[row, note.voice] & (own > 0) & (unit < note.start[:, None])) * (unit + 1)
    free = torch.where(before.amax(-1) > 0, before.amax(-1) - 1 + SIXTEENTH, 0)
    moves = torch.tensor((-EIGHTH, -SIXTEENTH, SIXTEENTH, EIGHTH), device=dice.device)
    there = note.start[:, None] + moves
    # A triplet's note would leave the grid, which no player does.
    fits = (
        (note.start % SIXTEENTH == 0)[:, None]
        & (there >= free[:, None])
        & (there < torch.minimum(note.stop, note.stop * 0 + size)[:, None])
    )
    if sharp:
        others = (bars.onset & ~_own(bars, note.voice)).any(1)
        fits &= ~others.gather(1, there.clamp(0, size - 1))
    start = note.start + moves[dice.drawn(fits.float())]
    silent = _put(bars, note, note.start, note.stop, torch.zeros_like(note.pitch))
    stop = torch.maximum(note.stop, start + 1)
    return _ended(_put(silent, note, start, stop, note.pitch), note.found & fits.any(-1))


def _merged_or_split(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """Two notes become one, or one becomes two with a neighbour."""
    note = _note(bars, dice)
    row = torch.arange(len(note.start), device=dice.device)
    size = bars.pitch.shape[-1]
    after = note.stop.clamp(max=size - 1)
    following = bars.pitch[row, note.voice, after]
    merges = (note.stop < size) & (following > 0) & (following != note.pitch)
    merges &= bars.onset[row, note.voice, after]
    stop = stops(bars)[row, note.voice, after]
    half = _half(note.stop - note.start)
    splits = note.stop - note.start >= EIGHTH
    turned = note.pitch + dice.one_of((-2, -1, 1, 2), len(row))
    if sharp:
        merges &= ~_welcome(bars, after, note.pitch)
        splits &= ~_welcome(bars, note.start + half, turned)
    merge = dice.shares(len(row)) < 0.5
    first = torch.where(merge, stop, note.start + half)
    whole = _put(bars, note, note.start, first, note.pitch)
    split = _put(whole, note, note.start + half, note.stop, turned)
    both = merge[:, None, None]
    done = note.found & torch.where(merge, merges, splits & _fits(turned))
    return Spoilt(torch.where(both, whole.pitch, split.pitch),
                  torch.where(both, whole.onset, split.onset), done)  # fmt: skip


def _half(length: Tensor) -> Tensor:
    """About half of a length: whole sixteenths of what is made of sixteenths."""
    return torch.where(length % SIXTEENTH == 0, length // (2 * SIXTEENTH) * SIXTEENTH, length // 2)


def _octave(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One note slips an octave."""
    note = _note(bars, dice)
    move = 12 * (2 * dice.below(2, len(note.pitch)) - 1)
    pitch = note.pitch + move
    done = note.found & _fits(pitch)
    if sharp:
        done &= _leaves(bars, note, pitch)
    return _ended(_put(bars, note, note.start, note.stop, pitch), done)


def _leaves(bars: Bars, note: Chosen, pitch: Tensor) -> Tensor:
    """Whether the line leaps wide to a new pitch or from it, where it did not before."""
    row, unit = torch.arange(len(pitch), device=pitch.device), _units(bars)
    own = bars.pitch[row, note.voice]
    size = own.shape[1]
    past = ((own > 0) & (unit < note.start[:, None])) * (unit + 1)
    next_ = torch.where((own > 0) & (unit >= note.stop[:, None]), unit, size).amin(-1)
    found = torch.zeros_like(note.found)
    for there, known in (
        (past.amax(-1) - 1, past.amax(-1) > 0), (next_.clamp(max=size - 1), next_ < size)
    ):  # fmt: skip
        near = own[row, there.clamp(min=0)]
        wide = ((pitch - near).abs() > WIDE) & ((note.pitch - near).abs() <= WIDE)
        found |= known & wide
    return found


def _wrong_chord(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One voice goes on as if another harmony held: its notes of the bar move by a third, a fourth
    or a fifth in the scale."""
    starts = bars.onset & (bars.pitch > 0)
    there = starts.any(-1)
    voice = dice.drawn(there.float())
    degrees = dice.one_of((-4, -3, -1, 1, 3, 4), len(voice))
    moved = _transposed(bars.pitch, degrees, bars.scale)
    tied = torch.cumsum(edges(bars) & starts, -1) == 0  # held over from the bar before
    own = _own(bars, voice) & (bars.pitch > 0) & ~tied
    sounding = (bars.pitch > 0).any(-1).sum(-1)
    fits = ((moved >= 1) & (moved <= 2 * CENTRE) | ~own).all(-1).all(-1)
    pitch = torch.where(own, moved, bars.pitch)
    done = there.any(-1) & (sounding >= 2) & fits
    if sharp:
        strange = (bars.mask[:, None] >> class_of(pitch) & 1) == 0
        done &= (own & starts & strange).any(-1).any(-1)
    return Spoilt(pitch, bars.onset, done)


def _transposed(pitch: Tensor, degrees: Tensor, scale: Tensor) -> Tensor:
    """Pitches (bars, …) moved by scale degrees; a stranger keeps its distance to the degree below
    it. Both scales have seven degrees."""
    steps = scale.float().topk(7, -1).indices.sort(-1).values  # (bars, 7)
    octave, place = (pitch - 1 - CENTRE) // 12, (pitch - 1 - CENTRE) % 12
    under = (scale.cumsum(-1) - 1).gather(1, place.flatten(1)).view(place.shape)
    over = place - steps.gather(1, under.flatten(1)).view(place.shape)
    total = under + degrees.view(-1, *[1] * (pitch.dim() - 1))
    there = steps.gather(1, (total % 7).flatten(1)).view(place.shape)
    return 12 * (octave + total // 7) + there + over + 1 + CENTRE


def _dense(bars: Bars, dice: Dice, sharp: bool) -> Spoilt:
    """One voice suddenly twice as busy, or with one note where it had several."""
    del sharp
    starts = bars.onset & (bars.pitch > 0)
    counts = starts.sum(-1)
    voice = dice.drawn((counts >= 2).float())
    row = torch.arange(len(voice), device=voice.device)
    unit, own = _units(bars), _own(bars, voice)
    stop = stops(bars)
    first = torch.where(starts[row, voice], unit, 10**6).amin(-1).clamp(max=unit[-1])
    last = (starts[row, voice] * unit).amax(-1)
    note = Chosen(voice, first, first, bars.pitch[row, voice, first], counts.amax(-1) >= 2)
    whole = _put(bars, note, first, stop[row, voice, last], note.pitch)
    start = torch.cummax(torch.where(starts, unit, -1), -1).values
    until = stop.gather(-1, start.clamp(min=0))
    half = _half(until - start)
    turns = dice.one_of((-4, -2, -1, 0, 1, 2, 3), *bars.pitch.shape)
    second = own & (start >= 0) & (half >= SIXTEENTH) & (unit >= start + half) & (unit < until)
    pitch = bars.pitch + torch.where(second, turns.gather(-1, start.clamp(min=0)), 0)
    onset = bars.onset | (second & (unit == start + half))
    pitch, onset = (
        torch.where(bars.pitch > 0, pitch.clamp(1, 2 * CENTRE), 0),
        onset & (bars.pitch > 0),
    )
    thin = (dice.shares(len(row)) < 0.5) & (counts[row, voice] >= 3)
    both = thin[:, None, None]
    return Spoilt(torch.where(both, whole.pitch, pitch), torch.where(both, whole.onset, onset),
                  note.found)  # fmt: skip


_ALONE: dict[str, Callable[[Bars, Dice, bool], Spoilt]] = {
    "pitch in scale": _in_scale,
    "pitch out of scale": _out_of_scale,
    "shifted onset": _shifted,
    "merged or split": _merged_or_split,
    "octave slip": _octave,
    "wrong chord": _wrong_chord,
    "density jump": _dense,
}


class Pages(NamedTuple):
    """Whole passages in one meter: ``pitch`` and ``onset`` (passages, voices, units), ``root`` and
    ``mask`` (passages, units), ``mode`` and ``bars`` (passages,), ``size`` units of a bar."""

    pitch: Tensor
    onset: Tensor
    root: Tensor
    mask: Tensor
    mode: Tensor
    bars: Tensor
    size: int


def bars_at(pages: Pages, row: Tensor, bar: Tensor) -> Bars:
    """Some bars of some passages."""
    unit = bar[:, None] * pages.size + torch.arange(pages.size, device=bar.device)
    voice = torch.arange(len(VOICES), device=bar.device)
    at = (row[:, None, None], voice[None, :, None], unit[:, None, :])
    return Bars(
        pages.pitch[at].long(), pages.onset[at], pages.root[row[:, None], unit].long(),
        pages.mask[row[:, None], unit].long(), scale_of(pages.mode[row]),
    )  # fmt: skip


def spoilt(
    pages: Pages, row: Tensor, bar: Tensor, fault: int, dice: Dice, *, sharp: bool
) -> Spoilt:
    """One kind of fault in some bars of some passages; what cannot be made is not ``done``."""
    own, name = bars_at(pages, row, bar), FAULTS[fault]
    if name == "swapped bar":
        other = dice.below(10**6, len(row)) % pages.bars[row].long()
        made = _copied(own, bars_at(pages, row, other), other != bar)
    elif name == "repeated bar":
        made = _copied(own, bars_at(pages, row, (bar - 1).clamp(min=0)), bar > 0)
    else:
        made = _ALONE[name](own, dice, sharp)
        if sharp:
            made = made._replace(done=made.done & ~_elsewhere(pages, row, own, made))
    same = (made.pitch == own.pitch) & (made.onset == own.onset)
    return made._replace(done=made.done & ~same.all(-1).all(-1))


def _copied(own: Bars, source: Bars, allowed: Tensor) -> Spoilt:
    """Another bar of the piece, all voices of it, under this bar's harmony, where that is another.

    What the source bar only holds over is struck, so that nothing hangs in the air.
    """
    halves = [0, own.root.shape[1] // 2]
    same = (own.root[:, halves] == source.root[:, halves]) & (
        own.mask[:, halves] == source.mask[:, halves]
    )
    onset = source.onset.clone()
    onset[..., 0] |= source.pitch[..., 0] > 0
    sounds = (source.pitch > 0).any(-1).any(-1)
    return Spoilt(source.pitch, onset, allowed & ~same.all(-1) & sounds)


def _elsewhere(pages: Pages, row: Tensor, own: Bars, made: Spoilt) -> Tensor:
    """Whether the passage has the changed voices' bar, note for note, in another place."""
    count = pages.pitch.shape[-1] // pages.size
    shape = (len(row), len(VOICES), count, pages.size)
    changed = ((made.pitch != own.pitch) | (made.onset != own.onset)).any(-1)  # (bars, voices)
    there = (pages.pitch[row].view(shape) == made.pitch[:, :, None]).all(-1)
    there &= (pages.onset[row].view(shape) == made.onset[:, :, None]).all(-1)
    return (there | ~changed[..., None]).all(1).any(-1)
