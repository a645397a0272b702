"""The console: parts come in one after the other, and only their sums are kept.

The sums are kept as spectra, block by block: an equaliser is then one multiplication, and however
many parts there are, each side is turned back into sound once. What a room and an echo hear is kept
up to 12 kHz and comes out at half the rate.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.render import strips
from engine.render.control import CELL, STRETCH, Curve, Sound, cells, knots
from engine.render.desk import Desk
from engine.render.halves import add_doubled
from engine.render.space import add_echoes, last_echo, response, reverberated
from engine.render.strips import Bins, Strip
from engine.render.tape import wobbled
from engine.sound.compiled import compiled
from engine.sound.filters import Band, bins_of, impulse
from engine.sound.transforms import irfft, rfft

SIZE = 1 << 15
BINS = SIZE // 2 + 1
_BLOCK = STRETCH * CELL
_HALF_BINS = SIZE // 4 + 1
# A half-rate sound begins so many frames before the file: the slope at 12 kHz rings on both sides.
_LEAD = 192
LATEST = SIZE - _BLOCK - 4096 - 2 * _LEAD  # frames that a send may be late: what is left beside
# the equaliser
_ROWS = 4  # that are transformed side by side
Numbers = NDArray[np.int64]


class Group:
    """The sums of one group while its parts come in: both sides, what the room hears, what is
    repeated. Blocks in which nothing has played take no memory."""

    def __init__(self, blocks: int) -> None:
        self.played = np.zeros(blocks, bool)
        self.left, self.right = (np.zeros((blocks, BINS), np.complex64) for _ in range(2))
        self.send = np.zeros((blocks, _HALF_BINS), np.complex64)
        self.echo: Bins | None = None

    def add(self, rows: Sound, numbers: Numbers, strip: Strip, answered: Bins) -> None:
        """Blocks of one part, (rows, SIZE), a pair of rows for each where it has two channels, and
        its equaliser as the room hears it."""
        bins = rfft(rows)
        self.played[numbers] = True
        if len(rows) == len(numbers):
            left, right = _sides(strip.pan)
            strips.add_single(
                bins, numbers, strip.equaliser, answered, left, right,
                self.left, self.right, self.send,
            )  # fmt: skip
        else:
            strips.add_pair(
                bins, numbers, strip.equaliser, answered, self.left, self.right, self.send
            )
        if strip.echoed:
            if self.echo is None:
                self.echo = np.zeros_like(self.send)
            colour = strip.equaliser[:_HALF_BINS] * _echo_colour()
            strips.add_echo(bins, numbers, len(rows) // len(numbers), colour, self.echo)

    def sides(self, frames: int, *, loop: bool) -> Sound:
        """Both sides, (2, frames), with one bass; the sums are used up."""
        out = np.zeros((2, frames), np.float32)
        numbers = np.flatnonzero(self.played)
        for first in range(0, len(numbers), _ROWS // 2):
            some = numbers[first : first + _ROWS // 2]
            rows = np.empty((2 * len(some), BINS), np.complex64)
            _stand_firm(self.left, self.right, some, _thinned(), rows)
            waves = irfft(rows, n=SIZE, overwrite_x=True).reshape(-1, 2, SIZE)
            for number, wave in zip(some, waves, strict=True):
                lay(out, wave, int(number) * _BLOCK, loop=loop)
        return out

    def halved(self, held: Bins) -> Sound:
        """The send or the echo at half the rate, (frames,) from `_LEAD` before the file on to where
        its last block has rung out."""
        out = np.zeros(((len(held) - 1) * _BLOCK + SIZE) // 2, np.float32)
        numbers = np.flatnonzero(self.played)
        for first in range(0, len(numbers), _ROWS):
            some = numbers[first : first + _ROWS]
            for number, wave in zip(some, irfft(held[some], n=SIZE // 2), strict=True):
                target = out[int(number) * _BLOCK // 2 :][: SIZE // 2]
                target += wave
        return out


def lay(out: Sound, piece: Sound, at: int, *, loop: bool) -> None:
    """Add a piece (…, frames) at its place, round the end of a loop as often as it takes."""
    frames = out.shape[-1]
    at = at % frames if loop else at
    while piece.shape[-1]:
        inside = max(min(piece.shape[-1], frames - at), 0)
        target = out[..., at : at + inside]
        target += piece[..., :inside]
        piece = piece[..., inside:] if loop else piece[..., :0]
        at = 0


class Console:
    """The sums of a mix while the parts come in."""

    def __init__(self, frames: int, *, loop: bool) -> None:
        self._frames, self._loop = frames, loop
        self._blocks = -(-frames // _BLOCK)
        self._groups: dict[str, Group] = {}
        self._rows = np.zeros((_ROWS, SIZE), np.float32)

    def add(self, sound: Sound, powers: Curve, strip: Strip) -> None:
        """One part, (frames,) or (frames, 2) and what `powers` says of it."""
        if strip.group not in self._groups:
            self._groups[strip.group] = Group(self._blocks)
        group = self._groups[strip.group]
        sides = np.ascontiguousarray(np.atleast_2d(sound.T))
        before, behind = strips.driven_by(powers, strip.drive) if strip.drive else (0.0, 1.0)
        left, right = _sides(strip.pan)
        manner = np.array([before, abs(strip.pan), left, right], np.float32)
        gain = knots(strip.gain * behind, loop=self._loop)
        width = knots(
            np.ones(cells(self._frames)) if strip.width is None else strip.width, loop=self._loop
        )
        answered = answer(strip)
        playing = np.flatnonzero(np.add.reduceat(powers, np.arange(0, len(powers), STRETCH)))
        many = _ROWS // len(sides)
        for first in range(0, len(playing), many):
            some = playing[first : first + many]
            rows = self._rows[: len(some) * len(sides)]
            strips.place(sides, some, STRETCH, gain, width, manner, rows)
            group.add(rows, some, strip, answered)

    def returned(self, desk: Desk, echo_frames: int, wet: Curve, seed: int) -> dict[str, Sound]:
        """The groups, (frames, 2), with their reverberation, which follows ``wet``, their echoes
        and tape; the console is empty then."""
        out = {}
        for name in sorted(self._groups):
            group = self._groups.pop(name)
            total = group.sides(self._frames, loop=self._loop)
            answered = self._answer(group, desk, echo_frames, wet)
            del group
            for side, wave in zip(total, answered, strict=True):
                self._add_doubled(side, wave)
            if desk.wobble_cents:
                wobbled(total.T, desk.wobble_cents, seed, loop=self._loop)
            out[name] = total.T
        return out

    def _answer(self, group: Group, desk: Desk, echo_frames: int, wet: Curve) -> Sound:
        """What the room makes of a group, and its repeats: (2, frames) at half the rate."""
        send = group.halved(group.send)
        _follow(send, self._wet(wet, len(send)))
        ringing = len(response(desk.space))
        lead = None
        if desk.echo and group.echo is not None:
            lead = group.halved(group.echo)
            ringing = max(ringing, last_echo(echo_frames // 2, desk.echo[1]))
        frames = len(send) + ringing if self._loop else (self._frames + _LEAD) // 2 + 1
        out = reverberated(send, desk.space, frames)
        if desk.echo and lead is not None:
            _, feedback, level = desk.echo
            add_echoes(out, lead, echo_frames // 2, feedback, level)
        return out

    def _wet(self, wet: Curve, frames: int) -> Sound:
        """The curve by the cell from `_LEAD` before the file on, for ``frames`` at half rate."""
        first = -_LEAD // CELL
        places = np.arange(first, first + 2 * frames // CELL + 2)
        return np.take(wet, places, mode="wrap" if self._loop else "clip").astype(np.float32)

    def _add_doubled(self, out: Sound, wave: Sound) -> None:
        """Add a half-rate sound that begins `_LEAD` before the file, round and round a loop."""
        if not self._loop:
            add_doubled(out, wave, _LEAD)
            return
        whole = np.zeros(2 * len(wave), np.float32)
        add_doubled(whole, wave)
        lay(out, whole, -_LEAD, loop=True)


@compiled("float32[:]", "const float32[:]")
def _follow(sound, curve):
    """Draw a curve by the cell over a sound at half the rate, in place."""
    size = CELL // 2
    for at in range(len(sound)):
        cell = at // size
        along = np.float32(at - cell * size) / np.float32(size)
        sound[at] *= curve[cell] + (curve[cell + 1] - curve[cell]) * along


@compiled(
    "const complex64[:, :]", "const complex64[:, :]", "const int64[:]", "const complex64[:]",
    "complex64[:, :]",
)  # fmt: skip
def _stand_firm(lefts, rights, numbers, thinned, rows):
    """Blocks of both sides as pairs of rows, with one bass: what the sides do not share is thinned
    out below 120 Hz."""
    for number in range(len(numbers)):
        block, row = numbers[number], 2 * number
        for at in range(len(thinned)):
            apart = (lefts[block, at] - rights[block, at]) * thinned[at]
            rows[row, at] = lefts[block, at] - apart
            rows[row + 1, at] = rights[block, at] + apart


@lru_cache(maxsize=1)
def _thinned() -> Bins:
    """Half of what a high-pass at 120 Hz takes away, by the bins of `SIZE`."""
    high = impulse((Band("high_pass", 120, 0, 0.54), Band("high_pass", 120, 0, 1.31)), 3072)
    return (0.5 - 0.5 * rfft(high, n=SIZE)).astype(np.complex64)


def answer(strip: Strip) -> Bins:
    """The equaliser of a part as its room hears it: at the part's send, later, at half the rate."""
    late = strip.send * _slope() * _delay(min(strip.late_frames, LATEST))
    return (strip.equaliser[:_HALF_BINS] * late).astype(np.complex64)


@lru_cache(maxsize=1)
def _echo_colour() -> Bins:
    """Dull and thin, at half the rate."""
    bands = (Band("high_pass", 350), Band("low_pass", 3500))
    return (bins_of(bands, SIZE)[:_HALF_BINS] * _slope() * _delay(0)).astype(np.complex64)


@lru_cache(maxsize=1)
def _slope() -> Curve:
    """What half the rate holds, flat to 10 kHz, nothing at 12; and as loud as before."""
    hertz = np.linspace(0, 12_000, _HALF_BINS)
    return 0.25 + 0.25 * np.cos(np.pi * np.clip((hertz - 10_000) / 2000, 0, 1))


@lru_cache(maxsize=32)
def _delay(frames: int) -> Bins:
    """A delay from `_LEAD` before the file on, by the lower bins of `SIZE`."""
    return np.exp(-2j * np.pi * (frames + _LEAD) / SIZE * np.arange(_HALF_BINS))


def _sides(pan: float) -> tuple[np.float32, np.float32]:
    """Constant power: a part keeps its loudness wherever it stands; 1 in the middle."""
    if not pan:
        return np.float32(1), np.float32(1)
    angle = (float(np.clip(pan, -1, 1)) + 1) * np.pi / 4
    return np.float32(np.sqrt(2) * np.cos(angle)), np.float32(np.sqrt(2) * np.sin(angle))
