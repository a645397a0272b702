"""The light backend keeps the promises of a backend."""

import io
from datetime import UTC, datetime

import msgspec
import pytest
import soundfile

from engine.backends.contracts import Backend, Offered
from engine.contracts import Brief, Kind, RetractedTake
from engine.critique.originality import Index, Runs
from engine.errors import Stopped
from engine.queue.contracts import Job
from engine.studio import manuscript
from engine.words import resolve
from loadtests.light import Light

FILES = {"master": "audio/wav", "evaluation": "audio/wav", "preview": "audio/mpeg",
         "midi": "audio/midi", "score": manuscript.MEDIA_TYPE}  # fmt: skip


@pytest.fixture(scope="module")
def light() -> Backend:
    return Light()


def _job(kind: Kind = "bed", candidates: int = 4, seed: int = 11) -> Job:
    resolved = resolve(Brief(kind=kind, candidates=candidates), seed)
    return Job(id="brf_1", account="acc_1", resolved=resolved, seed=seed,
               deadline_at=datetime.now(UTC))  # fmt: skip


def _nobody(_: Runs) -> Index:
    raise AssertionError("a light backend has no notes to ask about")


def _made(
    backend: Backend, job: Job, done: dict[int, int] | None = None
) -> list[Offered | RetractedTake]:
    return list(
        backend.make(job, label=lambda number: f"cand_{number}", tell=lambda _: None,
                     done=done or {}, others=_nobody, stop=lambda: False)
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["bed", "loop", "sting", "chime", "ambience"])
def test_every_candidate_has_its_files_and_a_second_of_sound(light: Backend, kind: Kind) -> None:
    offered = [one for one in _made(light, _job(kind)) if isinstance(one, Offered)]
    assert [one.made.number for one in offered] == [1, 2, 3, 4]
    for one in offered:
        files = {file.name: file for file in one.files}
        assert {name: file.media_type for name, file in files.items()} == FILES
        for name in ("master", "evaluation"):
            audio, rate = soundfile.read(io.BytesIO(bytes(files[name].content)))  # type: ignore[arg-type]
            assert len(audio) == rate
            assert abs(audio).max() > 0.3
        assert f"cand_{one.made.number}".encode() in bytes(files["evaluation"].content)  # type: ignore[arg-type]
        assert manuscript.read(bytes(files["score"].content)).score.parts  # type: ignore[arg-type]
        assert one.made.resolved.kind == kind
    assert len({one.made.provenance["master_sha256"] for one in offered}) == 4


def test_the_same_job_gives_the_same_bytes_and_some_takes_are_retracted(light: Backend) -> None:
    job = _job(candidates=10, seed=5)
    first, second = _made(light, job), _made(Light(), job)
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    retracted = [
        one for seed in range(10) for one in _made(light, _job(seed=seed))
        if isinstance(one, RetractedTake)
    ]  # fmt: skip
    assert retracted


def test_what_was_delivered_before_is_not_made_again(light: Backend) -> None:
    whole = [one.made for one in _made(light, _job()) if isinstance(one, Offered)]
    done = {one.number: one.take for one in whole[:2]}
    rest = [one.made for one in _made(light, _job(), done) if isinstance(one, Offered)]
    assert [(one.number, one.take) for one in rest] == [(one.number, one.take) for one in whole[2:]]


def test_whoever_stops_it_is_heard_while_it_sleeps() -> None:
    made = Light(candidate_s=3600.0).make(
        _job(), label=str, tell=lambda _: None, done={}, others=_nobody, stop=lambda: True
    )
    with pytest.raises(Stopped):
        next(made)
