"""The agents' tasks, worded by a language model where there is one: never while a pupil is held."""

import logging
from collections import Counter, defaultdict
from uuid import UUID

from jobs.desk import Desk
from models.vocabulary import JobKind
from services import jobs, task_wording
from services.agents import Pass
from services.problems import Refused
from services.task_wording import Unworded
from services.wording import Fault, Reword, Text, Unavailable

log = logging.getLogger("nexus")

AT_ONCE = 8  # tasks of one question
QUESTIONS = 60  # of one job: the next one goes on


async def ask_for_words(desk: Desk) -> None:
    """Ask for the wording of new tasks, unless that is under way or there are none."""
    async with desk.change() as work:
        if await task_wording.unworded(work, limit=1):
            given = {"pass": Pass.WORDS}
            await jobs.enqueue(work, JobKind.RUN_AGENTS, given=given, key="agents/words")


async def word(desk: Desk, reword: Reword) -> None:
    """Word what is not worded yet, until the model gives no more answers.

    No transaction is open while it is asked. What it is told are a task's label and reason, which
    name no person.
    """
    for _ in range(QUESTIONS):
        async with desk.change() as work:
            asked = await task_wording.unworded(work, limit=AT_ONCE)
        if not asked:
            return
        try:
            answers = await reword([one.text for one in asked])
        except Unavailable as kind:
            log.warning("tasks keep their own words for now: %s", kind)
            return
        words = _checked(asked, [*answers, *[None] * len(asked)])
        await _put(desk, asked, words)


def _checked(asked: list[Unworded], answers: list[Text | None]) -> dict[UUID, Text | None]:
    faults: Counter[Fault] = Counter()
    words: dict[UUID, Text | None] = {}
    for one, answer in zip(asked, answers, strict=False):
        found = one.checked(answer)
        if isinstance(found, Fault):
            faults[found] += 1
        words[one.id] = None if isinstance(found, Fault) else found
    if faults:
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(faults.items()))
        log.warning("tasks keep their own words, the model's will not do: %s", told)
    return words


async def _put(desk: Desk, asked: list[Unworded], words: dict[UUID, Text | None]) -> None:
    by_pupil: defaultdict[UUID, list[Unworded]] = defaultdict(list)
    for one in asked:
        by_pupil[one.student_id].append(one)
    for student_id, own in by_pupil.items():
        try:
            async with desk.change() as work:
                await task_wording.put(work, student_id, own, words)
        except Refused:
            continue  # the pupil has left meanwhile
