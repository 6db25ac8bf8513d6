"""What a client is told when nothing of its request was run."""

from collections.abc import Mapping, Sequence

from graphql import GraphQLError

NOTHING: Mapping[str, str] = {}


class Rejected(Exception):
    """The request is no operation of ours: nothing was run.

    `understood` says that it was a well-formed request, whose operation is at fault.
    """

    def __init__(
        self,
        errors: Sequence[GraphQLError],
        status: int = 400,
        headers: Mapping[str, str] = NOTHING,
        *,
        understood: bool = True,
    ) -> None:
        super().__init__(errors[0].message if errors else "")
        self.errors = list(errors)
        self.status = status
        self.headers = headers
        self.understood = understood


def refusal(message: str, code: str, **told: object) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, **told})


def malformed(
    message: str,
    status: int = 400,
    code: str = "BAD_REQUEST",
    headers: Mapping[str, str] = NOTHING,
) -> Rejected:
    """The refusal of what is no GraphQL request at all."""
    return Rejected([refusal(message, code)], status, headers, understood=False)


def too_often(message: str, seconds: int) -> Rejected:
    """The refusal of who has to wait."""
    return Rejected([refusal(message, "RATE_LIMITED")], 429, {"Retry-After": str(seconds)})


def coded(error: GraphQLError, code: str, *, longest: int | None = None) -> GraphQLError:
    """The same error with a code, where it has none; its message cut to `longest` characters."""
    message = error.message
    if longest is not None and len(message) > longest:
        message = f"{message[:longest]}…"
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **(error.extensions or {})},
    )


def codes(errors: Sequence[object]) -> tuple[str, ...]:
    """The codes of errors, each once, in order."""
    extensions = [getattr(error, "extensions", None) or {} for error in errors]
    return tuple(dict.fromkeys(str(given.get("code", "UNKNOWN")) for given in extensions))
