"""Passages by people as lessons: shown in many manners, with faults made anew every time.

Only torch and numpy are needed here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.critique.grid import CENTRE, SCALES, VOICES, Grid, Where, begins, features
from engine.workshop.critic_faults import FAULTS, Dice, Pages, spoilt
from engine.workshop.critic_net import Strokes
from engine.workshop.critic_voicing import INNER, held

SIZES = (48, 36, 36, 72)  # units of a bar by meter
BARS = 16
MOST = 640  # strokes of a passage; of a denser one only half the bars are read
FEWEST = 2  # strokes; a bar with fewer is not judged
# How often each fault is made: more of those that are hard to hear.
OFTEN = (2.2, 1.0, 1.8, 3.0, 2.2, 0.7, 1.0, 0.6, 1.0)

EVEN = (1.0,) * len(FAULTS)


class Manner(NamedTuple):
    """How passages are shown.

    ``held`` and ``moving``: shares with inner voices as our composer writes them and as people do;
    the rest have none. ``fewer``: share with some voices left out, ``mixed``: with the middle ones
    in another order, ``octave``: an octave off. ``spoilt``: shares of a passage's bars, by turns.
    ``one``: instead, one bar of a section of eight is asked for, clean or spoilt alike often, and
    nothing after it is shown. ``sharp``: see `engine.workshop.critic_faults`.
    """

    held: float = 0.4
    moving: float = 0.4
    fewer: float = 0.35
    mixed: float = 0.3
    octave: float = 0.15
    spoilt: tuple[float, ...] = (0.08, 0.2, 0.35)  # pasts with few faults and with more
    one: bool = False
    sharp: bool = True


TAUGHT = Manner()
PLAIN = Manner(fewer=0.0, mixed=0.0, octave=0.0, one=True)
SECTION = 8  # bars that a critic who is examined hears at most


class Volume(NamedTuple):
    """Passages of one meter on a device, and how often each is drawn."""

    pages: Pages
    weights: Tensor
    meter: int


class Lesson(NamedTuple):
    """A batch and its answers: ``wrong`` (passages, strokes) whether a stroke was changed,
    ``kind`` (passages, strokes) what a mark shall say of its bar, -1 where nothing is asked."""

    strokes: Strokes
    wrong: Tensor
    kind: Tensor


def volumes(file: Path, device: torch.device, *, checked: bool) -> list[Volume]:
    """The packed passages of both sides: what is learnt from, or what is only ``checked``."""
    kept = dict(np.load(file, allow_pickle=False))
    ends = np.cumsum(kept["counts"])
    found: list[Volume] = []
    for meter, size in enumerate(SIZES):
        chosen = np.flatnonzero((kept["meter"] == meter) & (kept["checked"] == checked))
        if not len(chosen):
            continue
        notes = [kept["notes"][ends[at] - kept["counts"][at] : ends[at]] for at in chosen]
        rows = np.repeat(np.arange(len(chosen)), kept["counts"][chosen])
        pitch, onset = drawn(len(chosen), size, rows, np.concatenate(notes))
        span = size // 2
        pages = Pages(
            pitch=torch.from_numpy(pitch).to(device), onset=torch.from_numpy(onset).to(device),
            root=_spread(kept["roots"][chosen], span, device),
            mask=_spread(kept["masks"][chosen].astype(np.int16), span, device),
            mode=torch.from_numpy(kept["mode"][chosen].astype(np.int64)).to(device),
            bars=torch.from_numpy(kept["bars"][chosen].astype(np.int64)).to(device), size=size,
        )  # fmt: skip
        weights = torch.from_numpy(kept["weight"][chosen].astype(np.float32)).to(device)
        found.append(Volume(pages, weights, meter))
    return found


def drawn(
    count: int, size: int, rows: np.ndarray, notes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Notes (notes, 4) of passages → pitch and onset (passages, voices, units)."""
    pitch = np.zeros((count, len(VOICES), BARS * size), np.int8)
    onset = np.zeros(pitch.shape, bool)
    voice, start, length, tone = notes.astype(np.int64).T
    length = np.minimum(length, BARS * size - start).clip(min=1)
    many = np.repeat(np.arange(len(notes)), length)
    unit = start[many] + np.arange(len(many)) - np.repeat(np.cumsum(length) - length, length)
    pitch[rows[many], voice[many], unit] = (tone + CENTRE + 1)[many]
    onset[rows, voice, start] = True
    return pitch, onset


def _spread(halves: np.ndarray, span: int, device: torch.device) -> Tensor:
    return torch.from_numpy(halves).to(device).repeat_interleave(span, 1)


def lessons(volume: Volume, count: int, dice: Dice, manner: Manner = TAUGHT) -> Iterator[Lesson]:
    """The batches of one draw: ``count`` passages, spoilt anew, by length."""
    own = _passages(volume, count, dice, manner)
    kinds, worse = _spoilt(own, dice, manner)
    yield from _batched(volume.meter, own, worse, kinds)


class Own(NamedTuple):
    """Passages as they are shown: pages, and the bar with which each section begins."""

    pages: Pages
    first: Tensor


def _passages(volume: Volume, count: int, dice: Dice, manner: Manner) -> Own:
    """Some passages; from any bar on, with all voices or some, people's inner voices or what they
    hold, in any of two octaves."""
    at = dice.many(volume.weights, count)
    pages = volume.pages
    pitch, onset = pages.pitch[at].short(), pages.onset[at]
    voiced = held(
        pages._replace(pitch=pitch, root=pages.root[at], mask=pages.mask[at], bars=pages.bars[at])
    )
    turn = dice.shares(count)[:, None, None]
    inner = (turn < manner.held) | (turn >= manner.held + manner.moving)
    pitch[:, INNER] = torch.where(inner, voiced[0] * (turn < manner.held), pitch[:, INNER])
    onset[:, INNER] = torch.where(inner, voiced[1] & (turn < manner.held), onset[:, INNER])
    kept = (dice.shares(count, len(VOICES)) > 0.45) | (dice.shares(count, 1) >= manner.fewer)
    some = (kept[..., None] & (pitch > 0)).any(-1).any(-1)
    kept |= ~some[:, None]
    middle = dice.shares(count, 4).argsort(-1) + 2
    order = torch.cat([torch.zeros_like(middle[:, :1]), torch.ones_like(middle[:, :1]), middle], 1)
    plain = torch.arange(len(VOICES), device=at.device).expand_as(order)
    order = torch.where(dice.shares(count, 1) < manner.mixed, order, plain)
    row = torch.arange(count, device=at.device)[:, None]
    pitch, onset, kept = pitch[row, order], onset[row, order], kept[row, order]
    move = 12 * (dice.shares(count) < manner.octave) * (2 * dice.below(2, count) - 1)
    high = (pitch.flatten(1).amax(-1) + move <= 2 * CENTRE).long()
    low = (torch.where(pitch > 0, pitch, 99).flatten(1).amin(-1) + move >= 1).long()
    pitch = torch.where(pitch > 0, pitch + (move * high * low)[:, None, None], pitch).short()
    bars = pages.bars[at]
    own = Pages(
        pitch=pitch * kept[..., None], onset=onset & kept[..., None] & (pitch > 0),
        root=pages.root[at].long(), mask=pages.mask[at].long(), mode=pages.mode[at], bars=bars,
        size=pages.size,
    )  # fmt: skip
    begin = (dice.shares(count) * (bars - 2)).long()
    return Own(own, torch.where(dice.shares(count) < 0.5, 0, begin))


def _spoilt(own: Own, dice: Dice, manner: Manner) -> tuple[Tensor, Pages]:
    """Faults in some of the bars: (passages, bars) 0 clean or 1 + the fault, -1 not asked, and
    the pages with them."""
    pages, count = own.pages, len(own.first)
    bar = torch.arange(BARS, device=own.first.device)
    there = (bar >= own.first[:, None]) & (bar < pages.bars[:, None])
    often = torch.tensor(EVEN if manner.one else OFTEN, device=bar.device)
    often = often.expand(count * BARS, -1)
    fault = dice.drawn(often).view(count, BARS)
    if manner.one:
        near = there & (bar < own.first[:, None] + SECTION)
        asked = near & (bar == dice.drawn(near.float())[:, None])
        wanted = asked & (dice.shares(count, 1) < 0.5)
    else:
        rate = torch.tensor(manner.spoilt, device=bar.device)
        asked = there
        wanted = there & (dice.shares(count, BARS) < rate[dice.below(len(rate), count)][:, None])
    kinds = torch.where(asked, 0, -1)
    pitch, onset = pages.pitch.clone(), pages.onset.clone()
    for number in range(len(FAULTS)):
        row, where = (wanted & (fault == number)).nonzero(as_tuple=True)
        if not len(row):
            continue
        made = spoilt(pages, row, where, number, dice, sharp=manner.sharp)
        if manner.one:
            kinds[row, where] = -1  # a bar that cannot have a fault is not a fair example
        row, where = row[made.done], where[made.done]
        unit = where[:, None] * pages.size + torch.arange(pages.size, device=row.device)
        voice = torch.arange(len(VOICES), device=row.device)
        at = (row[:, None, None], voice[None, :, None], unit[:, None, :])
        pitch[at] = made.pitch[made.done].to(pitch.dtype)
        onset[at] = made.onset[made.done]
        kinds[row, where] = 1 + number
    if manner.one:
        last = (asked * bar).amax(-1) + 1
        pages = pages._replace(bars=torch.where(asked.any(-1), last, pages.bars))
    return kinds, pages._replace(pitch=pitch, onset=onset)


def _batched(meter: int, own: Own, worse: Pages, kinds: Tensor) -> Iterator[Lesson]:
    """All passages of a draw as batches of about as many strokes, by length."""
    grid, before = (_grid(pages, own.first, meter) for pages in (worse, own.pages))
    starts = begins(torch, grid)
    bars = starts.view(*starts.shape[:2], BARS, worse.size)
    dense = bars.sum((1, 2, 3)) > MOST
    late = torch.arange(BARS, device=dense.device) >= own.first[:, None] + BARS // 2
    beyond = torch.arange(BARS, device=dense.device) >= worse.bars[:, None]
    left = (dense[:, None] & late) | beyond
    starts = (bars & ~left[:, None, :, None]).view(starts.shape)
    shown = (torch.arange(BARS, device=dense.device) >= own.first[:, None]) & ~left
    counts = starts.view(*starts.shape[:2], BARS, worse.size).sum((1, 3))
    kinds = torch.where(left | (counts < FEWEST), -1, kinds)
    at = Where(*starts.nonzero(as_tuple=True))
    ids = features(torch, grid, at).short()
    wrong = _changed(before, grid, at)
    total = torch.bincount(at.row, minlength=len(kinds)) + BARS
    order = torch.argsort(total)
    sizes = total[order].tolist()
    begin = torch.cumsum(total - BARS, 0) - (total - BARS)
    each, from_ = max(1, per_batch(at.unit.device)), 0
    while from_ < len(sizes):
        until = from_ + 1
        while until < len(sizes) and sizes[until] * (until + 1 - from_) <= each:
            until += 1
        rows = order[from_:until]
        yield _padded(rows, total, begin, at, ids, wrong, kinds, shown, worse.size)
        from_ = until


def per_batch(device: torch.device) -> int:
    """Strokes side by side."""
    return 65_536 if device.type == "cuda" else 6_000


def _padded(
    rows: Tensor, total: Tensor, begin: Tensor, at: Where, ids: Tensor, wrong: Tensor,
    kinds: Tensor, shown: Tensor, size: int,
) -> Lesson:  # fmt: skip
    """The marks of all bars first, then the strokes, of some passages; a multiple of 16 of them."""
    most = -(-int(total[rows].max()) // 16) * 16
    place = torch.arange(most, device=rows.device)
    mark = (place < BARS).expand(len(rows), -1)
    here = shown[rows][:, place.clamp(max=BARS - 1)]
    live = torch.where(mark, here, place < total[rows][:, None])
    index = (begin[rows][:, None] + place - BARS).clamp(0, len(ids) - 1)
    unit = at.unit[index]
    bar = torch.where(mark, place, unit // size)
    inside = torch.where(mark, 0, unit % size)
    strokes = Strokes(
        ids=torch.where(mark[..., None], 0, ids[index]), mark=mark, live=live, bar=bar,
        place=inside,
    )  # fmt: skip
    asked = kinds[rows][:, place.clamp(max=BARS - 1)]
    return Lesson(
        strokes=strokes,
        wrong=torch.where(live & ~mark, wrong[index].long(), -1),
        kind=torch.where(mark, asked, -1),
    )


def _grid(pages: Pages, first: Tensor, meter: int) -> Grid:
    scale = torch.tensor(SCALES, device=first.device)[pages.mode]
    return Grid(
        pitch=pages.pitch, onset=pages.onset, root=pages.root, mask=pages.mask, scale=scale,
        first=first, size=pages.size, meter=meter,
    )  # fmt: skip


def _changed(before: Grid, grid: Grid, at: Where) -> Tensor:
    """(strokes,) whether a stroke is not what people wrote there: another pitch, another onset, or
    another length inside its bar."""
    where = (at.row, at.voice, at.unit)
    other = (before.pitch[where] != grid.pitch[where]) | (before.onset[where] != grid.onset[where])
    return other | (_ends(before)[where] != _ends(grid)[where])


def _ends(grid: Grid) -> Tensor:
    """(passages, voices, units) the unit where what sounds at each ends, at most the bar line."""
    total = grid.pitch.shape[-1]
    unit = torch.arange(total, device=grid.pitch.device)
    edge = torch.ones_like(grid.onset)
    edge[..., 1:] = grid.pitch[..., 1:] != grid.pitch[..., :-1]
    edge |= grid.onset | (unit % grid.size == 0)
    found = torch.cummin(torch.where(edge, unit, total).flip(-1), -1).values.flip(-1)
    return torch.cat([found[..., 1:], torch.full_like(found[..., :1], total)], -1)
