"""Which job is carried out by what: the one table of handlers."""

from collections.abc import Mapping

from jobs import agents, wording
from jobs.registry import Handler, Running
from models.vocabulary import JobKind
from services.agents import Pass
from services.wording import Reword


def handlers(reword: Reword | None = None) -> Mapping[JobKind, Handler]:
    """The handlers of a worker, with a language model or without one."""

    async def run_agents(running: Running) -> None:
        match Pass(running.given["pass"]):
            case Pass.NIGHT:
                await agents.by_night(running)
            case Pass.DAY:
                await agents.by_day(running)
            case Pass.WORDS if reword is not None:
                await wording.word(running.desk, reword)

    return {JobKind.RUN_AGENTS: run_agents}
