"""Which job is carried out by what: the one table of handlers."""

from collections.abc import Mapping

from jobs.agents import run_agents
from jobs.registry import Handler
from models.vocabulary import JobKind

HANDLERS: Mapping[JobKind, Handler] = {JobKind.RUN_AGENTS: run_agents}
