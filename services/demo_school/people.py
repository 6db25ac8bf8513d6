"""Who is at the demo school, and how they are called."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from models.curriculum import Profile, Track
from services.demo_school.dice import Dice, subject_of_token
from services.demo_school.texts import names

SIZE = 63
"""Pupils of one school: three rich in data, then sixty. A larger demo is many such schools."""

RICH = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody without a row of their own: `id` is the subject of their token."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Pupil:
    """A student; `user_id` is the subject of its token."""

    id: UUID
    user_id: str
    name: str
    track: Track
    profile: Profile


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent; `wards` are students' ids."""

    id: str
    name: str
    wards: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Everyone a token can be made for, the three rich pupils and their families first."""

    students: tuple[Pupil, ...]
    parents: tuple[Parent, ...]
    coaches: tuple[Person, ...]
    admins: tuple[Person, ...]


ADMINS = (Person(subject_of_token("admin", 0), "Administration de l’école"),)


async def people(connection: "asyncpg.Connection[Any]") -> People:
    """The people of a loaded school, in the order in which they joined it; nobody else's."""
    size = await connection.fetchval("SELECT count(*) FROM nexus_app.students")
    ours = [subject_of_token("student", number) for number in range(size)]
    students = await connection.fetch(
        "SELECT id, user_id, display_name, track, profile FROM nexus_app.students"
        " WHERE user_id = ANY ($1) ORDER BY created_at, id",
        ours,
    )
    ids = [row["id"] for row in students]
    parents = await connection.fetch(
        "SELECT person_id, min(display_name) AS name,"
        " array_agg(student_id ORDER BY created_at, student_id) AS wards"
        " FROM nexus_app.guardianships WHERE student_id = ANY ($1)"
        " GROUP BY person_id ORDER BY min(created_at), person_id",
        ids,
    )
    coaches = await connection.fetch(
        "SELECT person_id, min(display_name) AS name FROM nexus_app.coachings"
        " WHERE student_id = ANY ($1) GROUP BY person_id ORDER BY min(created_at), person_id",
        ids,
    )
    return People(
        students=tuple(
            Pupil(
                r["id"], r["user_id"], r["display_name"], Track(r["track"]), Profile(r["profile"])
            )
            for r in students
        ),
        parents=tuple(Parent(r["person_id"], r["name"] or "", tuple(r["wards"])) for r in parents),
        coaches=tuple(Person(r["person_id"], r["name"] or "") for r in coaches),
        admins=ADMINS,
    )


def coach(number: int) -> Person:
    """A coach of the school, two for every school of 63."""
    known = ("Nora Lambert", "Thomas Vasseur")
    name = known[number] if number < len(known) else _name(Dice("coach", number))
    return Person(subject_of_token("coach", number), name)


def coaches_of(number: int) -> tuple[Person, ...]:
    """The coaches of a pupil: the first two pupils share one; one pupil of a school has both."""
    school, place = divmod(number, SIZE)
    first, second = coach(2 * school), coach(2 * school + 1)
    if place == RICH + 1:
        return second, first
    if place < RICH:
        return (second,) if place == RICH - 1 else (first,)
    return (second,) if place % 2 else (first,)


def guardians_of(number: int) -> tuple[Person, ...]:
    """The parents of a pupil: the first two pupils share theirs; some have none, one has two."""
    school, place = divmod(number, SIZE)
    if place < 2:
        return (_parent(school * SIZE),)
    if place == RICH:
        return _parent(number), _parent(number, second=True)
    return () if place % 6 == 5 else (_parent(number),)


def pupil_name(number: int) -> str:
    """A pupil's name; the first two of a school are siblings."""
    known = ("Lina Marchand", "Hugo Marchand", "Inès Roussel")
    if number < len(known):
        return known[number]
    first = Dice("pupil", number).pick(names()["first"])
    return f"{first} {_family(number)}"


def _family(number: int) -> str:
    school, place = divmod(number, SIZE)
    if school == 0 and place < RICH:
        return pupil_name(number).split()[1]
    return Dice("family", number if place > 1 else school * SIZE).pick(names()["last"])


def _parent(number: int, *, second: bool = False) -> Person:
    what = ("parent", number, "second") if second else ("parent", number)
    first = Dice(*what).pick(names()["first"])
    return Person(subject_of_token(*what), f"{first} {_family(number)}")


def _name(dice: Dice) -> str:
    return f"{dice.pick(names()['first'])} {dice.pick(names()['last'])}"
