"""What people call the instruments: General MIDI programs, drum kits and our own patches."""

PROGRAMS: tuple[str, ...] = tuple(
    """Grand piano|Bright piano|Electric grand|Honky-tonk piano|Electric piano|FM electric piano|
Harpsichord|Clavinet|Celesta|Glockenspiel|Music box|Vibraphone|Marimba|Xylophone|Tubular bells|
Dulcimer|Drawbar organ|Percussive organ|Rock organ|Church organ|Reed organ|Accordion|Harmonica|
Bandoneon|Nylon guitar|Steel guitar|Jazz guitar|Clean guitar|Muted guitar|Overdriven guitar|
Distorted guitar|Guitar harmonics|Double bass|Finger bass|Picked bass|Fretless bass|Slap bass|
Slap bass 2|Synth bass|Synth bass 2|Violin|Viola|Cello|Contrabass|Tremolo strings|
Pizzicato strings|Harp|Timpani|String ensemble|Slow strings|Synth strings|Synth strings 2|
Choir aahs|Voice oohs|Synth choir|Orchestra hit|Trumpet|Trombone|Tuba|Muted trumpet|French horns|
Brass section|Synth brass|Synth brass 2|Soprano sax|Alto sax|Tenor sax|Baritone sax|Oboe|
English horn|Bassoon|Clarinet|Piccolo|Flute|Recorder|Pan flute|Blown bottle|Shakuhachi|Whistle|
Ocarina|Square lead|Saw lead|Calliope lead|Chiff lead|Charang lead|Voice lead|Fifths lead|
Bass lead|New age pad|Warm pad|Polysynth pad|Choir pad|Bowed pad|Metallic pad|Halo pad|Sweep pad|
Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi|Sitar|Banjo|Shamisen|Koto|
Kalimba|Bagpipe|Fiddle|Shanai|Tinkle bell|Agogo|Steel drums|Woodblock|Taiko|Melodic tom|
Synth drum|Reverse cymbal|Fret noise|Breath noise|Seashore|Bird|Telephone|Helicopter|Applause|
Gunshot""".replace("\n", "").split("|")
)
DRUM_KITS: dict[int, str] = {
    0: "Drum kit", 8: "Room kit", 16: "Power kit", 24: "Electronic kit", 25: "Analogue kit",
    32: "Jazz kit", 40: "Brush kit", 48: "Orchestral percussion",
}  # fmt: skip
PATCHES: dict[str, str] = {
    "felt_piano": "Felt piano", "ep_tine": "Tine piano", "ep_reed": "Reed piano",
    "toy_bell": "Toy bells", "pluck_soft": "Soft pluck", "pluck_glass": "Glass pluck",
    "arp_saw": "Saw arpeggio", "bell_fm": "FM bells", "bell_modal": "Bells",
    "bowl_modal": "Singing bowls", "chime_modal": "Chimes", "pad_warm": "Warm pad",
    "pad_glass": "Glass pad", "pad_dark": "Dark pad", "pad_choir": "Choir pad",
    "pad_poly": "Poly pad", "pad_strings": "String pad", "pad_grain": "Granular pad",
    "drone_sub": "Sub drone", "drone_bow": "Bowed drone", "drone_metal": "Metal drone",
    "drone_breath": "Breath drone", "lead_saw": "Saw lead", "lead_square": "Square lead",
    "lead_soft": "Soft lead", "lead_sine": "Sine lead", "supersaw": "Supersaw",
    "bass_sub": "Sub bass", "bass_saw": "Saw bass", "bass_pluck": "Plucked bass",
    "bass_fm": "FM bass", "bass_reese": "Reese bass", "bass_808": "808 bass",
    "pulse12": "Thin pulse", "pulse25": "Pulse lead", "pulse50": "Square wave",
    "tri_chip": "Triangle wave", "theremin": "Theremin",
}  # fmt: skip
