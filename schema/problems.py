"""What a mutation refused, typed."""

import strawberry

from models.vocabulary import Role, Tier
from schema.binding import entity
from services import problems


@strawberry.interface(
    description='What a mutation refused, typed. `path` points into the input, e.g. ["operations",'
    ' "2", "label"].'
)
class MutationError:
    message: str
    path: list[str]


@entity(problems.ValidationError)
class ValidationError(MutationError):
    """A value of the input is out of its domain."""


@entity(problems.NotFoundError)
class NotFoundError(MutationError):
    """It does not exist, or the caller may not see it: the two cannot be told apart."""

    id: strawberry.ID | None


@entity(problems.ForbiddenError)
class ForbiddenError(MutationError):
    """The caller's role may not do this."""

    required_roles: list[Role]


@entity(problems.InvalidTransitionError)
class InvalidTransitionError(MutationError):
    """The state machine has no such transition."""

    from_: str = strawberry.field(name="from")
    to: str
    allowed: list[str]


@entity(problems.ConflictError)
class ConflictError(MutationError):
    """A taken slot, an idempotency key used with another input, or a stale `expectedVersion`."""

    current_version: int | None


@entity(problems.RateLimitedError)
class RateLimitedError(MutationError):
    """Too many requests in too short a time."""

    retry_after_seconds: int


@entity(problems.EntitlementError)
class EntitlementError(MutationError):
    """The tier does not include this feature, or its quota is spent."""

    required_tier: Tier


ERRORS = (
    ValidationError,
    NotFoundError,
    ForbiddenError,
    InvalidTransitionError,
    ConflictError,
    RateLimitedError,
    EntitlementError,
)
