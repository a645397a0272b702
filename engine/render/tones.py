"""Each style's tone: what its instruments lack or have too much of beside its tilt.

Found by measurement on whole pieces with the built-in bank (two a style, of 20 and 60 s), octave
by octave: what a mix without it misses of `engine.sound.tilts`, at most 11 dB. To be found anew
when the instruments change.
"""

# dB at 63 125 250 500 1k 2k 4k 8k 16k Hz, for every part of the mix.
TONES: dict[str, tuple[float, ...]] = {
    "acoustic_folk": (3.5, 3, 4, -0.5, 3.5, 1, 6, 6.5, 11),
    "bossa": (0.5, 7, 3.5, -3, 3, 4.5, 8, 2.5, 10.5),
    "chinese_traditional": (5, 7, 7, 0.5, 2.5, 4, 10, 11, 11),
    "chiptune": (-2, -1, 7, 0, 6, 6, 5.5, 7, 11),
    "cinematic_tension": (-2.5, 4, -0.5, 1.5, 0.5, 1.5, 7, 4.5, 6.5),
    "country": (-0.5, 2.5, -1, -1, 0.5, 3.5, 4, 2, 3),
    "dark_ambient": (0, -4, -6, -2, 2.5, 6, 10, 11, 11),
    "fantasy_tavern": (8, 7, 6, 0, 3, 3, 10, 11, 11),
    "funk_corporate": (4, 7, 7, -1, 5, 5.5, 7.5, 4.5, 4.5),
    "horror": (2, 4, 5, -2, 6, 7, 9, 6.5, 8),
    "house_edm": (-1, 2, 1, 0, 0, 0.5, 1, 1, 0.5),
    "jazz_trio": (5.5, 7, 7, 0.5, 3, 4, 5.5, 4, 8.5),
    "lofi": (1.5, 5.5, 1, -0.5, 6, 7, 5, -4, 8.5),
    "meditation": (-0.5, 7, 2, 0.5, 3.5, 2.5, 10, 11, 11),
    "metal": (-2, 2, 2, 0.5, 0.5, 0.5, 2, 0, -2),
    "orchestral_epic": (1.5, 5.5, 1, -1, 0.5, 1, 3, 6, 8.5),
    "orchestral_tender": (8, 7, 7, -2.5, 6, 5.5, 10, 11, 11),
    "rock": (-2, 1, 1.5, 2.5, 0.5, -0.5, 0.5, -3, -8.5),
    "solo_piano": (8, 7, 4.5, 1.5, -0.5, 2, 10, 11, 11),
    "synthwave": (0, 2.5, 1.5, 0, 2, 2.5, 2, -3, -4),
    "trap_hiphop": (-3.5, 5, 0, 0.5, 0, 2.5, 10, 3, 3),
    "waltz_ballroom": (4.5, 6, 3, 0.5, 1, 1, 3.5, 9, 11),
}
