"""The console: parts come in one after the other, and only their sums are kept."""

import numpy as np
from msgspec import Struct

from engine.render.control import Curve, Sound, channels, drawn, stretches
from engine.render.desk import Desk
from engine.render.dynamics import driven
from engine.render.halves import add_doubled, halved
from engine.render.space import echoes, reverberated
from engine.render.tape import wobbled
from engine.sound.filters import blank


class Strip(Struct, frozen=True, kw_only=True):
    """How one part goes into the mix: its gain, send and width by the cell, and where it stands."""

    group: str
    gain: Curve
    send: Curve
    pan: float
    late_frames: int  # how much later the room answers this part
    echoed: bool
    width: Curve | None = None
    drive: float = 0.0


class Console:
    """The sums of a mix while the parts come in: dry sound, send and echo of every group."""

    def __init__(self, frames: int, *, loop: bool) -> None:
        self._frames, self._loop = frames, loop
        self._dry: dict[str, Sound] = {}
        self._sends: dict[str, Sound] = {}
        self._echoed: dict[str, Sound] = {}

    def add(self, sound: Sound, powers: Curve, strip: Strip) -> None:
        """One part, (frames,) or (frames, 2) and what `powers` says of it; it is used up."""
        frames, group = self._frames, strip.group
        dry = self._dry.setdefault(group, blank(frames))
        send = self._sends.setdefault(group, np.zeros(frames, np.float32))
        echo = None
        if strip.echoed:
            echo = self._echoed.setdefault(group, np.zeros(frames, np.float32))
        gain = strip.gain * (driven(sound, strip.drive) if strip.drive else 1.0)
        for part, place in stretches(frames):
            if not powers[part].any():
                continue
            level = drawn(gain, part, frames, loop=self._loop)
            pieces: list[Sound] = [channel[place] * level for channel in channels(sound)]
            if len(pieces) == 2 and strip.width is not None:
                _narrowed(pieces, drawn(strip.width, part, frames, loop=self._loop))
            middle = _laid(dry[place], pieces, strip.pan)
            if echo is not None:
                echo[place] += middle
            middle *= drawn(strip.send, part, frames, loop=self._loop)
            self._lay(send, middle, place.start + strip.late_frames)

    def _lay(self, out: Sound, piece: Sound, at: int) -> None:
        """A piece at its place, round the end of a loop."""
        frames = self._frames
        at = at % frames if self._loop else at
        inside = max(min(len(piece), frames - at), 0)
        out[at : at + inside] += piece[:inside]
        if self._loop and inside < len(piece):
            self._lay(out, piece[inside:], 0)

    def returned(self, desk: Desk, echo_frames: int, seed: int) -> dict[str, Sound]:
        """The groups with their reverberation, echoes and tape; the console is empty then."""
        out = {}
        for group in sorted(self._dry):
            total = self._dry.pop(group)
            self._heard_in_the_room(total, group, desk, echo_frames)
            if desk.wobble_cents and group != "drums":
                wobbled(total, desk.wobble_cents, seed, loop=self._loop)
            out[group] = total
        return out

    def _heard_in_the_room(self, total: Sound, group: str, desk: Desk, echo_frames: int) -> None:
        send, loop = self._sends.pop(group), self._loop
        answer = reverberated(self._halved(send), desk.space, loop=loop)
        if desk.echo and group in self._echoed:
            _, feedback, level = desk.echo
            lead = self._halved(self._echoed.pop(group))
            answer += echoes(lead, echo_frames // 2, feedback, level, loop=loop)
        for side in (0, 1):
            add_doubled(total[:, side], answer[side], loop=loop)

    def _halved(self, sound: Sound) -> Sound:
        # A loop of an odd number of frames has no half: two laps have.
        if len(sound) % 2:
            sound = np.append(sound, sound if self._loop else np.float32(0))
        return halved(sound, loop=self._loop)


def _narrowed(pieces: list[Sound], width: Sound) -> None:
    """Less of what the sides do not have in common."""
    side = (pieces[0] - pieces[1]) * (np.float32(0.5) - np.float32(0.5) * width)
    pieces[0] -= side
    pieces[1] += side


def _laid(dry: Sound, pieces: list[Sound], pan: float) -> Sound:
    """Add a piece to both sides by constant power, so that a part keeps its loudness wherever it
    stands; returns its middle."""
    angle = (float(np.clip(pan, -1, 1)) + 1) * np.pi / 4
    left, right = np.float32(np.sqrt(2) * np.cos(angle)), np.float32(np.sqrt(2) * np.sin(angle))
    if len(pieces) == 1:
        piece = pieces[0]
        if pan == 0:
            dry[:, 0] += piece
            dry[:, 1] += piece
            return piece
        dry[:, 0] += piece * left
        dry[:, 1] += piece * right
        return piece
    one, two = pieces
    middle = (one + two) * np.float32(0.5)
    if pan != 0:
        # What is wide is first narrowed towards its middle, or its far side would be lost.
        narrow = np.float32(abs(pan))
        one += (middle - one) * narrow
        two += (middle - two) * narrow
        one *= left
        two *= right
    dry[:, 0] += one
    dry[:, 1] += two
    return middle
