"""Godot 4: Ogg Vorbis with its import settings, and streams that put the files together.

``.import`` holds the parameters of the ``oggvorbisstr`` importer (loop, loop_offset in seconds,
bpm, beat_count, bar_beats); Godot adds its own path and identifier on the first import. ``.tres``
are resources in its text format.
"""

from collections.abc import Mapping, Sequence

import msgspec

from engine.packages.content import Content, Item, beats

FOLDER = "audio"
SILENT_DB = -60.0
_DISABLED, _ENABLED = 0, 1  # AutoAdvanceMode
_AT_NEXT_BAR, _AT_END = 2, 3  # TransitionFromTime
_START = 1  # TransitionToTime
_FADE_NONE = 0  # FadeMode
_ANY_CLIP = -1


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    found = {"README.txt": _README.encode()}
    for item in content.items:
        if item.sound.media_type == "audio/ogg":
            found[f"{folder}/{item.file}.import"] = _import(content, item, folder)
    if layers := content.layers():
        volumes = [SILENT_DB] * (len(layers) - 1) + [0.0]
        found["layers.tres"] = _synchronized(content, layers, volumes, folder)
    if stems := content.of("stems"):
        found["stems.tres"] = _synchronized(content, stems, [0.0] * len(stems), folder)
    found["music.tres"] = _interactive(content, folder)
    return found


def _import(content: Content, item: Item, folder: str) -> bytes:
    sound, meter = item.sound, content.meter(item)
    tempo = content.tempo(item) or 0.0
    count = (sound.bars or 0) * beats(meter) if tempo else 0
    start = sound.loop[0] / sound.sample_rate if sound.loop else 0.0
    return (
        "[remap]\n\n"
        'importer="oggvorbisstr"\n'
        'type="AudioStreamOggVorbis"\n\n'
        "[deps]\n\n"
        f'source_file="{_path(content, item, folder)}"\n\n'
        "[params]\n\n"
        f"loop={'true' if sound.loop else 'false'}\n"
        f"loop_offset={start!r}\n"
        f"bpm={float(tempo)!r}\n"
        f"beat_count={count}\n"
        f"bar_beats={beats(meter)}\n"
    ).encode()


def _synchronized(
    content: Content, items: Sequence[Item], volumes: Sequence[float], folder: str
) -> bytes:
    """Streams that run together, each at its own level."""
    lines = [f"stream_count = {len(items)}"]
    for place, volume in enumerate(volumes):
        lines.append(f'stream_{place}/stream = ExtResource("{place + 1}")')
        lines.append(f"stream_{place}/volume = {volume!r}")
    return _resource("AudioStreamSynchronized", content, items, lines, folder)


def _interactive(content: Content, folder: str) -> bytes:
    """Clips to switch between: what leads into the loop and goes on into it, then the gestures."""
    clips = _clips(content)
    lines = [f"clip_count = {len(clips)}"]
    for place, item in enumerate(clips):
        lines.append(f"clip_{place}/name = &{_quoted(item.sound.name)}")
        lines.append(f'clip_{place}/stream = ExtResource("{place + 1}")')
        after = _after(content, clips, item)
        lines.append(f"clip_{place}/auto_advance = {_DISABLED if after is None else _ENABLED}")
        if after is not None:
            lines.append(f"clip_{place}/next_clip = {after}")
    lines.append("initial_clip = 0")
    lines.append("_transitions = {")
    lines.append(",\n".join(_transitions(content, clips)))
    lines.append("}")
    return _resource("AudioStreamInteractive", content, clips, lines, folder)


def _clips(content: Content) -> list[Item]:
    form = content.form()
    return form + [item for item in content.of("sting", "transition") if item not in form]


def _after(content: Content, clips: Sequence[Item], item: Item) -> int | None:
    """The clip that follows by itself: the next of the form; after a gesture the piece again."""
    form = content.form()
    if item in form[:-1]:
        return clips.index(item) + 1
    return None if item is form[-1] or not form[-1].sound.loop else len(form) - 1


def _transitions(content: Content, clips: Sequence[Item]) -> list[str]:
    """To anywhere at the next bar; from what leads to the loop at its end."""
    rules = [_rule(_ANY_CLIP, _ANY_CLIP, _AT_NEXT_BAR)]
    for place, item in enumerate(clips):
        after = _after(content, clips, item)
        if after is not None:
            rules.append(_rule(place, after, _AT_END))
    return rules


def _rule(source: int, target: int, when: int) -> str:
    return (
        f"Vector2i({source}, {target}): {{\n"
        '"fade_beats": 0.0,\n'
        f'"fade_mode": {_FADE_NONE},\n'
        f'"from_time": {when},\n'
        f'"to_time": {_START}\n'
        "}"
    )


def _resource(
    kind: str, content: Content, items: Sequence[Item], lines: Sequence[str], folder: str
) -> bytes:
    parts = [f'[gd_resource type="{kind}" load_steps={len(items) + 1} format=3]\n']
    parts += [
        f'[ext_resource type="AudioStream" path="{_path(content, item, folder)}" id="{at}"]'
        for at, item in enumerate(items, 1)
    ]
    return "\n".join([*parts, "", "[resource]", *lines, ""]).encode()


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _path(content: Content, item: Item, folder: str) -> str:
    return f"res://{content.title}/{folder}/{item.file}"


_README = """\
Unpack this folder into the root of the project, so that it lies at res://. The first import takes
loop, tempo and beats from the .import files. music.tres plays the piece with intro and gestures;
layers.tres runs all intensities together, one of them audible: fade from one to another;
stems.tres runs the stems, which together are the piece.
"""
