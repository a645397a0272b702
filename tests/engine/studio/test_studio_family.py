"""A family in the studio: from its brief to files, as the client and the shell get them."""

import io
import json
import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.__main__ import main
from engine.backends.contracts import OfferedFamily
from engine.contracts import (
    Delivery,
    FamilyBrief,
    FamilyMade,
    FunctionLimits,
    ResolvedFamily,
    RetractedTake,
)
from engine.queue.contracts import Progress
from engine.studio.family import perform_family
from engine.words.family import resolve_family

FEW = ("door_open", "door_close", "warn", "indicator")


ALARMING = ("notify", "warn", "low_battery")


def quiet(progress: Progress) -> None:
    del progress


def resolved(functions: tuple[str, ...] = FEW, seed: int = 5, **fields: object) -> ResolvedFamily:
    brief = FamilyBrief(tonic="D", functions=functions, candidates=1, **fields)  # type: ignore[arg-type]
    return resolve_family(brief, seed)


def outcomes(asked: ResolvedFamily) -> list[OfferedFamily | RetractedTake]:
    return list(perform_family(asked, tell=quiet))


def offered(asked: ResolvedFamily) -> OfferedFamily:
    (one,) = [one for one in outcomes(asked) if isinstance(one, OfferedFamily)]
    return one


def test_a_family_is_made_to_the_frame_and_everything_is_told() -> None:
    asked = resolved(delivery=Delivery(sample_rate=44100, bit_depth=16, channels=6))
    family = offered(asked)
    for one, entry in zip(asked.functions, family.made.members, strict=True):
        for name, channels in ((one.name, 6), (f"{one.name}.mono", 1)):
            audio, rate = soundfile.read(io.BytesIO(family.sounds[name]), always_2d=True)
            assert audio.shape == (one.frames, channels)
            assert rate == 44100
            assert not audio[0].any()
            assert not audio[-1].any()
        assert [found.name for found in entry.measured if not found.passed] == []
        assert {asset.name for asset in entry.assets} == {one.name, f"{one.name}.mono"}
        assert entry.facts["channels"] == ["FL", "FR", "C", "LFE", "RL", "RR"]
    made = family.made
    assert len(made.distances) == len(made.compared) == 4
    assert {"distinct", "timbre", "signature", "recognised_in_noise"} <= {
        one.name for one in made.measured
    }
    assert msgspec.json.decode(msgspec.json.encode(made), type=FamilyMade).number == 1


def test_the_same_brief_gives_the_same_bytes() -> None:
    one, other = offered(resolved(FEW[:3])), offered(resolved(FEW[:3]))
    assert one.sounds == other.sounds
    assert one.made.provenance == other.made.provenance
    assert one.sounds != offered(resolved(FEW[:3], seed=6)).sounds


def test_candidates_come_in_rank_and_differ_on_purpose() -> None:
    brief = FamilyBrief(tonic="A", functions=FEW[:2], candidates=3)
    found = [one for one in outcomes(resolve_family(brief, 2)) if isinstance(one, OfferedFamily)]
    assert [one.made.number for one in found] == [1, 2, 3]
    ratings = [one.made.rating for one in found]
    assert ratings == sorted(ratings, reverse=True)
    assert len({one.made.character["table_name"] for one in found}) == 3
    assert len({one.made.character["motif"]["signature"] for one in found}) == 3


def test_what_was_delivered_before_is_not_made_again() -> None:
    brief = FamilyBrief(tonic="A", functions=("notify",), candidates=2)
    asked = resolve_family(brief, 2)
    everything = [one for one in outcomes(asked) if isinstance(one, OfferedFamily)]
    rest = list(perform_family(asked, tell=quiet, done={1: everything[0].made.take}))
    (last,) = [one for one in rest if isinstance(one, OfferedFamily)]
    assert last.made.number == 2
    assert last.sounds == everything[1].sounds


def test_a_take_that_falls_outside_is_retracted_with_its_reason() -> None:
    """In a fifth of a second a welcome that rises slowly is nothing but its top."""
    slow = FunctionLimits(duration_ms=200, attack_ms=(45, 50))
    found = outcomes(resolved(("welcome",), limits={"welcome": slow}))
    retracted = [one for one in found if isinstance(one, RetractedTake)]
    assert 0 < len(retracted) <= 11
    assert all(one.reason.startswith("welcome: ") for one in retracted)
    takes = {one.made.take for one in found if isinstance(one, OfferedFamily)}
    assert takes.isdisjoint(one.take for one in retracted)


def test_loops_carry_their_points_and_single_sounds_do_not() -> None:
    family = offered(
        resolved(("drive", "notify"), limits={"drive": FunctionLimits(duration_ms=4000)})
    )
    assert len(family.sounds) == 2 * 6
    loop, single = family.sounds["drive_080.mono"], family.sounds["notify.mono"]
    at = loop.index(b"smpl") + 8
    assert struct.unpack("<II", loop[at + 36 + 8 : at + 36 + 16]) == (0, 4 * 48_000 - 1)
    assert b"smpl" not in single
    drive = next(one for one in family.made.members if one.name == "drive_080")
    assert drive.facts["loop"] == [0, 4 * 48_000 - 1]
    assert len(drive.facts["synthesis"]["orders"]) == 7


def test_a_family_may_be_one_ambience_alone() -> None:
    asked = resolved(("charging",), limits={"charging": FunctionLimits(duration_ms=5000)})
    family = offered(asked)
    assert set(family.sounds) == {"charging", "charging.mono"}
    assert [found.name for found in family.made.members[0].measured if not found.passed] == []
    assert family.made.distances == ()


def test_a_family_of_equal_lengths_is_still_made() -> None:
    """What a client's lengths take from telling sounds apart is not held against them."""
    family = offered(resolved(ALARMING, limits={"all": FunctionLimits(duration_ms=500)}))
    assert {len(soundfile.read(io.BytesIO(one))[0]) for one in family.sounds.values()} == {24_000}


def test_two_seeds_are_two_families() -> None:
    """By timbre, or by tonic and signature both."""
    brief = FamilyBrief(functions=("notify",), candidates=1)
    one, other = (offered(resolve_family(brief, seed)).made for seed in (11, 12))
    by_name = one.character["table_name"] != other.character["table_name"]
    by_tune = (
        one.resolved.tonic != other.resolved.tonic
        and one.character["motif"]["signature"] != other.character["motif"]["signature"]
    )
    assert by_name or by_tune


# --- the shell ------------------------------------------------------------------------------------


def written(folder: Path, brief: dict, *more: str) -> int:
    (folder / "family-brief.json").write_text(json.dumps(brief))
    return main(
        [
            "family",
            "--brief",
            str(folder / "family-brief.json"),
            "--out",
            str(folder / "out"),
            *more,
        ]
    )


def test_the_shell_writes_a_folder_for_each_candidate(tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    brief = {"brand": {"warm": 0.5}, "tonic": "F#", "functions": ["notify", "warn"],
             "delivery": {"channels": 1}, "candidates": 1, "seed": 4}  # fmt: skip
    assert written(tmp_path, brief, "--pictures") == 0
    folder = tmp_path / "out" / "candidate-1"
    assert {one.name for one in folder.iterdir()} == {
        "notify.wav", "warn.wav", "family.json", "family.png",
    }  # fmt: skip
    made = json.loads((folder / "family.json").read_text())
    assert made["resolved"]["tonic"] == "F#"
    audio, _ = soundfile.read(folder / "warn.wav")
    assert np.abs(audio).max() > 0.1
    assert "every constraint met" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("brief", "said"),
    [
        ({"functions": ["avas"]}, "/functions/0: avas is heard outside the car"),
        ({"brand": {"cold": 1}}, "/brand/cold: unknown axis"),
        ({"functions": "welcome"}, "Expected `array`"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_the_shell_refuses_with_the_reason(tmp_path: Path, capsys, brief: dict, said: str) -> None:
    assert written(tmp_path, brief) == 2
    assert said in capsys.readouterr().err
