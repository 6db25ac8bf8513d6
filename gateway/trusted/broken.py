"""What is wrong with a document that should be trusted: in one line, with its file and its line."""

from pathlib import Path

from graphql import GraphQLError

from gateway.settings import ROOT


class BrokenDocument(Exception):
    """A document cannot be trusted as it stands: the gateway does not start with it."""


def broken(file: Path, why: str, *, line: int | None = None) -> BrokenDocument:
    where = f"{shown(file)}:{line}" if line else shown(file)
    return BrokenDocument(f"{where}: {why}")


def said(error: GraphQLError) -> str:
    """An error of GraphQL in one line."""
    return " ".join(error.message.split())


def line_of(error: GraphQLError) -> int | None:
    """The line of the document that an error is about."""
    return error.locations[0].line if error.locations else None


def shown(file: Path) -> str:
    """A file as people know it: from the root of the repository where it is in there."""
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)
