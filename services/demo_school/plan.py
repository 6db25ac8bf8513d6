"""The épreuves of a demo pupil's plan, as the regulation sets them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from models.curriculum import Subject
from models.epreuve import Epreuve
from models.vocabulary import Agent, EpreuveSource, EventKind
from services.catalogue.regulation import RegulationEntry, known_sessions, reglement
from services.demo_school.journal import agent
from services.demo_school.profiles import Choices
from services.demo_school.pupil import Pupil
from services.epreuves import weight_without_options

A_YEAR = timedelta(weeks=52)
A_SCHOOL_YEAR = timedelta(days=120)
"""Marks gathered over a longer time than this have no day."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry of the regulation, with the day it takes in the plan."""

    entry: RegulationEntry
    scheduled_at: date | None
    provisional: bool


def write_plan(pupil: Pupil) -> dict[Subject, float]:
    """Write the plan; answers the weight of each subject in it."""
    at = pupil.joined + timedelta(minutes=4)
    weights: dict[Subject, float] = {}
    planned = plan(replace(pupil.choices, languages=()), pupil.session)
    for one in planned:
        entry = one.entry
        pupil.rows.add(
            Epreuve,
            id=pupil.dice.key(at),
            student_id=pupil.id,
            code=entry.code,
            label=entry.label,
            subject=entry.subject,
            kind=entry.kind,
            weight=entry.weight,
            scheduled_at=one.scheduled_at,
            provisional=one.provisional,
            format=entry.format,
            duration_min=entry.duration_min,
            source=EpreuveSource.REGLEMENT,
            reference=entry.reference,
            created_at=at,
        )
        if entry.subject:
            weights[entry.subject] = weights.get(entry.subject, 0.0) + entry.weight
    pupil.journal.note(
        at,
        EventKind.EPREUVES_SYNCED,
        agent(Agent.PLANNER),
        count=len(planned),
        totalWeight=weight_without_options(one.entry for one in planned),
    )
    return weights


@cache
def plan(choices: Choices, session: int) -> tuple[Planned, ...]:
    """The plan for these choices.

    A window of a single official day gives the day. Any other window gives its first day, marked
    provisional; what is marked over a school year has no day. A session without a regulation takes
    the nearest one that has it: its days move by 52 weeks a year, so that they keep their place in
    the week, and every entry is marked provisional.
    """
    model = min(known_sessions(), key=lambda known: abs(known - session))
    entries = reglement(
        choices.exam_path,
        choices.voie,
        model,
        choices.specialities,
        choices.abandonnee,
        choices.options,
    )
    return tuple(_planned(entry, session - model) for entry in entries)


def _planned(entry: RegulationEntry, years: int) -> Planned:
    start, end = entry.window_start, entry.window_end
    guessed = years != 0 or entry.provisional
    if start is None or end is None or end - start > A_SCHOOL_YEAR:
        return Planned(entry, None, guessed)
    return Planned(entry, start + years * A_YEAR, guessed or start != end)
