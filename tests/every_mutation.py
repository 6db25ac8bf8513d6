"""Every mutation, with an input for each place in which it can be given an id."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from fresh_rows import HOUR, OPENS, hours, numbers
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type
from selections import everything
from two_families import Family

from gateway.documents import CONTRACT
from models.vocabulary import Role
from services.access import Permission, Viewer

Input = dict[str, Any]

assert CONTRACT.mutation_type is not None
MUTATIONS = CONTRACT.mutation_type.fields


def permission(name: str) -> Permission:
    """What the mutation says that it requires."""
    found = re.search(r"Requires `([\w:]+)`", MUTATIONS[name].description or "")
    assert found, name
    return Permission(found[1])


def document(name: str, depth: int = 1) -> str:
    """The mutation, all of its payload selected."""
    field = MUTATIONS[name]
    shown = everything(get_named_type(field.type), depth)  # type: ignore[arg-type]
    taken = field.args["input"].type
    return f"mutation ($input: {taken}) {{ done: {name}(input: $input) {shown} }}"


def places_of_ids() -> list[str]:
    """Every place for an id, from the mutation down: `favoriteResource.studentId`, …"""
    return [
        f"{name}.{place}"
        for name, field in MUTATIONS.items()
        for place in _places(field.args["input"].type)
    ]


def _places(type_: GraphQLInputType) -> Iterator[str]:
    named = get_named_type(type_)
    assert isinstance(named, GraphQLInputObjectType)
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if inner.name == "ID":
            yield name
        elif isinstance(inner, GraphQLInputObjectType):
            yield from (f"{name}.{place}" for place in _places(inner))


def operation(kind: str, **given: Any) -> Input:
    return {"operations": [{kind: given}]}


def slot() -> Input:
    """An hour that nobody has asked for."""
    start = OPENS + next(hours) * HOUR
    return {"slotStart": start.isoformat(), "slotEnd": (start + HOUR).isoformat()}


def pupil(family: Family) -> Input:
    return {"studentId": str(family.student)}


PUPIL = {"track": "TERMINALE", "profile": "SCOLARISE"}
MEASURE = {
    "chapterCode": "MATHS-T-SUITES",
    "competenceCode": "MATHS-C-CALCULER",
    "score": 0.5,
}
NOTES = {"title": "Notes", "type": "PDF"}

# by place: what the id names there, and an input in which nothing else belongs to another family
CASES: dict[str, tuple[str, Callable[[Family, str], Input]]] = {
    "createStudent.userId": ("person", lambda _, id: {**PUPIL, "displayName": "Léa", "userId": id}),
    "updateStudentProfile.studentId": (
        "student",
        lambda _, id: {"studentId": id, "displayName": f"Léa {next(numbers)}"},
    ),
    "setEntitlement.studentId": ("student", lambda _, id: {"studentId": id, "tier": "PLUS"}),
    "linkGuardian.studentId": ("student", lambda _, id: {"studentId": id, "personId": "new"}),
    "linkGuardian.personId": ("person", lambda own, id: {**pupil(own), "personId": id}),
    "unlinkGuardian.studentId": (
        "student",
        lambda own, id: {"studentId": id, "personId": f"{own.mark}-leaves"},
    ),
    "unlinkGuardian.personId": ("guardianship", lambda own, id: {**pupil(own), "personId": id}),
    "assignCoach.studentId": ("student", lambda _, id: {"studentId": id, "personId": "new"}),
    "assignCoach.personId": ("person", lambda own, id: {**pupil(own), "personId": id}),
    "unassignCoach.studentId": (
        "student",
        lambda own, id: {"studentId": id, "personId": f"{own.mark}-leaves"},
    ),
    "unassignCoach.personId": ("coaching", lambda own, id: {**pupil(own), "personId": id}),
    "createTask.studentId": ("student", lambda _, id: {"studentId": id, "label": "Lire"}),
    "createTask.resourceId": (
        "resource",
        lambda own, id: {**pupil(own), "label": "Lire", "resourceId": id},
    ),
    "updateTask.id": ("task", lambda _, id: {"id": id, "weight": 4.5}),
    "completeTask.id": ("task", lambda _, id: {"id": id}),
    "skipTask.id": ("task", lambda _, id: {"id": id}),
    "reopenTask.id": ("done task", lambda _, id: {"id": id}),
    "deleteTask.id": ("task", lambda _, id: {"id": id}),
    "bulkTasks.operations.create.studentId": (
        "student",
        lambda _, id: operation("create", studentId=id, label="Lire"),
    ),
    "bulkTasks.operations.create.resourceId": (
        "resource",
        lambda own, id: operation("create", **pupil(own), label="Lire", resourceId=id),
    ),
    "bulkTasks.operations.update.id": (
        "task",
        lambda _, id: operation("update", id=id, status="DONE"),
    ),
    "bulkTasks.operations.delete.id": ("task", lambda _, id: operation("delete", id=id)),
    "bookSession.studentId": (
        "student",
        lambda _, id: {"studentId": id, "kind": "VISIO", **slot()},
    ),
    "bookSession.coachId": (
        "coach",
        lambda own, id: {**pupil(own), "kind": "VISIO", **slot(), "coachId": id},
    ),
    "confirmSession.id": ("proposal", lambda _, id: {"id": id}),
    "cancelSession.id": ("proposal", lambda _, id: {"id": id}),
    "cancelSessions.ids": ("proposal", lambda _, id: {"ids": [id]}),
    "recordProgress.studentId": (
        "student",
        lambda _, id: {"studentId": id, "subject": "MATHS", "evidence": [MEASURE]},
    ),
    "syncEpreuves.studentId": ("unplanned student", lambda _, id: {"studentId": id}),
    "runAgents.studentId": ("unplanned student", lambda _, id: {"studentId": id}),
    "recordMark.id": ("epreuve", lambda _, id: {"id": id, "mark20": next(numbers) % 20 + 0.5}),
    "scheduleEpreuve.id": ("epreuve", lambda _, id: {"id": id, "scheduledAt": "2027-06-15"}),
    "createResource.uploadId": ("upload", lambda _, id: {**NOTES, "uploadId": id}),
    "updateResource.id": ("resource", lambda _, id: {"id": id, "title": "Fiches"}),
    "deleteResource.id": ("resource", lambda _, id: {"id": id}),
    "favoriteResource.studentId": (
        "student",
        lambda own, id: {"studentId": id, "resourceId": str(own.rows["resources"][-1])},
    ),
    "favoriteResource.resourceId": ("resource", lambda own, id: {**pupil(own), "resourceId": id}),
    "unfavoriteResource.studentId": (
        "student",
        lambda own, id: {"studentId": id, "resourceId": str(own.rows["resources"][0])},
    ),
    "unfavoriteResource.resourceId": ("favorite", lambda own, id: {**pupil(own), "resourceId": id}),
}


def owner_of(place: str, family: Family) -> Viewer:
    """Who may carry out the case of a place on the rows of a family."""
    if CASES[place][0] == "upload":  # a file is its sender's alone
        return family.viewer(Role.COACH)
    return Viewer("school-admin", Role.ADMIN, "Administration")
