"""How well the critic of bars hears faults in works that nobody was trained on.

One bar of a section is asked for at a time, clean or with one fault; the bars before it are as
people wrote them, nothing behind it is shown.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct

from engine.critique.grid import FEATURES
from engine.critique.strokes import Sheet, sheet_of, strokes_of, struck
from engine.critique.trained import Reader
from engine.workshop.critic_export import Taste
from engine.workshop.critic_faults import FAULTS, Dice
from engine.workshop.critic_lessons import PLAIN, Lesson, Manner, Volume, lessons, volumes
from engine.workshop.critic_net import Critic, Strokes
from engine.workshop.critic_pack import pack
from engine.workshop.critic_sampling import Sample
from engine.workshop.critic_training import auc
from engine.workshop.critic_works import Passage
from engine.workshop.examples import views_of

AT_ONCE = 64
# What is heard beside lead, bass and counter, and which faults count.
WAYS: dict[str, Manner] = {
    "with inner voices as our composer's": PLAIN._replace(held=1.0, moving=0.0),
    "with inner voices as people's": PLAIN._replace(held=0.0, moving=1.0),
    "lead, bass and counter alone": PLAIN._replace(held=0.0, moving=0.0),
    "alone, every change counts": PLAIN._replace(held=0.0, moving=0.0, sharp=False),
}


class Heard(Struct, frozen=True, kw_only=True):
    """Bars that were asked for. ``faultless`` (bars,) log-odds of clean against any fault, ``odds``
    (bars,) of people against any fault and our model, ``kinds`` (bars,) 0 clean or 1 + the
    fault."""

    faultless: np.ndarray
    odds: np.ndarray
    kinds: np.ndarray


def packed(passages: Sequence[Passage], file: Path) -> list[Volume]:
    """Passages of any side, ready to be spoilt."""
    pack(passages, file, learnt=False)
    return volumes(file, torch.device("cpu"), checked=True)


def heard(
    model: Critic, taste: Taste, some: Sequence[Volume], manner: Manner, bars: int, seed: int
) -> Heard:
    """About so many bars, drawn as often as their passages weigh."""
    total = sum(float(one.weights.sum()) for one in some)
    found: list[tuple[torch.Tensor, ...]] = []
    dice = Dice(torch.device("cpu"), seed)
    with torch.no_grad():
        for volume in some:
            left = round(bars * float(volume.weights.sum()) / total)
            while left > 0:
                some_more = lessons(volume, min(AT_ONCE, left), dice, manner)
                found += [_asked(model, taste, lesson) for lesson in some_more]
                left -= AT_ONCE
    faultless, odds, kinds = (torch.cat(part).numpy() for part in zip(*found, strict=True))
    return Heard(faultless=faultless, odds=odds, kinds=kinds)


def _asked(model: Critic, taste: Taste, lesson: Lesson) -> tuple[torch.Tensor, ...]:
    """Of the bars that a lesson asks for: faultless, odds, kinds."""
    states = model.states(lesson.strokes)
    asked = lesson.kind >= 0
    rows, first = asked.any(1), states[asked]
    said = model.kind(torch.relu(model.hidden(first)))
    wrong = said[:, 1:].logsumexp(-1) - said[:, 0]
    own = lesson.strokes.bar[asked][:, None] == lesson.strokes.bar[rows]
    own &= (lesson.wrong >= 0)[rows]
    mean = (states[rows] * own[..., None]).sum(1) / own.sum(1, keepdim=True)
    ours = taste(torch.cat([first, mean], -1))
    return -wrong, -torch.logaddexp(wrong, ours), lesson.kind[asked]


def table(found: Heard, rated: np.ndarray) -> dict[str, dict[str, float]]:
    """AUC of clean bars against each fault by some rating of them, its standard error, and the bars
    with the fault."""
    clean = rated[found.kinds == 0]
    rows: dict[str, dict[str, float]] = {}
    for number, fault in enumerate(FAULTS):
        worse = rated[found.kinds == 1 + number]
        area = auc(clean, worse)
        rows[fault] = {
            "auc": round(area, 3), "error": round(_error(area, len(clean), len(worse)), 3),
            "bars": len(worse),
        }  # fmt: skip
    return rows


def _error(area: float, clean: int, worse: int) -> float:
    """Hanley and McNeil's standard error of an AUC."""
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (worse - 1) * (one - area**2) + (clean - 1) * (two - area**2)
    return float(np.sqrt(max(0.0, spread) / max(1, clean * worse)))


def parity(model: Critic, samples: Sequence[Sample], reader: Reader) -> float:
    """Largest difference between torch, which reads a section at once, and the graph, bar by bar,
    in the log-odds of a bar's being spoilt."""
    worst = 0.0
    for one in samples[:: max(1, len(samples) // 20)]:
        view = views_of(one.people)[-1]
        sheet = sheet_of(view)
        if sheet is None or struck(sheet) == 0:
            continue
        with torch.no_grad():
            _, kind = model(section_of(sheet))
        said = kind[0, sheet.bars - 1]
        answers = reader.hear(sheet).answers
        wrong = float(said[1:].logsumexp(-1) - said[0])
        worst = max(worst, abs(wrong - float(answers[1] - answers[0])))
    return worst


def section_of(sheet: Sheet) -> Strokes:
    """A section as far as it is written, as the network is taught: marks, then strokes."""
    bars = [strokes_of(sheet, bar) for bar in range(sheet.bars)]
    marks = np.zeros((len(bars), len(FEATURES)), np.int64)
    ids = np.concatenate([marks, *(one.ids for one in bars)])
    bar = np.concatenate(
        [np.arange(len(bars)), *(np.full(len(one.places), one.bar) for one in bars)]
    )
    place = np.concatenate([np.zeros(len(bars), np.int64), *(one.places for one in bars)])
    mark = np.arange(len(bar)) < len(bars)
    given = (ids, mark, np.ones(len(bar), bool), bar, place)
    return Strokes(*(torch.from_numpy(one)[None] for one in given))
