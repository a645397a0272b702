"""Nothing is learned from without a licence, and a work stands on one side of the split."""

import hashlib

import pytest

from engine.workshop.corpus import ACCEPTED, CORPORA, CREDITS, SAME, Row, refused, row_of, work_of

CONTENT = b"MThd"


def source(**changed: str) -> dict[str, str]:
    return {
        "path": "midi/a.mid", "title": "Study", "composer": "Ours", "licence": "CC0-1.0",
        "origin": "made by a test", "sha256_midi": hashlib.sha256(CONTENT).hexdigest(),
        "confidence": "high",
    } | changed  # fmt: skip


def said(corpus: str = "freedoom", **changed: str) -> str | None:
    return refused(corpus, source(**changed), {"midi/a.mid": CONTENT})


@pytest.mark.parametrize("licence", ["", "   "])
def test_a_row_without_a_licence_is_refused_and_named(licence: str) -> None:
    assert said(licence=licence) == "no licence: midi/a.mid"
    without = source()
    del without["licence"]
    assert refused("freedoom", without, {"midi/a.mid": CONTENT}) == "no licence: midi/a.mid"


def test_other_rows_are_refused_with_their_reason() -> None:
    assert said() is None
    assert said(confidence="medium") == "confidence medium"
    assert said(sha256_midi="0" * 64) == "digest differs"
    assert said(path="midi/b.mid") == "file missing"


def test_a_row_less_than_certain_is_taken_only_where_a_reason_is_recorded() -> None:
    taken = {corpus for corpus in CORPORA if said(corpus, confidence="medium") is None}
    assert taken == set(ACCEPTED) & set(CORPORA)
    assert all(said(corpus, confidence="low") for corpus in CORPORA)


def test_every_corpus_has_its_credit() -> None:
    assert set(CREDITS) >= set(CORPORA)
    assert all(CREDITS.values())


def row(corpus: str, title: str, composer: str = "Chopin, Fryderyk") -> Row:
    return row_of(corpus, source(title=title, composer=composer), CONTENT)


def work(corpus: str, **named: str) -> str:
    return work_of(corpus, source(**named))


def chopin(stem: str) -> str:
    return work("chopin_first_editions", path=f"midi/{stem}.mid", title="whatever it prints")


def test_chopins_editions_go_by_opus_and_number_whatever_they_print() -> None:
    assert chopin("025_1_6_1d_BH_003") == chopin("025_1b_LE_003") != chopin("025_1b_LE_004")
    assert chopin("034_2_1_BH_002") == chopin("034_2_1_Sm_002") != chopin("034_1_1_BH")
    assert chopin("057_1a_MEIj") == chopin("057_2_BH") != chopin("060_1_BR_001")
    assert chopin("072_1_MEIf_003_ecossaise") == chopin("072sep_1e_Sam_marche_funebre")
    assert chopin("GDC_1_Sm") == chopin("GDC_1c_Sam_violin") != chopin("MEG_1a_BB")


def test_movements_and_parts_of_one_whole_are_one_work() -> None:
    assert chopin("008_1_Sm_001") == chopin("008_1c_KI_004_violoncello")
    first, third = (
        work("openscore_orchestra", title=f"Symphony No.5, Op.67 / {number}") for number in "13"
    )
    assert first == third == work("openscore_orchestra", title="Symphony No. 5, Op. 67 / 3a")
    shelf = "https://x/pl-wtm--r-1432--001-00{}_stefani-jozef--quartetto-{}.krn"
    adagio = work("polish_scores", title="Adagio", origin=shelf.format(2, "adagio"))
    assert adagio == work("polish_scores", title="Presto", origin=shelf.format(4, "presto"))


def test_revisions_are_one_work_and_a_remix_belongs_to_its_original() -> None:
    plain = work("freedoom", title="Oxidine", composer="Korp")
    assert plain == work("freedoom", title=" oxidine ", composer='Tyler "Picklehammer" P.')
    remix = {"title": "Undergrowth", "composer": "Korp, remix of dave3d01.mid by jute"}
    assert work("freedoom", **remix) == work("freedoom", title="dave3d01.mid", composer="jute")
    based = {"title": "Refrigeration", "composer": 'Korp, based on "Dark Trail" by Tyler'}
    assert work("freedoom", **based) == work("freedoom", title="Dark Trail", composer="Tyler")
    assert work("freedoom", title="", path="midi/c1m3_50.mid") != work("freedoom", title="")


def test_the_same_title_of_one_composer_is_one_work_in_every_corpus() -> None:
    song = work("openscore_lieder", title="3b Die Vögel (1820)", composer="Franz Schubert")
    assert song == work("mutopia", title="Die Vögel", composer="SchubertF")
    assert song == work("polish_scores", title="Die Vögel [dublet]", composer="Schubert, Franz")
    assert song != work("openscore_lieder", title="3 Die Vögel", composer="Hugo Wolf")


def test_works_that_only_the_notes_betray_are_brought_together() -> None:
    assert not set(SAME) & set(SAME.values())
    symphony = {"title": "Symphony No. 5 - Opus 67 (1st Movement)", "composer": "BeethovenLv"}
    assert work("mutopia", **symphony) == work(
        "openscore_orchestra", title="Symphony No.5, Op.67 / 1", composer="Beethoven, Ludwig van"
    )


def test_one_work_in_twenty_is_held_out_whole() -> None:
    works = [row("freedoom", f"Tune {number}") for number in range(2000)]
    share = sum(one.held_out for one in works) / len(works)
    assert 0.03 < share < 0.07
    for one in works[:200]:
        again = row("freedoom", f"{one.work.rsplit('/', 1)[1]} (revised)")
        assert again.held_out == one.held_out


def test_typesetters_are_kept_for_their_credit() -> None:
    extra = "inst=Piano;style=Romantic;typesetter=Our Own Hand"
    assert row_of("mutopia", source(extra=extra), CONTENT).typesetter == "Our Own Hand"
    assert row("freedoom", "Tune").typesetter == ""
