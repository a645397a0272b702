import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import render_scores as scores

from engine.render import render
from engine.render.banks import builtin
from engine.score import Note, Score
from engine.sound.filters import Band, convolve, fold, impulse
from engine.sound.loudness import integrated_lufs

BAR_FRAMES = 96_000  # 120 beats a minute
HERE = Path(__file__).parent


def mix(stems) -> np.ndarray:
    return np.sum([stems.groups[name] for name in sorted(stems.groups)], axis=0)


@pytest.mark.parametrize("frames", [4 * BAR_FRAMES, 4 * BAR_FRAMES - 4801, 5 * BAR_FRAMES + 17])
def test_a_bed_has_exactly_the_asked_frames_in_every_stem(frames: int) -> None:
    stems = render(scores.band(4), builtin(), frames=frames, loop=False, seed=3)
    assert set(stems.groups) == {"bass", "chords", "drums", "lead"}
    assert all(one.shape == (frames, 2) for one in stems.groups.values())
    assert all(np.isfinite(one).all() for one in stems.groups.values())


def test_a_bed_is_mixed_near_minus_twenty_and_dies_away_in_the_file() -> None:
    frames = 4 * BAR_FRAMES
    sound = mix(render(scores.band(4, sounding=3), builtin(), frames=frames, loop=False, seed=3))
    assert abs(integrated_lufs(sound) + 20) < 0.5
    last = sound[-2400:]
    assert 20 * np.log10(np.sqrt(np.mean(last**2)) + 1e-12) < -60
    assert np.abs(sound[-1]).max() < 1e-5
    first = int(np.argmax(np.abs(sound).max(axis=1) > 1e-3))
    assert first < 480


def test_even_a_bed_whose_music_fills_the_file_ends_in_silence() -> None:
    sound = mix(render(scores.band(4), builtin(), frames=4 * BAR_FRAMES, loop=False, seed=3))
    assert 20 * np.log10(np.sqrt(np.mean(sound[-1200:] ** 2)) + 1e-12) < -60


def test_what_is_held_to_the_end_sinks_before_it_and_is_not_cut() -> None:
    # The bass lets go a quarter of a second before the end of an eight-bar file.
    held = Note(0, 8 * scores.BAR - scores.QUARTER // 2, 33, 100)
    bass = scores.part("bass", "bass", [held], patch="bass_sub")
    frames = 8 * BAR_FRAMES
    sound = mix(render(scores.score([bass], bars=6), builtin(), frames=frames, loop=False, seed=1))
    power = (sound**2).mean(axis=1).reshape(-1, 2400).mean(axis=1)
    level = 10 * np.log10(power + 1e-12)  # of every 50 ms
    assert level[len(level) // 2] > level[20] - 20, "in the middle it is still heard"
    assert level[-10] < -44, "half a second before the end it has all but gone"
    audible = level[1:-1] > -58
    assert np.diff(level)[:-1][audible].min() > -12, "and no step was a cut"


def test_the_same_seed_gives_the_same_bytes_in_two_processes() -> None:
    program = (
        "import hashlib, render_scores as s; from engine.render import render;"
        "from engine.render.banks import builtin;"
        "t = render(s.band(2, style='lofi'), builtin(), frames=192000, loop=True, seed=11);"
        "print(hashlib.sha256(b''.join(t.groups[n].tobytes() for n in sorted(t.groups)))"
        ".hexdigest())"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", program],
            check=True, capture_output=True, text=True,
            env={"PYTHONPATH": f"{HERE}:{HERE.parents[2]}", "OMP_NUM_THREADS": "1"},
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    stems = render(scores.band(2, style="lofi"), builtin(), frames=192_000, loop=True, seed=11)
    sound = b"".join(stems.groups[name].tobytes() for name in sorted(stems.groups))
    assert made[0] == made[1] == hashlib.sha256(sound).hexdigest()


def repeated(one: Score, times: int) -> Score:
    shift = one.length
    parts = [
        msgspec.structs.replace(
            part,
            notes=tuple(
                Note(note.start + lap * shift, note.length, note.pitch, note.velocity)
                for lap in range(times)
                for note in part.notes
            ),
        )
        for part in one.parts
    ]
    sections = tuple(
        msgspec.structs.replace(section, bar=section.bar + lap * one.plan.bars)
        for lap in range(times)
        for section in one.plan.sections
    )
    plan = msgspec.structs.replace(one.plan, bars=one.plan.bars * times, sections=sections)
    return msgspec.structs.replace(one, plan=plan, parts=tuple(parts))


def test_a_loop_is_the_middle_of_an_endless_play() -> None:
    frames = 3 * BAR_FRAMES
    # Basses play every lap alike, where other hands vary what they repeat; and effects are not
    # brightened by ear, which would hear three laps a little otherwise than one.
    parts = [
        msgspec.structs.replace(
            part,
            plan=msgspec.structs.replace(part.plan, role="fx", patch="bass_saw", low=0, high=127),
        )
        if part.plan.group != "drums"
        else part
        for part in scores.band(3).parts
    ]
    one = scores.score(parts, kind="loop", bars=3)
    once = render(one, builtin(), frames=frames, loop=True, seed=1)
    thrice = render(repeated(one, 3), builtin(), frames=3 * frames, loop=True, seed=1)
    for name, sound in once.groups.items():
        middle = thrice.groups[name][frames : 2 * frames].astype(np.float64)
        # The faders are set by a measurement of some places, which differs by tenths of a
        # decibel; the drummer's hands have one each.
        gain = float((middle * sound).sum() / (middle**2).sum())
        assert abs(20 * np.log10(gain)) < 0.5
        near = -36 if name == "drums" else -60
        assert np.abs(sound - gain * middle).max() < 10 ** (near / 20) * np.abs(sound).max(), name


def test_without_its_fold_a_loop_would_be_found_out() -> None:
    frames = 3 * BAR_FRAMES
    one = scores.band(3, kind="loop")
    looped = render(one, builtin(), frames=frames, loop=True, seed=1)
    cut = render(one, builtin(), frames=frames, loop=False, seed=1)
    head = slice(0, 12_000)
    difference = mix(looped)[head] - mix(cut)[head]
    assert np.sqrt(np.mean(difference**2)) > 10 ** (-40 / 20) * np.sqrt(np.mean(mix(looped) ** 2))


def test_folding_lays_every_lap_over_the_beginning() -> None:
    sound = np.arange(20, dtype=np.float32)[:, None].repeat(2, axis=1)
    folded = fold(sound, 8)
    assert folded[:, 0].tolist() == [24, 27, 30, 33, 16, 18, 20, 22]


def test_circular_filtering_equals_filtering_an_endless_tape() -> None:
    rng = np.random.default_rng(5)
    sound = rng.standard_normal((20_000, 2)).astype(np.float32)
    taps = impulse((Band("high_pass", 60.0), Band("peak", 900.0, 4.0, 1.0)))
    endless = convolve(np.concatenate([sound] * 3), taps)
    round_and_round = convolve(sound, taps, circular=True)
    assert np.abs(endless[40_000:] - round_and_round).max() < 2e-5


def test_a_drum_stroke_sounds_within_ten_milliseconds_of_its_place() -> None:
    strokes = [Note(480 * i, 100, 36 if i % 2 == 0 else 38, 110) for i in range(8)]
    one = scores.score([scores.part("drums", "drums", strokes, patch="kit_909")], bars=2)
    sound = mix(render(one, builtin(), frames=2 * BAR_FRAMES, loop=False, seed=1))
    level = np.abs(sound).max(axis=1)
    for stroke in range(8):
        place = stroke * 24_000
        window = level[place : place + 4800]
        assert int(np.argmax(window > 0.1 * window.max())) < 480
        if place:
            before = level[place - 480 : place].max()
            assert before < 0.3 * window.max()


def test_bass_and_kick_stand_in_the_middle() -> None:
    stems = render(scores.band(2), builtin(), frames=2 * BAR_FRAMES, loop=True, seed=1)
    bass = stems.groups["bass"]
    assert np.corrcoef(bass[:, 0], bass[:, 1])[0, 1] > 0.98


def test_a_part_that_is_panned_left_is_louder_on_the_left() -> None:
    notes = [Note(i * 480, 400, 60, 90) for i in range(8)]
    one = scores.score([scores.part("comp", "chords", notes, patch="pluck_soft", pan=-60)], bars=2)
    sound = mix(render(one, builtin(), frames=2 * BAR_FRAMES, loop=True, seed=1))
    left, right = np.sqrt((sound**2).mean(axis=0))
    assert 20 * np.log10(left / right) > 4


def test_the_pads_go_down_under_the_kick_where_the_style_says_so() -> None:
    kicks = [Note(i * 480, 100, 36, 120) for i in range(8)]
    pad = [Note(0, 2 * scores.BAR, pitch, 80) for pitch in (57, 60, 64)]

    def pads(with_kick: bool) -> np.ndarray:
        parts = [scores.part("pad", "pads", pad, patch="bass_sub")]
        if with_kick:
            parts.append(scores.part("drums", "drums", kicks, patch="kit_909"))
        one = scores.score(parts, style="house_edm", bars=2)
        return render(one, builtin(), frames=2 * BAR_FRAMES, loop=True, seed=1).groups["pads"]

    ducked, steady = pads(True), pads(False)
    at, later = slice(48_000 + 480, 48_000 + 960), slice(48_000 + 19_200, 48_000 + 21_600)
    ratio = np.sqrt((ducked**2)[at].mean() / (ducked**2)[later].mean())
    ratio /= np.sqrt((steady**2)[at].mean() / (steady**2)[later].mean())
    assert -7 < 20 * np.log10(ratio) < -2.5


def test_another_sample_rate_keeps_the_length_in_seconds() -> None:
    stems = render(
        scores.band(2), builtin(), frames=2 * BAR_FRAMES, sample_rate=44_100, loop=False, seed=1
    )
    assert stems.sample_rate == 44_100
    assert {len(one) for one in stems.groups.values()} == {176_400}


def test_a_score_without_notes_is_silence_and_not_a_fault() -> None:
    empty = scores.score([scores.part("lead", "lead", [])], bars=1)
    stems = render(empty, builtin(), frames=48_000, loop=False, seed=1)
    assert stems.groups == {}
