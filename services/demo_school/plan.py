"""The épreuves of a demo pupil's plan, as the planner makes them."""

from dataclasses import dataclass
from datetime import timedelta

from models.curriculum import Dispense, ExamPath, OptionCode, Subject, Voie
from models.epreuve import Epreuve
from models.vocabulary import Agent, EpreuveSource, EventKind
from services.demo_school.journal import agent
from services.demo_school.pupil import Pupil
from services.planner.plan import plan, total_weight
from services.planner.rules import official_rules


@dataclass(frozen=True, slots=True)
class Profile:
    """What the planner asks of a demo pupil."""

    exam_path: ExamPath
    voie: Voie
    exam_session: int
    specialities: tuple[Subject, ...]
    specialite_abandonnee: Subject | None
    options: tuple[OptionCode, ...]
    dispenses: tuple[Dispense, ...] = ()


def write_plan(pupil: Pupil) -> dict[Subject, float]:
    """Write the plan; answers the weight of each subject in it."""
    at = pupil.joined + timedelta(minutes=4)
    weights: dict[Subject, float] = {}
    choices = pupil.choices
    profile = Profile(
        choices.exam_path,
        choices.voie,
        pupil.session,
        choices.specialities,
        choices.abandonnee,
        choices.options,
    )
    pupil.planned = planned = plan(profile, official_rules(), pupil.calendar.today)
    for one in planned:
        pupil.rows.add(
            Epreuve,
            id=pupil.dice.key(at),
            student_id=pupil.id,
            code=one.code,
            label=one.label,
            subject=one.subject,
            kind=one.kind,
            weight=float(one.weight),
            scheduled_at=one.scheduled_at,
            provisional=one.provisional,
            window_start=one.window_start,
            window_end=one.window_end,
            format=one.format,
            duration_min=one.duration_min,
            source=EpreuveSource.REGLEMENT,
            reference=one.reference,
            created_at=at,
        )
        if one.subject:
            weights[one.subject] = weights.get(one.subject, 0.0) + float(one.weight)
    pupil.journal.note(
        at,
        EventKind.EPREUVES_SYNCED,
        agent(Agent.PLANNER),
        count=len(planned),
        totalWeight=float(total_weight(planned)),
    )
    return weights
