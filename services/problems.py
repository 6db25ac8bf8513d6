"""The refusals a caller can act on.

Problem
├── ValidationError         a value of the input is out of its domain
├── NotFoundError           the row does not exist, or the viewer may not see it
├── ForbiddenError          the role may not do this
├── InvalidTransitionError  the entity's lifecycle has no such move from here
├── ConflictError           a taken slot, a used key, a stale version
├── RateLimitedError        too many in too short a time
└── EntitlementError        the pupil's tier does not include it
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from models.vocabulary import Role, Tier


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` points into the input, from the argument down, in the client's own names."""

    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationError(Problem):
    pass


@dataclass(frozen=True, slots=True)
class NotFoundError(Problem):
    id: UUID | str | None = None


@dataclass(frozen=True, slots=True)
class ForbiddenError(Problem):
    required_roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class InvalidTransitionError(Problem):
    """States are said as clients say them: by the names of the enum's members."""

    from_: str = ""
    to: str = ""
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictError(Problem):
    current_version: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimitedError(Problem):
    retry_after_seconds: int = 1


@dataclass(frozen=True, slots=True)
class EntitlementError(Problem):
    required_tier: Tier = Tier.PRO


class Refused(Exception):
    """Raised to undo what was begun; its problems reach the client as data."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems

    def under(self, *prefix: str) -> "Refused":
        """The same, seen from an input that holds this one at `prefix`."""
        return Refused(*(replace(p, path=(*prefix, *p.path)) for p in self.problems))


def refuse_if(problems: Iterable[Problem]) -> None:
    """Raise what was found wrong, all of it at once; nothing when nothing was."""
    found = tuple(problems)
    if found:
        raise Refused(*found)


def not_found(id: UUID | str, *path: str) -> Refused:
    """The one answer for what is absent and for what is not the viewer's to see."""
    return Refused(NotFoundError("il n’y a rien ici sous cet identifiant", path or ("id",), id))
