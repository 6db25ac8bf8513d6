"""The contract. `schema.graphql` is its printed form; review that diff."""

import strawberry
from graphql import GraphQLDeferDirective
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema import (
    agents,
    catalogue,
    epreuves,
    jobs,
    live,
    progression,
    resources,
    sessions,
    students,
    tasks,
    viewer,
)
from schema.problems import ERRORS
from schema.scalars import SCALARS

schema = strawberry.Schema(
    query=merge_types(
        "Query",
        (viewer.Query, students.Query, sessions.Query, catalogue.Query, jobs.Query),
    ),
    mutation=merge_types(
        "Mutation",
        (
            students.Mutation,
            tasks.Mutation,
            sessions.Mutation,
            progression.Mutation,
            epreuves.Mutation,
            resources.Mutation,
            agents.Mutation,
        ),
    ),
    subscription=live.Subscription,
    types=ERRORS,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
)

# strawberry has its setting for `@defer` and `@stream` together, or for neither
schema._schema.directives = (*schema._schema.directives, GraphQLDeferDirective)
