"""The caller."""

import strawberry

from loaders.filters import containing, equal
from loaders.keyset import Key, Order
from loaders.pages import Relation
from models.student import Student as StudentRow
from models.vocabulary import Role
from resolvers import nodes, viewer
from schema.binding import entity, field, page, query
from schema.declarations import Caller, Located, Own
from schema.shared import Connection, Node
from schema.students import Student
from services import access
from services.access import Permission

STUDENTS = Relation(
    "students",
    StudentRow,
    gate=access.visible_students,
    filters={"search": containing(StudentRow.display_name), "track": equal(StudentRow.track)},
)
BY_NAME = Order("display_name", (Key(StudentRow.display_name), Key(StudentRow.id)))


@entity(access.Viewer)
class Viewer:
    """The caller."""

    id: strawberry.ID
    role: Role
    display_name: str | None
    student: Student | None = field(viewer.student, reads=Own(StudentRow.user_id, Role.STUDENT))
    students: Connection[Student] = page(
        STUDENTS, BY_NAME, description="Everyone the caller may see: self, wards, pupils, or all."
    )


@strawberry.type
class Query:
    viewer: Viewer = query(viewer.viewer, requires=Permission.SELF_READ, reads=Caller())
    node: Node | None = query(
        nodes.node, requires=Permission.STUDENT_READ, reads=Located(nodes.NODES, argument="id")
    )
    nodes: list[Node | None] = query(
        nodes.nodes,
        requires=Permission.STUDENT_READ,
        reads=Located(nodes.NODES, argument="ids", most=nodes.MAX_IDS),
    )
