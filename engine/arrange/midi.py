"""A score as a standard MIDI file, type 1, 480 ticks to the quarter; written by us."""

import struct

from engine.contracts import Plan
from engine.score import TICKS_PER_QUARTER, Part, Score, bar_ticks, beat_ticks

_DRUM_CHANNEL = 9
_SHARPS = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 5: -1, 10: -2, 3: -3, 8: -4, 1: -5}
_MINOR = frozenset({"minor", "aeolian", "dorian", "phrygian", "yu", "shang", "jue"})


def write_midi(score: Score) -> bytes:
    """The file's bytes: a conductor track, then one track per part."""
    tracks = [_conductor(score.plan)]
    channels = [channel for channel in range(16) if channel != _DRUM_CHANNEL]
    for part in score.parts:
        drums = part.plan.group == "drums"
        channel = _DRUM_CHANNEL if drums else channels.pop(0) if channels else 15
        tracks.append(_track(part, channel))
    head = b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS_PER_QUARTER)
    return head + b"".join(b"MTrk" + struct.pack(">I", len(one)) + one for one in tracks)


def _conductor(plan: Plan) -> bytes:
    quarter_us = round(60e6 / plan.tempo * TICKS_PER_QUARTER / beat_ticks(plan.meter))
    over, under = (int(one) for one in plan.meter.split("/"))
    minor = plan.mode in _MINOR
    tonic = (plan.tonic + 3) % 12 if minor else plan.tonic
    events: list[tuple[int, bytes]] = [
        (0, _meta(0x51, quarter_us.to_bytes(3, "big"))),
        (0, _meta(0x58, bytes([over, {4: 2, 8: 3}[under], 24, 8]))),
        (0, _meta(0x59, struct.pack(">bB", _SHARPS[tonic], minor))),
    ]
    for section in plan.sections:
        text = section.name.encode()
        events.append((section.bar * bar_ticks(plan.meter), _meta(0x06, text)))
    end = plan.bars * bar_ticks(plan.meter) + plan.ring_ticks
    return _encoded(events, end)


def _track(part: Part, channel: int) -> bytes:
    events = [(0, _meta(0x03, part.plan.name.encode("ascii", "replace")))]
    events.append((0, bytes([0xC0 | channel, part.plan.program])))
    for note in part.notes:
        on = bytes([0x90 | channel, note.pitch, note.velocity])
        events.append((note.start, on))
        events.append((note.start + note.length, bytes([0x80 | channel, note.pitch, 0])))
    # At one instant a note ends before another of the same pitch begins.
    ordered = sorted(events[2:], key=lambda event: (event[0], event[1][0] & 0xF0))
    return _encoded([*events[:2], *ordered], 0)


def _encoded(events: list[tuple[int, bytes]], end: int) -> bytes:
    out, at = bytearray(), 0
    for tick, message in events:
        out += _variable(tick - at) + message
        at = tick
    return bytes(out + _variable(max(0, end - at)) + _meta(0x2F, b""))


def _meta(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable(len(body)) + body


def _variable(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))
