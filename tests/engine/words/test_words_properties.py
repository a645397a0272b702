"""Whatever fields and words are put together: refused with a pointer, or resolved without a lie."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import Brief, Hit, Instruments, Resolved, SectionBrief
from engine.errors import BriefRefused
from engine.score import beats_per_bar
from engine.words import (
    LENGTHS_MS,
    accepted,
    evaluation,
    exact,
    forms,
    numerals,
    phrases,
    reader,
    resolve,
)

LISTED = accepted()
NAMES = st.lists(st.sampled_from(LISTED["instruments"]), max_size=3).map(tuple)  # type: ignore[arg-type]
PROMPTS = st.lists(st.sampled_from([case.text for case in evaluation.sentences()]), max_size=2)
SECTIONS = st.lists(
    st.builds(
        SectionBrief,
        name=st.sampled_from(["i", "A", "A", "B", "B'", "br", "e"]),
        bars=st.one_of(st.none(), st.integers(1, 16), st.just(64)),
        energy=st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=8,
).map(tuple)
HITS = st.lists(st.builds(Hit, at_ms=st.integers(0, 70_000)), max_size=4).map(tuple)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(sorted(LENGTHS_MS)),
        "duration_ms": st.one_of(
            st.integers(200, 600_000), st.sampled_from([800, 5_000, 30_000, 60_000])
        ),
        "bars": st.one_of(st.integers(1, 400), st.sampled_from([4, 8, 16, 32])),
        "bpm": st.one_of(st.floats(30, 300), st.sampled_from([60.0, 90.0, 120.0])),
        "tonality": st.sampled_from(["C major", "f# minor", "A羽", "H minor"]),
        "meter": st.sampled_from(["4/4", "3/4", "6/8", "12/8", "5/4"]),
        "style": st.sampled_from(LISTED["styles"]),  # type: ignore[arg-type]
        "instruments": st.builds(Instruments, require=NAMES, forbid=NAMES),
        "sections": SECTIONS,
        "hits": HITS,
        "prompt": PROMPTS.map(" ".join),
    },
)


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(FIELDS, st.integers(0, 2**53 - 1))
def test_a_brief_is_refused_with_pointers_or_means_exactly_what_its_fields_say(
    fields: dict[str, Any], seed: int
) -> None:
    try:
        resolved = resolve(Brief(**fields), seed)
    except BriefRefused as refusal:
        assert refusal.reasons
        for reason in refusal.reasons:
            assert reason.pointer.startswith("/")
            assert reason.pointer.split("/")[1] in {*fields, "prompt"}
            assert reason.detail
        return
    for field in ("kind", "bars", "bpm", "meter", "style"):
        if field in fields:
            assert getattr(resolved, field) == fields[field]
    if "duration_ms" in fields:
        assert abs(resolved.duration_ms - fields["duration_ms"]) <= 1
    _keeps_its_form(resolved, fields)
    low, high = LENGTHS_MS[resolved.kind]
    assert low <= resolved.duration_ms <= high
    assert 30 <= resolved.bpm_range[0] <= resolved.bpm_range[1] <= 300.001
    assert not set(resolved.require) & set(resolved.forbid)
    rate = resolved.delivery.sample_rate
    beats = beats_per_bar(resolved.meter)
    if resolved.kind == "loop":
        assert resolved.bars is not None and resolved.bpm is not None
        assert resolved.duration_frames == round(resolved.bars * beats * 60 / resolved.bpm * rate)
    else:
        assert resolved.duration_frames == round(resolved.duration_ms * rate / 1000)
    if resolved.kind == "bed" and resolved.bars and resolved.bpm:
        assert resolved.bars * beats * 60 / resolved.bpm <= resolved.duration_ms / 1000 + 0.01


def _keeps_its_form(resolved: Resolved, fields: dict[str, Any]) -> None:
    """Sections and hits are those of the fields, and all of them have room."""
    if "sections" in fields:
        assert resolved.sections == fields["sections"]
    if "hits" in fields:
        assert resolved.hits == tuple(sorted({hit.at_ms for hit in fields["hits"]}))
    assert all(0 <= hit < resolved.duration_ms for hit in resolved.hits)
    assert list(resolved.hits) == sorted(set(resolved.hits))
    least = sum(section.bars or 1 for section in resolved.sections)
    if resolved.bars is not None:
        assert least <= resolved.bars
    seconds = least * beats_per_bar(resolved.meter) * 60 / resolved.bpm_range[1]
    assert seconds <= resolved.duration_ms / 1000 + 0.01


PIECES = st.lists(
    st.one_of(
        st.sampled_from([word for case in evaluation.sentences() for word in case.text.split()]),
        st.sampled_from([case.text for case in evaluation.sentences()]),
        st.from_regex(numerals.PATTERN, fullmatch=True), st.text(max_size=3),
        st.sampled_from(["sec", "s", "ms", "bpm", "bars", "hits", "at", "verse", "aaba", "stabs"]),
        st.sampled_from(["秒", "分半", "٣", "卡点", "前奏", "起承转合"]),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(PIECES)
def test_what_is_not_searched_for_would_not_have_been_found(pieces: list[str]) -> None:
    prompt = " ".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        quick = reader.read(prompt)
        patch.setattr(numerals, "may_be_in", lambda text: True)
        for room in (exact, forms):
            patch.setattr(room, "one_is_in", lambda text, signs: True)
        assert reader.read(prompt) == quick


JOINS = st.sampled_from([" ", " ", "-", "_", " - ", "\t", " & ", "&", "'", "", "\x00", ", "])
PHRASES = st.tuples(
    st.one_of(
        st.sampled_from([phrase for phrase in phrases.english() if " " in phrase]),
        st.sampled_from([*phrases.english(), *phrases.chinese()]), st.text(max_size=4),
    ),
    JOINS, st.sampled_from(["", "", "s", "es", "'s"]), JOINS,
).map(lambda drawn: drawn[0].replace(" ", drawn[1]) + drawn[2] + drawn[3])  # fmt: skip
TEXTS = st.lists(PHRASES, max_size=6).map("".join)


@settings(max_examples=3000, deadline=None, derandomize=True)
@given(TEXTS)
def test_what_is_not_weighed_would_have_been_chosen(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick = phrases.look_up(text, text)
        patch.setattr(phrases, "_alone", lambda said, latin: (None, frozenset[str]()))
        assert phrases.look_up(text, text) == quick
