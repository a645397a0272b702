"""Each style's tone: what its instruments lack or have too much of beside its tilt.

Found by measurement on the masters of nine pieces a style, of 20 to 30 s, seven with the sampled
bank and two with our own, octave by octave: what keeps most of their bands within 3 dB of
`engine.sound.tilts`, at most 12 dB. A piano's hammers set a bound
to what may be lifted above 4 kHz. To be found anew when the instruments change.
"""

# dB at 63 125 250 500 1k 2k 4k 8k 16k Hz, for every part of the mix.
TONES: dict[str, tuple[float, ...]] = {
    "acoustic_folk": (-0.5, 3, 7, -1.5, 5, 0.5, 6.5, 6.5, 12),
    "bossa": (-2.5, 5, 1, -3, 3, 4.5, 6, 2, 9.5),
    "chinese_traditional": (6, 5, 7, -4.5, 2.5, 0, 9, 12, 12),
    "chiptune": (-2.5, 0.5, 8, 1, 1, 6, 5, 4, 12),
    "cinematic_tension": (-6, 2.5, -1.5, 3.5, 4, 1.5, 6, 4, 5),
    "country": (-3.5, -1, 2, 1, 2.5, 3.5, 5.5, 2, 6),
    "dark_ambient": (1, -1, -4, -5, 0.5, 4, 5, 12, 12),
    "fantasy_tavern": (8, 1.5, 7, -3.5, 0, 4.5, 5.5, 7, 12),
    "funk_corporate": (4, 6, 7, -2, 5, 7.5, 7.5, 4.5, 4.5),
    "horror": (0, 4, 4, -2, 6, 8, 11, 6.5, 8),
    "house_edm": (-2, 3, 1, -1.5, 0, 0.5, 1, 1, 0.5),
    "jazz_trio": (6, 8, 8, -4.5, -1.5, 3.5, 1, 2.5, 11.5),
    "lofi": (-2.5, 3, 1, -5, 7, 8, 6, -3, 11.5),
    "meditation": (-6, 8, 7, -5, 1, 6.5, 11, 12, 12),
    "metal": (-2, 2, 2, 1.5, 0.5, 0.5, 2, 0, -2),
    "orchestral_epic": (-1, 3.5, 4.5, -1, 0.5, 0.5, 3, 6.5, 9),
    "orchestral_tender": (8, 8, 4.5, -5, 3, -1.5, 2.5, 11, 12),
    "rock": (-2, 1, 1.5, 2.5, 0.5, -0.5, 0.5, -3, -8.5),
    "solo_piano": (8, 3, 2, -2, -2.5, 8, 10, 9, 11),
    "synthwave": (0, 2.5, 1.5, 0, 2, 2.5, 2, -3, -4),
    "trap_hiphop": (-3.5, 5, 2, -5, 3.5, 4.5, 10, 2.5, 3),
    "waltz_ballroom": (3.5, 6, 6.5, -5, 2, 0, 0.5, 11, 12),
}
