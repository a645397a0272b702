"""General MIDI as the standard and the orchestration books have it: families and playable ranges.

Written for the reports from General MIDI level 1 and the usual orchestration tables, not from the
engine's own lists, so that a mistake in those is seen.
"""


def _span(first: int, last: int) -> frozenset[int]:
    return frozenset(range(first, last + 1))


# Programs are numbered 0-127.
FAMILIES: dict[str, frozenset[int]] = {
    "piano": _span(0, 3),
    "electric_piano": _span(4, 5),
    "harpsichord": _span(6, 6),
    "celesta": _span(8, 8),
    "music_box": _span(10, 10),
    "vibraphone": _span(11, 11),
    "marimba": _span(12, 12),
    "mallets": _span(9, 9) | _span(11, 13),
    "organ": _span(16, 20),
    "accordion": frozenset((21, 23)),
    "harmonica": _span(22, 22),
    "guitar": _span(24, 31),
    "acoustic_guitar": _span(24, 25),
    "electric_guitar": _span(26, 31),
    "double_bass": frozenset((32, 43)),
    "bass_guitar": _span(33, 37),
    "synth_bass": _span(38, 39),
    "violin": frozenset((40, 110)),
    "cello": _span(42, 42),
    "strings": _span(40, 45) | _span(48, 51) | _span(110, 110),
    "harp": _span(46, 46),
    "timpani": _span(47, 47),
    "choir": _span(52, 54) | _span(91, 91),
    "brass": _span(56, 63),
    "trumpet": frozenset((56, 59)),
    "trombone": _span(57, 57),
    "horn": _span(60, 60),
    "saxophone": _span(64, 67),
    "woodwinds": _span(64, 79),
    "oboe": _span(68, 68),
    "clarinet": _span(71, 71),
    "flute": _span(72, 74),
    "synth": frozenset((38, 39, 50, 51, 62, 63)) | _span(80, 103),
    "sitar": _span(104, 104),
    "banjo": _span(105, 105),
    # Chinese instruments have no program of their own; these stand in for them.
    "pipa": _span(106, 106),
    "guzheng": _span(107, 107),
    "erhu": _span(110, 110),
    "dizi": frozenset((72, 73, 75, 77)),
    "yangqin": _span(15, 15),
    "bagpipe": _span(109, 109),
}

GROUPS = ("drums", "bass", "chords", "pads", "lead", "counter", "fx")

KIT_KEYS = (27, 87)
SYNTH_RANGE = (12, 120)

# Sounding pitch, lowest and highest, of an instrument in professional hands.
_RANGES: tuple[tuple[tuple[int, ...], int, int], ...] = (
    ((0, 1, 2, 3), 21, 108),  # pianos
    ((4, 5), 21, 108),  # electric pianos have 73 or 88 keys
    ((6,), 29, 89),  # harpsichord
    ((7,), 29, 88),  # clavinet
    ((8,), 60, 108),  # celesta
    ((9,), 72, 108),  # glockenspiel
    ((10,), 60, 108),  # music box
    ((11,), 53, 89),  # vibraphone
    ((12,), 36, 96),  # marimba with five octaves
    ((13,), 65, 108),  # xylophone
    ((14,), 60, 79),  # tubular bells
    ((15,), 43, 93),  # dulcimer, yangqin
    ((16, 17, 18, 19, 20), 24, 108),  # organs
    ((21, 23), 29, 93),  # accordion, bandoneon: both hands
    ((22,), 48, 96),  # harmonica
    ((24, 25, 26, 27, 28, 31), 40, 88),  # guitars
    ((29, 30), 35, 88),  # driven guitars, tuned down to B
    ((32, 43), 24, 67),  # double bass with its low C
    ((33, 34, 35, 36, 37), 23, 67),  # bass guitars with five strings
    ((38, 39), 12, 72),  # synth basses
    ((40, 110), 55, 103),  # violin, fiddle and erhu
    ((41,), 48, 91),  # viola
    ((42,), 36, 84),  # cello
    ((44, 45, 48, 49), 24, 103),  # string section, basses to violins
    ((46,), 23, 104),  # harp
    ((47,), 36, 60),  # timpani, five drums
    ((52, 53, 54), 36, 84),  # choir, basses to sopranos
    ((56, 59), 52, 86),  # trumpet
    ((57,), 34, 77),  # trombone with the trigger
    ((58,), 26, 65),  # tuba
    ((60,), 34, 77),  # French horn
    ((61,), 34, 86),  # brass section
    ((64,), 56, 88),  # soprano saxophone
    ((65,), 49, 85),  # alto
    ((66,), 44, 80),  # tenor
    ((67,), 36, 73),  # baritone
    ((68,), 58, 91),  # oboe
    ((69,), 52, 84),  # English horn
    ((70,), 34, 76),  # bassoon
    ((71,), 50, 94),  # clarinet
    ((72,), 74, 108),  # piccolo
    ((73,), 59, 98),  # flute
    ((74,), 53, 98),  # recorders, alto and soprano
    ((75, 76), 55, 96),  # pan flute, bottle
    ((77,), 55, 89),  # shakuhachi
    ((78, 79), 60, 104),  # whistle, ocarina
    ((104,), 36, 86),  # sitar
    ((105,), 48, 86),  # banjo
    ((106,), 45, 93),  # shamisen, pipa
    ((107,), 38, 91),  # koto, guzheng
    ((108,), 48, 89),  # kalimba
    ((109,), 45, 81),  # bagpipe
    ((111,), 54, 93),  # shanai
    ((114,), 45, 93),  # steel drums
)
RANGES: dict[int, tuple[int, int]] = {
    program: (low, high) for programs, low, high in _RANGES for program in programs
}


def playable(program: int, *, drums: bool, synthesised: bool) -> tuple[int, int]:
    """Lowest and highest pitch that can be played; a synthesiser's own are wide."""
    if drums:
        return KIT_KEYS
    if synthesised:
        return SYNTH_RANGE
    return RANGES.get(program, SYNTH_RANGE)
