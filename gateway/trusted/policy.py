"""From what a client sent to the text that may run: by text, by id, or registering one.

Ids come as `documentId`, as `extensions.persistedQuery.sha256Hash`, or in the path; one of them,
and no text beside it. Where only trusted documents run, a text is refused whatever it says, even
that of a trusted document: ids are all there is to compare.

Automatic registration (Apollo's APQ) is for development: an unknown hash is answered with
PersistedQueryNotFound, and sent again with its text it is kept for next time.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.documents import unauthenticated
from gateway.refusals import Rejected, malformed, refusal
from gateway.settings import Settings
from gateway.trusted.registry import Registry
from gateway.trusted.texts import digest
from services.access import Viewer

PARENT_APP = "parent-app"


class Mode(StrEnum):
    """What becomes of a document that is not trusted."""

    OPEN = "open"  # it runs
    LOG = "log"  # it runs and is counted
    ONLY = "only"  # it is refused


class Modes:
    """`only,dashboard=log`: one mode for all, and for client applications of their own."""

    def __init__(self, said: str) -> None:
        usual, *others = said.split(",")
        self._usual = Mode(usual)
        clients = (each.partition("=") for each in others)
        named = {name.lower(): Mode(mode) for name, _, mode in clients}
        self._of = named | {PARENT_APP: Mode.ONLY}

    def of(self, client: str | None) -> Mode:
        """The mode of a client application, as the token names it, in capitals or not."""
        return self._of.get(client.lower(), self._usual) if client is not None else self._usual


@dataclass(frozen=True, slots=True)
class Sent:
    """The text that a request stands for; `trusted` where it was asked for by a trusted id."""

    text: str = field(repr=False)
    trusted: bool


Resolve = Callable[[Mapping[str, Any]], Sent]


class Trust:
    """Decides for one process; `resolve` is for every transport."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.registry = registry
        self.modes = Modes(settings.documents)
        self._registers = not settings.production
        self._registered = Registrations()

    def resolver(self, viewer: Viewer | None, path_id: str | None = None) -> Resolve:
        """`resolve` for one asker."""
        return lambda given: self.resolve(given, viewer, path_id=path_id)

    def resolve(
        self, given: Mapping[str, Any], viewer: Viewer | None, *, path_id: str | None = None
    ) -> Sent:
        """The text that a request asks to run; Rejected where it may not."""
        mode = self.modes.of(viewer.client if viewer else None)
        text, hashed = _text(given, "query"), _hash(given)
        ids = [id for id in (path_id, _text(given, "documentId"), hashed) if id is not None]
        if len(ids) > 1:
            raise malformed("the document's id is given twice")
        if not ids:
            if text is None:
                raise malformed("`query` must be a text, or `documentId` the id of one")
            if mode is Mode.ONLY:
                raise untrusted("send the id of a trusted document, not a text", viewer)
            return Sent(text, trusted=False)
        registers = self._registers and mode is not Mode.ONLY
        if text is not None:
            if hashed is None or not registers:
                raise malformed("send a document or its id, not both")
            return self._register(hashed, text)
        if known := self.registry.get(ids[0]):
            return Sent(known.text, trusted=True)
        kept = self._registered.get(ids[0]) if registers else None
        if kept is None:
            status = 404 if path_id is not None else 400
            raise self._unknown(viewer, mode, status, hashed=hashed is not None)
        return Sent(kept, trusted=False)

    def _register(self, id: str, text: str) -> Sent:
        if digest(text) != id:
            raise malformed("the hash is not the SHA-256 of the document")
        if known := self.registry.get(id):
            return Sent(known.text, trusted=True)
        self._registered.keep(id, text)
        return Sent(text, trusted=False)

    def _unknown(self, viewer: Viewer | None, mode: Mode, status: int, *, hashed: bool) -> Rejected:
        if viewer is None and not self._registers:
            return unauthenticated()
        if mode is not Mode.ONLY and self._registers:
            # the words that Apollo's link looks for
            told = refusal("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            return Rejected([told], status)
        if mode is not Mode.ONLY and hashed:
            # the words at which it goes on with texts
            told = refusal("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
            return Rejected([told], status)
        return untrusted("no trusted document has this id", viewer, status)


class Registrations:
    """The texts that clients registered, those used last; bounded in number and in size."""

    MOST, CHARACTERS = 256, 1_000_000

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def get(self, id: str) -> str | None:
        if id in self._texts:
            self._texts.move_to_end(id)
        return self._texts.get(id)

    def keep(self, id: str, text: str) -> None:
        if self.get(id) is None:
            self._texts[id] = text
            self._characters += len(text)
        while len(self._texts) > self.MOST or self._characters > self.CHARACTERS:
            _, forgotten = self._texts.popitem(last=False)
            self._characters -= len(forgotten)


def untrusted(message: str, viewer: Viewer | None, status: int = 400) -> Rejected:
    """The refusal of what is not trusted; who has no token does not learn what is."""
    if viewer is None:
        return unauthenticated()
    return Rejected([refusal(message, "DOCUMENT_NOT_TRUSTED")], status)


def _text(given: Mapping[str, Any], part: str) -> str | None:
    found = given.get(part)
    if found is not None and not isinstance(found, str):
        raise malformed(f"`{part}` must be a text")
    return found


def _hash(given: Mapping[str, Any]) -> str | None:
    """The hash that Apollo's extension gives; None where it is not used."""
    extensions = given.get("extensions")
    asked = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    if asked is None:
        return None
    if not isinstance(asked, Mapping) or not isinstance(asked.get("sha256Hash"), str):
        raise malformed("`extensions.persistedQuery` must have a text `sha256Hash`")
    if asked.get("version") is True or asked.get("version") != 1:
        raise malformed("`extensions.persistedQuery` must be of version 1")
    found: str = asked["sha256Hash"]
    return found
