"""Reading prompts: what is meant, what is refused, and what is left over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import Brief
from engine.errors import BriefRefused
from engine.words import lexicon, numerals, resolve, tonality
from engine.words.instruments import FAMILIES, family_of
from engine.words.names import instrument
from engine.words.reader import read

WORDS = sorted({words for words, _ in lexicon.rows()})
SPICE = (
    "120 bpm 秒 分 半 / 4/4 7/8 # b 小调 minor - : 99999 \x00 İ ½ ² ٣ 、 ， lufs bars 小节 key in"
)


def seen(prompt: str) -> str:
    """The outcome of a prompt as text, a refusal included; anything else flies."""
    try:
        return repr(resolve(Brief(prompt=prompt), 5))
    except BriefRefused as refusal:
        return repr(refusal.reasons)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.text(max_size=4000))
def test_any_text_resolves_or_is_refused_and_always_the_same_way(prompt: str) -> None:
    assert seen(prompt) == seen(prompt)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([*WORDS, *SPICE.split()]), max_size=40),
    st.sampled_from(["", " ", ", "]),
)
def test_any_mixture_of_known_words_resolves_or_is_refused(parts: list[str], glue: str) -> None:
    prompt = glue.join(parts)[:4000]
    assert seen(prompt) == seen(prompt)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="0123456789.:-/ 秒分半两点百千十bpmars#", max_size=60))
def test_any_heap_of_numbers_resolves_or_is_refused(prompt: str) -> None:
    seen(prompt)


@given(
    st.sampled_from(WORDS),
    st.sampled_from(["rock", "bossa", "lofi"]),
    st.sampled_from(["bed", "loop"]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_fields_win_over_any_words(words: str, style: str, kind: str) -> None:
    brief = Brief(
        prompt=f"{words} 100 bpm D minor 3/4",
        style=style,
        kind=kind,  # type: ignore[arg-type]
        bpm=90,
        tonality="F lydian",
        meter="4/4",
    )
    resolved = resolve(brief, 1)
    assert (resolved.style, resolved.kind, resolved.bpm) == (style, kind, 90)
    assert (resolved.tonality, resolved.meter) == ("F lydian", "4/4")


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("warm piano with a theremin solo", "theremin solo"),
        ("drum and bass", "drum and bass"),
        ("with female vocals", "female vocals"),
        ("温暖的钢琴，加上哨笛花腔", "哨笛花腔"),
        ("synthwave and jazz", "jazz"),
        ("not like Radiohead", "not like radiohead"),
    ],
)
def test_what_is_not_understood_comes_back_as_it_was_written(prompt: str, left: str) -> None:
    assert left in " | ".join(read(prompt).ignored)


@pytest.mark.parametrize(
    ("prompt", "forbid", "require"),
    [
        ("no drums", {"drums"}, set()),
        ("no drums, soft piano", {"drums"}, {"piano"}),
        ("no drums and bass", {"drums", "bass"}, set()),
        ("no drums, piano or bass", {"drums", "piano", "bass"}, set()),
        ("without piano but with strings", {"piano"}, {"strings"}),
        ("piano instead of guitar", {"guitar"}, {"piano"}),
        ("everything except drums", {"drums"}, set()),
        ("no melody, no drums", {"lead", "drums"}, set()),
        ("不要鼓，钢琴为主", {"drums"}, {"piano"}),
        ("不要有鼓和贝斯", {"drums", "bass"}, set()),
        ("不要鼓、贝斯和吉他", {"drums", "bass", "guitar"}, set()),
        ("没有钢琴的弦乐", {"piano"}, {"strings"}),
        ("鼓不要，要小号", {"drums"}, {"trumpet"}),
        ("除了鼓都可以", {"drums"}, set()),
        ("drumless lofi", {"drums"}, set()),
        ("无鼓", {"drums"}, set()),
    ],
)
def test_a_negation_reaches_what_it_negates_and_nothing_else(prompt, forbid, require) -> None:
    heard = read(prompt)
    assert set(heard.forbid) == forbid
    assert set(heard.require) == require


@pytest.mark.parametrize(
    ("prompt", "duration_ms"),
    [
        ("30 seconds", 30_000), ("30s", 30_000), ("a 45-second spot", 45_000), ("1:30", 90_000),
        ("90 sec", 90_000), ("two minutes", 120_000), ("a minute", 60_000), ("1.5 minutes", 90_000),
        ("half a minute", 30_000), ("two and a half minutes", 150_000), ("1 min 15 s", 75_000),
        ("one minute and twenty seconds", 80_000), ("800ms", 800), ("0.8秒", 800),
        ("三十秒", 30_000), ("十分钟", 600_000), ("2分，安静", 120_000),
        ("一分半", 90_000), ("半分钟", 30_000), ("1分30秒", 90_000), ("两分钟", 120_000),
        ("一分二十秒", 80_000), ("一百二十秒", 120_000), ("两分半", 150_000), ("６０秒", 60_000),
        ("80s synth", None), ("the 90s", None), ("90s bed", 90_000), ("60s", 60_000),
        ("in a second the hero falls", None), ("十分温暖", None),
    ],
)  # fmt: skip
def test_lengths_are_read_as_people_write_them(prompt: str, duration_ms: int | None) -> None:
    assert read(prompt).duration_ms == duration_ms


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("in F# minor", "F# minor"), ("Bb major", "Bb major"), ("c sharp minor", "C# minor"),
        ("e-flat major", "Eb major"), ("D dorian", "D dorian"), ("key of G", "G major"),
        ("A minor", "A minor"), ("a minor detail", None), ("F小调", "F minor"),
        ("降B大调", "Bb major"), ("升C小调", "C# minor"), ("A羽", "A yu"), ("C宫调式", "C gong"),
        ("1=D", "D major"), ("D调", "D major"), ("A minor pentatonic", "A yu"),
        ("H minor", None), ("a major brand", None), ("in b minor", "B minor"),
    ],
)  # fmt: skip
def test_tonalities_are_read_as_people_write_them(prompt: str, name: str | None) -> None:
    assert read(prompt).tonality == name


def test_printed_tonalities_read_back_as_themselves() -> None:
    for tonic in range(12):
        for mode in tonality.MODES:
            name = tonality.printed(tonic, mode)
            assert tonality.parse(name) == tonality.Tonality(tonic=tonic, mode=mode)


@pytest.mark.parametrize("name", ["H minor", "minor", "C", "", "C#b minor", "升C# 小调", "C blues"])
def test_what_is_not_a_tonality_is_not_parsed(name: str) -> None:
    assert tonality.parse(name) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16", 16), ("1.5", 1.5), ("十六", 16), ("一百二十", 120), ("一百二", 120),
        ("一百零二", 102),
        ("两", 2), ("一二零", 120), ("二十", 20), ("ninety", 90), ("twenty-four", 24),
        ("三点五", 3.5),
        ("a hundred", 100), ("one hundred and twenty", 120), ("十", 10), ("千", 1000),
    ],
)  # fmt: skip
def test_numbers_are_read_in_both_languages(text: str, value: float) -> None:
    assert numerals.parse(text) == value


def test_every_instrument_of_the_lexicon_has_a_family_and_every_family_words() -> None:
    named = {name for name, _, _ in lexicon.INSTRUMENTS}
    assert set(FAMILIES) <= named
    for name in named - {"vocals"}:
        assert instrument(name) == name


def test_a_number_that_cannot_be_meant_is_refused_unless_a_field_wins() -> None:
    for prompt in ("at 900 bpm", "0 bars", "in 7/8 time", "600 minutes", "at -60 lufs"):
        with pytest.raises(BriefRefused) as refusal:
            resolve(Brief(prompt=prompt), 1)
        assert refusal.value.reasons[0].pointer == "/prompt"
    assert resolve(Brief(prompt="at 900 bpm", bpm=100), 1).bpm == 100


def test_a_sound_is_called_what_a_listener_would_call_it() -> None:
    assert [family_of(program) for program in (0, 24, 40, 56, 73, 107, 110)] == [
        "piano", "acoustic_guitar", "violin", "trumpet", "flute", "guzheng", "violin",
    ]  # fmt: skip
    assert family_of(73, "lead_soft") == "synth"
    assert all(family_of(program) in FAMILIES for program in range(128))


@pytest.mark.parametrize(
    ("prompt", "moods"),
    [
        ("unsettling but not scary", ()), ("calm, not sleepy", ("calm",)),
        ("not too loud", ("calm",)), ("别太吵", ("calm",)), ("nothing busy", ("minimal",)),
        ("loud rock", ("energetic",)), ("a busy street", ()), ("跑酷游戏", ()), ("很酷", ("cool",)),
        ("light percussion", ()), ("light and airy", ("bright",)),
    ],
)  # fmt: skip
def test_moods_and_manners_are_read_and_refused(prompt: str, moods: tuple[str, ...]) -> None:
    assert read(prompt).moods == moods


@pytest.mark.parametrize(
    ("prompt", "forbid", "require"),
    [
        ("no cheesy synths", {"synth"}, set()), ("不要西洋鼓", {"drums"}, set()),
        ("vocals not wanted, piano", {"vocals", "choir"}, {"piano"}),
        ("不能没有鼓", set(), {"drums"}),
        ("鼓不要太吵", set(), {"drums"}), ("不要鼓太吵", set(), {"drums"}),
        ("must not be annoying or loud", set(), set()),
        ("女声 chop 不要", {"vocals", "choir"}, set()),
        ("nothing but piano", set(), {"piano"}), ("no distorted or loud drums", set(), {"drums"}),
    ],
)  # fmt: skip
def test_refusals_reach_what_they_refuse(prompt: str, forbid: set[str], require: set[str]) -> None:
    heard = read(prompt)
    assert (set(heard.forbid), set(heard.require)) == (forbid, require)


@pytest.mark.parametrize("mode", list(tonality.MODES))
def test_every_mode_is_read_alone_and_with_its_tonic_in_both_languages(mode: str) -> None:
    chinese = {
        "major": "大调", "minor": "小调", "dorian": "多利亚", "phrygian": "弗里吉亚",
        "lydian": "利底亚", "mixolydian": "混合利底亚", "aeolian": "爱奥利亚", "gong": "宫调式",
        "shang": "商调式", "jue": "角调式", "zhi": "徵调式", "yu": "羽调式",
    }[mode]  # fmt: skip
    assert read(f"piano in Eb {mode}").tonality == f"Eb {mode}"
    assert read(f"钢琴，降E{chinese}").tonality == f"Eb {mode}"
    assert read(f"piano, {mode} mode").mode == mode
    assert read(f"钢琴，{chinese}").mode == mode


def test_a_gong_is_an_instrument_unless_it_is_named_as_a_scale() -> None:
    assert (read("with a gong").tonality, read("in A gong").tonality) == (None, "A gong")


def test_what_is_refused_of_exact_things_is_not_taken_for_asked() -> None:
    heard = read("not in D minor, 不要120拍, without 3/4, 不要小调")
    assert (heard.tonality, heard.bpm, heard.meter, heard.mode) == (None, None, None, None)


def test_places_in_the_music_are_not_its_length() -> None:
    assert read("quiet until 0:21, 30 seconds").duration_ms == 30_000
    assert read("第12秒停，40秒").duration_ms == 40_000
    assert read("ends at 0:30").duration_ms == 30_000
