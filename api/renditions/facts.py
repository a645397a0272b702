"""What a catalogue or a manifest says of a track, from what its client said and what was made.

Texts that only the client can know come from the brief's ``metadata``, by the names in `TEXTS`;
``composer`` and ``publisher`` name one party each.
"""

from api.renditions.contracts import TrackRow
from engine.contracts import Brief, FamilyBrief, Made, Outline, Party, TrackFacts

TEXTS = (
    "title", "description", "genre", "library", "album", "album_code", "album_description",
    "release_date", "isrc",
)  # fmt: skip
PARTIES = {"composer": "composers", "publisher": "publishers"}


def facts_of(track: TrackRow) -> TrackFacts:
    """The facts of a track; what the client did not say is told from the music or left empty."""
    said = track.request.metadata
    told = {name: said[name] for name in TEXTS if name in said}
    parties = {field: (Party(name=said[name]),) for name, field in PARTIES.items() if name in said}
    words = said.get("keywords", "")
    keywords = tuple(word.strip() for word in words.split(",") if word.strip())
    ours = _of_music(track, track.made) if isinstance(track.made, Made) else _of_family(track)
    return TrackFacts(
        **{
            **ours,
            **({"keywords": keywords} if keywords else {}),
            **told,
            **parties,
            "track": track.track,
            "license": track.license,
        }
    )


def _of_music(track: TrackRow, made: Made) -> dict[str, object]:
    resolved, outline = made.resolved, made.outline
    style = resolved.style.replace("_", " ")
    return {
        "title": f"{style} {resolved.kind}",
        "description": _prompt(track.request),
        "keywords": resolved.moods,
        "genre": style,
        "kind": resolved.kind,
        "tempo": made.plan.tempo,
        "meter": made.plan.meter,
        "tonality": outline.tonality if isinstance(outline, Outline) else resolved.tonality,
        "instruments": tuple(dict.fromkeys(part.name for part in made.plan.parts)),
        "originality": made.provenance.get("originality") or {},
    }


def _of_family(track: TrackRow) -> dict[str, object]:
    return {"title": "Cabin sounds", "kind": "chime", "description": _prompt(track.request)}


def _prompt(request: Brief | FamilyBrief) -> str:
    return request.prompt if isinstance(request, Brief) else ""
