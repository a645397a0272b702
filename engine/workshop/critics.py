"""The critics in one command: works, the network, the model's own bars, judge and ranker, in turn.

Every step leaves a file in the run's folder and is not done again, so a run that was stopped goes
on, and the network may be trained on another machine (`engine.workshop.critic_training`) and its
file put there.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import torch.nn.functional as fn
from msgspec import Struct, field

from engine.compose.composer import Composer
from engine.critique.grid import FEATURES, VOICES
from engine.critique.trained import Graph, Reader, TrainedCritic
from engine.workshop import critic_measure, critic_sampling, critic_training, judge, ranker
from engine.workshop.critic_export import Taste, write
from engine.workshop.critic_faults import FAULTS
from engine.workshop.critic_held import as_held
from engine.workshop.critic_measure import WAYS
from engine.workshop.critic_net import Critic, loaded
from engine.workshop.critic_pack import pack
from engine.workshop.critic_sampling import MANNERS, Sample
from engine.workshop.critic_training import auc
from engine.workshop.critic_works import SIDES, Passage, Side, passages
from engine.workshop.examples import Bars, bars_of
from engine.workshop.excerpts import Excerpt, excerpts_of
from engine.workshop.rulemade import rule_lines

NAME = "cuesmith-bars-2"
RATING = "lead, bass and counter alone, against all else"
LEVELS = tuple(round(0.01 * n, 2) for n in range(51))  # quantiles that are kept
FEWEST = 120  # bars of people that make a distribution of their own
PEOPLE, SPOILT, MODEL = range(3)
PIECES: dict[Side, int] = {"critic": 400, "judge": 300, "held out": 270, "ranker": 150}
COMPARED = 120  # people's excerpts whose bars make the levels
TASTE_STEPS, TASTE_RATE = 400, 3e-3


class Order(Struct, frozen=True, kw_only=True):
    """What a run needs: archives, its own folder, where the weights go, and how long."""

    corpus: Path
    out: Path
    critics: Path
    budget_s: float
    seed: int
    threads: int = 1
    sampling_s: float = 780.0
    pieces: dict[Side, int] = field(default_factory=lambda: dict(PIECES))
    measured: int = 3000  # bars asked for in each way


def train(order: Order) -> dict[str, Any]:
    """Run every step that is not done; returns the manifest."""
    torch.set_num_threads(order.threads)
    works = passages(order.corpus, order.out / "passages.npz", Counter())
    model = loaded(_trained(order, works))
    samples = _sampled(order, works)
    taste = taste_of(model, _of(samples, "critic"), order)
    order.critics.mkdir(parents=True, exist_ok=True)
    file = order.critics / "critic.onnx"
    write(model, taste, file)
    judged = judge_of(works, samples, order.seed)
    judge.write(judged, order.critics / "judge.json")
    found = {
        **_facts(order, works, samples, model, file),
        **_measured(order, model, taste, works, samples, Reader(Graph(file))),
        "judge": neutrality(judged, _of(samples, "held out")),
    }
    _keep(found, order)
    found |= {"ranker": _ranked(order, works, samples, judged)}
    _keep(found, order)
    return found


def _ranked(
    order: Order, works: Sequence[Passage], samples: Sequence[Sample], judged: judge.Judge
) -> dict[str, Any]:
    """Fit the ranker, unless that is done; what it is worth."""
    kept, said = order.out / "ranker.json", order.out / "ranker-worth.json"
    if not said.exists():
        critic = TrainedCritic(order.critics)  # as the manifest names it
        ranked = ranker.fitted(side(works, "ranker"), _of(samples, "ranker"), critic, order.seed)
        ranker.write(ranked, kept)
        worth = ranker.worth(ranked, critic, judged, _of(samples, "held out"), order.seed)
        said.write_bytes(msgspec.json.encode(worth))
    (order.critics / "ranker.json").write_bytes(kept.read_bytes())
    return msgspec.json.decode(said.read_bytes())


def _keep(manifest: dict[str, Any], order: Order) -> None:
    (order.critics / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    )


def _of(samples: Sequence[Sample], name: Side) -> list[Sample]:
    return [one for one in samples if one.side == name]


def side(works: Sequence[Passage], name: Side) -> list[Passage]:
    """The passages of one side."""
    return [one for one in works if one.side == name]


def _trained(order: Order, works: Sequence[Passage]) -> Path:
    """The network's file, trained here when nobody has put it there."""
    file = order.out / "critic.pt"
    if not file.exists():
        packed = order.out / "bars.npz"
        if not packed.exists():
            pack(side(works, "critic"), packed)
        critic_training.train(packed, order.out, order.budget_s, order.seed, order.threads)
    return file


def _sampled(order: Order, works: Sequence[Passage]) -> list[Sample]:
    file = order.out / "samples.msgpack"
    if not file.exists():
        made = critic_sampling.sampled(
            plans(works), order.pieces, order.seed, order.sampling_s, workers=2
        )
        critic_sampling.save(made, file)
    return critic_sampling.read(file)


def plans(works: Sequence[Passage]) -> dict[Side, Sequence[Excerpt]]:
    """Of every side, the excerpts under whose plans the model writes. The judge counts chains in
    half of its works; the model writes for the other half."""
    found: dict[Side, Sequence[Excerpt]] = {
        name: excerpts_of(side(works, name)) for name in SIDES if name != "judge"
    }
    return found | {"judge": excerpts_of(_halves(side(works, "judge"))[1])}


def _halves(works: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
    """Passages in two halves, no work in both."""
    first = {
        one.work for one in works
        if hashlib.sha256(f"halves/{one.work}".encode()).digest()[0] % 2
    }  # fmt: skip
    return [one for one in works if one.work in first], [
        one for one in works if one.work not in first
    ]


# --- whose bar it is ------------------------------------------------------------------------------


def taste_of(model: Critic, samples: Sequence[Sample], order: Order) -> Taste:
    """Learn to tell the model's bars from people's under the same plans, by what the network
    knows of them; its own weights stay as they are."""
    file, taste = order.out / "taste.pt", Taste(model.config.width)
    if file.exists():
        taste.load_state_dict(torch.load(file, weights_only=True))
        return taste.eval()
    torch.manual_seed(order.seed)
    reader = _reader(model, order)
    people = bars_of([one.people for one in samples], reader).states
    ours = bars_of([one.model for one in samples], reader).states
    given = torch.from_numpy(np.concatenate([people, ours]))
    labels = torch.cat([torch.zeros(len(people)), torch.ones(len(ours))])
    weights = torch.where(labels > 0, len(labels) / 2 / len(ours), len(labels) / 2 / len(people))
    optimiser = torch.optim.AdamW(taste.parameters(), lr=TASTE_RATE, weight_decay=0.05)
    for step in range(TASTE_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = TASTE_RATE * (1 - step / TASTE_STEPS)
        chosen = torch.randint(len(labels), (1024,))
        loss = fn.binary_cross_entropy_with_logits(
            taste(fn.dropout(given[chosen], 0.1)), labels[chosen], weights[chosen]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    torch.save(taste.state_dict(), file)
    return taste.eval()


def _reader(model: Critic, order: Order) -> Reader:
    """The network as it will be read in the studio, before it knows whose bars are whose."""
    file = order.out / "states.onnx"
    write(model, Taste(model.config.width), file)
    return Reader(Graph(file))


# --- the judge ------------------------------------------------------------------------------------


def judge_of(works: Sequence[Passage], samples: Sequence[Sample], seed: int) -> judge.Judge:
    """A judge who counted one half of its works and learnt from people of the other half, from the
    model in every manner, and from our rules under the same plans."""
    counted, learnt = _halves(side(works, "judge"))
    own = _of(samples, "judge")
    rules = [
        Excerpt(
            plan=one.people.plan,
            lines=rule_lines(one.people.plan, seed + at, [line.role for line in one.people.lines]),
        )
        for at, one in enumerate(own)
    ]
    return judge.fitted(
        excerpts_of(counted), excerpts_of(learnt), [*(one.model for one in own), *rules]
    )


def neutrality(judged: judge.Judge, samples: Sequence[Sample]) -> dict[str, Any]:
    """What the judge says of works that nobody learnt from, and of the model under their plans:
    AUC of people against the model in all, and in every manner, with the means of both."""
    people = np.array([judged.odds(one.people.plan, one.people.lines) for one in samples])
    model = np.array([judged.odds(one.model.plan, one.model.lines) for one in samples])
    found: dict[str, Any] = {"auc": round(auc(people, model), 3), "pieces": len(samples),
                             "people": _mean(people), "model": _mean(model)}  # fmt: skip
    for manner in MANNERS:
        own = np.array([one.manner == manner for one in samples])
        if own.any():
            found[critic_sampling.told(manner)] = {
                "auc": round(auc(people, model[own]), 3), "model": _mean(model[own]),
                "pieces": int(own.sum()),
            }  # fmt: skip
    return found


def _mean(values: np.ndarray) -> list[float]:
    """Mean and its standard error."""
    return [round(float(values.mean()), 3), round(float(values.std() / len(values) ** 0.5), 3)]


# --- the manifest ---------------------------------------------------------------------------------


def _facts(
    order: Order, works: Sequence[Passage], samples: Sequence[Sample], model: Critic, file: Path
) -> dict[str, Any]:
    sides = Counter(one.side for one in works)
    return {
        "name": NAME,
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest()},
        "made_at": datetime.now(UTC).date().isoformat(),
        "features": [list(one) for one in FEATURES],
        "config": list(model.config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "training": _told(order),
        "composer": Composer().digest,
        "seed": order.seed,
        "works": {name: len({one.work for one in side(works, name)}) for name in SIDES},
        "passages": {name: sides[name] for name in SIDES},
        "pieces by the model": dict(Counter(one.side for one in samples)),
        "licence": "Apache-2.0",
    }


def _told(order: Order) -> dict[str, Any]:
    """What the training said last: seconds, steps, strokes, and AUC on works it did not learn
    from, whose pasts had faults too."""
    kept = torch.load(order.out / "critic.pt", map_location="cpu", weights_only=True)
    return kept["told"][-1] if kept["told"] else {}


def _measured(
    order: Order, model: Critic, taste: Taste, works: Sequence[Passage],
    samples: Sequence[Sample], reader: Reader,
) -> dict[str, Any]:  # fmt: skip
    held_out = side(works, "held out")
    own = _of(samples, "held out")
    people, ours = bars_of([one.people for one in own], reader), bars_of(
        [one.model for one in own], reader
    )  # fmt: skip
    return {
        "levels": list(LEVELS),
        "people": quantiles(*_people(held_out, reader)),
        "own": quantiles(odds(ours.answers), ours.kinds),
        "parity_max_abs": float(f"{critic_measure.parity(model, own, reader):.3g}"),
        **_auc(order, model, taste, held_out, people, ours),
    }


def _people(works: Sequence[Passage], reader: Reader) -> tuple[np.ndarray, np.ndarray]:
    """How faultless people's bars are, alone and over inner voices as ours; and their kinds."""
    chosen = works[:: max(1, len(works) // COMPARED)]
    alone = bars_of(excerpts_of(chosen), reader)
    voiced = bars_of(excerpts_of(as_held(chosen), VOICES), reader)
    said = np.concatenate([alone.answers, voiced.answers])
    return faultless(said), np.concatenate([alone.kinds, voiced.kinds])


def _auc(
    order: Order, model: Critic, taste: Taste, held_out: Sequence[Passage], people: Bars, ours: Bars
) -> dict[str, Any]:
    """AUC of people's bars against each fault in every way of hearing, and against the model's."""
    ways = _ways(order, model, taste, held_out)
    first = ways[next(iter(WAYS))]
    table = {
        fault: {"rating": ways[RATING][fault]["auc"], "own": first[fault]["auc"],
                "bars": first[fault]["bars"]}
        for fault in FAULTS
    }  # fmt: skip
    table["model"] = {
        "rating": round(auc(odds(people.answers), odds(ours.answers)), 3),
        "own": round(auc(human(people.answers), human(ours.answers)), 3),
        "bars": len(ours.answers),
    }
    return {"auc": table, "ways": ways}


def _ways(order: Order, model: Critic, taste: Taste, held_out: Sequence[Passage]) -> dict[str, Any]:
    """The tables of every way of hearing; the longest step, so each is kept when it is done."""
    file = order.out / "ways.json"
    found: dict[str, Any] = msgspec.json.decode(file.read_bytes()) if file.exists() else {}
    some = critic_measure.packed(held_out, order.out / "held-out.npz")
    for name, manner in WAYS.items():
        if name not in found:
            heard = critic_measure.heard(model, taste, some, manner, order.measured, order.seed)
            found[name] = critic_measure.table(heard, heard.faultless)
            if manner.held == manner.moving == 0 and manner.sharp:
                found[RATING] = critic_measure.table(heard, heard.odds)
            file.write_bytes(msgspec.json.encode(found))
    return {name: found[name] for name in (*WAYS, RATING)}


def odds(said: np.ndarray) -> np.ndarray:
    """(bars, classes) log-probabilities → (bars,) log-odds of people against all else."""
    return said[:, PEOPLE] - np.logaddexp(said[:, SPOILT], said[:, MODEL])


def faultless(said: np.ndarray) -> np.ndarray:
    """(bars,) log-odds of people against spoilt bars alone."""
    return said[:, PEOPLE] - said[:, SPOILT]


def human(said: np.ndarray) -> np.ndarray:
    """(bars,) log-odds of people against our model alone."""
    return said[:, PEOPLE] - said[:, MODEL]


def quantiles(rated: np.ndarray, kinds: np.ndarray) -> dict[str, list[float]]:
    """Quantiles by what sounds and by energy: ``lead 3``, ``other 5``, …; a cell with too few bars
    takes its neighbours in."""
    sounds = np.array([kind.split()[0] for kind in kinds])
    energies = np.array([int(kind.split()[1]) for kind in kinds])
    found: dict[str, list[float]] = {}
    for name in ("lead", "other"):
        for energy in range(1, 8):
            cell = np.ones(len(kinds), bool)
            for reach in range(7):
                cell = (sounds == name) & (np.abs(energies - energy) <= reach)
                if cell.sum() >= FEWEST:
                    break
            values = rated[cell] if cell.any() else rated
            found[f"{name} {energy}"] = np.quantile(values, LEVELS).round(4).tolist()
    return found
