"""Running the school's agents for a pupil."""

import strawberry

from models.vocabulary import Agent
from resolvers import mutations
from resolvers.mutations import Outcome
from schema.binding import entity
from schema.mutating import AGENTS, MutationPayload, mutation, told
from schema.students import Student
from services import agents
from services.access import Permission


@entity(agents.AgentRun)
class AgentRun:
    """What an agent decided, in words a coach can check."""

    agent: Agent
    reason: str
    created: int = strawberry.field(description="How many rows it made: épreuves, or tasks.")
    updated: int = strawberry.field(description="How many it changed or took away.")


@entity(Outcome)
class RunAgentsPayload(MutationPayload):
    student: Student | None = told(mutations.shown_pupil, "The pupil, as the file stands now.")
    ran: list[AgentRun] = told(
        mutations.ran, "Who ran, in order: nobody where nothing has happened since the last run."
    )


@strawberry.type
class Mutation:
    run_agents: RunAgentsPayload = mutation(
        "RunAgents", agents.run, requires=Permission.AGENTS_RUN, rate=AGENTS
    )
