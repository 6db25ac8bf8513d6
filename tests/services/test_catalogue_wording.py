"""What a pupil reads of an épreuve is what the texts say of it, in this pupil's case."""

import pytest

from models.curriculum import ExamPath, Subject, Voie
from services.catalogue.regulation import reglement

SCOLARISE = ExamPath.SCOLARISE
LIBRE = ExamPath.LIBRE_FIN_DE_CYCLE
GENERALE = Voie.GENERALE
MATHS, PC, SES, NSI = Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.SES, Subject.NSI


def by_code(*args, **kwargs):
    return {entry.code: entry for entry in reglement(*args, **kwargs)}


def test_the_paper_of_the_anticipated_mathematics_is_open_while_the_third_speciality_is():
    entry = by_code(SCOLARISE, GENERALE, 2027, [SES, Subject.HGGSP])["EA-Maths"]
    assert "selon la spécialité mathématiques" in entry.format


@pytest.mark.parametrize(
    ("path", "code", "without"),
    [
        (SCOLARISE, "CC1-EnsScientifique", "dont mathématiques spécifiques pour 40 %"),
        (ExamPath.LIBRE_DEUX_SERIES, "EP1-EnsScientifique", "mathématiques spécifiques /8"),
        (LIBRE, "EPC-EnsScientifique", "mathématiques spécifiques /4"),
    ],
)
def test_the_enseignement_scientifique_is_that_of_the_pupil(path, code, without):
    given_up = {True: MATHS, False: NSI}
    texts = {
        maths: by_code(path, GENERALE, 2027, [PC, SES], one)[code].format
        for maths, one in given_up.items()
    }
    assert without in texts[False]
    assert "spécifiques" not in texts[True]
    assert "sinon" not in texts[True] + texts[False]


@pytest.mark.parametrize(
    ("path", "voie", "code", "text"),
    [
        (SCOLARISE, GENERALE, "EA-FrancaisOral", "préparation : 30 min"),
        (SCOLARISE, GENERALE, "E5-GrandOral", "préparation : 20 min ; fiche des deux questions"),
        (LIBRE, GENERALE, "EPC-EMC", "préparation : 30 min ; coefficient confirmé"),
        (LIBRE, Voie.STMG, "EPC-LVA", "ETLV"),
        (ExamPath.LIBRE_UN_AN, GENERALE, "EA-Maths", "à vérifier sur la convocation"),
        (SCOLARISE, GENERALE, "E3-Specialite1", "thèmes 2, 4, 5 et 6"),
        (SCOLARISE, GENERALE, "E4-Specialite2", "sans session de remplacement"),
    ],
)
def test_what_the_texts_note_is_told(path, voie, code, text):
    chosen = [Subject.HGGSP, PC] if voie is GENERALE else []
    assert text in by_code(path, voie, 2027, chosen)[code].format


def test_the_themes_of_a_session_are_not_those_of_another():
    for session in (2026, 2028):
        assert (
            "thèmes"
            not in by_code(SCOLARISE, GENERALE, session, [Subject.HGGSP, PC])[
                "E3-Specialite1"
            ].format
        )


def test_a_session_before_the_present_papers_has_neither_their_text_nor_their_points():
    entry = by_code(SCOLARISE, GENERALE, 2026, [Subject.SVT, MATHS])["E3-Specialite1"]
    assert [part.format for part in entry.parts] == [
        "écrit ; découpage interne de cette session à vérifier",
        "ECE au lycée ; découpage interne de cette session à vérifier ; "
        "absence non justifiée = 0, sans session de remplacement",
    ]
    assert "2026" not in entry.reference.replace("Calendrier 2026", "")
