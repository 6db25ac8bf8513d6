"""The past of journals, which each who follows reads for itself; then comes what is offered."""

from collections.abc import AsyncGenerator, Callable
from itertools import islice
from uuid import UUID

from subscriptions.follow import Entry, Follow
from subscriptions.journals import Journals
from subscriptions.watching import Watching

PAGE = 100  # entries of one journal read at once
AT_ONCE = 50  # journals


class Replays:
    """Of one process. `lose` is called where a person sees a student no more."""

    def __init__(
        self, journals: Journals, watched: Watching, lose: Callable[[Follow, UUID], None]
    ) -> None:
        self._journals = journals
        self._watched = watched
        self._lose = lose

    async def entries(self, follow: Follow) -> AsyncGenerator[Entry]:
        """The past, from the places of a follow on, and then what is offered; raises Ended.

        What was offered to one who fell behind is the past again.
        """
        while True:
            follow.behind = False
            while late := self._late(follow):
                page = await self._journals.after(late, PAGE)
                audience = await self._journals.audience(late)
                for student_id in late.keys() & follow.positions.keys():
                    if not audience.sees(follow.person, student_id):
                        self._lose(follow, student_id)
                grown = {entry.student_id for entry in page}
                for student_id in follow.positions.keys() & (late.keys() - grown):
                    follow.positions[student_id] = self._watched[student_id].position  # was deleted
                for entry in page:
                    follow.go_on()  # whoever loses sight of a student meanwhile is shown no more
                    if follow.wants(entry):
                        yield entry
                follow.turn(late)
            for student_id in follow.positions:  # no await since the condition: nothing between
                if follow in (watched := self._watched[student_id]).replaying:
                    watched.goes_live(follow)
            while (offered := await follow.next()) is not None:
                yield offered

    def again(self, follow: Follow) -> None:
        """Offer nothing more to who is behind, until it has read for itself."""
        for student_id in follow.positions:
            self._watched[student_id].goes_back(follow)

    def _late(self, follow: Follow) -> dict[UUID, int]:
        """Where it reads on in journals of which it has not had all; not in too many at once."""
        late = (
            (student_id, position)
            for student_id, position in follow.positions.items()
            if self._watched[student_id].goes_beyond(position, follow)
        )
        return dict(islice(late, AT_ONCE))
