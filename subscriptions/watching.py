"""The journals that someone in this process follows, each held for as long as anyone does."""

from collections.abc import Callable
from uuid import UUID

from subscriptions.bell import JOURNAL
from subscriptions.follow import Follow
from subscriptions.listener import Listener


class Watched:
    """A journal that someone here follows: how far it was read, and for whom."""

    __slots__ = ("follows", "holders", "position", "replaying")

    def __init__(self, position: int) -> None:
        self.position = position
        self.follows: set[Follow] = set()
        self.replaying: set[Follow] = set()
        """They read the past themselves, and are offered nothing yet."""
        self.holders = 0

    def goes_beyond(self, position: int, follow: Follow) -> bool:
        """Whether a follow that reads the past has some of it before it."""
        return position < self.position and follow in self.replaying

    def goes_live(self, follow: Follow) -> None:
        """From now on it is offered what is read."""
        self.replaying.discard(follow)
        self.follows.add(follow)

    def goes_back(self, follow: Follow) -> None:
        """It reads the past itself again."""
        if follow in self.follows:
            self.follows.discard(follow)
            self.replaying.add(follow)

    def let_go(self, follow: Follow) -> None:
        self.replaying.discard(follow)
        self.follows.discard(follow)


class Watching(dict[UUID, Watched]):
    """Heard by `listener`; `look` is called for a journal that may have grown unheard."""

    def __init__(self, listener: Listener, look: Callable[[UUID], None]) -> None:
        super().__init__()
        self._listener = listener
        self._look = look

    def hold(self, student_id: UUID, version: int) -> Watched:
        """To be followed from here on, or for a little while; `leave` is its end."""
        watched = self.get(student_id)
        if watched is None:
            watched = self[student_id] = Watched(version)
            self._listener.add(f"{JOURNAL}{student_id}")
        watched.holders += 1
        self._look(student_id)
        return watched

    def leave(self, follow: Follow, student_id: UUID) -> None:
        """What nobody holds any more is forgotten."""
        watched = self.get(student_id)
        if watched is None:
            return
        watched.let_go(follow)
        watched.holders -= 1
        if watched.holders <= 0:
            del self[student_id]
            self._listener.remove(f"{JOURNAL}{student_id}")
