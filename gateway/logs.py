"""Logs: lines of JSON in production, lines to read in development; `logging` joins in.

One line an operation. Of documents and variables, of names and ids of people, nothing is written.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog

from gateway.observations import Observation
from gateway.settings import Settings

BEFORE: tuple[structlog.typing.Processor, ...] = (
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow=("request_id",)),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
TOGETHER = 0.1  # seconds in which lines of operations wait for one another
LASTING = ("name", "document", "kind", "client", "role", "path", "cost")
MOST = 500  # lines that wait


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to one stream, in one form."""
    handler = Lines(stream)
    handler.setFormatter(formatter(settings, colors=(stream or sys.stderr).isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("nexus").setLevel(settings.log.upper())
    # no line shows them, and to find them out takes longer than to write it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class Seen(logging.LogRecord):
    """What is logged of an operation: found out already, and put in words by who writes it."""

    def __init__(self, name: str, operation: Observation) -> None:
        # what the record of a line in general is asked to find out costs more than to write it
        self.__dict__.update(_BLANK)
        self.name, self.operation = name, operation
        self.created = time.time()
        self.msecs = self.created % 1 * 1000


_BLANK = vars(logging.LogRecord("", logging.INFO, "", 0, "operation", (), None))


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines as they come; those of operations soon, many of them at once.

    Whoever is killed takes at most the last moment with them: what matters more is not put off.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.append(self.format(record) + self.terminator)
            if not isinstance(record, Seen) or len(self._waiting) >= MOST or not self._later():
                self.flush()
        except Exception:
            self.handleError(record)

    def _later(self) -> bool:
        """Whether what waits will be written without us."""
        if len(self._waiting) > 1:
            return True
        try:
            asyncio.get_running_loop().call_later(TOGETHER, self.flush)
        except RuntimeError:  # none runs
            return False
        return True

    def flush(self) -> None:
        """Write what waits; called at the end of the process too."""
        self.acquire()
        try:
            waiting, self._waiting = self._waiting, []
            if waiting:
                self.stream.write("".join(waiting))
            super().flush()
        finally:
            self.release()


class Form(structlog.stdlib.ProcessorFormatter):
    """The form of a line; those of operations need nothing found out about them any more."""

    def __init__(self, *last: structlog.typing.Processor, line: Callable[[Seen], str]) -> None:
        super().__init__(
            foreign_pre_chain=BEFORE,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        return self._line(record) if isinstance(record, Seen) else super().format(record)


def formatter(settings: Settings, *, colors: bool = False) -> logging.Formatter:
    """How a line is written: for machines in production, for people elsewhere."""
    if settings.production:
        machines = structlog.processors.JSONRenderer()
        return Form(structlog.processors.format_exc_info, machines, line=_json)
    people = structlog.dev.ConsoleRenderer(colors=colors)

    def line(record: Seen) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat()[:-6] + "Z"
        told = {"event": record.msg, "logger": record.name, "level": "info", "timestamp": stamp}
        return str(people(None, "info", {**told, **fields(record.operation)}))

    return Form(people, line=line)


def _json(record: Seen) -> str:
    seen = record.operation
    own = {
        "timestamp": datetime.fromtimestamp(record.created, UTC),
        "request_id": seen.request_id,
        **_counted(seen),
    }
    written = orjson.dumps(own, option=orjson.OPT_UTC_Z)
    return (_begun(record.name, *_whose(seen)) + written[1:]).decode()


@lru_cache(maxsize=1024)
def _begun(logger: str, *whose: Any) -> bytes:
    """The beginning of a line, up to what is another in every one."""
    told = {"event": "operation", "logger": logger, "level": "info", **_lasting(*whose)}
    return orjson.dumps(told)[:-1] + b","


class OperationLog:
    """One line for each operation."""

    def __init__(self) -> None:
        self._log = logging.getLogger("nexus.operations")

    def operation(self, seen: Observation) -> None:
        if self._log.isEnabledFor(logging.INFO):
            self._log.handle(Seen(self._log.name, seen))


def fields(seen: Observation) -> dict[str, Any]:
    """What the line says; what is not known is left out."""
    return {"request_id": seen.request_id, **_lasting(*_whose(seen)), **_counted(seen)}


def _whose(seen: Observation) -> tuple[Any, ...]:
    return seen.name, seen.document, seen.kind, seen.client, seen.role, seen.path, seen.cost


def _lasting(*whose: Any) -> dict[str, Any]:
    """What the lines of many operations have in common."""
    return {name: value for name, value in zip(LASTING, whose, strict=True) if value is not None}


def _counted(seen: Observation) -> dict[str, Any]:
    """What is another in every line."""
    told: dict[str, Any] = {
        "statements": seen.statements,
        "ms": round(seen.seconds * 1000, 2),
        "bytes": seen.bytes,
        "status": seen.status,
    }
    if seen.codes:
        told["errors"] = list(seen.codes)
    return told
