"""What a language model says stands only where all our words do, beside a few harmless ones."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.wording import (
    ADDED,
    ENDINGS,
    OPENINGS,
    TURNS,
    Fault,
    Text,
    faults,
    keeps,
    taken,
    tokens,
)

LABEL = "Réviser « Suites numériques » (Mathématiques) : Raisonner, Calculer"
REASON = (
    "Maîtrise mesurée : 42 % (3 mesures, la dernière le 9 octobre 2026) ; « Raisonner » est à"
    " revoir à partir du 10 octobre 2026 d’après l’espacement FSRS (probabilité de rappel visée :"
    " 90 %). Mathématiques : coefficient 16, épreuve le 16 juin 2027 (date estimée). Importance :"
    " 4 sur 5. Compte pour 1 h 30 sur les 6 h prévues par semaine (terminale, élève scolarisé)."
)
MARKED = "Évaluation corrigée le 3 novembre 2026 : 7,5/20, à reprendre sans attendre."
ORAL = "Un oral blanc, minuté : Français, épreuve anticipée orale"
MONTHS = "À moins de trois mois de l’épreuve : un entraînement toutes les deux semaines"
DATES = (
    "Inscription au baccalauréat : du 12 octobre 2026 au 11 décembre 2026. Dates estimées, à"
    " confirmer."
)
CONFIRM = "Parcoursup : confirmer chaque vœu"
WISHES = "Parcoursup : formuler ses vœux, dont au moins un non sélectif"
LONGEST = Text("x" * 300, "x" * 1000)
OURS = st.sampled_from([LABEL, REASON, MARKED, ORAL, MONTHS, DATES, CONFIRM, WISHES])


def wrong(ours: str, theirs: str, limit: int = 1000) -> list[Fault]:
    return list(faults(ours, theirs, limit))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (LABEL, "On révise « Suites numériques » (Mathématiques) : raisonner et calculer !"),
        (LABEL, "Pense à revoir « Suites numériques » (Mathématiques), Raisonner, Calculer."),
        (LABEL, f"Allez : {LABEL}. Bon courage !"),
        (REASON, REASON.replace("Maîtrise", "Voici ta maîtrise").replace(" ;", ".")),
        (WISHES, "Parcoursup : formule tes vœux, dont au moins un non sélectif. À toi de jouer !"),
        (ORAL, ORAL),
    ],
)
def test_our_words_with_a_turned_verb_or_an_encouragement_are_taken(ours: str, theirs: str) -> None:
    assert wrong(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (LABEL, "Réviser « Suites numériques » (Mathématiques) : Modéliser, Représenter"),
        (LABEL, "Réviser « Suites numériques » (Mathématiques) : Calculer, Raisonner"),
        (LABEL, "Oublie « Suites numériques » (Mathématiques), tu es nul : abandonne"),
        (LABEL, f"{LABEL}, tu es nul"),
        (LABEL, "Review « Suites numériques » (Mathématiques): reasoning, computing"),
        (LABEL, "« Suites numériques » Mathématiques"),
        (LABEL, "Laisse tomber « Suites numériques » (Mathématiques) et va jouer dehors"),
        (LABEL, LABEL.replace("« Suites numériques »", "« Les suites numériques »")),
        (
            REASON,
            "Mastery: 42 % (3 results, last on 9 octobre 2026); « Raisonner » is due from 10"
            " octobre 2026 by FSRS (target 90 %). Mathématiques: weight 16, exam on 16 juin 2027.",
        ),
        (REASON, REASON.replace("date estimée", "date officielle")),
        (REASON, REASON.replace(" (date estimée)", "")),
        (REASON, REASON.replace("à revoir", "à oublier")),
        (REASON, REASON.replace("terminale, élève scolarisé", "première, candidat libre")),
        (ORAL, "Un écrit blanc, minuté : Français, épreuve anticipée écrite"),
        (DATES, DATES.replace("Dates estimées, à confirmer", "Dates officielles, confirmées")),
        (DATES, DATES.replace("du 12 octobre", "le 12 octobre")),
        (MONTHS, MONTHS.replace("moins", "plus")),
        (CONFIRM, "Parcoursup : supprimer chaque vœu"),
        (CONFIRM, "Parcoursup : ne pas confirmer chaque vœu"),
        (CONFIRM, "Parcoursup : tu peux confirmer chaque vœu"),
        (CONFIRM, f"{CONFIRM} ?"),
        (CONFIRM, f"{CONFIRM} sur exemple.com"),
        (CONFIRM, f"{CONFIRM} sur https://exemple.test"),
        (CONFIRM, f"**{CONFIRM}**"),
        (CONFIRM, f"<b>{CONFIRM}</b>"),
        (CONFIRM, f"{CONFIRM} !!!"),
        (CONFIRM, f"{CONFIRM} 👍"),
        (CONFIRM, CONFIRM.replace("a", "\u0430")),
        (CONFIRM, "Parcoursup : le la les confirmer chaque vœu"),
        (CONFIRM, "Bon courage"),
        (CONFIRM, f"{CONFIRM}. {CONFIRM}"),
        (WISHES, WISHES.replace("non ", "")),
    ],
)
def test_what_says_anything_else_is_not_taken(ours: str, theirs: str) -> None:
    assert wrong(ours, theirs) == [Fault.WORDS]


@pytest.mark.parametrize(
    ("ours", "before", "after"),
    [
        (REASON, "42 %", "43 %"),
        (REASON, "42 %", "42"),
        (REASON, "1 h 30", "30 h 1"),
        (REASON, "9 octobre", "9 novembre"),
        (REASON, "FSRS", "fsrs"),
        (REASON, "coefficient 16", "coefficient seize"),
        (REASON, "Compte", "Compte trois fois"),
        (REASON, "coefficient 16, épreuve le 16 juin 2027", "épreuve le 16 juin 2027, coefficient"),
        (MARKED, "7,5/20", "7,5"),
        (MARKED, "7,5/20", "7, 5/20"),
        (MARKED, "7,5/20", "7.5/20"),
    ],
)
def test_a_number_a_unit_or_a_code_that_is_other_is_not_taken(
    ours: str, before: str, after: str
) -> None:
    assert wrong(ours, ours.replace(before, after, 1)) == [Fault.WORDS]


@pytest.mark.parametrize("sign", ["\n", "\x00", "\u202e", "\u200b", "\u00ad", "\ud800"])
def test_what_does_not_print_is_not_taken(sign: str) -> None:
    assert Fault.UNPRINTABLE in wrong("Lire Phèdre", f"Lire {sign}Phèdre")


def test_what_is_empty_or_too_long_is_not_taken() -> None:
    assert Fault.LENGTH in wrong("Lire Phèdre", "")
    assert Fault.LENGTH in wrong("Lire Phèdre", "Lire Phèdre" + "." * 81)
    assert Fault.LENGTH in wrong("Lire Phèdre", "Lire Phèdre", limit=10)


def test_what_is_taken_stands_on_one_line_with_plain_spaces() -> None:
    worded = Text("  " + LABEL.replace(" :", "\u202f:") + "\n", REASON.replace(" ", "\u00a0"))
    assert taken(Text(LABEL, REASON), worded, longest=LONGEST) == Text(LABEL, REASON)


def test_one_text_that_will_not_do_keeps_both_as_they_are() -> None:
    worded = Text(LABEL, REASON.replace("42", "24"))
    assert taken(Text(LABEL, REASON), worded, longest=LONGEST) is Fault.WORDS


def test_what_was_left_out_is_missing() -> None:
    assert taken(Text(LABEL, REASON), None, longest=LONGEST) is Fault.MISSING


def test_no_word_turns_into_two_others() -> None:
    turns = [turn for one in TURNS for turn in one]
    assert sorted(turns) == sorted(set(turns))


def test_what_may_be_added_denies_nothing_and_counts_nothing() -> None:
    added = {token for words in (*ADDED, *OPENINGS, *ENDINGS) for token in tokens(words)}
    assert not added & set(tokens("ne n pas non ni sans sauf jamais moins plus ou si un une deux"))


@given(st.text(max_size=200))
@example("Bon courage")
@example("« sans fin")
def test_a_text_of_ours_may_stand_for_itself(text: str) -> None:
    assert keeps(text, text)


@given(OURS, st.data())
def test_a_text_that_lacks_a_word_of_ours_is_not_taken(ours: str, data: st.DataObject) -> None:
    words = tokens(ours)
    place = data.draw(st.integers(0, len(words) - 1))
    assert not keeps(ours, " ".join(words[:place] + words[place + 1 :]))


@given(OURS, st.text(alphabet="abcdeéilmnoprstu", min_size=1, max_size=9), st.data())
def test_no_foreign_word_comes_between_ours(ours: str, word: str, data: st.DataObject) -> None:
    words = tokens(ours)
    place = data.draw(st.integers(1, len(words) - 1))
    theirs = " ".join([*words[:place], word, *words[place:]])
    assert keeps(ours, theirs) == (set(tokens(word)) <= {t for a in ADDED for t in tokens(a)})


@given(OURS, st.data())
def test_words_of_ours_that_change_places_are_not_taken(ours: str, data: st.DataObject) -> None:
    words = tokens(ours)
    place = data.draw(st.integers(0, len(words) - 2))
    one, other = words[place : place + 2]
    swapped = [*words[:place], other, one, *words[place + 2 :]]
    assert keeps(ours, " ".join(swapped)) == (one == other)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_number_is_ever_changed(ours: int, theirs: int) -> None:
    assert keeps(f"note de {ours} points", f"note de {theirs} points") == (ours == theirs)
