"""Every word of a prompt is understood, left aside by name, or a word that carries nothing."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import Brief
from engine.errors import BriefRefused
from engine.words import evaluation, lexicon, resolve
from engine.words.lexicon.little import FILLERS, JOINERS, LATE_NEGATORS, NEGATORS
from engine.words.reader import read

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|[^\W\d_]", re.IGNORECASE)
_STOP = {
    word
    for english, chinese in (FILLERS, JOINERS, NEGATORS, LATE_NEGATORS)
    for word in _WORD.findall(f"{english} {chinese}".lower())
}
SENTENCES = [
    one.text for one in (*evaluation.sentences(), *evaluation.sentences(evaluation.HELD_OUT))
]
PIECES = [piece for text in SENTENCES for piece in re.split(r"[,，;]\s*", text) if piece]
ROWS = sorted({words for words, _ in lexicon.rows()})


def unaccounted(prompt: str) -> list[str]:
    """Words of a prompt that came back nowhere: neither in a reading, nor ignored, nor refused."""
    heard = read(prompt)
    told = [
        *(reading.words for reading in heard.readings),
        *heard.ignored,
        *(number.words for number in heard.bad),
    ]
    back = {word for words in told for word in _WORD.findall(words.lower())}
    return [word for word in _WORD.findall(prompt.lower()) if word not in back | _STOP]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_word_of_a_sentence_is_dropped_in_silence(sentence: str) -> None:
    assert unaccounted(sentence) == []


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.sampled_from([", ", "，", " "])
)
def test_no_word_of_a_mixture_is_dropped_in_silence(pieces: list[str], glue: str) -> None:
    assert unaccounted(glue.join(pieces)) == []


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(ROWS), min_size=1, max_size=8), st.sampled_from([", ", "，", " "]))
def test_no_entry_of_the_lexicon_is_dropped_in_silence(rows: list[str], glue: str) -> None:
    assert unaccounted(glue.join(rows)) == []


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.sampled_from(PIECES),
    st.sampled_from(["zorblax", "qwrtz", "魑魅魍魉", "шум", "ضوضاء", "소음", "कोलाहल", "🦑"]),
    st.sampled_from(PIECES),
)
def test_what_nobody_knows_is_left_aside_by_name(one: str, unknown: str, other: str) -> None:
    assert any(unknown in words for words in read(f"{one}, {unknown}, {other}").ignored)


@pytest.mark.parametrize(
    "prompt",
    [
        "静かなピアノと弦楽器、悲しい感じで", "спокойное пианино без барабанов",
        "موسيقى هادئة للنوم",
        "잔잔한 분위기의 음악", "музыка для рекламы", "เพลงบรรเลงเบาๆ", "רוק אנרגטי", "धीमा संगीत",
        "une ambiance sereine et feutrée",
    ],
)  # fmt: skip
def test_a_third_language_is_left_aside_and_never_a_fault(prompt: str) -> None:
    resolved = resolve(Brief(prompt=prompt), 1)
    assert resolved.ignored
    assert unaccounted(prompt) == []
    assert (resolved.require, resolved.forbid, resolved.moods) == ((), (), ())


@pytest.mark.parametrize(
    "rows", ["史詩管弦，磅礴，憂傷，鋼琴，不要鼓聲", "國風、古箏、二胡，節奏緩慢，戛然而止"]
)
def test_traditional_signs_are_read_like_simplified_ones(rows: str) -> None:
    heard = read(rows)
    assert heard.ignored == ()
    assert all(reading.words in rows for reading in heard.readings), "quoted as written"


NOISE = (
    "no drums, warm 国风 ", "九", "1 ", "one hundred and ", "1、", "8s, ", "第8、", "0:08 and ",
    "hit at ", "a b ", "a8 b8 ", "a-", "intro ", "4 bar intro ", "前奏", "1小节", "a'", "十",
    "twenty one ", "1:1", "120-", "bpm ", " ", "\n", "不要", "no no ", "a minor ", "#", "ﷺ", "İ",
    "1分", "must should to that ", "8秒要", "sync to the picture ", "form ", "\u0301", "🔥", "あ，",
)  # fmt: skip


@pytest.mark.parametrize("noise", NOISE)
def test_four_thousand_characters_of_anything_are_read_at_once(noise: str) -> None:
    """Some milliseconds of this thread's CPU, at least at the second or third time: a big process
    that tidies up, or comes back from being swapped out, takes seconds once. What grows faster than
    the text takes many each time, so the limit is far from both."""
    text = (noise * 4000)[:4000]
    assert any(_cpu_s(text) < 3.0 for _ in range(3))


def _cpu_s(text: str) -> float:
    begun = time.thread_time()
    read(text)
    return time.thread_time() - begun


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.text(min_size=3000, max_size=4000))
def test_noise_of_any_script_resolves_or_is_refused(noise: str) -> None:
    try:
        resolved = resolve(Brief(prompt=noise), 1)
    except BriefRefused as refusal:
        assert all(reason.pointer == "/prompt" for reason in refusal.reasons)
    else:
        assert resolved.ignored
