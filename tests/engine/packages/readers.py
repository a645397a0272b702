"""Readers of what engines read, written from their public formats and from nothing of ours.

Unity's asset metadata (YAML: two-space maps and scalars), Godot's configuration files and text
resources, FMOD's script up to its data, Wwise's tab-delimited import and authoring call.
"""

import csv
import io
import json
import re
import zipfile
from typing import Any


def unpacked(content: bytes) -> dict[str, bytes]:
    """Every file of an archive by its path, below the one folder that all share."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len({name.lower() for name in names}) == len(names)
        (root,) = {name.split("/")[0] for name in names}
        return {name.removeprefix(f"{root}/"): archive.read(name) for name in names}


# --- Unity ----------------------------------------------------------------------------------------


def unity_meta(content: bytes) -> dict[str, Any]:
    """A .meta file: nested maps, scalars, quoted texts, ``{}``."""
    root: dict[str, Any] = {}
    stack: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    for line in content.decode().splitlines():
        assert "\t" not in line
        indent = len(line) - len(line.lstrip(" "))
        assert indent % 2 == 0
        key, colon, value = line.strip().partition(":")
        assert colon and (not value or value.startswith(" "))
        while stack[-1][0] >= indent:
            stack.pop()
        value = value.strip()
        if not value and not key.startswith(("userData", "assetBundle")):
            child: dict[str, Any] = {}
            stack[-1][1][key] = child
            stack.append((indent, child))
        else:
            stack[-1][1][key] = _scalar(value)
    return root


def _scalar(value: str) -> Any:
    if value.startswith("'"):
        assert value.endswith("'") and "'" not in value[1:-1].replace("''", "")
        return value[1:-1].replace("''", "'")
    assert not value.startswith(('"', "[", "&", "*", "!", "%", "@", "`", "|", ">"))
    if value == "{}":
        return {}
    return int(value) if re.fullmatch(r"-?\d+", value) else value


# --- Godot ----------------------------------------------------------------------------------------


def godot_config(content: bytes) -> dict[str, dict[str, Any]]:
    """A ConfigFile: ``[section]`` and ``key=value``, values as in GDScript."""
    sections: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] | None = None
    for line in content.decode().splitlines():
        if not line:
            continue
        if head := re.fullmatch(r"\[(\w+)\]", line):
            current = sections.setdefault(head[1], {})
            continue
        key, equals, value = line.partition("=")
        assert current is not None and equals and key not in current
        current[key] = _variant(_tokens(value))
    return sections


def godot_resource(content: bytes) -> tuple[dict[str, str], dict[str, dict[str, str]], dict]:
    """A .tres file: what the head says, its external resources by identifier, its properties."""
    text = content.decode()
    head = re.match(r"\[gd_resource ([^\]]*)\]\n", text)
    assert head
    outside = {
        fields["id"]: fields
        for found in re.findall(r"^\[ext_resource ([^\]]*)\]$", text, re.MULTILINE)
        for fields in [_fields(found)]
    }
    body = text.split("\n[resource]\n", 1)[1]
    properties: dict[str, Any] = {}
    tokens = _tokens(body)
    while tokens:
        name = tokens.pop(0)
        while tokens[0] != "=":
            name += tokens.pop(0)
        tokens.pop(0)
        assert name not in properties
        properties[name] = _variant(tokens, rest=True)
    return _fields(head[1]), outside, properties


def _fields(text: str) -> dict[str, str]:
    found = re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', text)
    return {name: quoted or plain for name, quoted, plain in found}


_TOKEN = re.compile(
    r'\s*(&?"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[={}:,()/\[\]])'
)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match, text[at : at + 40]
        tokens.append(match[1])
        at = match.end()
    return tokens


def _variant(tokens: list[str], *, rest: bool = False) -> Any:
    """The value at the head of the tokens; all of them, unless there is a ``rest``."""
    token = tokens.pop(0)
    if token == "{":
        value: Any = {}
        while tokens[0] != "}":
            key = _variant(tokens, rest=True)
            assert tokens.pop(0) == ":"
            value[key] = _variant(tokens, rest=True)
            if tokens[0] == ",":
                tokens.pop(0)
        tokens.pop(0)
    elif token in ("true", "false"):
        value = token == "true"
    elif token.startswith(('"', '&"')):
        value = json.loads(token.removeprefix("&"))
    elif re.fullmatch(r"[A-Za-z_]\w*", token):
        assert tokens.pop(0) == "("
        parts = []
        while tokens[0] != ")":
            parts.append(_variant(tokens, rest=True))
            if tokens[0] == ",":
                tokens.pop(0)
        tokens.pop(0)
        value = (token, *parts)
    else:
        value = float(token) if re.search(r"[.e]", token) else int(token)
    assert rest or not tokens
    return value


# --- FMOD -----------------------------------------------------------------------------------------


def fmod_data(content: bytes) -> dict[str, Any]:
    """The object that the script's first statement declares."""
    text = content.decode("ascii").removeprefix("var PIECE = ")
    value, end = json.JSONDecoder().raw_decode(text)
    assert text[end] == ";"
    return value


# --- Wwise ----------------------------------------------------------------------------------------

_NAME = {"type": "string", "pattern": r'^[^:<>*?"/\\|.]*$'}
_PLACE = {"type": "string", "pattern": r"^(\\[^\\]+)+$"}
WWISE_OBJECT_SET = {
    "$defs": {
        "object": {
            "type": "object",
            "required": ["type", "name"],
            "properties": {
                "type": {
                    "enum": [
                        "MusicPlaylistContainer",
                        "MusicSwitchContainer",
                        "MusicSegment",
                        "MusicTrack",
                        "MusicCue",
                        "MusicPlaylistItem",
                        "MultiSwitchEntry",
                        "SwitchGroup",
                        "Switch",
                    ]
                },
                "name": _NAME,
                "notes": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/object"}},
                "import": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["audioFile"],
                                "properties": {"audioFile": {"type": "string"}},
                                "additionalProperties": False,
                            },
                        }
                    },
                    "additionalProperties": False,
                },
            },
            "patternProperties": {
                "^@Cues$": {"type": "array", "items": {"$ref": "#/$defs/object"}},
                "^@Entries$": {"type": "array", "items": {"$ref": "#/$defs/object"}},
                "^@PlaylistRoot$": {"$ref": "#/$defs/object"},
                "^@(Segment|AudioNode)$": _PLACE,
                "^@(Arguments|EntryPath)$": {"type": "array", "items": _PLACE},
                "^@(Tempo|TimeMs|EndPosition)$": {"type": "number", "minimum": 0},
                "^@(CueType|PlaylistItemType|LoopCount|TimeSignature(Upper|Lower))$": {
                    "type": "integer"
                },
                "^@OverrideClockSettings$": {"type": "boolean"},
            },
            "additionalProperties": False,
        }
    },
    "type": "object",
    "required": ["objects"],
    "properties": {
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["object"],
                "properties": {
                    "object": _PLACE,
                    "children": {"type": "array", "items": {"$ref": "#/$defs/object"}},
                },
                "additionalProperties": False,
            },
        },
        "onNameConflict": {"enum": ["rename", "replace", "fail", "merge"]},
        "listMode": {"enum": ["append", "replaceAll"]},
    },
    "additionalProperties": False,
}
"""The arguments of ak.wwise.core.object.set as its reference has them, as far as music needs."""


def tab_delimited(content: bytes) -> list[dict[str, str]]:
    """Rows by the names in the first one, read without any idea of quoting."""
    lines = content.decode().split("\r\n")
    assert lines.pop() == ""
    columns = lines[0].split("\t")
    assert len(set(columns)) == len(columns) and '"' not in content.decode()
    rows = [line.split("\t") for line in lines[1:]]
    assert all(len(row) == len(columns) for row in rows)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def comma_separated(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
