"""A server that can be taken away, or frozen, and brought back: a relay to the real one."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class Relay:
    """Listens on a port of its own while it is up; what it carries goes to the socket of `url`."""

    def __init__(self, url: str) -> None:
        self._path = urlsplit(url).path
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0
        self.accepted = 0
        self.silent = False
        """Takes what it is sent, and answers nothing."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Every connection breaks, and none can be opened."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._carrying):
            writer.transport.abort()
        await self._server.wait_closed()

    def freeze(self) -> None:
        """Connections stay, and new ones are taken: nothing is answered any more."""
        self._flows.clear()

    def thaw(self) -> None:
        self._flows.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        from_server, to_server = await asyncio.open_unix_connection(self._path)
        both = {writer, to_server}
        self._carrying |= both
        with suppress(ConnectionError):
            await asyncio.gather(self._pipe(reader, to_server), self._answer(from_server, writer))
        self._carrying -= both
        for each in both:
            each.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flows.wait()
            if not self.silent:
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
