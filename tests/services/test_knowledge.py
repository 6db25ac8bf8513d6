"""A subject as a graph: sound prerequisites, mastery, coverage, and what is due again."""

from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.curriculum import Subject, Track, Voie
from services.catalogue.programme import chapters_by_code, programme
from services.catalogue.sources import programmes
from services.knowledge import knowledge_graph

CLOCK = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINKED = [
    Subject.MATHS,
    Subject.MATHS_SPECIFIQUES,
    Subject.MATHS_TECHNO,
    Subject.MATHS_COMPLEMENTAIRES,
    Subject.PHYSIQUE_CHIMIE,
    Subject.SES,
    Subject.NSI,
    Subject.FRANCAIS,
    Subject.PHILOSOPHIE,
]


def student(track=Track.TERMINALE, voie=Voie.GENERALE):
    return SimpleNamespace(track=track, voie=voie)


def measure(chapter, competence, score=1.0, count=1, days=0):
    return SimpleNamespace(
        chapter_code=chapter, competence_code=competence, score=score, evidence_count=count,
        last_shown=None, updated_at=CLOCK - timedelta(days=days),
    )  # fmt: skip


def node(graph, code):
    return next(one for one in graph.nodes if one.code == code)


def graph(subject=Subject.MATHS, measured=(), **who):
    return knowledge_graph(student(**who), subject, measured, CLOCK)


@pytest.mark.parametrize("subject", LINKED)
@pytest.mark.parametrize("track", Track)
def test_most_chapters_of_the_great_subjects_stand_on_others(subject, track):
    chapters = programme(subject, track)
    linked = [one for one in chapters if one.prerequisites]
    assert not chapters or len(linked) >= len(chapters) / 2


@pytest.mark.parametrize("track", Track)
def test_a_pupil_of_a_series_has_a_graph_of_mathematics_with_edges(track):
    assert graph(Subject.MATHS_TECHNO, track=track, voie=Voie.STMG).edges


def test_every_edge_has_its_reason():
    found = graph().edges
    assert found
    assert all(edge.reason for edge in found)
    (edge,) = (one for one in found if one.to == "MATHS-T-INTEGRALES")
    assert edge.reason == "une intégrale se calcule par une primitive"


@pytest.mark.parametrize(
    ("voie", "other"), [(Voie.GENERALE, "FR-C-CONTRACTER"), (Voie.STMG, "FR-C-DISSERTER")]
)
def test_french_asks_for_no_exercise_of_the_other_exam(voie, other):
    chapters = programme(Subject.FRANCAIS, Track.PREMIERE, voie)
    assert other not in {one.code for chapter in chapters for one in chapter.competences}


@pytest.mark.parametrize("subject", ["MATHS", "MATHSTECHNO", "PC", "SES", "NSI", "FR", "PHILO"])
def test_prerequisites_say_that_they_are_ours(subject):
    (found,) = [one for one in programmes().subjects if one.code == subject]
    assert found.prerequisites_status == "design"


def test_no_chapter_of_premiere_stands_on_one_of_terminale():
    for one in chapters_by_code().values():
        for code in one.prerequisites:
            before = chapters_by_code()[code]
            assert not (one.track is Track.PREMIERE and before.track is Track.TERMINALE)


@given(st.sampled_from(Subject), st.sampled_from(Track), st.sampled_from(Voie))
def test_a_graph_is_closed_and_has_no_circle(subject, track, voie):
    found = graph(subject, track=track, voie=voie)
    codes = [one.code for one in found.nodes]
    assert len(set(codes)) == len(codes)
    before = {code: [edge.from_ for edge in found.edges if edge.to == code] for code in codes}
    assert {edge.from_ for edge in found.edges} <= set(codes)
    assert set(TopologicalSorter(before).static_order()) == set(codes)


def test_the_years_chapters_come_first_in_the_programmes_order():
    taught = [one.code for one in programme(Subject.MATHS, Track.TERMINALE, Voie.GENERALE)]
    codes = [one.code for one in graph().nodes]
    assert codes[: len(taught)] == taught
    assert "MATHS-1-EXPONENTIELLE" in codes[len(taught) :]


def test_a_chapter_that_was_never_measured_has_no_score_and_is_not_due():
    found = node(graph(), "MATHS-T-SUITES")
    assert (found.score, found.coverage, found.due_for_review) == (None, 0.0, False)


def test_score_and_coverage_are_those_of_the_measures():
    measured = [
        measure("MATHS-T-SUITES", "MATHS-C-CALCULER", 0.5),
        measure("MATHS-T-SUITES", "MATHS-C-RAISONNER", 1.0),
    ]
    found = node(graph(measured=measured), "MATHS-T-SUITES")
    assert (found.score, found.coverage) == (0.75, pytest.approx(2 / 3))


@pytest.mark.parametrize(("days", "due"), [(0, False), (7, False), (8, True), (40, True)])
def test_a_chapter_is_due_once_one_of_its_competences_is(days, due):
    measured = [
        measure("MATHS-T-SUITES", "MATHS-C-CALCULER", days=days),
        measure("MATHS-T-SUITES", "MATHS-C-RAISONNER", count=6),
    ]
    assert node(graph(measured=measured), "MATHS-T-SUITES").due_for_review is due


def test_a_chapter_of_the_year_before_shows_what_was_measured_then():
    measured = [measure("MATHS-1-EXPONENTIELLE", "MATHS-C-CALCULER", 0.8)]
    assert node(graph(measured=measured), "MATHS-1-EXPONENTIELLE").score == 0.8


def test_a_subject_without_chapters_is_an_empty_graph():
    found = graph(Subject.ARTS)
    assert (found.nodes, found.edges) == ((), ())
