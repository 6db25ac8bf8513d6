"""Rows for tests, written by hand: one builder, sensible defaults for every table."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from models.base import uuid7

CREATED = datetime(2026, 9, 1, 8, tzinfo=UTC)

_numbers = count(1)

DEFAULTS: dict[str, dict[str, Any]] = {
    "students": {
        "user_id": None,
        "display_name": "Camille Petit",
        "track": "Terminale",
        "voie": "GENERALE",
        "profile": "Scolarise",
        "exam_path": "SCOLARISE",
        "exam_session": 2027,
        "specialities": ["MATHS", "NSI"],
        "options": [],
        "languages": "[]",
        "time_zone": "Europe/Paris",
        "version": 0,
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "entitlements": {"tier": "Plus"},
    "guardianships": {"person_id": "parent", "created_at": CREATED},
    "coachings": {"person_id": "coach", "created_at": CREATED},
    "coach_availabilities": {
        "coach_id": "coach",
        "slot_start": CREATED,
        "slot_end": CREATED + timedelta(hours=1),
        "kinds": ["Visio"],
    },
    "progress": {
        "subject": "MATHS",
        "chapter_code": "MATHS-T-SUITES",
        "competence_code": "MATHS-C-CALCULER",
        "score": 0.5,
        "evidence_count": 1,
        "updated_at": CREATED,
    },
    "progress_points": {"subject": "MATHS", "day": date(2026, 9, 1), "score": 0.5},
    "tasks": {
        "label": "Réviser",
        "category": "REVISION",
        "weight": 1.0,
        "status": "Todo",
        "source": "Agent",
        "created_at": CREATED,
    },
    "sessions": {
        "title": "Une séance",
        "kind": "Visio",
        "status": "Confirmé",
        "slot_start": CREATED,
        "slot_end": CREATED + timedelta(hours=1),
        "coach_id": None,
        "created_at": CREATED,
    },
    "evaluations": {
        "subject": "MATHS",
        "track": "Terminale",
        "title": "Suites",
        "generator": "EVALUATOR",
        "duration_min": 60,
        "status": "Proposé",
        "statement_md": "…",
        "created_at": CREATED,
    },
    "evaluation_items": {
        "number": 1,
        "prompt_md": "…",
        "points": 4.0,
        "chapter_code": "MATHS-T-SUITES",
        "competence_code": "MATHS-C-CALCULER",
        "answer_format": "NUMBER",
        "choices": [],
    },
    "copies": {
        "filename": "copie.pdf",
        "media_type": "application/pdf",
        "size_bytes": 1_000,
        "page_count": 1,
        "storage_key": "copies/1",
        "created_at": CREATED,
        "purge_at": CREATED + timedelta(days=365),
    },
    "uploads": {
        "owner_id": "somebody",
        "filename": "copie.pdf",
        "media_type": "application/pdf",
        "size_bytes": 1_000,
        "sha256": "0" * 64,
        "storage_key": "uploads/1",
        "created_at": CREATED,
        "purge_at": CREATED + timedelta(days=1),
    },
    "epreuves_plan": {
        "code": "E-MATHS",
        "label": "Mathématiques",
        "kind": "TERMINALE",
        "weight": 16.0,
        "provisional": True,
        "format": "Écrit",
        "source": "Réglement",
        "created_at": CREATED,
    },
    "resources": {
        "title": "Les suites",
        "uri": "https://example.org/suites",
        "type": "PDF",
        "tags": [],
        "visibility": "PUBLIC",
        "created_at": CREATED,
    },
    "resource_chunks": {"number": 1, "text": "Une suite…"},
    "favorites": {"created_at": CREATED},
    "events": {
        "seq": 1,
        "kind": "TASK_CREATED",
        "at": CREATED,
        "actor_id": "ARIA",
        "actor_agent": "ARIA",
        "payload_json": "{}",
    },
    "reports": {
        "period_kind": "WEEK",
        "period_start": date(2026, 9, 7),
        "period_end": date(2026, 9, 13),
        "summary_md": "…",
        "kpis_json": "{}",
        "generated_at": CREATED,
    },
    "jobs": {"kind": "GENERATE_REPORT", "status": "QUEUED", "progress": 0.0, "created_at": CREATED},
    "idempotency_keys": {
        "actor_id": "somebody",
        "key": "once",
        "fingerprint": "…",
        "created_at": CREATED,
    },
}


async def insert(connection: asyncpg.Connection, table: str, **given: Any) -> UUID:
    """One row, and its key."""
    values = {"id": uuid7(), **DEFAULTS[table], **given}
    places = ", ".join(f"${i}" for i in range(1, len(values) + 1))
    await connection.execute(
        f"INSERT INTO nexus_app.{table} ({', '.join(values)}) VALUES ({places})",  # noqa: S608
        *values.values(),
    )
    found: UUID = values["id"]
    return found


async def pupil(connection: asyncpg.Connection, **given: Any) -> UUID:
    """A student with a token subject of its own."""
    return await insert(connection, "students", **{"user_id": f"pupil-{next(_numbers)}", **given})
