"""The contract. `schema.graphql` is its printed form; review that diff."""

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema import catalogue, jobs, students, tasks, viewer
from schema.problems import ERRORS
from schema.scalars import SCALARS

schema = strawberry.Schema(
    query=merge_types("Query", (viewer.Query, students.Query, catalogue.Query, jobs.Query)),
    mutation=merge_types("Mutation", (tasks.Mutation,)),
    types=ERRORS,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
)
