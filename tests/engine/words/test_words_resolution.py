"""What a brief means: fields, words, defaults and refusals."""

import pytest

from engine.contracts import Brief, Delivery, Hit, Instruments, Rights, SectionBrief
from engine.errors import BriefRefused
from engine.words import accepted, resolve


def refused(brief: Brief) -> dict[str, str]:
    """Pointers and codes of a refusal."""
    with pytest.raises(BriefRefused) as refusal:
        resolve(brief, 1)
    return {reason.pointer: reason.code for reason in refusal.value.reasons}


def test_an_empty_brief_is_a_bed_of_a_minute_and_says_what_was_chosen() -> None:
    resolved = resolve(Brief(), 7)
    assert (resolved.kind, resolved.style, resolved.duration_ms) == ("bed", "lofi", 60_000)
    assert resolved.duration_frames == 60 * 48_000
    assert resolved.bpm is None
    assert resolved.bpm_range == (66, 92)
    assert resolved.seed == 7
    chosen = " ".join(resolved.defaults)
    for what in ("kind", "style", "length", "meter", "loudness"):
        assert what in chosen


def test_the_brief_of_the_design_resolves_as_written() -> None:
    brief = Brief(
        prompt="卡丁车选车界面，轻快复古合成器，能循环",
        kind="loop",
        bars=16,
        bpm=120,
        tonality="F minor",
        meter="4/4",
        style="synthwave",
        instruments=Instruments(require=("bass", "lead", "pads", "drums"), forbid=("choir",)),
        energy=((0, 0.4), (1, 0.8)),
        stems=("drums", "bass", "lead", "pads"),
        delivery=Delivery(lufs=-16),
    )
    resolved = resolve(brief, 7)
    assert (resolved.kind, resolved.style, resolved.bars, resolved.bpm) == (
        "loop",
        "synthwave",
        16,
        120,
    )
    assert resolved.duration_frames == 16 * 4 * 60 * 48_000 // 120
    assert resolved.tonality == "F minor"
    assert resolved.require == ("bass", "lead", "pads", "drums")
    assert resolved.forbid == ("choir",)
    assert resolved.delivery.lufs == -16


def test_words_fill_what_fields_leave_open() -> None:
    resolved = resolve(Brief(prompt="calm piano waltz in D minor, 45 seconds, no drums"), 1)
    assert resolved.style == "waltz_ballroom"
    assert resolved.tonality == "D minor"
    assert resolved.duration_ms == 45_000
    assert resolved.require == ("piano",)
    assert resolved.forbid == ("drums",)
    assert resolved.moods == ("calm",)


def test_a_field_wins_over_words_and_the_words_come_back_as_ignored() -> None:
    brief = Brief(
        prompt="a rock loop in D minor at 90 bpm, with choir",
        kind="bed",
        style="jazz_trio",
        tonality="F major",
        bpm=140,
        instruments=Instruments(forbid=("choir",)),
    )
    resolved = resolve(brief, 1)
    assert (resolved.kind, resolved.style) == ("bed", "jazz_trio")
    assert (resolved.tonality, resolved.bpm) == ("F major", 140)
    assert resolved.require == ()
    left = " | ".join(resolved.ignored)
    for words in ("rock", "loop", "d minor", "90 bpm", "choir"):
        assert words in left


def test_a_loop_of_sixteen_bars_is_exact_to_the_frame() -> None:
    resolved = resolve(Brief(kind="loop", bpm=97, delivery=Delivery(sample_rate=44100)), 1)
    assert resolved.bars == 16
    assert resolved.duration_frames == round(16 * 4 * 60 / 97 * 44100)
    assert resolved.bpm == 97


def test_a_loop_with_length_and_bars_gets_the_tempo_that_fits() -> None:
    resolved = resolve(Brief(kind="loop", duration_ms=30_000, bars=12), 1)
    assert resolved.bpm == pytest.approx(96)
    assert resolved.duration_frames == 30 * 48_000


def test_a_loop_with_only_a_length_fills_it_with_whole_bars() -> None:
    resolved = resolve(Brief(kind="loop", duration_ms=31_700, style="rock"), 1)
    assert resolved.bars is not None and resolved.bpm is not None
    assert resolved.bars % 4 == 0
    assert 84 <= resolved.bpm <= 168
    assert abs(resolved.duration_frames - 31.7 * 48_000) <= 1


def test_a_loop_whose_fields_disagree_is_refused_with_every_pointer_and_the_nearest_lengths() -> (
    None
):
    brief = Brief(kind="loop", duration_ms=31_000, bars=16, bpm=120)
    assert refused(brief) == dict.fromkeys(("/duration_ms", "/bars", "/bpm"), "contradiction")
    with pytest.raises(BriefRefused) as refusal:
        resolve(Brief(kind="loop", duration_ms=31_000, bpm=120), 1)
    assert refusal.value.reasons[0].limit == {"duration_ms": [32_000, 30_000]}


def test_tempo_words_bend_to_a_length_in_a_field_and_say_so() -> None:
    resolved = resolve(Brief(prompt="loop at 95 bpm", duration_ms=30_000), 1)
    assert resolved.duration_ms == 30_000
    assert resolved.bpm == pytest.approx(96)
    assert any("instead of 95" in choice for choice in resolved.defaults)


def test_a_bed_absorbs_a_remainder_but_not_a_contradiction() -> None:
    resolved = resolve(Brief(duration_ms=60_000, bars=28, bpm=120), 1)  # 56 s and a ring-out
    assert (resolved.bars, resolved.bpm, resolved.duration_ms) == (28, 120, 60_000)
    assert refused(Brief(duration_ms=60_000, bars=16, bpm=120)) == dict.fromkeys(
        ("/duration_ms", "/bars", "/bpm"), "contradiction"
    )
    assert refused(Brief(duration_ms=60_000, bars=31, bpm=120))


def test_a_bed_with_bars_and_tempo_gets_its_length_from_them() -> None:
    resolved = resolve(Brief(bars=16, bpm=96), 1)
    assert resolved.duration_ms == 42_500


def test_lengths_outside_a_kind_are_refused() -> None:
    assert refused(Brief(kind="bed", duration_ms=4_999)) == {"/duration_ms": "out_of_range"}
    assert refused(Brief(kind="chime", duration_ms=5_001)) == {"/duration_ms": "out_of_range"}
    assert refused(Brief(prompt="a 20 minute meditation")) == {"/prompt": "out_of_range"}
    assert refused(Brief(kind="loop", bars=400, bpm=60)) == {"/bars": "out_of_range"}


def test_a_chime_has_no_bars() -> None:
    assert resolve(Brief(kind="chime"), 1).duration_frames == 72_000
    assert refused(Brief(kind="chime", bars=2)) == {
        "/kind": "contradiction",
        "/bars": "contradiction",
    }


def test_every_problem_is_told_at_once() -> None:
    brief = Brief(
        kind="chime",
        duration_ms=9_000,
        style="polka",
        tonality="H minor",
        meter="5/4",
        instruments=Instruments(require=("kazoo", "piano"), forbid=("keys",)),
        stems=("tuba_x",),
        model="other",
        hits=(Hit(at_ms=10),),
        energy=((0.5, 0.5), (0.2, 0.5)),
        delivery=Delivery(lufs=-8, true_peak_dbtp=-9),
        rights=Rights(exclusive=True),
    )
    assert refused(brief) == {
        "/kind": "contradiction",
        "/hits": "contradiction",
        "/rights/exclusive": "not_yet_available",
        "/model": "unknown_model",
        "/style": "unknown_style",
        "/meter": "unknown_meter",
        "/tonality": "unknown_tonality",
        "/instruments/require/0": "unknown_instrument",
        "/instruments/require/1": "contradiction",
        "/instruments/forbid/0": "contradiction",
        "/stems/0": "unknown_instrument",
        "/energy/1/0": "out_of_order",
        "/delivery/lufs": "contradiction",
        "/delivery/true_peak_dbtp": "contradiction",
        "/duration_ms": "out_of_range",
    }


def test_a_refusal_says_what_would_be_accepted() -> None:
    with pytest.raises(BriefRefused) as refusal:
        resolve(Brief(style="polka", tonality="H minor"), 1)
    style, tonality = refusal.value.reasons
    assert "synthwave" in style.detail
    assert "dorian" in tonality.detail


@pytest.mark.parametrize(
    ("kind", "length"), [("chime", 1500), ("sting", 4000), ("ambience", 60_000)]
)
def test_what_has_no_bars_has_a_length_and_nothing_to_count(kind: str, length: int) -> None:
    resolved = resolve(Brief(kind=kind), 1)  # type: ignore[arg-type]
    assert (resolved.duration_ms, resolved.bars, resolved.bpm) == (length, None, None)
    sections = (SectionBrief(name="A"),)
    counted = Brief(kind=kind, bars=4, hits=(Hit(at_ms=200),), sections=sections)  # type: ignore[arg-type]
    assert refused(counted) == {
        "/kind": "contradiction", "/bars": "contradiction", "/hits": "contradiction",
        "/sections": "contradiction",
    }  # fmt: skip
    word = {"ambience": "environmental sound"}.get(kind, kind)
    said = resolve(Brief(prompt=f"{word}, 8 bars, hits at 0:01"), 1)
    assert (said.kind, said.bars, said.hits) == (kind, None, ())


def test_an_ambience_has_no_beat() -> None:
    assert refused(Brief(kind="ambience", bpm=120)) == {
        "/kind": "contradiction", "/bpm": "contradiction",
    }  # fmt: skip
    assert resolve(Brief(kind="sting", bpm=120), 1).bpm == 120


def test_forbidding_everything_that_plays_is_refused() -> None:
    forbid = ("bass", "chords", "pads", "lead", "counter")
    brief = Brief(instruments=Instruments(forbid=forbid))
    assert refused(brief) == {"/instruments/forbid": "contradiction"}


def test_a_stem_of_something_forbidden_is_refused_with_both_pointers() -> None:
    brief = Brief(stems=("drums",), instruments=Instruments(forbid=("鼓",)))
    assert refused(brief) == {
        "/stems/0": "contradiction",
        "/instruments/forbid/0": "contradiction",
    }


def test_fields_accept_the_names_of_either_language() -> None:
    brief = Brief(
        style="国风", tonality="降B大调", instruments=Instruments(require=("古筝", "Grand Piano"))
    )
    resolved = resolve(brief, 1)
    assert resolved.style == "chinese_traditional"
    assert resolved.tonality == "Bb major"
    assert resolved.require == ("guzheng", "piano")


def test_more_families_than_there_are_roles_are_refused_in_a_field_and_left_aside_in_words() -> (
    None
):
    eight = ("piano", "organ", "flute", "trumpet", "violin", "harp", "choir", "banjo")
    brief = Brief(instruments=Instruments(require=eight))
    assert refused(brief) == {"/instruments/require": "out_of_range"}
    resolved = resolve(Brief(prompt=", ".join(eight)), 1)
    assert resolved.require == eight[:7]
    assert "banjo" in resolved.ignored


def test_a_style_cannot_do_without_what_makes_it() -> None:
    brief = Brief(style="synthwave", instruments=Instruments(forbid=("synth",)))
    assert refused(brief) == {"/style": "contradiction", "/instruments/forbid/0": "contradiction"}


def test_vocals_cannot_be_had_and_the_client_is_told() -> None:
    assert refused(Brief(instruments=Instruments(require=("vocals",)))) == {
        "/instruments/require/0": "not_yet_available"
    }
    assert "female vocals" in resolve(Brief(prompt="pop with female vocals"), 1).ignored
    assert resolve(Brief(prompt="pop without vocals"), 1).forbid == ("vocals", "choir")


def test_a_mode_without_a_tonic_gets_one_from_the_seed() -> None:
    chosen = {resolve(Brief(prompt="小调，忧伤"), seed).tonality for seed in range(7)}
    assert len(chosen) == 7
    assert all(name is not None and name.endswith("minor") for name in chosen)


def test_the_same_brief_and_seed_resolve_to_the_same_value() -> None:
    brief = Brief(prompt="epic 国风 battle loop, 30 seconds, no choir")
    assert resolve(brief, 3) == resolve(brief, 3)


def test_everything_that_is_listed_as_accepted_is_accepted() -> None:
    listed = accepted()
    for style in listed["styles"]:  # type: ignore[attr-defined]
        assert resolve(Brief(style=style), 1).style == style
    for name in listed["instruments"]:  # type: ignore[attr-defined]
        assert resolve(Brief(instruments=Instruments(require=(name,))), 1).require == (name,)
    for stem in listed["stems"]:  # type: ignore[attr-defined]
        assert resolve(Brief(stems=(stem,)), 1).stems
    for meter in listed["meters"]:  # type: ignore[attr-defined]
        assert resolve(Brief(meter=meter), 1).meter == meter
    for mode in listed["modes"]:  # type: ignore[attr-defined]
        assert resolve(Brief(tonality=f"Eb {mode}"), 1).tonality == f"Eb {mode}"
    for kind, lengths in listed["kinds"].items():  # type: ignore[attr-defined]
        for length in lengths.values():
            assert resolve(Brief(kind=kind, duration_ms=length), 1).duration_ms == length
