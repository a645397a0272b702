from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.render import notes
from engine.render.notes import NoteCache, add, falling
from engine.sound.filters import blank


def tone(frames: int, channels: int = 1, seed: int = 1) -> np.ndarray:
    sound = np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)
    return sound[0] if channels == 1 else sound.T


def plainly(out, note, onset, gain, let_go=None, fall=None):
    """What `add` promises, one frame at a time."""
    sides = gain if isinstance(gain, tuple) else (gain, gain)
    for frame in range(len(note)):
        shape = 1.0
        if let_go is not None and frame >= let_go:
            if fall is None or frame - let_go >= len(fall):
                break
            shape = float(fall[frame - let_go])
        if 0 <= onset + frame < len(out):
            for side in (0, 1):
                value = note[frame] if note.ndim == 1 else note[frame, side]
                out[onset + frame, side] += value * sides[side] * shape


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("gain", [0.5, (0.25, 0.75)])
@pytest.mark.parametrize(
    ("onset", "let_go"), [(10, None), (-300, None), (-300, 100), (50, 200), (900, 40), (5000, 9)]
)
def test_a_note_is_added_where_and_how_loud_it_was_asked_for(channels, gain, onset, let_go) -> None:
    note, fall = tone(700, channels), falling(0.001)
    got, asked = blank(1000), np.zeros((1000, 2))
    add(got, note, onset, gain, let_go=let_go, fall=fall)
    plainly(asked, note.astype(float), onset, gain, let_go, fall)
    assert np.abs(got - asked).max() < 1e-6


def test_a_note_longer_than_a_stretch_has_no_gap_in_it() -> None:
    note, got = tone(notes.STRETCH * 2 + 77), blank(notes.STRETCH * 3)
    add(got, note, 5, 1.0, let_go=notes.STRETCH + 3, fall=falling(0.05))
    asked = note.astype(float)
    fall = falling(0.05)
    asked[notes.STRETCH + 3 :][: len(fall)] *= fall
    asked[notes.STRETCH + 3 + len(fall) :] = 0
    assert np.abs(got[5 : 5 + len(note), 0] - asked).max() < 1e-6


def test_what_falls_ends_on_exact_nought_and_begins_at_the_level_it_had() -> None:
    fall = falling(0.2)
    assert fall[0] == 1.0
    assert fall[-1] == 0.0
    assert np.diff(fall).max() <= 0
    assert abs(20 * np.log10(fall[int(0.2 * 48_000)]) + 8.69) < 0.01


def test_a_kept_note_is_handed_out_again_and_cannot_be_written_to() -> None:
    cache = NoteCache(10_000)
    first = cache.played("a", lambda: tone(100, 2))
    assert cache.played("a", lambda: tone(100, 2, seed=9)) is first
    assert first.T.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_the_cache_keeps_to_its_bound_and_forgets_what_was_used_longest_ago() -> None:
    cache = NoteCache(4_000)
    for name in "abcd":
        cache.played(name, lambda: tone(250))
    assert cache.held_bytes == 4_000
    cache.get("a")
    cache.played("e", lambda: tone(250))
    assert cache.held_bytes <= 4_000
    assert cache.get("b") is None
    assert cache.get("a") is not None


def test_a_note_too_large_for_the_cache_is_played_all_the_same() -> None:
    cache = NoteCache(4_000)
    note = cache.played("vast", lambda: tone(2_000))
    assert len(note) == 2_000
    assert cache.held_bytes == 0


def test_threads_that_miss_at_once_go_on_with_one_note() -> None:
    cache = NoteCache(1 << 20)
    with ThreadPoolExecutor(4) as pool:
        got = list(
            pool.map(lambda n: cache.played(n % 5, lambda: tone(300, seed=n % 5)), range(80))
        )
    for number, note in enumerate(got):
        assert note is cache.get(number % 5)
    assert cache.held_bytes == 5 * 300 * 4
