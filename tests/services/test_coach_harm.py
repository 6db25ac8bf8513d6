"""What would harm a pupil and does not happen: deadlines lost, work silenced, marks unheard."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from coach_states import DAY, any_state, followed
from hypothesis import given, settings
from hypothesis import strategies as st

from models.curriculum import EpreuveKind, ExamPath, Profile, Subject, Track, Voie
from models.vocabulary import TaskCategory, TaskSource, TaskStatus
from services.catalogue.milestones import MilestoneKind as K
from services.catalogue.milestones import milestones
from services.coach.assignment import Assigned, Assignments, coach
from services.coach.motives import plain, same_words, stakes
from services.coach.state import CoachState, Exam, KnownTask, Measure, Paper, practical
from services.coach.withdrawal import CROWDED

TODAY = date(2026, 11, 23)
SUITES = "MATHS-T-SUITES"
CONFIRM = "jalon/PS-CONFIRM/confirmer"
WRITTEN = Exam(
    "E3-MATHS", "Mathématiques", Subject.MATHS, EpreuveKind.TERMINALE, 12.0,
    date(2027, 6, 16), date(2027, 6, 18), provisional=True, marked=False,
)  # fmt: skip
BENCH = replace(
    WRITTEN, code="E3-MATHS-PRATIQUE", label="Mathématiques, épreuve pratique", weight=4.0,
    day=date(2027, 6, 1), end=date(2027, 6, 4), practical=True,
)  # fmt: skip
PUPIL = CoachState(
    Track.TERMINALE, Voie.GENERALE, Profile.SCOLARISE, ExamPath.SCOLARISE, 2027,
    specialities=(Subject.MATHS,), exams=(WRITTEN,),
)  # fmt: skip


def task(number: int, label: str = "Une tâche", **known: object) -> KnownTask:
    one = KnownTask(
        UUID(int=number), label, TaskCategory.DEVOIR, TaskStatus.TODO, TaskSource.COACH, 1.0, None
    )
    return replace(one, **known)  # type: ignore[arg-type]


def found(word: Assignments, motive: str) -> Assigned | None:
    return next((one for one in word.wanted if one.motive == motive), None)


def test_a_deadline_stands_on_its_own_morning():
    eve = date(2027, 4, 1)
    after = followed(PUPIL, coach(PUPIL, eve))
    assert found(coach(after, eve + DAY), CONFIRM)


@pytest.mark.parametrize("day", [date(2027, 3, 6), date(2027, 3, 11)])
def test_what_was_not_done_for_its_target_is_asked_until_the_deadline(day):
    assert found(coach(PUPIL, day), "jalon/PS-VOEUX/voeux")


def test_offers_are_answered_from_the_first_day_on():
    one = found(coach(PUPIL, date(2027, 5, 24)), "jalon/PS-PRINCIPALE/reponses")
    assert one
    assert one.due_on == date(2027, 6, 1)


def test_offers_are_looked_at_again_a_week_later():
    motive = "jalon/PS-PRINCIPALE/reponses"
    done = task(
        1, motive=motive, status=TaskStatus.DONE, source=TaskSource.AGENT,
        closed_on=date(2027, 6, 2),
    )  # fmt: skip
    state = replace(PUPIL, tasks=[done])
    assert not found(coach(state, date(2027, 6, 5)), motive)
    assert found(coach(state, date(2027, 6, 9)), motive)


def test_what_was_left_for_weeks_does_not_stop_the_rest():
    stale = [task(number, due_on=TODAY - 20 * DAY) for number in range(9)]
    created = coach(replace(PUPIL, tasks=stale), TODAY).created
    assert any(one.due_on < TODAY + 7 * DAY for one in created)


def test_a_full_week_does_not_push_a_deadline_out():
    eve = date(2027, 3, 30)
    full = [task(number, due_on=eve + DAY) for number in range(9)]
    assert found(coach(replace(PUPIL, tasks=full), eve), CONFIRM)


@pytest.mark.parametrize("label", ["📚", "…", "Un", "Parcoursup", "Méthode"])
def test_a_short_label_or_one_without_letters_silences_nothing(label):
    free = {one.motive for one in coach(PUPIL, TODAY).wanted}
    noted = [task(1, label, category=TaskCategory.AUTRE)]
    assert {one.motive for one in coach(replace(PUPIL, tasks=noted), TODAY).wanted} == free


def test_the_same_words_are_the_same_however_short():
    assert same_words(plain("Fiche"), plain("fiche"))


def test_an_open_task_of_the_same_label_is_enough_without_its_chapter():
    state = replace(PUPIL, papers=[Paper(Subject.MATHS, 3.0, TODAY - DAY, frozenset({SUITES}))])
    one = found(coach(state, TODAY), f"revision/{SUITES}")
    assert one
    noted = replace(state, tasks=[task(1, one.label, category=TaskCategory.REVISION)])
    assert not found(coach(noted, TODAY), f"revision/{SUITES}")


def test_a_speciality_of_premiere_weighs_what_it_may_come_to_weigh():
    early = replace(WRITTEN, code="EA-Maths", kind=EpreuveKind.ANTICIPEE, weight=2.0)
    later = replace(WRITTEN, code="E3", subject=None, weight=16.0, day=date(2028, 6, 13), end=None)
    state = replace(PUPIL, track=Track.PREMIERE, exams=[early, later])
    stake = stakes(state, TODAY)[Subject.MATHS]
    assert stake.coefficient == 18
    assert "dont 16 si la spécialité est gardée" in stake.said


def test_a_bad_mark_on_a_chapter_without_measure_calls_for_its_revision():
    state = replace(PUPIL, papers=[Paper(Subject.MATHS, 2.0, TODAY - DAY, frozenset({SUITES}))])
    assert found(coach(state, TODAY), f"revision/{SUITES}")


def test_a_bad_mark_without_chapters_calls_for_one_exercise_alone():
    known = Measure(Subject.MATHS, SUITES, "MATHS-C-CALCULER", 0.95, 4, TODAY, TODAY + 90 * DAY)
    state = replace(PUPIL, measures=[known], papers=[Paper(Subject.MATHS, 2.0, TODAY - DAY)])
    word = coach(state, TODAY)
    assert found(word, "reprise/MATHS")
    assert not found(word, f"revision/{SUITES}")


def test_a_bad_mark_makes_a_chapter_that_was_given_up_count_again():
    skipped = [
        task(
            number, motive=f"revision/{SUITES}{form}", status=TaskStatus.SKIPPED,
            closed_on=TODAY - 20 * DAY, source=TaskSource.AGENT,
        )
        for number, form in enumerate(("", "", ":exercice", ":exercice"))
    ]  # fmt: skip
    bad = Paper(Subject.MATHS, 3.0, TODAY - DAY, frozenset({SUITES}))
    word = coach(replace(PUPIL, tasks=skipped, papers=[bad]), TODAY)
    assert found(word, f"revision/{SUITES}")


def test_while_the_practical_is_held_the_written_paper_is_revised_for():
    state = replace(PUPIL, exams=[BENCH, WRITTEN])
    for day in (date(2027, 5, 25), date(2027, 6, 2)):
        assert stakes(state, day)[Subject.MATHS].latest == date(2027, 6, 15)


def test_no_paper_of_a_practical_is_asked_for_at_home():
    word = coach(replace(PUPIL, exams=[BENCH, WRITTEN]), TODAY + timedelta(days=150))
    assert found(word, "epreuve/E3-MATHS")
    assert not found(word, "epreuve/E3-MATHS-PRATIQUE")


@pytest.mark.parametrize(
    ("format", "bench"),
    [
        ("épreuve pratique sur ordinateur avec dialogue, /20 × 0,25", True),
        ("évaluation des compétences expérimentales", True),
        ("écrit : trois exercices (dispense de partie pratique : …)", False),
        ("oral et pratique (15 + 15 min)", False),
    ],
)
def test_a_practical_is_told_by_its_format(format, bench):
    assert practical(format) is bench


def test_languages_weigh_as_much_as_the_heaviest_of_them():
    exams = [
        replace(WRITTEN, code=code, subject=Subject.LANGUES_VIVANTES, weight=3.0)
        for code in ("EP1-LVA", "EPT-LVA", "EPT-LVB", "OPT-LVC")
    ]
    stake = stakes(replace(PUPIL, exams=exams), TODAY)[Subject.LANGUES_VIVANTES]
    assert stake.coefficient == 6


def test_a_step_of_method_skipped_twice_leaves_its_place_to_the_next():
    skipped = [
        task(
            number, motive="methode/MATHS/1", status=TaskStatus.SKIPPED, source=TaskSource.AGENT,
            closed_on=TODAY - 20 * DAY,
        )
        for number in range(2)
    ]  # fmt: skip
    word = coach(replace(PUPIL, tasks=skipped), TODAY)
    assert found(word, "methode/MATHS/2")


def test_what_is_taken_away_says_why():
    own = task(
        1, motive=f"revision/{SUITES}", source=TaskSource.AGENT, category=TaskCategory.REVISION
    )
    (gone,) = coach(replace(PUPIL, tasks=[own]), TODAY).withdrawn
    assert gone.reason == "le chapitre n’est plus à revoir avant la fin de la semaine prochaine"


def test_advised_dates_do_not_name_a_source_that_does_not_set_them():
    oral = replace(WRITTEN, code="E5-GrandOral", subject=Subject.GRAND_ORAL, weight=8.0)
    one = found(coach(replace(PUPIL, exams=[oral]), TODAY), "jalon/GO-M1")
    assert one
    assert "source :" not in one.reason
    assert "Dates conseillées" in one.reason


def test_a_step_of_the_grand_oral_is_asked_for_after_its_advised_window():
    oral = replace(WRITTEN, code="E5-GrandOral", subject=Subject.GRAND_ORAL, weight=8.0)
    assert found(coach(replace(PUPIL, exams=[oral]), date(2027, 1, 12)), "jalon/GO-M1")


def test_a_grand_oral_without_a_day_leaves_its_steps_in_their_window():
    oral = replace(WRITTEN, code="E5-GrandOral", subject=Subject.GRAND_ORAL, day=None, end=None)
    pupil = replace(PUPIL, exams=[oral])
    assert found(coach(pupil, TODAY), "jalon/GO-M1")
    assert not found(coach(pupil, date(2027, 9, 1)), "jalon/GO-M1")


@given(st.integers(0, 10**9))
@settings(max_examples=25)
def test_day_after_day_a_legal_deadline_is_never_withdrawn_before_it_is_over(seed):
    state, today = any_state(seed)
    ends = {f"jalon/{one.code}": one for one in milestones(K.PARCOURSUP, state.exam_session)}
    for day in (today + DAY * place for place in range(10)):
        word = coach(state, day)
        for gone in word.withdrawn:
            one = ends.get((gone.task.motive or "").rsplit("/", 1)[0])
            needed = one and one.start <= day <= one.end and state.track is Track.TERMINALE
            assert not needed or gone.reason != CROWDED
        state = replace(
            followed(state, word),
            tasks=[
                replace(each, id=UUID(int=(day.toordinal() << 20) + place))
                for place, each in enumerate(followed(state, word).tasks)
            ],
        )
