"""Each style's tone: what its instruments lack or have too much of beside its tilt.

Found by measurement on whole pieces with the built-in bank (two a style, of 20 and 60 s), octave
by octave: what a mix without it misses of `engine.sound.tilts`, at most 9 dB. To be found anew when
the instruments change.
"""

# dB at 63 125 250 500 1k 2k 4k 8k 16k Hz, for every part of the mix.
TONES: dict[str, tuple[float, ...]] = {
    "acoustic_folk": (2.5, 3, 3.5, -0.5, 2.5, 1, 5, 5.5, 9),
    "bossa": (0, 6, 3.5, -2, 3, 4.5, 6, 1.5, 8.5),
    "chinese_traditional": (3, 5, 6, 0.5, 1.5, 3, 7.5, 9, 9),
    "chiptune": (-2, -1, 6, 0, 5, 5, 4.5, 5.5, 9),
    "cinematic_tension": (-2.5, 2.5, -0.5, 1.5, 0.5, 1.5, 5.5, 3, 3.5),
    "country": (-0.5, 1, -1, -1, 0.5, 2, 2, 0.5, 0.5),
    "dark_ambient": (0, -4, -4.5, -2, 2.5, 6, 8.5, 9, 9),
    "fantasy_tavern": (6, 6, 4, 0, 1.5, 2.5, 8, 9, 9),
    "funk_corporate": (2.5, 6, 5.5, -1, 4, 4.5, 5.5, 2.5, 2),
    "horror": (0.5, 2.5, 4, -2, 5, 6, 7, 4, 5),
    "jazz_trio": (3, 5.5, 6, 0.5, 1.5, 2, 3, 2, 5),
    "lofi": (1.5, 4.5, 1, -0.5, 5, 6, 4, -4, 4.5),
    "meditation": (-0.5, 6, 2, -0.5, 3.5, 3.5, 9, 9, 9),
    "metal": (-0.5, 1.5, 1.5, 0.5, 0, 0.5, 1, 0, -1),
    "orchestral_epic": (0.5, 4, 1, -1, 0.5, 1, 3, 5, 7),
    "orchestral_tender": (6, 6, 6, -2.5, 5, 5.5, 9, 9, 9),
    "rock": (-2, 1, 1.5, 2, 0.5, -0.5, 0.5, -3, -7.5),
    "solo_piano": (6, 5.5, 3, 1.5, -0.5, 2, 9, 9, 9),
    "synthwave": (0, 1.5, 0.5, 0, 1, 1.5, 1, -1.5, -2),
    "trap_hiphop": (-2.5, 4, 0, 0.5, 0, 2.5, 8.5, 2, 1.5),
    "waltz_ballroom": (3, 4.5, 3, 0.5, 0.5, 1, 2.5, 6.5, 9),
}
