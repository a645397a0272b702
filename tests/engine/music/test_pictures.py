"""Pictures: a candidate is drawn, or the shell says what to install."""

import builtins
import io
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from engine.arrange.midi import write_midi
from engine.studio import pictures


@pytest.fixture
def offered(paper):
    """What the studio hands over, with a second of noise for a master."""
    take = paper.write("lofi")[0]
    sound = io.BytesIO()
    noise = np.random.default_rng(1).normal(0, 0.1, (48_000, 2)).astype(np.float32)
    soundfile.write(sound, noise, 48_000, format="WAV", subtype="PCM_24")
    return SimpleNamespace(
        made=SimpleNamespace(plan=take.plan), midi=write_midi(take.score), master=sound.getvalue()
    ), take  # fmt: skip


def test_the_parts_in_a_picture_are_those_of_the_score(offered) -> None:
    given, take = offered
    found = pictures.played(take.plan, given.midi)
    assert [part.plan for part in found] == [part.plan for part in take.score.parts]


def test_a_picture_is_a_png_of_a_readable_size(offered, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    pictures.draw(offered[0], tmp_path / "one.png")
    head = (tmp_path / "one.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    assert width >= 800
    assert height >= 800


def test_a_tone_is_seen_at_its_frequency() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 48_000)
    levels = pictures.spectrogram(tone, 48_000)
    edges = np.geomspace(pictures.LOWEST_HZ, pictures.HIGHEST_HZ, pictures.BANDS + 1)
    loudest = int(levels[:, levels.shape[1] // 2].argmax())
    assert edges[loudest] * 0.97 <= 1000 <= edges[loudest + 1] * 1.03


def test_without_matplotlib_it_is_said_what_to_install(offered, tmp_path, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(pictures.DrawingMissing, match=r"cuesmith\[pictures\]"):
        pictures.draw(offered[0], tmp_path / "one.png")
