"""The 44 briefs that people look at and listen to: composed, drawn, and laid out on pages."""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.compose.composer import Composer
from engine.contracts import Brief, RetractedTake
from engine.render.banks import find
from engine.studio import pictures
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.words import resolve

BRIEFS = Path(__file__).with_name("briefs.jsonl")
COLUMNS = 2
ROLLS_A_PAGE, SOUNDS_A_PAGE = 6, 14
# What of a candidate's picture (see `engine.studio.pictures`) is the roll with the drums under it,
# and what is the spectrogram: shares of its height from the top.
ROLL, SOUND = (0.0, 0.68), (0.68, 1.0)

Picture = NDArray[np.float32]


def briefs() -> list[Brief]:
    """Two of each style: one in English, one in Chinese, as customers write them."""
    lines = BRIEFS.read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Brief) for line in lines if line.strip()]


def write(folder: Path) -> int:
    """Compose every brief that has no files yet, then lay all of them out; 1 if one has none."""
    folder.mkdir(parents=True, exist_ok=True)
    rooms = Rooms(composer=Composer(), bank=find())
    made = [_one(folder, number, brief, rooms) for number, brief in enumerate(briefs(), 1)]
    files = [file for file in made if file is not None]
    _pages(folder, "rolls", files, ROLL, ROLLS_A_PAGE)
    _pages(folder, "sounds", files, SOUND, SOUNDS_A_PAGE)
    sys.stdout.write(f"{len(files)} of {len(made)} briefs in {folder}\n")
    return 0 if len(files) == len(made) else 1


def _one(folder: Path, number: int, brief: Brief, rooms: Rooms) -> Path | None:
    """The brief's files, composed unless they are there; the path without its ending."""
    stem = folder / f"{number:02}-{brief.style}"
    if stem.with_suffix(".json").exists():
        return stem
    seed = brief.seed if brief.seed is not None else number
    for outcome in perform(
        resolve(brief, seed), seed, rooms, label=lambda _: stem.name, tell=lambda _: None
    ):
        if isinstance(outcome, RetractedTake):
            sys.stdout.write(f"{stem.name}: take {outcome.take} retracted: {outcome.reason}\n")
            continue
        _keep(stem, outcome)
        sys.stdout.write(f"{stem.name}: {outcome.made.plan.texture}\n")
        sys.stdout.flush()
        return stem
    sys.stdout.write(f"{stem.name}: nothing was good enough\n")
    return None


def _keep(stem: Path, offered: Candidate) -> None:
    """The JSON is written last: where it is, everything is."""
    stem.with_suffix(".wav").write_bytes(offered.master)
    stem.with_suffix(".mid").write_bytes(offered.midi)
    pictures.draw(offered, stem.with_suffix(".png"))
    stem.with_suffix(".json").write_bytes(
        msgspec.json.format(msgspec.json.encode(offered.made), indent=1)
    )


# --- pages ----------------------------------------------------------------------------------------


def _pages(
    folder: Path, name: str, files: Sequence[Path], piece: tuple[float, float], a_page: int
) -> None:
    """The same piece of several pictures side by side, in the order of the briefs."""
    for page, first in enumerate(range(0, len(files), a_page), 1):
        cut = [_cut(file.with_suffix(".png"), piece) for file in files[first : first + a_page]]
        _save(folder / f"{name}-{page}.png", laid_out(cut))


def laid_out(cut: Sequence[Picture]) -> Picture:
    """Pictures of (rows, columns, 3) in two columns on white, each at its own size."""
    height = max(len(one) for one in cut)
    width = max(one.shape[1] for one in cut)
    rows = -(-len(cut) // COLUMNS)
    page = np.ones((rows * height, COLUMNS * width, 3), np.float32)
    for at, one in enumerate(cut):
        top, left = at // COLUMNS * height, at % COLUMNS * width
        page[top : top + len(one), left : left + one.shape[1]] = one
    return page


def _cut(file: Path, piece: tuple[float, float]) -> Picture:
    from matplotlib.image import imread

    whole = imread(file)[..., :3]
    first, last = (round(share * len(whole)) for share in piece)
    return whole[first:last]


def _save(file: Path, page: Picture) -> None:
    from matplotlib.image import imsave

    imsave(file, page)
