"""The demo school as a whole: a pupil's file from its first day to today, and the way it loads."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg

from models.base import SCHEMA, Entity
from models.curriculum import Subject
from models.student import Coaching, Entitlement, Guardianship, Student
from models.vocabulary import Agent, EventKind, Role, Tier
from services.demo_school.advice import write_advice
from services.demo_school.calendar import TIME_ZONE, Calendar
from services.demo_school.copy import Rows, Sheet, send
from services.demo_school.dice import Dice, subject_of_token
from services.demo_school.journal import agent, person
from services.demo_school.lessons import Diary, write_hours, write_lessons
from services.demo_school.library import Shelf, write_favorites, write_library
from services.demo_school.mastery import Mastery, measures_in_class, note_progress
from services.demo_school.papers import draw_papers, write_papers
from services.demo_school.people import (
    ADMINS,
    RICH,
    SIZE,
    coaches_of,
    guardians_of,
    pupil_name,
)
from services.demo_school.plan import write_plan
from services.demo_school.profiles import choices_of
from services.demo_school.pupil import Pupil
from services.demo_school.reports import write_reports
from services.demo_school.work import write_tasks

ADMIN = person(ADMINS[0], Role.ADMIN)
STREAKS = (6, 3, 9)
"""Of the three rich pupils."""

TIERS = (Tier.PRO, Tier.PLUS, Tier.FREE)
"""Of the three rich pupils; the one after them had a subscription, and it has run out."""

EXPIRED = RICH
BATCH = 4 * SIZE
JOINING = timedelta(days=3)
"""Within this time all pupils join, so that their order is that of their numbers."""


async def is_loaded(connection: "asyncpg.Connection[Any]") -> bool:
    """Whether there is any student at all."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM nexus_app.students)"))


async def load(
    connection: "asyncpg.Connection[Any]", today: date, *, scale: int | None = None
) -> None:
    """Fill an empty database in one transaction; all or nothing.

    The school has 63 pupils. With `scale` there are that many, as schools of 63: the first with the
    same people, the last maybe cut short. Same day and scale, same rows. Raises ValueError where
    there are students already.
    """
    async with connection.transaction():
        if await is_loaded(connection):
            raise ValueError("the demo school loads into an empty database only")
        making = batches(today, SIZE if scale is None else scale)
        batch = await asyncio.to_thread(next, making, None)
        while batch:  # the database takes one while the next is made
            _, batch = await asyncio.gather(
                send(connection, batch), asyncio.to_thread(next, making, None)
            )
        for table in Entity.metadata.sorted_tables:
            await connection.execute(f"ANALYZE {SCHEMA}.{table.name}")


def batches(today: date, size: int) -> Iterator[list[Sheet]]:
    """The rows of so many pupils, a few schools at a time."""
    calendar, diary = Calendar(today), Diary()
    shelf = None
    for first in range(0, size, BATCH):
        rows = Rows()
        shelf = shelf or write_library(rows, calendar)
        numbers = range(first, min(first + BATCH, size))
        for one in dict.fromkeys(one for number in numbers for one in coaches_of(number)):
            write_hours(rows, calendar, one)
        for number in numbers:
            joined = calendar.at(calendar.start, 9) + JOINING * number / size
            write_pupil(_pupil(number, joined, calendar, rows), shelf, diary)
        yield rows.sheets()


def _pupil(number: int, joined: datetime, calendar: Calendar, rows: Rows) -> Pupil:
    dice = Dice("pupil", number, calendar.today)
    place = number % SIZE
    rich = place < RICH
    return Pupil(
        number=number,
        id=dice.key(joined),
        user_id=subject_of_token("student", number),
        name=pupil_name(number),
        choices=choices_of(number, dice),
        coaches=coaches_of(number),
        tier=TIERS[place] if rich else _tier(place, dice),
        joined=joined,
        streak=STREAKS[place] if rich else dice.below(10) if dice.chance(0.7) else 0,
        calendar=calendar,
        dice=dice,
        rows=rows,
    )


def _tier(place: int, dice: Dice) -> Tier:
    if place == EXPIRED:
        return Tier.FREE
    return dice.pick((Tier.FREE, Tier.FREE, Tier.PLUS, Tier.PLUS, Tier.PRO))


def write_pupil(pupil: Pupil, shelf: Shelf, diary: Diary) -> None:
    """Everything about one pupil; its own row last, for it carries the journal's head."""
    choices = pupil.choices
    pupil.journal.note(
        pupil.joined,
        EventKind.STUDENT_CREATED,
        ADMIN,
        Student,
        pupil.id,
        after={
            "track": choices.track.name,
            "voie": choices.voie.name,
            "profile": choices.profile.name,
        },
    )
    _write_links(pupil)
    _write_entitlement(pupil)
    weights = write_plan(pupil)
    mastery = _write_progress(pupil)
    write_tasks(pupil, shelf)
    if pupil.rich:
        write_advice(pupil, mastery)
    write_lessons(pupil, diary)
    write_favorites(pupil, shelf)
    _note_agents(pupil)
    write_reports(pupil, mastery, weights)
    version, last = pupil.journal.write(pupil.rows, pupil.id, pupil.dice)
    pupil.rows.add(
        Student,
        id=pupil.id,
        user_id=pupil.user_id,
        display_name=pupil.name,
        track=choices.track,
        voie=choices.voie,
        profile=choices.profile,
        exam_path=choices.exam_path,
        exam_session=pupil.session,
        specialities=choices.specialities,
        specialite_abandonnee=choices.abandonnee,
        options=choices.options,
        dispenses=(),
        languages=[
            {"rank": rank.name, "language": language.name} for rank, language in choices.languages
        ],
        time_zone=TIME_ZONE,
        version=version,
        epreuves_synced_at=pupil.joined + timedelta(minutes=4),
        created_at=pupil.joined,
        updated_at=last,
    )


def _write_links(pupil: Pupil) -> None:
    """Who sees the pupil."""
    at = pupil.joined + timedelta(minutes=1)
    for entity, people in ((Coaching, pupil.coaches), (Guardianship, guardians_of(pupil.number))):
        for one in people:
            pupil.rows.add(
                entity,
                id=pupil.dice.key(at),
                student_id=pupil.id,
                person_id=one.id,
                display_name=one.name,
                created_at=at,
            )


def _write_entitlement(pupil: Pupil) -> None:
    """What the pupil subscribed to: until the end of August, but for the one that ran out."""
    calendar = pupil.calendar
    expired = pupil.number % SIZE == EXPIRED
    tier = Tier.PLUS if expired else pupil.tier
    until = calendar.eve - timedelta(days=20) if expired else date(calendar.autumn + 1, 8, 31)
    at = pupil.joined + timedelta(minutes=2)
    pupil.rows.add(
        Entitlement,
        id=pupil.dice.key(at),
        student_id=pupil.id,
        tier=tier,
        expires_at=None if tier is Tier.FREE else calendar.at(until, 22),
    )
    if tier is not Tier.FREE:
        old = {"tier": Tier.FREE.name}
        pupil.journal.note(
            at, EventKind.ENTITLEMENT_CHANGED, ADMIN, before=old, after={"tier": tier.name}
        )


def _write_progress(pupil: Pupil) -> Mastery:
    """Measures and marks meet the mastery in order of time; then all of it is written."""
    talents: dict[Subject, float] = {
        subject: 0.4 + 0.45 * pupil.dice.random() for subject in pupil.programme
    }
    drafts = draw_papers(pupil, talents)
    measures = measures_in_class(pupil, talents)
    measures += [draft.measure for draft in drafts if draft.measure]
    measures.sort(key=lambda measure: measure.at)
    mastery = Mastery()
    for measure in measures:
        mastery.take(measure)
    keys = mastery.write(pupil)
    write_papers(pupil, drafts)
    for measure in measures:
        note_progress(pupil, measure, keys)
    return mastery


def _note_agents(pupil: Pupil) -> None:
    """ARIA's weekly look at a rich pupil's file."""
    if not pupil.rich:
        return
    for week in range(-12, 0):
        at = pupil.calendar.at(pupil.calendar.day(week, 6), 6)
        agents = [Agent.PLANNER.name, Agent.COACH.name]
        pupil.journal.note(at, EventKind.AGENTS_RAN, agent(Agent.ARIA), agents=agents)
