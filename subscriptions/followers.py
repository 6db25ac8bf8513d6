"""Following journals: once per student and process, however many watch.

The bell only says where to look: what is delivered is read from the journal, from one's own place.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

from redis.asyncio import Redis

from subscriptions.bell import JOURNAL, LINKS, Bell
from subscriptions.follow import Entry, Follow, Kinds, Person, Unseen
from subscriptions.job_rings import JobRings
from subscriptions.journals import Audience, Journals
from subscriptions.kept import kept
from subscriptions.listener import Listener
from subscriptions.replays import PAGE, Replays
from subscriptions.watching import Watched, Watching

log = logging.getLogger("nexus")

HEARTBEAT = 5.0  # seconds between two looks at all that is followed, rung or not
DEAF_HEARTBEAT = 1.0  # while the bell cannot be heard
UNKNOWN = 2**31  # a version beyond all: look, whatever was read
PART = 250  # entries that are handed out in one go
SOONEST, LATEST = 0.1, 2.0  # seconds between two attempts to read the journal


class Followers:
    """All that is followed in this process. `run()` must be running."""

    def __init__(self, journals: Journals, bell: Bell, redis: Redis) -> None:
        self._journals = journals
        self._bell = bell
        self._listener = Listener(redis, self._hear, self._joined)
        self._watched = Watching(self._listener, self._look)
        self._replays = Replays(journals, self._watched, self._lose)
        self._cohorts: set[Follow] = set()
        self._jobs = JobRings(self._listener)
        self._behind: dict[UUID, int] = {}  # what to look at, and up to where it is known to go
        self._newcomers: set[UUID] = set()
        self._rung = asyncio.Event()

    async def student(
        self, person: Person, student_id: UUID, *, version: int, after: int, kinds: Kinds = None
    ) -> AsyncGenerator[Entry]:
        """A student's entries after a number, the past and then live; raises Ended.

        `version` is where the journal ended when the caller was found to see the student.
        """
        follow = Follow(person, {student_id: after}, kinds)
        self._watched.hold(student_id, version).replaying.add(follow)
        try:
            async with aclosing(self._replays.entries(follow)) as entries:
                async for entry in entries:
                    yield entry
        finally:
            self._watched.leave(follow, student_id)

    async def whom(self, person: Person) -> Mapping[UUID, int]:
        """Whom a person sees now, and where their journals end."""
        return await self._journals.cohort(person)

    async def cohort(
        self, person: Person, now: Mapping[UUID, int], *, kinds: Kinds = None
    ) -> AsyncGenerator[Entry]:
        """Entries of everyone a person sees, since `whom` told; who is linked later joins in."""
        follow = Follow(person, now, kinds)
        try:
            for student_id, version in now.items():
                self._watched.hold(student_id, version).replaying.add(follow)
            self._cohorts.add(follow)
            await self._compare({follow})  # links made and undone before anyone followed
            async with aclosing(self._replays.entries(follow)) as entries:
                async for entry in entries:
                    yield entry
        finally:
            self._cohorts.discard(follow)
            for student_id in follow.positions:
                self._watched.leave(follow, student_id)

    def job(self, job_id: UUID) -> AsyncGenerator[None]:
        """Yields whenever a job should be looked at: at once, when it rings, and at heartbeats."""
        return self._jobs.follow(job_id)

    async def run(self) -> None:
        """Hear, read and deliver, for as long as the process lives."""
        self._bell.near = self._hear
        self._listener.add(LINKS)
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._bell.run, self._listener.run, self._read, self._beat):
                    tasks.create_task(kept(part))
        finally:
            self._bell.near = None

    def _look(self, student_id: UUID, version: int = UNKNOWN) -> None:
        self._behind[student_id] = max(version, self._behind.get(student_id, 0))
        self._rung.set()

    def _hear(self, channel: str, message: str) -> None:
        """A ring, from this process or through Redis."""
        if channel.startswith(JOURNAL):
            student_id = UUID(channel.removeprefix(JOURNAL))
            if student_id in self._watched:
                self._look(student_id, int(message))
        elif channel == LINKS:
            self._jobs.ring_all()
            if self._cohorts:
                self._newcomers.add(UUID(message))
                self._rung.set()
        else:
            self._jobs.ring(channel)

    def _joined(self, channel: str) -> None:
        """From here on the channel is heard; what rang before may have been missed."""
        if channel.startswith(JOURNAL):
            self._look(UUID(channel.removeprefix(JOURNAL)))
        elif channel == LINKS:
            self._jobs.ring_all()
        else:
            self._jobs.ring(channel)

    async def _read(self) -> None:
        pause = SOONEST
        while True:
            await self._rung.wait()
            self._rung.clear()
            behind, self._behind = self._behind, {}
            newcomers, self._newcomers = self._newcomers, set()
            try:
                await self._welcome(newcomers)
                await self._deliver(behind)
                pause = SOONEST
            except Exception as error:  # whatever it is, the next attempt starts where this one did
                # not its text, which may repeat a row
                log.warning("the journals cannot be read now: %s", type(error).__name__)
                self._newcomers |= newcomers
                for student_id, version in behind.items():
                    self._look(student_id, version)
                self._rung.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LATEST)

    async def _deliver(self, behind: Mapping[UUID, int]) -> None:
        """Read what is new, and hand it to those who may see it now."""
        read = {
            student_id: watched
            for student_id, version in behind.items()
            # rung for from near and far, it may have been read meanwhile
            if (watched := self._watched.get(student_id)) and watched.position < version
        }
        if not read:
            return
        positions = {student_id: watched.position for student_id, watched in read.items()}
        entries = await self._journals.after(positions, PAGE)
        for student_id, count in _grown(entries).items():
            if count == PAGE:
                self._look(student_id)
        for start in range(0, len(entries), PART):
            part = entries[start : start + PART]
            self._hand_out(part, read, await self._journals.audience(_grown(part)))

    def _hand_out(
        self, entries: Sequence[Entry], read: Mapping[UUID, Watched], audience: Audience
    ) -> None:
        for student_id in _grown(entries):
            watched = read[student_id]
            for follow in (*watched.follows, *watched.replaying):
                if not audience.sees(follow.person, student_id):
                    self._lose(follow, student_id)
            if self._watched.get(student_id) is not watched:
                self._look(student_id)
        for entry in entries:
            watched = read[entry.student_id]
            watched.position = entry.seq
            for follow in tuple(watched.follows):
                follow.offer(entry)
                if follow.behind:
                    self._replays.again(follow)

    def _lose(self, follow: Follow, student_id: UUID) -> None:
        """A person sees a student no more: a cohort goes on without, anything else ends."""
        if follow not in self._cohorts:
            follow.end(Unseen())
            self._watched[student_id].let_go(follow)
            return
        follow.forget(student_id)
        self._watched.leave(follow, student_id)

    async def _welcome(self, students: set[UUID]) -> None:
        """Let cohorts follow students whom they have come to see."""
        if not students:
            return
        audience = await self._journals.audience(students)
        for follow in tuple(self._cohorts):
            for student_id in students - follow.positions.keys():
                if audience.sees(follow.person, student_id):
                    since = audience.since(follow.person, student_id)
                    position = await self._journals.before(student_id, since)
                    if follow in self._cohorts:  # not left meanwhile
                        await self._join(follow, student_id, position)

    async def _join(self, follow: Follow, student_id: UUID, position: int) -> None:
        watched = self._watched.hold(student_id, position)
        follow.positions[student_id] = position
        try:
            while (at := follow.positions.get(student_id, watched.position)) < watched.position:
                if follow.ended or follow.behind:
                    break
                for entry in await self._journals.after({student_id: at}, PAGE):
                    follow.offer(entry)
        except BaseException:
            if follow in self._cohorts:  # to be joined again, from the start
                follow.forget(student_id)
                self._watched.leave(follow, student_id)
            raise
        if follow in self._cohorts:  # not left meanwhile
            watched.follows.add(follow)
            if follow.behind:
                self._replays.again(follow)

    async def _beat(self) -> None:
        """Look without having been rung: a ring may be lost, and a student may be gone."""
        while True:
            await asyncio.sleep(HEARTBEAT if self._listener.hearing else DEAF_HEARTBEAT)
            self._jobs.ring_all()
            try:
                await self._look_around()
            except Exception as error:  # the next heartbeat tries again
                log.warning("the journals cannot be read now: %s", type(error).__name__)

    async def _look_around(self) -> None:
        held = dict(self._watched)
        versions = await self._journals.versions(held) if held else {}
        for student_id, watched in held.items():
            version = versions.get(student_id)
            if version is None:
                for follow in (*watched.follows, *watched.replaying):
                    self._lose(follow, student_id)
            elif version > watched.position:
                self._look(student_id, version)
        await self._compare(set(self._cohorts))
        self._rung.set()

    async def _compare(self, cohorts: set[Follow]) -> None:
        """Find whom cohorts have come to see, and whom they see no more."""
        persons = {follow.person for follow in cohorts}
        seen = {person: await self._journals.cohort(person) for person in persons}
        gone: dict[Follow, set[UUID]] = {}
        for follow in cohorts & self._cohorts:
            now = seen[follow.person].keys()
            self._newcomers |= now - follow.positions.keys()
            gone[follow] = follow.positions.keys() - now
        # asked again: who was linked since `seen` was read is not to be lost
        asked = set().union(*gone.values())
        audience = await self._journals.audience(asked) if asked else None
        for follow, students in gone.items():
            for student_id in students & follow.positions.keys():
                if audience and not audience.sees(follow.person, student_id):
                    self._lose(follow, student_id)
        if self._newcomers:
            self._rung.set()


def _grown(entries: Iterable[Entry]) -> Counter[UUID]:
    """How many of each student."""
    return Counter(entry.student_id for entry in entries)
