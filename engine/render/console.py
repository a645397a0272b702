"""The console: parts come in one after the other, and only their sums are kept.

The sums are kept as spectra, block by block: an equaliser is then one multiplication, and however
many parts there are, each side is turned back into sound once.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.control import CELL, STRETCH, Curve, Sound, channels, drawn, stretches
from engine.render.desk import Desk
from engine.render.dynamics import driven
from engine.render.halves import add_doubled, halved
from engine.render.space import echoes, reverberated
from engine.render.tape import wobbled
from engine.sound.filters import Band, blank, impulse

SIZE = 1 << 16
_BLOCK = STRETCH * CELL
LATEST = SIZE - _BLOCK - 4096  # frames that a send may be late, or sides ring: what is left
# beside the equaliser
Bins = NDArray[np.complexfloating]


class Strip(Struct, frozen=True, kw_only=True):
    """How one part goes into the mix: its gain and width by the cell, and where it stands."""

    group: str
    gain: Curve
    equaliser: Bins  # by the bins of `SIZE`
    send: float
    pan: float
    late_frames: int  # how much later the room answers this part
    echoed: bool
    width: Curve | None = None
    drive: float = 0.0


class Sum:
    """A sum of sounds that is kept as spectra."""

    def __init__(self) -> None:
        self._blocks: dict[int, Bins] = {}

    def add(self, number: int, bins: Bins) -> None:
        """Add to a block; ``bins`` stay as they are."""
        held = self._blocks.get(number)
        if held is None:
            self._blocks[number] = bins.copy()
        else:
            held += bins

    def stand_firm(self, other: "Sum") -> None:
        """Make the bass of two sides one: what they do not share is thinned out below 120 Hz."""
        for number in sorted(self._blocks.keys() & other._blocks.keys()):
            one, two = self._blocks[number], other._blocks[number]
            apart = (one - two) * _thinned()
            one -= apart
            two += apart

    def play(self, out: Sound, *, loop: bool) -> None:
        """Add the sum to ``out`` (frames,); what rings past the end is dropped, or laid over the
        beginning of a loop. The sum is empty then."""
        for number in sorted(self._blocks):
            wave = np.fft.irfft(self._blocks.pop(number), n=SIZE)
            lay(out, wave, number * _BLOCK, loop=loop)


def lay(out: Sound, piece: Sound, at: int, *, loop: bool) -> None:
    """Add a piece at its place, round the end of a loop as often as it takes."""
    at = at % len(out) if loop else at
    while len(piece):
        inside = max(min(len(piece), len(out) - at), 0)
        out[at : at + inside] += piece[:inside]
        piece = piece[inside:] if loop else piece[:0]
        at = 0


class Console:
    """The sums of a mix while the parts come in: both sides, the send and the echo of every
    group."""

    def __init__(self, frames: int, *, loop: bool) -> None:
        self._frames, self._loop = frames, loop
        self._sums: dict[tuple[str, str], Sum] = {}

    def _sum(self, group: str, name: str) -> Sum:
        return self._sums.setdefault((group, name), Sum())

    def add(self, sound: Sound, powers: Curve, strip: Strip) -> None:
        """One part, (frames,) or (frames, 2) and what `powers` says of it; it is used up."""
        gain = strip.gain * (driven(sound, strip.drive) if strip.drive else 1.0)
        answered = strip.equaliser * (np.float32(strip.send) * _late(strip.late_frames))
        for number, (part, place) in enumerate(stretches(self._frames)):
            if not powers[part].any():
                continue
            level = drawn(gain, part, self._frames, loop=self._loop)
            pieces: list[Sound] = [channel[place] * level for channel in channels(sound)]
            if len(pieces) == 2:
                if strip.width is not None:
                    _narrow(pieces, drawn(strip.width, part, self._frames, loop=self._loop))
                _pan(pieces, strip.pan)
            self._lay(number, pieces, answered, strip)

    def _lay(self, number: int, pieces: list[Sound], answered: Bins, strip: Strip) -> None:
        group = strip.group
        spectra = [np.fft.rfft(piece, n=SIZE) for piece in pieces]
        middle = spectra[0] if len(spectra) == 1 else (spectra[0] + spectra[1]) * np.float32(0.5)
        self._sum(group, "send").add(number, middle * answered)
        if strip.echoed:
            self._sum(group, "echo").add(number, middle * strip.equaliser)
        for bins in spectra:
            bins *= strip.equaliser
        if len(spectra) == 1:
            spectra = [spectra[0] * side if strip.pan else spectra[0] for side in _sides(strip.pan)]
        self._sum(group, "left").add(number, spectra[0])
        self._sum(group, "right").add(number, spectra[1])

    def returned(self, desk: Desk, echo_frames: int, wet: Curve, seed: int) -> dict[str, Sound]:
        """The groups, (frames, 2), with their reverberation, which follows ``wet``, their echoes
        and tape; the console is empty then."""
        out = {}
        for group in sorted({group for group, _ in self._sums}):
            left, right = (self._sums.pop((group, name), Sum()) for name in ("left", "right"))
            total = blank(self._frames)
            left.stand_firm(right)
            for side, held in enumerate((left, right)):
                held.play(total[:, side], loop=self._loop)
            self._heard_in_the_room(total, group, desk, echo_frames, wet)
            if desk.wobble_cents:
                wobbled(total, desk.wobble_cents, seed, loop=self._loop)
            out[group] = total
        return out

    def _taken(self, group: str, name: str) -> Sound:
        out = np.zeros(self._frames, np.float32)
        self._sums.pop((group, name)).play(out, loop=self._loop)
        return out

    def _heard_in_the_room(
        self, total: Sound, group: str, desk: Desk, echo_frames: int, wet: Curve
    ) -> None:
        loop = self._loop
        send = self._taken(group, "send")
        for part, place in stretches(self._frames):
            send[place] *= drawn(wet, part, self._frames, loop=loop)
        answer = reverberated(self._halved(send), desk.space, loop=loop)
        if desk.echo and (group, "echo") in self._sums:
            _, feedback, level = desk.echo
            lead = self._halved(self._taken(group, "echo"))
            answer += echoes(lead, echo_frames // 2, feedback, level, loop=loop)
        for side in (0, 1):
            add_doubled(total[:, side], answer[side], loop=loop)

    def _halved(self, sound: Sound) -> Sound:
        # A loop of an odd number of frames has no half: two laps have.
        if len(sound) % 2:
            sound = np.append(sound, sound if self._loop else np.float32(0))
        return halved(sound, loop=self._loop)


@lru_cache(maxsize=1)
def _thinned() -> Bins:
    """Half of what a high-pass at 120 Hz takes away, by the bins of `SIZE`."""
    high = impulse((Band("high_pass", 120, 0, 0.54), Band("high_pass", 120, 0, 1.31)), 3072)
    return (0.5 - 0.5 * np.fft.rfft(high, n=SIZE)).astype(np.complex64)


def _late(frames: int) -> Bins:
    """A delay, by the bins of `SIZE`."""
    bins = np.exp(-2j * np.pi * min(frames, LATEST) / SIZE * np.arange(SIZE // 2 + 1))
    return bins.astype(np.complex64)


def _sides(pan: float) -> tuple[np.float32, np.float32]:
    """Constant power: a part keeps its loudness wherever it stands."""
    angle = (float(np.clip(pan, -1, 1)) + 1) * np.pi / 4
    return np.float32(np.sqrt(2) * np.cos(angle)), np.float32(np.sqrt(2) * np.sin(angle))


def _narrow(pieces: list[Sound], width: Sound) -> None:
    """Less of what the sides do not have in common."""
    side = (pieces[0] - pieces[1]) * (np.float32(0.5) - np.float32(0.5) * width)
    pieces[0] -= side
    pieces[1] += side


def _pan(pieces: list[Sound], pan: float) -> None:
    """What is wide is first narrowed towards its middle, or its far side would be lost."""
    if pan == 0:
        return
    middle = (pieces[0] + pieces[1]) * np.float32(0.5)
    for piece, side in zip(pieces, _sides(pan), strict=True):
        piece += (middle - piece) * np.float32(abs(pan))
        piece *= side
