"""Many operations in one transaction, each undone alone: their results, kept and told again."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from models.vocabulary import Role, Tier
from services import problems
from services.problems import (
    ForbiddenError,
    NotFoundError,
    Problem,
    Refused,
    ValidationError,
)

MAX_OPERATIONS = 200


class BulkOutcome(StrEnum):
    """What became of one operation on tasks."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    FORBIDDEN = "FORBIDDEN"


class CancelOutcome(StrEnum):
    """What became of one cancellation."""

    CANCELLED = "CANCELLED"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True, slots=True)
class BulkTaskResult:
    """`id` is the task's, where there is one; `error` says why nothing was done.

    `row` is the task that was kept, in whatever form the reader can show it.
    """

    kind: ClassVar[str] = "bulk task"
    index: int
    outcome: BulkOutcome
    id: UUID | None = None
    error: Problem | None = None
    row: Any = None

    def stored(self) -> dict[str, Any]:
        return {
            "result": self.kind,
            "index": self.index,
            "outcome": self.outcome,
            "id": str(self.id) if self.id else None,
            "error": _problem_json(self.error) if self.error else None,
        }


@dataclass(frozen=True, slots=True)
class CancelSessionResult:
    """`id` as the client gave it; `row` is the session, in whatever form it can be shown."""

    kind: ClassVar[str] = "cancelled session"
    id: UUID
    outcome: CancelOutcome
    row: Any = None

    def stored(self) -> dict[str, Any]:
        return {"result": self.kind, "id": str(self.id), "outcome": self.outcome}


Result = BulkTaskResult | CancelSessionResult


def restored(stored: dict[str, Any]) -> Result:
    """A result as `stored` told it; its row is kept by who stores it."""
    if stored["result"] == BulkTaskResult.kind:
        return BulkTaskResult(
            index=stored["index"],
            outcome=BulkOutcome(stored["outcome"]),
            id=UUID(stored["id"]) if stored["id"] else None,
            error=_problem(stored["error"]) if stored["error"] else None,
        )
    return CancelSessionResult(UUID(stored["id"]), CancelOutcome(stored["outcome"]))


def outcome_of(refused: Refused) -> BulkOutcome:
    """How a refusal is called among the outcomes."""
    first = refused.problems[0]
    if isinstance(first, NotFoundError):
        return BulkOutcome.NOT_FOUND
    if isinstance(first, ForbiddenError):
        return BulkOutcome.FORBIDDEN
    return BulkOutcome.INVALID


def counted(operations: list[Any], path: str) -> None:
    """Refuse an empty list, and one that is too long."""
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise Refused(ValidationError(f"de 1 à {MAX_OPERATIONS} opérations", (path,)))


def _problem_json(problem: Problem) -> dict[str, Any]:
    values = {f.name: getattr(problem, f.name) for f in fields(problem)}
    told = {n: str(v) if isinstance(v, UUID) else v for n, v in values.items()}
    return {"type": type(problem).__name__, **told}


def _problem(stored: dict[str, Any]) -> Problem:
    kind: type[Problem] = getattr(problems, stored["type"])
    values = {name: value for name, value in stored.items() if name != "type"}
    values["path"] = tuple(values["path"])
    if "required_roles" in values:
        values["required_roles"] = tuple(Role(role) for role in values["required_roles"])
    if "allowed" in values:
        values["allowed"] = tuple(values["allowed"])
    if "required_tier" in values:
        values["required_tier"] = Tier(values["required_tier"])
    return kind(**values)
