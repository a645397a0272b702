"""The neutral manifest that lies in every package: everything that is known, in plain JSON."""

from typing import Any

import msgspec

from engine.contracts import Profile
from engine.packages.content import Content, Item, beats
from engine.words.formats import CHANNEL_ORDER, short_key

FORMAT = "cuesmith.package/1"


def manifest(profile: Profile, content: Content, folder: str) -> bytes:
    """The manifest of a package whose sounds lie in ``folder``."""
    return as_json(
        {
            "format": FORMAT,
            "profile": profile,
            "track": _track(content),
            "files": [_file(content, item, folder) for item in content.items],
            "layers": _layers(content),
            "stems": {
                "sum": "master" if content.named("master") else None,
                "names": _names(content, "stems"),
            },
            "stings": [_goal(item) for item in content.of("sting")],
            "transitions": [_goal(item) for item in content.of("transition")],
            "parts": _names(content, "loop_parts"),
        }
    )


def as_json(value: Any) -> bytes:
    """JSON with a fixed order and line breaks, so that the same facts give the same bytes."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _track(content: Content) -> dict[str, Any]:
    facts = content.facts
    return {
        "id": facts.track,
        "title": facts.title,
        "description": facts.description,
        "keywords": facts.keywords,
        "genre": facts.genre,
        "kind": facts.kind,
        "tempo_bpm": facts.tempo,
        "meter": facts.meter,
        "beats_per_bar": beats(facts.meter) if facts.meter else None,
        "tonality": facts.tonality,
        "key": short_key(facts.tonality) or None,
        "instruments": facts.instruments,
        "composers": facts.composers,
        "publishers": facts.publishers,
        "isrc": facts.isrc,
        "license": facts.license,
        "originality": facts.originality,
    }


def _file(content: Content, item: Item, folder: str) -> dict[str, Any]:
    sound = item.sound
    meter = content.meter(item)
    return {
        "name": sound.name,
        "version": sound.version,
        "path": f"{folder}/{item.file}",
        "media_type": sound.media_type,
        "sample_rate": sound.sample_rate,
        "channels": sound.channels,
        "channel_order": CHANNEL_ORDER.get(sound.channels, ()),
        "bit_depth": sound.bit_depth,
        "frames": sound.frames,
        "duration_ms": round(item.seconds * 1000, 3),
        "bytes": item.bytes,
        "sha256": item.sha256,
        "credentials_path": f"{folder}/{item.sidecar}" if item.credentials is not None else None,
        "tempo_bpm": content.tempo(item),
        "meter": meter,
        "beats_per_bar": beats(meter) if meter else None,
        "bars": sound.bars,
        "entry_frame": sound.entry,
        "exit_frame": item.exit,
        "loop": _loop(item),
        "markers": sound.markers,
        "loudness_lufs": sound.lufs,
        "true_peak_dbtp": sound.true_peak_dbtp,
        "parent": sound.parent,
        "facts": sound.facts,
    }


def _loop(item: Item) -> dict[str, int] | None:
    if item.sound.loop is None:
        return None
    first, last = item.sound.loop
    return {"first_frame": first, "last_frame": last, "frames": last - first + 1}


def _layers(content: Content) -> dict[str, Any]:
    """Each of our layers holds all that plays at its intensity: one sounds at a time."""
    return {"mode": "one_at_a_time", "calm_to_full": [item.sound.name for item in content.layers()]}


def _goal(item: Item) -> dict[str, Any]:
    """Where a sting or a transition arrives: on that frame the next music begins."""
    synced = (marker.frame for marker in item.sound.markers if marker.name == "sync")
    return {"name": item.sound.name, "sync_frame": next(synced, item.exit)}


def _names(content: Content, version: str) -> list[str]:
    return [item.sound.name for item in content.of(version)]
