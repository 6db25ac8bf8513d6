"""Who may do what: the only file that grants anything.

Two questions, in this order. May this role ask at all? (`GRANTS`) Which rows exist for this viewer?
(`visible_to` and its kin: SQL predicates over the bind parameters `viewer` and `clock`.) A row that
one may not see does not exist: it is null, or a NotFoundError, never a refusal that tells.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Text,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from models.job import Job
from models.resource import Resource
from models.student import Coaching, Entitlement, Guardianship, Student
from models.vocabulary import Role, Tier, Visibility
from services.entitlements import tiers_including


class Permission(StrEnum):
    """What may be asked, as `noun:verb`."""

    SELF_READ = "self:read"
    STUDENT_READ = "student:read"
    CATALOGUE_READ = "catalogue:read"
    JOB_READ = "job:read"
    STUDENT_CREATE = "student:create"
    STUDENT_LINK = "student:link"
    ENTITLEMENT_WRITE = "entitlement:write"
    PROFILE_WRITE = "profile:write"
    TASK_WRITE = "task:write"
    SESSION_WRITE = "session:write"
    PROGRESS_WRITE = "progress:write"
    EPREUVE_SYNC = "epreuve:sync"
    EPREUVE_WRITE = "epreuve:write"
    RESOURCE_WRITE = "resource:write"
    FAVORITE_WRITE = "favorite:write"
    AGENTS_RUN = "agents:run"


P = Permission

READS = frozenset({P.SELF_READ, P.STUDENT_READ, P.CATALOGUE_READ, P.JOB_READ})

# which rows a permission reaches is the row gate's matter: a coach writes for its pupils only
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.STUDENT: READS
    | {P.TASK_WRITE, P.SESSION_WRITE, P.EPREUVE_SYNC, P.FAVORITE_WRITE, P.AGENTS_RUN},
    Role.PARENT: READS,
    Role.COACH: READS
    | {
        P.PROFILE_WRITE,
        P.TASK_WRITE,
        P.SESSION_WRITE,
        P.PROGRESS_WRITE,
        P.EPREUVE_SYNC,
        P.EPREUVE_WRITE,
        P.RESOURCE_WRITE,
        P.AGENTS_RUN,
    },
    Role.ADMIN: frozenset(Permission),
}

# who reads what is not published yet: worked answers and marks before they are set
TEACHES = frozenset({Role.COACH, Role.ADMIN})


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Who may, in the order of the vocabulary."""
    return tuple(role for role in Role if permission in GRANTS[role])


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller, as its token says: nothing here comes from a header or an argument."""

    id: str
    role: Role
    display_name: str | None = None
    client: str | None = None

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]

    @property
    def teaches(self) -> bool:
        return self.role in TEACHES


VIEWER = bindparam("viewer", type_=Text)
CLOCK: Any = bindparam("clock", type_=TIMESTAMP(timezone=True))


def visible_students(role: Role) -> ColumnElement[bool]:
    """The row gate: the students who exist for a viewer of this role."""
    return visible_to(role, Student.id)


def visible_to(role: Role, student_id: Any) -> ColumnElement[bool]:
    """The row gate, over the column that names the student."""
    match role:
        case Role.STUDENT:
            if student_id is Student.id:  # the row itself says so
                return Student.user_id == VIEWER
            return _in(student_id, select(Student.id).where(Student.user_id == VIEWER))
        case Role.PARENT:
            return _in(
                student_id, select(Guardianship.student_id).where(Guardianship.person_id == VIEWER)
            )
        case Role.COACH:
            return _in(student_id, select(Coaching.student_id).where(Coaching.person_id == VIEWER))
        case Role.ADMIN:
            return true()
    return false()


def _by(role: Role, student_id: Any, person_id: Any, since: Any) -> Any:
    name = literal_column(f"'{role.value}'", Text).label("role")
    return select(
        student_id.label("student_id"), name, person_id.label("person_id"), since.label("since")
    )


SEEN_BY = union_all(
    _by(Role.STUDENT, Student.id, Student.user_id, Student.created_at),
    _by(Role.PARENT, Guardianship.student_id, Guardianship.person_id, Guardianship.created_at),
    _by(Role.COACH, Coaching.student_id, Coaching.person_id, Coaching.created_at),
    _by(Role.ADMIN, Student.id, literal_column("NULL", Text), Student.created_at),
).subquery("seen_by")
"""The row gate read from the other side: who sees a student, and since when.

A row without a person stands for everyone of that role.
"""


def _in(column: Any, found: Any) -> ColumnElement[bool]:
    inside: ColumnElement[bool] = column.in_(found)
    return inside


def visible_resources(role: Role) -> ColumnElement[bool]:
    """The library's gate: public, or bought by a student one sees, or one's own.

    Coaches see what is sold; a PRIVATE resource is its author's and the admins'.
    """
    if role is Role.ADMIN:
        return true()
    own = Resource.owner_id == VIEWER
    if role is Role.COACH:
        return or_(Resource.visibility != Visibility.PRIVATE, own)
    return or_(
        Resource.visibility == Visibility.PUBLIC,
        *(
            and_(Resource.visibility == shelf, _bought(role, *tiers_including(shelf)))
            for shelf in (Visibility.PLUS, Visibility.PRO)
        ),
        own,
    )


def _bought(role: Role, *tiers: Tier) -> ColumnElement[bool]:
    """Some student whom the viewer sees has one of the tiers, not expired."""
    return (
        select(Entitlement.id)
        .where(
            visible_to(role, Entitlement.student_id),
            or_(*(Entitlement.tier == tier for tier in tiers)),
            or_(Entitlement.expires_at.is_(None), Entitlement.expires_at > CLOCK),
        )
        .exists()
    )


def visible_jobs(role: Role) -> ColumnElement[bool]:
    """A job is seen by who asked for it and by who sees its student."""
    return or_(Job.requested_by == VIEWER, visible_to(role, Job.student_id))
