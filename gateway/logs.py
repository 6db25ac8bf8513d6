"""Logs: lines of JSON in production, lines to read in development; `logging` joins in.

One line an operation. Of documents and variables, of names and ids of people, nothing is written.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog

from gateway.observations import Observation
from gateway.settings import Settings

BEFORE: tuple[structlog.typing.Processor, ...] = (
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to one stream, in one form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(settings, colors=(stream or sys.stderr).isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("nexus").setLevel(settings.log.upper())


def formatter(settings: Settings, *, colors: bool = False) -> logging.Formatter:
    """How a line is written: for machines in production, for people elsewhere."""
    last: list[structlog.typing.Processor]
    if settings.production:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=colors)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=BEFORE,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


class OperationLog:
    """One line for each operation."""

    def __init__(self) -> None:
        self._lines = logging.getLogger("nexus.operations")
        self._log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
            self._lines,
            processors=[*BEFORE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.stdlib.BoundLogger,
        )

    def operation(self, seen: Observation) -> None:
        if self._lines.isEnabledFor(logging.INFO):
            self._log.info("operation", **fields(seen))


def fields(seen: Observation) -> Mapping[str, Any]:
    """What the line says; what is not known is left out."""
    told = {
        "request_id": seen.request_id,
        "name": seen.name,
        "document": seen.document,
        "kind": seen.kind,
        "client": seen.client,
        "role": seen.role,
        "path": seen.path,
        "cost": seen.cost,
        "statements": seen.statements,
        "ms": round(seen.seconds * 1000, 2),
        "bytes": seen.bytes,
        "status": seen.status,
        "errors": list(seen.codes),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}
