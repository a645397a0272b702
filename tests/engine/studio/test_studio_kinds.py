"""Stings and ambiences from a brief to finished candidates, as a client gets them."""

import io

import numpy as np
import pytest
import soundfile

from engine.contracts import Brief, RenditionOrder
from engine.errors import BriefRefused
from engine.queue.contracts import Progress
from engine.studio import renditions
from engine.studio.manuscript import read
from engine.studio.renditions import NoSuchVersion
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.studio.takes import outlines
from engine.words import resolve


def offered(rooms: Rooms, **fields) -> list[Candidate]:
    resolved = resolve(Brief(seed=5, **fields), 5)

    def quiet(_: Progress) -> None:
        return None

    made = list(perform(resolved, 5, rooms, label=str, tell=quiet))
    return [one for one in made if isinstance(one, Candidate)]


def heard(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)[0]


@pytest.mark.parametrize("duration_ms", [500, 1237, 4000])
def test_a_sting_is_as_long_as_asked_and_differs_from_the_next(duration_ms, rooms: Rooms) -> None:
    takes = offered(rooms, kind="sting", style="chiptune", duration_ms=duration_ms, candidates=2)
    assert len(takes) == 2
    for one in takes:
        sound = heard(one.master)
        assert len(sound) == duration_ms * 48
        assert all(fact.passed for fact in one.made.measured)
        assert one.made.plan.kind == "sting" and one.made.outline is None
        assert np.abs(sound[: 48 * 60]).max() > 0.05, "a sting begins at once"
        assert np.abs(sound[-48:]).max() < 0.01
        assert read(one.manuscript).score == one.take.score
    assert takes[0].take.score.parts != takes[1].take.score.parts


def test_an_ambience_loops_and_has_versions_of_its_own(rooms: Rooms) -> None:
    asked = {"kind": "ambience", "prompt": "dark ambient rain", "duration_ms": 6000}
    (one,) = offered(rooms, candidates=1, stems=("all",), **asked)
    sound = heard(one.master)
    assert len(sound) == 6000 * 48
    assert all(fact.passed for fact in one.made.measured)
    step = np.abs(np.diff(np.concatenate([sound[-3:], sound[:3]]), 2, axis=0)).max()
    assert step <= 1.5 * np.percentile(np.abs(np.diff(sound, 2, axis=0)), 99.9)
    assert b"smpl" in one.master
    order = RenditionOrder(version="loop_parts", format="ogg")
    with pytest.raises(NoSuchVersion, match="nothing to leave"):
        list(renditions.render(one.manuscript, one.made.resolved, order, rooms))
    small = RenditionOrder(version="master", format="mp3", channels=1, lufs=-24)
    (made,) = renditions.render(one.manuscript, one.made.resolved, small, rooms)
    about, content = made.sound, made.content
    assert (about.channels, about.media_type, about.loop) == (1, "audio/mpeg", (0, 287_999))
    assert abs(about.lufs + 24) < 0.3 and len(content) < len(one.master) / 4


@pytest.mark.parametrize("kind", ["sting", "ambience"])
def test_what_has_no_plan_to_edit_says_so(kind: str) -> None:
    with pytest.raises(BriefRefused, match="no plan to edit"):
        outlines(resolve(Brief(kind=kind), 1), 1)  # type: ignore[arg-type]
