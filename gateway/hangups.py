"""A client that hangs up: what is done for it stops, down to PostgreSQL."""

import asyncio
from types import TracebackType

from starlette.types import Message, Receive, Scope

from gateway.protocol import line

HUNG_UP = 499  # the status that nobody reads; nginx's number, for the log


class HungUp(Exception):
    """The client is gone: there is nobody to answer."""


class Listening:
    """While inside, a client that hangs up cancels what is done here; then HungUp is raised.

    For what only reads. A change that has begun is finished and told, be it to nobody: whether it
    was committed must not depend on when a pupil lost the network. Enter once the request was read
    whole. Where the server tells when the line goes dead, nobody has to wait for it.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._line = line(scope)
        self._gone = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        if self._line is not None:
            self._line.tell(self._hung_up)
            return
        self._watch = asyncio.ensure_future(self._hang_up())
        self._watch.add_done_callback(self._cancel)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._line is not None:
            self._line.forget(self._hung_up)
        else:
            self._watch.remove_done_callback(self._cancel)
            self._watch.cancel()
        if self._gone and self._task is not None and self._task.uncancel() == 0:
            raise HungUp from error

    async def _hang_up(self) -> None:
        while True:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                return

    def _cancel(self, watch: asyncio.Future[None]) -> None:
        if not watch.cancelled() and watch.exception() is None:
            self._hung_up()

    def _hung_up(self) -> None:
        if self._task is not None:
            self._gone = True
            self._task.cancel()
