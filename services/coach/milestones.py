"""What has a deadline beside the épreuves: inscriptions, the Grand oral's steps, Parcoursup."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from models.curriculum import Subject, Track
from models.vocabulary import TaskCategory
from services.catalogue.milestones import Milestone, MilestoneKind, milestones
from services.coach.motives import History, Need, plain, weighed
from services.coach.state import CoachState
from services.coach.words import day_of, within

C = TaskCategory
K = MilestoneKind

CATEGORIES = {K.INSCRIPTION: C.AUTRE, K.GRAND_ORAL: C.GRAND_ORAL, K.PARCOURSUP: C.PARCOURSUP}
AHEAD = {
    K.INSCRIPTION: timedelta(),
    K.GRAND_ORAL: timedelta(days=14),
    K.PARCOURSUP: timedelta(days=30),
}
"""So long before it begins it is set."""

PERSONAL = frozenset({"INS-AMENAGEMENT"})
"""What says something of a pupil's health is for a person to bring up."""

SOON, URGENT = 14, 7


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tick off on the way to a milestone, `before` its last day."""

    key: str
    label: str
    before: timedelta = timedelta()


CHECKLIST = {
    "PS-INFO": (
        Step("formations", "Parcoursup : noter cinq formations avec leurs attendus et leurs taux"),
    ),
    "PS-VOEUX": (
        Step(
            "inscription",
            "Parcoursup : ouvrir son dossier et vérifier ses coordonnées",
            timedelta(days=42),
        ),
        Step(
            "voeux",
            "Parcoursup : formuler ses vœux, dont au moins un non sélectif",
            timedelta(days=7),
        ),
    ),
    "PS-CONFIRM": (
        Step(
            "projets",
            "Parcoursup : rédiger le projet de formation motivé de chaque vœu",
            timedelta(days=14),
        ),
        Step(
            "pieces",
            "Parcoursup : vérifier bulletins de première et de terminale, notes du"
            " baccalauréat, Pix et pièces demandées",
            timedelta(days=7),
        ),
        Step("confirmer", "Parcoursup : confirmer chaque vœu"),
    ),
    "PS-PRINCIPALE": (
        Step("reponses", "Parcoursup : répondre à chaque proposition avant sa date limite"),
    ),
}
"""Parcoursup's list. The complementary phase is for who has no offer: a person decides."""


def deadlines(state: CoachState, history: History, today: date) -> Iterator[tuple[Need, ...]]:
    """What falls due now: inscriptions of the pupil's exam path; the others in terminale only."""
    kinds = (K.INSCRIPTION, K.GRAND_ORAL, K.PARCOURSUP)
    for kind in kinds if state.track is Track.TERMINALE else kinds[:1]:
        last = _last_day(state, kind)
        for one in milestones(kind, state.exam_session):
            near = one.start - AHEAD[kind] <= today < one.end
            if not near or state.exam_path not in one.exam_paths or one.code in PERSONAL:
                continue
            for step in _steps(kind, one):
                end = min(one.end - step.before, last)
                words = plain(step.label)
                root = f"jalon/{one.code}/{step.key}" if step.key else f"jalon/{one.code}"
                if end > today and not history.done(root) and not history.was_done(words):
                    yield _forms(root, kind, one, step, end, today)


def _last_day(state: CoachState, kind: MilestoneKind) -> date:
    """The Grand oral's steps end before it is held, and are none where it is not in the plan."""
    if kind is not K.GRAND_ORAL:
        return date.max
    held = [exam for exam in state.exams if exam.subject is Subject.GRAND_ORAL and not exam.marked]
    if not held:
        return date.min
    return min((exam.day for exam in held if exam.day), default=date.max) - timedelta(days=1)


def _steps(kind: MilestoneKind, one: Milestone) -> tuple[Step, ...]:
    if kind is K.PARCOURSUP:
        return CHECKLIST.get(one.code, ())
    # the passage itself is an épreuve, not a step towards it
    return () if kind is K.GRAND_ORAL and not one.recommended else (Step("", one.label),)


def _forms(
    root: str, kind: MilestoneKind, one: Milestone, step: Step, end: date, today: date
) -> tuple[Need, Need]:
    days = (end - today).days
    weight = (3.0 if one.recommended else 4.0) + (
        1.0 if days <= URGENT else 0.5 if days <= SOON else 0.0
    )
    do = Need(
        root=root,
        motive=root,
        label=within(step.label, 300),
        category=CATEGORIES[kind],
        weight=weighed(weight),
        reason=_reason(kind, one, end),
        earliest=today + timedelta(days=1),
        latest=end,
        since=end,
        subject=Subject.GRAND_ORAL if kind is K.GRAND_ORAL else None,
        fixed=True,
        words=one.label if len(_steps(kind, one)) == 1 else None,
    )
    talk = replace(
        do,
        motive=f"{root}:en-parler",
        label=within(f"En parler avec un professeur ou un coach : {step.label}", 300),
        category=C.RENDEZ_VOUS,
    )
    return do, talk


def _reason(kind: MilestoneKind, one: Milestone, end: date) -> str:
    what = {
        K.INSCRIPTION: "Inscription au baccalauréat",
        K.GRAND_ORAL: "Jalon du Grand oral",
        K.PARCOURSUP: "Échéance de Parcoursup",
    }[kind]
    source = f" ; source : {one.reference}" if one.reference else ""
    if one.recommended:
        sure = " Calendrier conseillé, qu’aucun texte n’impose."
    else:
        sure = " Dates estimées, à confirmer." if one.provisional else " Dates officielles."
    step = "" if end == one.end else f" À faire pour le {day_of(end)}."
    return f"{what} {one.code} : du {day_of(one.start)} au {day_of(one.end)}{source}.{sure}{step}"
