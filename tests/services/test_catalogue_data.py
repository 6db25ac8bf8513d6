"""The data files say what they must, and a corrupted one is refused by name and place."""

import fnmatch
from pathlib import Path

import pytest

from models.curriculum import ExamPath, OptionCode, Subject, Track, Voie
from services.catalogue import sources
from services.catalogue.exam_paths import PATHS
from services.catalogue.examination import Examination
from services.catalogue.programme_records import Programmes
from services.catalogue.sources import CorruptCatalogue, examination, programmes, read
from services.catalogue.subjects import (
    LABELS,
    OPTION_CODES,
    SERIES_PREMIERE,
    SUBJECT_CODES,
    NoSubject,
    is_known,
    subject_label,
    subject_of,
)


def plan_of(name):
    return next(plan for plan in examination().plans if plan.id == name)


@pytest.mark.parametrize("plan", examination().plans, ids=lambda plan: plan.id)
def test_every_plan_is_sixty_at_the_exam_and_forty_through_the_years(plan):
    by_kind = {}
    for item in plan.items:
        by_kind[item.kind] = by_kind.get(item.kind, 0) + item.weight
    exam = by_kind["ANTICIPEE"] + by_kind["TERMINALE"]
    years = by_kind.get("CONTROLE_CONTINU", 0) + by_kind.get("PONCTUELLE", 0)
    assert (exam, years) == (60, 40)


@pytest.mark.parametrize("plan", examination().plans, ids=lambda plan: plan.id)
def test_anticipated_maths_exist_from_session_2027_on(plan):
    assert any(item.code == "EA-Maths" for item in plan.items) == (plan.session >= 2027)


def test_there_is_a_plan_for_every_session_branch_and_exam_path():
    found = {(plan.session, plan.voie, plan.profile) for plan in examination().plans}
    assert found == {
        (session, branch, rule.profile)
        for session in (2026, 2027, 2028)
        for branch in ("generale", "technologique")
        for rule in PATHS.values()
    }
    assert PATHS.keys() == set(ExamPath)


@pytest.mark.parametrize(
    "rule", examination().rules.neutralisations, ids=lambda rule: rule.cas[:40]
)
def test_each_neutralisation_leaves_the_denominator_it_states(rule):
    name = "2027-generale-scolarise"
    if "technologique vers" in rule.cas:
        name = "2027-technologique-scolarise"
    if "professionnelle" in rule.cas:
        name = "2027-generale-scolarise_ex_libre_sans_ponctuelles"
    left = [
        item.weight
        for item in plan_of(name).items
        if not any(fnmatch.fnmatch(item.code, gone) for gone in rule.retire)
    ]
    assert sum(left) == rule.denominateur


def test_every_subject_has_an_accented_label_of_its_own():
    assert set(LABELS) == set(Subject)
    assert len(set(LABELS.values())) == len(Subject)
    assert subject_label(Subject.EPS) == "Éducation physique et sportive"


def test_every_subject_code_of_the_data_is_mapped():
    codes = {subject.code for subject in programmes().subjects}
    codes |= {one.code for one in examination().specialites_generale}
    codes |= {one.code for series in examination().series_techno for one in series.specialites}
    codes |= {item.code for plan in examination().plans for item in plan.items}
    codes |= {f"OPTT-{one.code}" for one in examination().options.liste}
    assert {code for code in codes if not is_known(code)} == set()


def test_a_code_without_a_subject_says_why():
    unmapped = [one for one in SUBJECT_CODES.values() if isinstance(one, NoSubject)]
    assert all(one.reason for one in unmapped)


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("CC1-HistoireGeo", Subject.HISTOIRE_GEO),
        ("EPC-EnsScientifique", Subject.ENSEIGNEMENT_SCIENTIFIQUE),
        ("E2-Philosophie", Subject.PHILOSOPHIE),
        ("E5-GrandOral", Subject.GRAND_ORAL),
        ("CC1-LVA", Subject.LANGUES_VIVANTES),
        ("CCT-EPS", Subject.EPS),
        ("EP1-Maths", Subject.MATHS_TECHNO),
        ("OPTC-LCALatin", None),
        ("E3-Specialite1", None),
    ],
)
def test_an_epreuve_belongs_to_its_subject(code, subject):
    assert subject_of(code) is subject


def test_every_subject_of_the_vocabulary_but_none_more_is_named_by_the_data():
    assert {one for one in SUBJECT_CODES.values() if isinstance(one, Subject)} == set(Subject)


def test_every_option_and_series_of_the_vocabulary_is_in_the_data():
    assert set(OPTION_CODES) == set(OptionCode)
    series = {one.code for one in examination().series_techno}
    assert series == set(Voie) - {Voie.GENERALE} == set(SERIES_PREMIERE)


def test_every_date_of_a_year_lies_near_its_session():
    for session, windows in examination().windows.items():
        assert all(session - 2 <= one.start.year <= session for one in windows.values())


def test_the_data_is_read_once():
    assert sources.examination() is sources.examination()
    assert sources.programmes() is sources.programmes()


@pytest.fixture
def corrupted(tmp_path):
    """Reads a data file in which one passage has been replaced."""

    def attempt(name: str, shape: type, old: str, new: str) -> str:
        text = (sources.DATA / name).read_text()
        assert old in text
        path: Path = tmp_path / name
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(CorruptCatalogue) as refused:
            read(path, shape)
        assert str(refused.value).startswith(f"{name}: ")
        return str(refused.value)

    return attempt


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            "label: Philosophie, weight: 8",
            "label: Philosophie, weigth: 8",
            "plans.0.items.2.weigth",
        ),
        ("weight: 8, kind", "weight: '8', kind", "plans.0.items.2.weight"),
        (
            "weight: 8, kind",
            "weight: 9, kind",
            "plan 2026-generale-scolarise: weights add up to 101",
        ),
        (
            "'2026-06-15', end: '2026-06-15'",
            "demain, end: '2026-06-15'",
            "windows.2026.PHILO.start",
        ),
        ("'2026-06-15', end: '2026-06-15'", "'2026-06-15', end: '2026-06-14'", "2026.PHILO: Value"),
        ("kind: anticipee", "kind: anticipe", "plans.0.items.0.kind"),
        ("window: EAF_ECRIT,", "window: EAF_ECRI,", "EA-FrancaisEcrit: no window EAF_ECRI in 2026"),
        ("source: [S-MEMENTO, S-EAF]", "source: [S-MEMNTO]", "EA-FrancaisEcrit: unknown source"),
        ("code: CC1-HistoireGeo", "code: CC1-Histoire", "CC1-Histoire is not in subjects.py"),
        ("code: HGGSP\n", "code: GEOPOL\n", "speciality GEOPOL is not in subjects.py"),
        ("share: 0.8,", "share: 0.7,", "PC.parts: the shares add up to 0.8"),
        ("slot: 2", "slot: 1", "series_techno.0"),
        ("code: LVC,", "code: LVD,", "option LVD must stand in both"),
        ("code: GO-M1", "code: GO-M2", "milestones.grand_oral_2027: GO-M2 stands twice"),
        ("  grand_oral_2027:", "  grand_orale_2027:", "milestones.grand_orale_2027"),
        ("S-KNOW: null", "S-KNOWN: null", "S-KNOWN must stand in both `sources` and `references`"),
        ("schema_version: 1", "schema_version: 2", "schema_version"),
        ("plans:\n", "plans: [\n", "line "),
    ],
)
def test_a_corrupted_regulation_is_refused_with_its_place(corrupted, old, new, place):
    assert place in corrupted("epreuves.yaml", Examination, old, new)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("part: Algèbre,", "partie: Algèbre,", "chapters.1.partie"),
        ("[MATHS-C-CALCULER, MATHS-C-REPRESENTER]}", "[]}", "chapters.0.competences"),
        ("[MATHS-C-CALCULER,", "[MATHS-C-COMPTER,", "unknown competence MATHS-C-COMPTER"),
        ("code: MATHS-1-SUITES", "code: MATHS-1-AUTOMATISMES", "MATHS-1-AUTOMATISMES stands twice"),
        ("code: NSI\n", "code: INFO\n", "subject INFO is not in subjects.py"),
        ("code: STMG-1T-SGN,", "code: STMG-1T-GESTION,", "STMG-1T-GESTION is not in subjects.py"),
        ("level: 1re", "level: 2nde", "subjects.0.levels.0.level"),
        (
            "{code: MATHS-1-LOGIQUE,",
            "{code: MATHS-1-LOGIQUE, prerequisites: [MATHS-1-RIEN], why: rien,",
            "chapter MATHS-1-LOGIQUE: unknown prerequisite MATHS-1-RIEN",
        ),
        (
            "{code: MATHS-1-LOGIQUE,",
            "{code: MATHS-1-LOGIQUE, prerequisites: [MATHS-1-LOGIQUE], why: rien,",
            "MATHS-1-LOGIQUE -> MATHS-1-LOGIQUE",
        ),
        (
            "{code: MATHS-1-LOGIQUE,",
            "{code: MATHS-1-LOGIQUE, prerequisites: [MATHS-1-SUITES],",
            "chapter MATHS-1-LOGIQUE: prerequisites and `why` go together",
        ),
    ],
)
def test_a_corrupted_programme_is_refused_with_its_place(corrupted, old, new, place):
    assert place in corrupted("programmes.yaml", Programmes, old, new)


def test_every_fault_is_named_and_not_the_first_only(tmp_path):
    text = (sources.DATA / "epreuves.yaml").read_text()
    path = tmp_path / "epreuves.yaml"
    path.write_text(text.replace("locale: fr-FR", "locale: en").replace("as_of:", "asof:"))
    with pytest.raises(CorruptCatalogue) as refused:
        read(path, Examination)
    assert {line.split(": ")[1] for line in str(refused.value).splitlines()} == {
        "locale",
        "as_of",
        "asof",
    }


def test_both_tracks_have_a_level_in_the_data():
    levels = {level.level for subject in programmes().subjects for level in subject.levels}
    assert len(levels) == len(Track)
