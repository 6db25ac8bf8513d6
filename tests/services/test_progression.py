"""Mastery is the mean of what was measured, told against the programme."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.curriculum import OptionCode, Subject, Track, Voie
from services.catalogue.programme import chapter, chapters_by_code, programme, subjects_of
from services.progression import progression

PUPIL = SimpleNamespace(
    id=UUID(int=1),
    track=Track.TERMINALE,
    voie=Voie.GENERALE,
    specialities=(Subject.MATHS, Subject.PHYSIQUE_CHIMIE),
    options=(OptionCode.MATHS_EXPERTES,),
)
MATHS = programme(Subject.MATHS, PUPIL.track, PUPIL.voie)
PLACES = [
    (subject, one, competence)
    for subject in (Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.PHILOSOPHIE)
    for one in programme(subject, PUPIL.track, PUPIL.voie)
    for competence in one.competences
]


def row(subject, chapter_code, competence_code, score):
    return SimpleNamespace(
        subject=subject, chapter_code=chapter_code, competence_code=competence_code, score=score
    )


measures = st.dictionaries(st.sampled_from(PLACES), st.floats(0, 1), max_size=30).map(
    lambda found: [row(s, one.code, skill.code, score) for (s, one, skill), score in found.items()]
)


@given(measures)
def test_every_followed_subject_has_one_entry_in_its_order(measured):
    followed = subjects_of(PUPIL.track, PUPIL.voie, PUPIL.specialities, PUPIL.options)
    assert [entry.subject for entry in progression(PUPIL, measured)] == list(followed)


def test_the_programme_says_for_which_session_it_holds():
    (maths,) = progression(PUPIL, [], Subject.MATHS)
    assert "Programme 2019" in maths.programme
    assert "session 2028" in maths.programme
    (oral,) = progression(SimpleNamespace(**{**vars(PUPIL), "voie": Voie.ST2S}), [], Subject.NSI)
    assert oral.programme is None


@given(measures)
def test_a_score_is_the_mean_of_the_measures_and_0_before_any(measured):
    for entry in progression(PUPIL, measured):
        scores = [one.score for one in measured if one.subject is entry.subject]
        mean = sum(scores) / len(scores) if scores else 0.0
        assert entry.score == pytest.approx(mean)


@given(measures)
def test_coverage_is_the_share_of_the_programme_that_is_measured(measured):
    for entry in progression(PUPIL, measured):
        taught = sum(subject is entry.subject for subject, _, _ in PLACES)
        known = sum(one.subject is entry.subject for one in measured)
        assert not known or entry.coverage == pytest.approx(known / taught)
        assert 0.0 <= entry.coverage <= 1.0


@given(measures)
def test_chapters_come_in_the_order_of_the_programme(measured):
    for entry in progression(PUPIL, measured):
        expected = programme(entry.subject, PUPIL.track, PUPIL.voie)
        assert tuple(one.chapter for one in entry.chapters) == expected


@given(measures)
def test_a_chapter_holds_the_measures_of_its_own_competences(measured):
    for entry in progression(PUPIL, measured):
        for one in entry.chapters:
            own = [m for m in measured if m.chapter_code == one.chapter.code]
            assert sorted(one.competences, key=id) == sorted(own, key=id)
            assert one.coverage == pytest.approx(len(own) / len(one.chapter.competences))


def test_the_order_of_the_measures_does_not_matter():
    places = [place for place in PLACES if place[0] is Subject.MATHS][:6]
    measured = [row(s, one.code, skill.code, 0.25) for s, one, skill in places]
    assert progression(PUPIL, measured) == progression(PUPIL, measured[::-1])


def test_one_named_subject_comes_alone():
    (entry,) = progression(PUPIL, [], Subject.MATHS)
    assert (entry.subject, entry.score, entry.coverage) == (Subject.MATHS, 0.0, 0.0)


def test_a_subject_that_is_no_longer_followed_comes_after_the_others():
    gone = programme(Subject.NSI, Track.PREMIERE, Voie.GENERALE)[0]
    measured = [row(Subject.NSI, gone.code, gone.competences[0].code, 0.5)]
    last = progression(PUPIL, measured)[-1]
    assert (last.subject, last.score) == (Subject.NSI, 0.5)


def test_a_chapter_of_another_year_follows_the_programme_and_covers_nothing():
    before = programme(Subject.MATHS, Track.PREMIERE, Voie.GENERALE)[0]
    measured = [row(Subject.MATHS, before.code, before.competences[0].code, 0.5)]
    (entry,) = progression(PUPIL, measured, Subject.MATHS)
    assert [one.chapter for one in entry.chapters] == [*MATHS, before]
    assert (entry.score, entry.coverage) == (0.5, 0.0)


def test_a_competence_that_a_chapter_does_not_train_counts_for_its_score_alone():
    one = MATHS[0]
    foreign = next(c.code for c in chapter("NSI-1-HISTOIRE").competences)
    (entry,) = progression(PUPIL, [row(Subject.MATHS, one.code, foreign, 0.5)], Subject.MATHS)
    assert (entry.chapters[0].score, entry.chapters[0].coverage) == (0.5, 0.0)


def test_a_chapter_that_nobody_knows_any_more_is_left_out():
    assert "MATHS-GONE" not in chapters_by_code()
    measured = [row(Subject.MATHS, "MATHS-GONE", "MATHS-C-CALCULER", 0.5)]
    (entry,) = progression(PUPIL, measured, Subject.MATHS)
    assert [one.chapter for one in entry.chapters] == list(MATHS)
    assert entry.score == 0.5
