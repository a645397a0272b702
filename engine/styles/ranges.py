"""What an instrument can play: its lowest and highest sounding pitch, by General MIDI program."""

_SPANS: tuple[tuple[tuple[int, ...], int, int], ...] = (
    ((6, 7), 29, 88), ((8, 10), 60, 108), ((9,), 72, 108), ((11,), 53, 89), ((12,), 36, 96),
    ((13,), 65, 108), ((14,), 60, 79), ((15,), 43, 93),  # keys and mallets
    (tuple(range(16, 21)), 24, 108), ((21, 23), 29, 93), ((22,), 48, 96),  # organs, reeds
    (tuple(range(24, 32)), 40, 88), ((32, 43), 24, 67), (tuple(range(33, 38)), 23, 67),
    ((38, 39), 12, 72),  # guitars and basses
    ((40, 110), 55, 103), ((41,), 48, 91), ((42,), 36, 84), ((44, 45, 48, 49), 24, 103),
    ((46,), 23, 104), ((47,), 36, 60),  # strings and timpani
    ((52, 53, 54), 36, 84),  # voices
    ((56, 59), 52, 86), ((57, 60), 34, 77), ((58,), 26, 65), ((61,), 34, 86),  # brass
    ((64,), 56, 88), ((65,), 49, 85), ((66,), 44, 80), ((67,), 36, 73), ((68,), 58, 91),
    ((69,), 52, 84), ((70,), 34, 76), ((71,), 50, 94), ((72,), 74, 108), ((73,), 59, 98),
    ((74,), 53, 98), ((75, 76), 55, 96), ((77,), 55, 89), ((78, 79), 60, 104),  # winds
    ((104,), 36, 86), ((105,), 48, 86), ((106,), 45, 93), ((107,), 38, 91), ((108,), 48, 89),
    ((109,), 45, 81), ((111,), 54, 93), ((114,), 45, 93),  # from everywhere
)  # fmt: skip
_PLAYABLE = {program: (low, high) for programs, low, high in _SPANS for program in programs}
PIANO = (21, 108)
"""The range of what is not listed: pianos, and sounds that no hand limits."""
ROOM = 15  # semitones that a part wants at the least


def playable(program: int) -> tuple[int, int]:
    """Lowest and highest MIDI pitch of a program's instrument."""
    return _PLAYABLE.get(program, PIANO)


def fitted(low: int, high: int, program: int) -> tuple[int, int]:
    """A role's range cut to what its instrument can play; where little of it is left, it grows
    towards the instrument's middle until there is room for a line."""
    lowest, highest = playable(program)
    room = min(ROOM, high - low)
    cut_low, cut_high = max(low, lowest), min(high, highest)
    if cut_high - cut_low >= room:
        return cut_low, cut_high
    if low < lowest:
        return lowest, min(highest, lowest + room)
    return max(lowest, highest - room), highest
