"""The trade's words, one meaning each."""

from api.docs.frame import text

WORDS = {
    "brief": "what you ask for: words, exact constraints, or both; a field always wins over words",
    "kind": "what it is for: bed (a track with an end), loop, sting, chime or ambience",
    "resolved": "what a brief was understood to mean, every default said",
    "plan": "what will be written, decided before a note is; it can be edited and sent back",
    "take": "one try of the studio; one that is too weak is retracted and costs nothing",
    "candidate": "a take good enough to offer, with every constraint as it measures",
    "audition": "listening to a candidate, as a tagged evaluation copy; candidates are kept 7 days",
    "pick": "your choice; it makes a license and a track, once",
    "license": "the right to use a track, with a certificate that can be checked without us",
    "track": "a licensed piece of music: clean master, stems where asked for, and its score",
    "family": "the sounds of a car: one motif and character, a sound for each function",
    "rendition": "a track in another shape: stems, layers, a cut, another format; free",
    "package": "all files of a track as an engine, a catalogue or a car takes them, in one archive",
    "token": "what is paid with, nothing else",
    "quote": "a price that will not be exceeded; it binds for fifteen minutes",
    "hold": "tokens set aside for a brief: captured for each candidate, the rest released",
}
"""What the API's words mean, in the order in which a client meets them."""


def table() -> str:
    """The words, each at a place that can be linked to."""
    rows = "".join(
        f"<dt id='word-{word}'>{word}</dt><dd>{text(means)}</dd>" for word, means in WORDS.items()
    )
    return f"<dl>{rows}</dl>"
