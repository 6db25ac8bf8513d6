"""What an operation may cost: one table, a budget a role.

A point is about one row read. A page counts the rows it may hold (`first` or `last`, or what it
holds without), a list what it usually holds, a computed field what `COSTS` says; all of it times
the rows it stands in. `gateway/pricing.py` does the sums.
"""

from dataclasses import dataclass

from gateway.refusals import Rejected, refusal
from models.vocabulary import Role

BUDGETS = {Role.STUDENT: 20_000, Role.PARENT: 20_000, Role.COACH: 60_000, Role.ADMIN: 100_000}
NOBODYS = 10_000  # the budget of who has no token, and may ask about the schema only


@dataclass(frozen=True, slots=True)
class Cost:
    """What a field costs by itself, and how many objects it usually gives."""

    points: int = 1
    size: int = 1


CHANGE = Cost(50)  # each root of a mutation: a transaction, its journal, the answer read again
COUNT = 10  # the `totalCount` of a connection: rows are counted, not read
USUAL_LIST = 10
INTROSPECTED = 10  # objects of the schema to a point: they are in memory

# Connections are not here: their `first` says it. `nodes` and `edges` show what was counted there.
COSTS = {
    "BacProjection.estimates": Cost(size=20),
    "BacProjection.thresholds": Cost(size=5),
    "BacProjection.weakest": Cost(size=5),
    "BacProjection.worthMost": Cost(size=5),
    "BulkTasksPayload.results": Cost(size=50),
    "CancelSessionsPayload.results": Cost(size=50),
    "Chapter.competences": Cost(size=5),
    "Chapter.prerequisites": Cost(size=3),
    "ChapterProgress.competences": Cost(size=5),
    "Dashboard.kpis": Cost(points=10),
    "EpreuvePlan.items": Cost(size=20),
    "Evaluation.items": Cost(size=15),
    "KnowledgeGraph.edges": Cost(size=40),
    "KnowledgeGraph.nodes": Cost(size=20),
    "Query.availableSlots": Cost(points=50, size=50),
    "Query.programme": Cost(points=10, size=20),
    "Query.reglement": Cost(points=20, size=20),
    "RunAgentsPayload.ran": Cost(size=2),
    "SecondGroupe.orals": Cost(size=5),
    "Student.dashboard": Cost(points=5),
    "Student.epreuvePlan": Cost(points=10),
    "Student.progression": Cost(points=20, size=10),
    "SubjectProgress.chapters": Cost(size=15),
    "SubjectProgress.trend": Cost(points=5, size=30),
    # of the schema itself
    "__Field.args": Cost(size=2),
    "__Schema.types": Cost(size=300),
    "__Type.enumValues": Cost(size=2),
    "__Type.fields": Cost(size=6),
    "__Type.inputFields": Cost(size=2),
    "__Type.interfaces": Cost(size=1),
    "__Type.possibleTypes": Cost(size=1),
}


def affordable(points: int, role: Role | None) -> int:
    """What remains of a role's budget; Rejected where that is less than nothing."""
    budget = NOBODYS if role is None else BUDGETS[role]
    if points > budget:
        message = f"the operation may cost {points} points, of {budget}: ask for fewer at once"
        raise Rejected([refusal(message, "QUERY_TOO_COSTLY", cost=points, budget=budget)])
    return budget - points
