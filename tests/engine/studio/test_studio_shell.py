"""The studio's own door: plans printed, edited, sent back, and every version of a candidate."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from engine.__main__ import main

BRIEF = {"kind": "bed", "style": "chiptune", "duration_ms": 9000, "candidates": 1, "seed": 4}


def _brief(folder: Path, **more: object) -> str:
    file = folder / "brief.json"
    file.write_text(json.dumps({**BRIEF, **more}))
    return str(file)


def test_a_printed_plan_is_edited_and_composed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--brief", _brief(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["seed"] == BRIEF["seed"]
    (plan,) = printed["plans"]
    plan["sections"][0]["energy"] = 6
    out = tmp_path / "out"
    asked = _brief(tmp_path, plan=plan)
    command = ["compose", "--brief", asked, "--out", str(out), "--bank", "builtin"]
    assert (
        main([*command, "--layers", "--cuts", "6,90", "--versions", "sting", "--format", "ogg"])
        == 0
    )
    made = json.loads((out / "candidate-1.json").read_text())
    assert made["outline"] == plan
    assert made["plan"]["sections"][0]["energy"] == 6
    assert "cannot be cut to 90 s" in capsys.readouterr().err
    assert "no sting of candidate 1" not in capsys.readouterr().err
    lengths = {"1.wav": 9, "1.cut-6s.ogg": 6, "1.layer-1.ogg": 9}
    for name, seconds in lengths.items():
        file = out / f"candidate-{name}"
        assert soundfile.info(file).duration == pytest.approx(seconds, abs=0.01)
        assert file.with_suffix(".mid").read_bytes()[:4] == b"MThd"
    assert not (out / "candidate-1.cut-90s.ogg").exists()
    assert 1.8 < soundfile.info(out / "candidate-1.sting.ogg").duration < 8


def test_plans_go_into_a_file_where_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plans.json"
    assert main(["plan", "--brief", _brief(tmp_path, candidates=3), "--out", str(file)]) == 0
    assert [plan["take"] for plan in json.loads(file.read_text())["plans"]] == [1, 2, 3]


def test_a_plan_nobody_could_play_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["plan", "--brief", _brief(tmp_path)])
    (plan,) = json.loads(capsys.readouterr().out)["plans"]
    plan["sections"][0]["chords"] = "I | Hm"
    out = str(tmp_path / "out")
    assert main(["compose", "--brief", _brief(tmp_path, plan=plan), "--out", out]) == 2
    assert "/plan/sections/0/chords: bar 2: 'Hm' is not a chord" in capsys.readouterr().err


@pytest.mark.parametrize("cuts", ["soon", "30,", ""])
def test_lengths_that_are_none_are_refused(
    cuts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["compose", "--brief", _brief(tmp_path), "--out", str(tmp_path), "--cuts", cuts])
    assert "--cuts" in capsys.readouterr().err


def test_a_machine_is_warmed_before_it_plays() -> None:
    root = Path(__file__).parents[3]
    # In a process of its own: tests declare loops too.
    warmed = subprocess.run(
        [sys.executable, "-m", "engine", "warm"], capture_output=True, text=True, check=True,
        cwd=root,
    )  # fmt: skip
    files = [one for one in (root / "engine").rglob("*.py") if one.name != "compiled.py"]
    written = sum(
        len(re.findall(r"^@compiled\(", file.read_text(), re.MULTILINE)) for file in files
    )
    assert written > 20
    assert warmed.stdout == f"{written} loops are ready\n"
