"""Steps per second of the composer's network, decoded in three ways in one run.

``PYTHON -m loadtests.bench_decode``, with a Python that has torch and onnx (locks/workshop.txt) for
the two references; without them only our own way is timed.

| way | past |
|---|---|
| slots | ours: GroupQueryAttention, slots allocated once, written in place |
| plain | the same file with attention in standard operators, concatenated past in and out |
| eager | the same weights in torch, module by module, past concatenated by torch |

One thread each, the same weights, inputs and past, by turns; the best round counts, in CPU seconds.
The logits of all ways agree to 1e-3, or the bench ends with 1. Rows of one length are the plainest
case; "composed" are steps as they come up in composing ten candidates of a minute, where rows are
of all lengths: the references pad them to the longest, and are not charged for what padding anew
costs whenever a row comes, goes or takes a bar back. A row that steps alone is given an idle
neighbour by the composer, and is here: that is paid, not counted.
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from engine.compose.composer import PACKAGED, ROWS, Composer
from engine.compose.desk import REACH
from engine.compose.network import Network
from loadtests.moments import Moment, arrays, composed, filled, moment

COUNTS, LENGTHS = (1, 8, ROWS), (128, REACH)
STYLES = ["lofi", "orchestral_epic", "rock", "solo_piano"]
AGREE = 1e-3
ASKED = {"plain": 2.0, "eager": 6.0}  # times as fast as the references


class Way(Protocol):
    """One way to decode; all are given the same past."""

    def begin(self, moment: Moment) -> None: ...
    def step(self, moment: Moment) -> np.ndarray: ...


class Slots:
    """Ours, by the class that the composer uses."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def begin(self, moment: Moment) -> None:
        """Put the past where a row's own steps would have put it."""
        slots = arrays(self._network)
        for name, padded in moment.past.items():
            for row, length in enumerate(moment.lengths):
                slots[name][row, :, :length] = padded[row, :, padded.shape[2] - length :]

    def step(self, moment: Moment) -> np.ndarray:
        ids, bits, lengths = moment.ids, moment.bits, moment.lengths
        if len(lengths) == 1:
            ids, bits, lengths = np.repeat(ids, 2, 0), np.repeat(bits, 2, 0), [*lengths, 0]
        logits, _ = self._network.step(ids, bits, lengths, slice(0, len(lengths)))
        return logits[: len(moment.lengths), 0]


class Plain:
    """The plain export; its past stays in onnxruntime's values, so that nothing is copied twice."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._past: dict[str, ort.OrtValue] = {}

    def begin(self, moment: Moment) -> None:
        self._past = {
            f"p{name}": ort.OrtValue.ortvalue_from_numpy(value)
            for name, value in moment.past.items()
        }

    def step(self, moment: Moment) -> np.ndarray:
        binding = self._session.io_binding()
        binding.bind_cpu_input("ids", moment.ids)
        binding.bind_cpu_input("bits", moment.bits)
        binding.bind_cpu_input("position", moment.position)
        binding.bind_cpu_input("mask", moment.mask)
        for name, value in self._past.items():
            binding.bind_ortvalue_input(name, value)
        for name in ("logits", *(f"n{name[1:]}" for name in self._past)):
            binding.bind_output(name)
        self._session.run_with_iobinding(binding)
        return binding.get_outputs()[0].numpy()[:, 0]


def main() -> int:
    """Print the table; 1 where the ways disagree or ours is not as much faster as asked."""
    given = _arguments()
    network = Network(given.models, slots=ROWS)
    ways: dict[str, Way] = {"slots": Slots(network), **_references(given.models)}
    filled(network, ROWS, REACH, 1)
    print(f"{given.models.name}, one thread; thousands of steps per CPU second, best of "
          f"{given.rounds} rounds")  # fmt: skip
    print("| rows | past | slots | plain | eager | slots : plain | slots : eager |")
    print("|---|---|---|---|---|---|---|")
    speeds: list[dict[str, float]] = []
    apart = 0.0
    for rows, past, moments in _cases(given.models, network):
        speed, differ = _timed(ways, moments, given.rounds)
        apart = max(apart, differ)
        speeds.append(speed)
        print(_row(rows, past, speed), flush=True)
    return _verdict(speeds, apart)


def _cases(models: Path, network: Network) -> list[tuple[str, str, list[Moment]]]:
    """Rows of one length, and steps as they come up in composing."""
    found = [
        (str(rows), str(length), [moment(network, [length - 1] * rows, seed) for seed in range(8)])
        for rows in COUNTS
        for length in LENGTHS
    ]
    trace = composed(Composer(models, desks=1), STYLES, 10)
    trace = [lengths for lengths in trace if max(lengths) > 0]
    chosen = np.random.default_rng(1).choice(len(trace), 48, replace=False)
    moments = [moment(network, trace[at], int(at)) for at in chosen]
    rows = np.mean([len(trace[at]) for at in chosen])
    past = np.mean([np.mean(trace[at]) for at in chosen])
    return [*found, (f"{rows:.0f}, composed", f"{past:.0f}, ragged", moments)]


def _timed(
    ways: dict[str, Way], moments: list[Moment], rounds: int
) -> tuple[dict[str, float], float]:
    """Steps per CPU second of every way, and how far its logits are from ours at most."""
    steps = sum(len(one.lengths) for one in moments)
    best = dict.fromkeys(ways, np.inf)
    apart = 0.0
    for _ in range(rounds):
        spent = dict.fromkeys(ways, 0.0)
        for one in moments:
            logits = {name: _stepped(way, one) for name, way in ways.items()}
            for name, (seconds, said) in logits.items():
                spent[name] += seconds
                apart = max(apart, float(np.abs(said - logits["slots"][1]).max()))
        best = {name: min(best[name], spent[name]) for name in ways}
    return {name: steps / seconds for name, seconds in best.items()}, apart


def _stepped(way: Way, one: Moment) -> tuple[float, np.ndarray]:
    """CPU seconds of a step, the better of two behind one that warms up, and its logits."""
    seconds, logits = np.inf, np.zeros(0)
    for _ in range(3):
        way.begin(one)
        began = time.process_time()
        logits = way.step(one)
        seconds = min(seconds, time.process_time() - began)
    return seconds, logits


def _references(models: Path) -> dict[str, Way]:
    """The other ways, those that this Python has what it takes for."""
    missing = [name for name in ("onnx", "torch") if importlib.util.find_spec(name) is None]
    found: dict[str, Way] = {}
    if "onnx" in missing:
        print("no plain export: this Python has no onnx; locks/workshop.txt pins one")
    else:
        found["plain"] = Plain(_plain_session(models))
    if missing:
        print(f"no torch eager: this Python has no {' and no '.join(missing)}; "
              f"locks/workshop.txt pins onnx, torch is installed beside it")  # fmt: skip
    else:
        from loadtests.torch_eager import Eager, restored

        found["eager"] = Eager(restored(models))
    return found


def _plain_session(models: Path) -> ort.InferenceSession:
    from loadtests.plain_export import plain

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    graph = plain(models / "composer.onnx").SerializeToString()
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _row(rows: str, past: str, speed: dict[str, float]) -> str:
    thousands = [_told(speed, name, 1e-3) for name in ("slots", "plain", "eager")]
    ratios = [f"{speed['slots'] / speed[name]:.1f}" if name in speed else "–" for name in ASKED]
    return f"| {rows} | {past} | " + " | ".join([*thousands, *ratios]) + " |"


def _told(speed: dict[str, float], name: str, scale: float) -> str:
    return f"{scale * speed[name]:.2f}" if name in speed else "–"


def _verdict(speeds: list[dict[str, float]], apart: float) -> int:
    """What the composed steps say, which are the last."""
    failed = apart > AGREE
    print(f"logits differ by {apart:.1e} at most, {AGREE:g} allowed")
    for name, asked in ASKED.items():
        if name in speeds[-1]:
            ratio = speeds[-1]["slots"] / speeds[-1][name]
            failed |= ratio < asked
            print(f"composing: {ratio:.1f} times as fast as {name}, {asked:g} asked")
    return int(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=PACKAGED)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
