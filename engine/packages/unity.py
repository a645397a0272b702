"""Unity: WAV files whose loop points it reads by itself, and an import setting for each.

A ``.meta`` file is the YAML that Unity's asset database keeps beside every asset; the fields are
those of its AudioImporter. The identifier is drawn from track and path, so a newer package of the
same track replaces the older one without breaking a scene.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from engine.packages.content import Content, Item, beats

FOLDER = "Audio"
_DECOMPRESS_ON_LOAD, _COMPRESSED_IN_MEMORY = 0, 1
_VORBIS = 1
_SHORT_S = 10.0


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    """Import settings for the folder, every sound, the manifest and the words to the reader."""
    found = {"README.txt": _README.encode()}
    found |= {f"{folder}/{item.file}.meta": _sound(content, item, folder) for item in content.items}
    found[f"{folder}.meta"] = _meta(content, folder, _FOLDER)
    for text in ("README.txt", "manifest.json"):
        found[f"{text}.meta"] = _meta(content, text, _TEXT)
    return found


def _sound(content: Content, item: Item, folder: str) -> bytes:
    short = item.seconds < _SHORT_S
    settings = _AUDIO.format(
        load=_DECOMPRESS_ON_LOAD if short else _COMPRESSED_IN_MEMORY,
        rate=item.sound.sample_rate,
        compression=_VORBIS,
        user=_user(content, item),
    )
    return _meta(content, f"{folder}/{item.file}", settings)


def _user(content: Content, item: Item) -> str:
    """What a script of the game may ask the importer for, as JSON in a quoted scalar."""
    loop = item.sound.loop
    said = {
        "name": item.sound.name,
        "bpm": content.tempo(item),
        "beatsPerBar": beats(content.meter(item)) if content.meter(item) else None,
        "bars": item.sound.bars,
        "entrySample": item.sound.entry,
        "exitSample": item.exit,
        "loopStartSample": loop[0] if loop else None,
        "loopEndSample": loop[1] if loop else None,
    }
    return "'" + msgspec.json.encode(said).decode().replace("'", "''") + "'"


def _meta(content: Content, path: str, settings: str) -> bytes:
    name = f"cuesmith/unity/1\0{content.facts.track}\0{path}"
    identifier = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"fileFormatVersion: 2\nguid: {identifier}\n{settings}".encode()


_AUDIO = """\
AudioImporter:
  externalObjects: {{}}
  serializedVersion: 7
  defaultSettings:
    serializedVersion: 2
    loadType: {load}
    sampleRateSetting: 0
    sampleRateOverride: {rate}
    compressionFormat: {compression}
    quality: 1
    conversionMode: 0
    preloadAudioData: 1
  platformSettingOverrides: {{}}
  forceToMono: 0
  normalize: 0
  loadInBackground: 0
  ambisonic: 0
  3D: 0
  userData: {user}
  assetBundleName:
  assetBundleVariant:
"""
_FOLDER = """\
folderAsset: yes
DefaultImporter:
  externalObjects: {}
  userData:
  assetBundleName:
  assetBundleVariant:
"""
_TEXT = """\
TextScriptImporter:
  externalObjects: {}
  userData:
  assetBundleName:
  assetBundleVariant:
"""
_README = """\
Unpack this folder into the Assets folder of the project. Loop points lie in the WAV files; Unity
reads them by itself: set an AudioSource to loop. manifest.json tells tempo, bars, entry and exit.
Layers sound one at a time; start all of them together and fade from one to another.
"""
