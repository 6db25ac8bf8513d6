"""What a language model says stands only where it says what we do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.wording import FACT, Fault, Text, facts, faults, taken

LABEL = "Réviser « Suites numériques » (Mathématiques) : démontrer par récurrence"
REASON = (
    "Évaluation corrigée le 3 novembre 2026 : 7,5/20. Maîtrise mesurée : 42 % (3 mesures), épreuve"
    " E3-Specialite1 le 16 juin 2027, coefficient 16. Compte pour 45 min sur les 7 h 30 prévues."
)
LONGEST = Text("x" * 300, "x" * 1000)


def wrong(ours: str, theirs: str, subject: str | None = None, limit: int = 1000) -> list[Fault]:
    return list(faults(ours, theirs, subject, limit))


def test_what_says_the_same_in_other_words_is_taken() -> None:
    worded = Text(
        "  On reprend « Suites numériques » (Mathématiques) : démontrer par récurrence ",
        "Ton évaluation du 3 novembre 2026 donne 7,5/20 et ta maîtrise est de 42 % (3 mesures) ;"
        " l’épreuve E3-Specialite1 tombe le 16 juin 2027, coefficient 16. Prévois 45 min sur les"
        " 7 h 30 de la semaine.",
    )
    found = taken(Text(LABEL, REASON), worded, "Mathématiques", longest=LONGEST)
    assert found == Text(worded.label.strip(), worded.reason)


def test_the_facts_of_a_text_are_its_numbers_days_titles_and_codes() -> None:
    assert facts(REASON) == [
        "3", "novembre", "2026", "7,5/20", "42%", "3", "E3-Specialite1".casefold(), "16", "juin",
        "2027", "16", "45min", "7h", "30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("42 %", "43 %"),
        ("7,5/20", "7,5"),
        ("3 novembre", "4 novembre"),
        ("novembre", "décembre"),
        ("E3-Specialite1", "E4-Specialite2"),
        ("coefficient 16", "coefficient seize"),
        ("Compte pour", "Compte trois fois pour"),
        ("prévues.", "prévues, soit 10 minutes par jour."),
        ("16 juin 2027, coefficient 16", "coefficient 16, 16 juin 2027"),
        ("prévues", "prévues par l’ARS"),
    ],
)
def test_a_fact_that_is_new_other_gone_or_elsewhere_is_not_taken(before: str, after: str) -> None:
    assert Fault.FACTS in wrong(REASON, REASON.replace(before, after, 1))


@pytest.mark.parametrize(
    ("theirs", "fault"),
    [
        ("", Fault.LENGTH),
        ("Lire " + "beaucoup " * 40, Fault.LENGTH),
        ("Lire\nPhèdre", Fault.UNPRINTABLE),
        ("Lire\x00 Phèdre", Fault.UNPRINTABLE),
        ("Lire \u202ePhèdre", Fault.UNPRINTABLE),
        ("**Lire** Phèdre", Fault.MARKUP),
        ("<b>Lire</b> Phèdre", Fault.MARKUP),
        ("[Lire](Phèdre)", Fault.MARKUP),
        ("Lire Phèdre sur https://exemple.test", Fault.LINK),
        ("Lire Phèdre sur exemple.com", Fault.LINK),
        ("Écrire à prof@exemple", Fault.LINK),
        ("Ne pas lire Phèdre", Fault.NEGATION),
        ("N’ouvre Phèdre qu’en juin", Fault.NEGATION),
    ],
)
def test_what_is_no_plain_line_about_the_same_is_not_taken(theirs: str, fault: Fault) -> None:
    assert fault in wrong("Lire Phèdre", theirs)


def test_a_subject_that_was_named_stays_named() -> None:
    ours = "Réviser la Philosophie"
    assert wrong(ours, "Réviser la pensée", "Philosophie") == [Fault.SUBJECT]
    assert wrong(ours, "Revoir la Philosophie", "Philosophie") == []
    assert wrong("Réviser", "Revoir", "Philosophie") == []


def test_one_text_that_will_not_do_keeps_both_as_they_are() -> None:
    worded = Text(LABEL, REASON.replace("42", "24"))
    assert taken(Text(LABEL, REASON), worded, None, longest=LONGEST) is Fault.FACTS


def test_what_was_left_out_is_missing() -> None:
    assert taken(Text(LABEL, REASON), None, None, longest=LONGEST) is Fault.MISSING


@given(st.text(max_size=200))
def test_a_text_of_ours_may_stand_for_itself_if_it_is_a_plain_line(text: str) -> None:
    if text and text.isprintable():
        assert set(wrong(text, text)) <= {Fault.LINK}


@given(st.text(max_size=120), st.text(max_size=120))
def test_what_is_taken_holds_our_facts_and_no_others(ours: str, theirs: str) -> None:
    if not wrong(ours, theirs):
        assert facts(theirs) == facts(ours)
        assert theirs.isprintable()
        assert "://" not in theirs


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_number_is_ever_changed(ours: int, theirs: int) -> None:
    assert (Fault.FACTS in wrong(f"note de {ours} points", f"{theirs} points")) == (ours != theirs)


def test_every_fact_is_found_where_it_stands() -> None:
    assert [found.group() for found in FACT.finditer("le 1er mai, à 8 h")] == ["1er", "mai", "8 h"]
