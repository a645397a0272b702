"""Which patch stands in for a General MIDI program where no bank is installed."""

# One stand-in for every program 0-127, family by family.
GENERAL_MIDI: tuple[str, ...] = (
    "piano_grand", "piano_grand", "ep_reed", "piano_grand", "ep_tine", "ep_tine", "harpsichord",
    "clavinet",
    "celesta", "glock", "toy_bell", "vibes", "marimba", "xylophone", "bell_modal", "yangqin_modal",
    "organ", "organ", "organ", "church_organ", "accordion", "accordion", "accordion", "accordion",
    "nylon_ks", "steel_ks", "guitar_jazz", "guitar_clean", "guitar_muted", "guitar_drive",
    "guitar_heavy", "guitar_drive",
    "bass_upright", "bass_finger", "bass_finger", "bass_finger", "bass_slap", "bass_slap",
    "bass_saw", "bass_fm",
    "violin", "violin", "violin", "violin", "tremolo_strings", "pizzicato", "harp_ks", "timpani",
    "pad_strings", "pad_strings", "pad_strings", "pad_poly", "pad_choir", "pad_choir", "pad_choir",
    "impact",
    "brass", "brass", "brass", "horn", "horn", "brass", "brass", "brass",
    "sax", "sax", "sax", "sax", "oboe", "oboe", "sax", "clarinet",
    "flute", "flute", "flute", "flute", "dizi_air", "dizi_air", "lead_sine", "flute",
    "lead_square", "lead_saw", "lead_soft", "lead_soft", "lead_saw", "pad_choir", "supersaw",
    "bass_saw",
    "pad_glass", "pad_warm", "pad_poly", "pad_choir", "drone_bow", "drone_metal", "pad_choir",
    "pad_dark",
    "rain", "pad_glass", "bell_fm", "pad_grain", "bell_soft", "pad_dark", "pad_grain", "pad_glass",
    "sitar", "banjo_ks", "shamisen", "koto_ks", "kalimba", "drone_bow", "violin", "oboe",
    "glock", "xylophone", "steel_drum", "woodblock", "taiko", "timpani", "taiko", "rev_swell",
    "scrape", "drone_breath", "wind", "dizi_air", "bell_fm", "wind", "wind", "impact",
)  # fmt: skip
