"""What every domain's types are made of: nodes, connections, actors."""

from typing import Generic, TypeVar
from uuid import UUID

import strawberry

from models.vocabulary import Agent, Role
from resolvers import pages
from schema.binding import entity
from services.actors import Actor as ActorValue

T = TypeVar("T")


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: UUID


@entity(pages.PageInfo)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int = strawberry.field(
        resolver=pages.total_count, description="How many there are in all."
    )


@entity(ActorValue)
class Actor:
    """Who did something: a person by its token's subject, or an agent."""

    id: strawberry.ID
    role: Role | None
    agent: Agent | None
    display_name: str | None
