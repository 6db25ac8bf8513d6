"""Options count as the official examples say, and an incompatible choice is refused in words."""

import pytest

from models.curriculum import EpreuveKind, ExamPath, OptionCode, Subject, Voie
from services.catalogue.choices import Choice
from services.catalogue.regulation import IncompatibleChoice, reglement
from services.catalogue.sources import examination

SCOLARISE = ExamPath.SCOLARISE
GENERALE = Voie.GENERALE
MATHS, PC, SES, NSI = Subject.MATHS, Subject.PHYSIQUE_CHIMIE, Subject.SES, Subject.NSI


def by_code(*args, **kwargs):
    return {entry.code: entry for entry in reglement(*args, **kwargs)}


def total(entries):
    return sum(entry.weight for entry in entries)


# ------------------------------------------------------------------ options


def test_the_official_example_of_the_voie_generale_adds_up_to_110():
    options = [OptionCode.LVC, OptionCode.DGEMC, OptionCode.LCA_LATIN]
    entries = reglement(SCOLARISE, GENERALE, 2027, options=options)
    assert total(entries) == 110 == examination().options.exemples[0].total


def test_the_official_example_of_a_series_adds_up_to_112():
    options = [OptionCode.LVC, OptionCode.MUSIQUE, OptionCode.LCA_GREC]
    entries = reglement(SCOLARISE, Voie.STMG, 2027, options=options)
    assert total(entries) == 112 == examination().options.exemples[1].total


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (ExamPath.SCOLARISE, {"OPT1-LVC": 2, "OPTT-LVC": 2, "OPTT-DGEMC": 2}),
        (ExamPath.LIBRE_DEUX_SERIES, {"OPT1-LVC": 2, "OPTT-LVC": 2, "OPTT-DGEMC": 2}),
        (ExamPath.LIBRE_FIN_DE_CYCLE, {"OPTC-LVC": 4, "OPTT-DGEMC": 2}),
        (ExamPath.LIBRE_UN_AN, {"OPTC-LVC": 4, "OPTT-DGEMC": 2}),
        (ExamPath.LIBRE_EX_SCOLARISE, {"OPT1-LVC": 2, "OPTT-LVC": 2, "OPTT-DGEMC": 2}),
        (ExamPath.SCOLARISE_EX_LIBRE_PONCTUELLES, {"OPT1-LVC": 2, "OPTT-LVC": 2, "OPTT-DGEMC": 2}),
        (ExamPath.SCOLARISE_EX_LIBRE_SANS_PONCTUELLES, {"OPTT-LVC": 2, "OPTT-DGEMC": 2}),
    ],
)
def test_an_option_counts_once_a_year_or_once_for_the_cycle(path, expected):
    entries = reglement(path, GENERALE, 2027, options=[OptionCode.LVC, OptionCode.DGEMC])
    added = {one.code: one.weight for one in entries if one.kind is EpreuveKind.OPTION}
    assert added == expected


def test_an_option_is_a_mean_at_school_and_a_one_off_exam_without():
    options = [OptionCode.LVC]
    entries = by_code(ExamPath.LIBRE_EX_SCOLARISE, GENERALE, 2027, options=options)
    assert entries["OPT1-LVC"].format.startswith("moyenne annuelle du bulletin ; option supposée")
    assert entries["OPTT-LVC"].format.startswith("évaluation ponctuelle")
    assert entries["OPT1-LVC"].window_end < entries["OPTT-LVC"].window_start


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("voie", "specialities", "given_up", "options", "argument", "words"),
    [
        (GENERALE, [Subject.STI2D_PCM], None, [], "specialities", "n’est pas une spécialité"),
        (GENERALE, [Subject.MATHS_EXPERTES], None, [], "specialities", "n’est pas une spécialité"),
        (Voie.STMG, [MATHS], None, [], "specialities", "de la série STMG"),
        (GENERALE, [MATHS, MATHS], None, [], "specialities", "choisie deux fois"),
        (GENERALE, [MATHS, PC, SES, NSI], None, [], "specialities", "trois spécialités au plus"),
        (GENERALE, [MATHS, PC, SES], NSI, [], "specialities", "trois spécialités au plus"),
        (GENERALE, [MATHS, PC], PC, [], "specialite_abandonnee", "à la fois gardée"),
        (GENERALE, [MATHS], Subject.EPS, [], "specialite_abandonnee", "n’est pas une spécialité"),
        (Voie.STL, [], MATHS, [], "specialite_abandonnee", "spécialité de première"),
        (GENERALE, [PC, SES], None, [OptionCode.MATHS_EXPERTES], "options", "expertes supposent"),
        (GENERALE, [PC], MATHS, [OptionCode.MATHS_EXPERTES], "options", "expertes supposent"),
        (
            GENERALE,
            [MATHS, PC],
            None,
            [OptionCode.MATHS_COMPLEMENTAIRES],
            "options",
            "complémentaires excluent",
        ),
        (Voie.STMG, [], None, [OptionCode.MATHS_COMPLEMENTAIRES], "options", "n’existe pas"),
        (GENERALE, [], None, [OptionCode.LVC, OptionCode.LVC], "options", "choisie deux fois"),
        (GENERALE, [], None, [OptionCode.LVC, OptionCode.EPS], "options", "dès la première : 1"),
        (
            Voie.ST2S,
            [],
            None,
            [OptionCode.LVC, OptionCode.EPS, OptionCode.DGEMC],
            "options",
            "options de terminale : 2",
        ),
    ],
)
def test_an_incompatible_choice_is_refused_in_words(
    voie, specialities, given_up, options, argument, words
):
    with pytest.raises(IncompatibleChoice) as refused:
        reglement(SCOLARISE, voie, 2027, specialities, given_up, options)
    assert isinstance(refused.value, ValueError)
    assert any(
        one.argument == argument and words in one.message for one in refused.value.violations
    )


def test_every_violation_is_listed_and_not_the_first_only():
    with pytest.raises(IncompatibleChoice) as refused:
        reglement(
            SCOLARISE, GENERALE, 2027, [PC, PC, Subject.ST2S_CBPH], MATHS,
            [OptionCode.MATHS_EXPERTES, OptionCode.LVC, OptionCode.EPS],
        )  # fmt: skip
    arguments = [one.argument for one in refused.value.violations]
    assert arguments == ["specialities"] * 2 + ["options"] * 3
    for violation in refused.value.violations:
        assert violation.message in str(refused.value)


def test_latin_and_greek_come_on_top_of_the_ceiling():
    options = [OptionCode.LVC, OptionCode.DGEMC, OptionCode.LCA_LATIN, OptionCode.LCA_GREC]
    assert Choice(GENERALE, options=tuple(options)).violations() == ()


def test_both_maths_options_stay_possible_until_maths_are_kept_or_given_up():
    undecided = (MATHS, PC, SES)
    for code in (OptionCode.MATHS_EXPERTES, OptionCode.MATHS_COMPLEMENTAIRES):
        assert Choice(GENERALE, undecided, None, (code,)).violations() == ()
