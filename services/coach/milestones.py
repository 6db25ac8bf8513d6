"""What has a deadline beside the épreuves: inscriptions, the Grand oral's steps, Parcoursup."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from models.curriculum import Subject, Track
from models.vocabulary import TaskCategory
from services.catalogue.milestones import Milestone, MilestoneKind, milestones
from services.coach.motives import History, Need, plain, weighed
from services.coach.state import CoachState
from services.coach.words import day_of, spaced, within

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
    """One thing to tick off on the way to a milestone, so long `before` its last day; or from its
    first day on and then again and again, `every` so often."""

    key: str
    label: str
    before: timedelta = timedelta()
    every: timedelta | None = None


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
        Step(
            "reponses",
            "Parcoursup : répondre à chaque proposition avant sa date limite",
            every=timedelta(days=7),
        ),
    ),
}
"""Parcoursup's list. The complementary phase is for who has no offer: a person decides."""


def deadlines(state: CoachState, history: History, today: date) -> Iterator[tuple[Need, ...]]:
    """What falls due now: inscriptions of the pupil's exam path; the others in terminale only."""
    kinds = (K.INSCRIPTION, K.GRAND_ORAL, K.PARCOURSUP)
    for kind in kinds if state.track is Track.TERMINALE else kinds[:1]:
        held = _last_day(state, kind)
        for one in milestones(kind, state.exam_session):
            end = _end(one, held)
            near = one.start - AHEAD[kind] <= today <= end
            if not near or state.exam_path not in one.exam_paths or one.code in PERSONAL:
                continue
            for step in _steps(kind, one):
                root = f"jalon/{one.code}/{step.key}" if step.key else f"jalon/{one.code}"
                target = _target(one, step, history, root)
                if target is not None and target <= one.end:
                    yield _forms(root, kind, one, step, (min(target, end), end), today)


def _target(one: Milestone, step: Step, history: History, root: str) -> date | None:
    """The day for which it is to be done; None where it was."""
    done = history.done(root)
    if step.every:
        return done + step.every if done else one.start
    if done or history.was_done(plain(step.label)):
        return None
    return one.end - step.before


def _end(one: Milestone, held: date) -> date:
    """The last day on which it is of use: advice for the Grand oral is until the oral is held."""
    return held if one.recommended and held < date.max else min(one.end, held)


def _last_day(state: CoachState, kind: MilestoneKind) -> date:
    """The Grand oral's steps end before it is held, and are none where it is not in the plan.

    `date.max` where nothing but a step's own window ends it.
    """
    if kind is not K.GRAND_ORAL:
        return date.max
    held = [exam for exam in state.exams if exam.subject is Subject.GRAND_ORAL and not exam.marked]
    if not held:
        return date.min
    days = [exam.day for exam in held if exam.day]
    return min(days) - timedelta(days=1) if days else date.max


def _steps(kind: MilestoneKind, one: Milestone) -> tuple[Step, ...]:
    if kind is K.PARCOURSUP:
        return CHECKLIST.get(one.code, ())
    # the passage itself is an épreuve, not a step towards it
    return () if kind is K.GRAND_ORAL and not one.recommended else (Step("", spaced(one.label)),)


def _forms(
    root: str,
    kind: MilestoneKind,
    one: Milestone,
    step: Step,
    limits: tuple[date, date],
    today: date,
) -> tuple[Need, Need]:
    target, end = limits  # what was not done for its day is still of use until the end
    days = (target - today).days
    weight = (3.0 if one.recommended else 4.0) + (
        1.0 if days <= URGENT else 0.5 if days <= SOON else 0.0
    )
    do = Need(
        root=root,
        motive=root,
        label=within(step.label, 300),
        category=CATEGORIES[kind],
        weight=weighed(weight),
        reason=_reason(kind, one, step, target),
        earliest=today + timedelta(days=1),
        latest=target if target > today else end,
        since=target,
        subject=Subject.GRAND_ORAL if kind is K.GRAND_ORAL else None,
        fixed=True,
        fresh=step.every is None or target <= max(today, one.start),
        legal=not one.recommended,
        words=one.label if len(_steps(kind, one)) == 1 else None,
    )
    talk = replace(
        do,
        motive=f"{root}:en-parler",
        label=within(f"En parler avec un professeur ou un coach : {step.label}", 300),
        category=C.RENDEZ_VOUS,
    )
    return do, talk


def _reason(kind: MilestoneKind, one: Milestone, step: Step, target: date) -> str:
    what = {
        K.INSCRIPTION: "Inscription au baccalauréat",
        K.GRAND_ORAL: "Jalon du Grand oral",
        K.PARCOURSUP: "Échéance de Parcoursup",
    }[kind]
    dates = f"du {day_of(one.start)} au {day_of(one.end)}"
    if one.recommended:
        frame = f" ; cadre : {one.reference}" if one.reference else ""
        sure = " Dates conseillées : aucun texte ne les impose."
        return f"{what} {one.code} : {dates}{frame}.{sure}"
    source = f" ; source : {one.reference}" if one.reference else ""
    sure = " Dates estimées, à confirmer." if one.provisional else " Dates officielles."
    by = "" if target == one.end else f" À faire pour le {day_of(target)}."
    if step.every:
        by = f" À faire dès le {day_of(target)}, puis tous les {step.every.days} jours."
    return f"{what} {one.code} : {dates}{source}.{sure}{by}"
