"""Two pupils who must never meet, each with a row in every table: what the access tests read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from models.base import SCHEMA, uuid7
from models.vocabulary import Role
from services.access import Viewer
from services.catalogue.programme import programme

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Family:
    """A pupil with its parent and its coach; `rows` are the ids of its rows, by table.

    Every text of its rows contains `mark`, so that a leak can be seen wherever it comes out.
    """

    mark: str
    student: UUID = field(default_factory=uuid7)
    rows: dict[str, list[UUID]] = field(default_factory=dict)

    def viewer(self, role: Role) -> Viewer:
        return Viewer(f"{self.mark}-{role}", role, f"{self.mark} {role}")

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        return tuple(self.viewer(role) for role in (Role.STUDENT, Role.PARENT, Role.COACH))


@dataclass(frozen=True)
class Families:
    ours: Family
    theirs: Family
    library: Mapping[str, UUID]  # resources that belong to nobody, by visibility


ADMIN = Viewer("school-admin", Role.ADMIN, "Administration")
STRANGERS = tuple(Viewer("nobody-knows", role) for role in Role if role is not Role.ADMIN)


async def insert(connection: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """Write one row, with an id of its own unless one is given."""
    values = {"id": uuid7(), **values}
    given = [json.dumps(v) if isinstance(v, dict) else v for v in values.values()]
    places = ", ".join(f"${i}" for i in range(1, len(given) + 1))
    await connection.execute(
        f"INSERT INTO {SCHEMA}.{table} ({', '.join(values)}) VALUES ({places})",  # noqa: S608
        *given,
    )
    found: UUID = values["id"]
    return found


async def write(connection: asyncpg.Connection) -> Families:
    """Fill an empty database."""
    library = {
        visibility: await resource(connection, f"library {visibility}", visibility, None)
        for visibility in ("PUBLIC", "PLUS", "PRO", "PRIVATE")
    }
    ours, theirs = Family("ours"), Family("theirs")
    for number, family in enumerate((ours, theirs)):
        await _family(connection, family, number)
    return Families(ours, theirs, library)


async def resource(
    connection: asyncpg.Connection, title: str, visibility: str, owner: str | None
) -> UUID:
    return await insert(
        connection,
        "resources",
        title=title,
        uri=f"https://library.example/{title}",
        type="PDF",
        subject="MATHS",
        tags=[title],
        visibility=visibility,
        owner_id=owner,
        created_at=NOW,
    )


async def _family(connection: asyncpg.Connection, family: Family, number: int) -> None:
    mark, student = family.mark, family.student
    chapter = programme("MATHS", "Terminale")[number]  # type: ignore[arg-type]
    about = {"chapter_code": chapter.code, "competence_code": chapter.competences[0].code}
    pupil, parent, coach = (viewer.id for viewer in family.viewers)

    async def add(table: str, **values: Any) -> UUID:
        id = await insert(connection, table, **values)
        family.rows.setdefault(table, []).append(id)
        return id

    await add(
        "students",
        id=student,
        user_id=pupil,
        display_name=f"{mark} pupil",
        track="Terminale",
        voie="GENERALE",
        profile="Scolarise",
        exam_path="SCOLARISE",
        exam_session=2027,
        specialities=["MATHS", "NSI"],
        specialite_abandonnee="SES",
        options=["MATHS_EXPERTES"],
        languages=json.dumps([{"rank": "LVA", "language": "ANGLAIS"}]),
        time_zone="Europe/Paris",
        version=2,
        epreuves_synced_at=NOW,
        created_at=NOW - 90 * DAY,
        updated_at=NOW,
    )
    for table, person in (("guardianships", parent), ("coachings", coach)):
        await add(
            table,
            student_id=student,
            person_id=person,
            display_name=f"{mark} {table}",
            created_at=NOW,
        )
    await add("entitlements", student_id=student, tier="Pro", expires_at=NOW + 30 * DAY)

    private = [
        await resource(connection, f"{mark} private of {owner}", "PRIVATE", owner)
        for owner in (pupil, parent, coach)
    ]
    family.rows["resources"] = private
    await add("favorites", student_id=student, resource_id=private[0], created_at=NOW)

    job = {"progress": 0.5, "created_at": NOW, "message": f"{mark} job"}
    grading = await add(
        "jobs", kind="GRADE_EVALUATION", status="RUNNING", student_id=student, **job
    )
    for viewer in family.viewers:
        await add("jobs", kind="EXPORT_DATA", status="QUEUED", requested_by=viewer.id, **job)

    await add(
        "progress",
        student_id=student,
        subject="MATHS",
        score=0.25 + number / 2,
        evidence_count=3,
        updated_at=NOW,
        **about,
    )
    await add(
        "progress_points", student_id=student, subject="MATHS", day=date(2026, 11, 20), score=0.25
    )
    task = await add(
        "tasks",
        student_id=student,
        label=f"{mark} task",
        category="REVISION",
        due_at=NOW + DAY,
        weight=3.0,
        status="Todo",
        source="Coach",
        subject="MATHS",
        chapter_code=chapter.code,
        resource_id=private[0],
        created_at=NOW,
    )
    await add(
        "sessions",
        student_id=student,
        title=f"{mark} session",
        kind="Visio",
        status="Confirmé",
        slot_start=NOW + 2 * DAY,
        slot_end=NOW + 2 * DAY + timedelta(hours=1),
        coach_id=coach,
        coach_name=f"{mark} coach",
        join_url=f"https://visio.example/{mark}",
        place=f"{mark} place",
        created_at=NOW,
    )
    for status in ("Proposé", "Soumis", "Corrigé"):
        await _evaluation(add, family, status, about, grading)
    await add(
        "epreuves_plan",
        student_id=student,
        code=f"{mark}-E1",
        label=f"{mark} épreuve",
        subject="MATHS",
        kind="TERMINALE",
        weight=16.0,
        scheduled_at=date(2027, 6, 15),
        provisional=True,
        format=f"{mark} écrit",
        source="Réglement",
        created_at=NOW,
    )
    await add(
        "reports",
        student_id=student,
        period_kind="WEEK",
        period_start=date(2026, 11, 16),
        period_end=date(2026, 11, 22),
        summary_md=f"{mark} report",
        kpis_json=KPIS,
        generated_at=NOW,
    )
    for seq, agent in ((1, False), (2, True)):
        await add(
            "events",
            student_id=student,
            seq=seq,
            kind="TASK_CREATED",
            at=NOW,
            actor_id="PLANNER" if agent else coach,
            actor_agent="PLANNER" if agent else None,
            actor_role=None if agent else "COACH",
            actor_name=f"{mark} actor",
            payload_json={"label": f"{mark} payload"},
            entity_table="tasks",
            entity_id=task,
        )
    await add(
        "uploads",
        owner_id=pupil,
        filename=f"{mark}.pdf",
        media_type="application/pdf",
        size_bytes=10,
        sha256="0" * 64,
        storage_key=f"{mark}/upload",
        created_at=NOW,
        purge_at=NOW + DAY,
    )
    await add(
        "idempotency_keys", actor_id=pupil, key=f"{mark} key", fingerprint=mark, created_at=NOW
    )


KPIS: dict[str, Any] = {
    "progress_overall": 0.5,
    "progress_delta": 0.1,
    "average_score_20": 12.0,
    "evaluations_graded": 1,
    "tasks_completed": 1,
    "tasks_overdue": 0,
    "sessions_held": 1,
    "sessions_cancelled": 0,
    "streak_days": 2,
    "by_subject": [{"subject": "MATHS", "score": 0.5, "delta": None, "average_score_20": 12.0}],
}


async def _evaluation(
    add: Any, family: Family, status: str, about: dict[str, str], grading: UUID
) -> None:
    """A paper with an item, a copy, and marks that are known before they are published."""
    mark, student = family.mark, family.student
    feedback = {
        "summary_md": f"{mark} feedback",
        "graded_by": "AGENT",
        "confidence": 0.9,
        "needs_review": False,
        "items": [
            {
                "number": 1,
                "awarded": 12.0,
                "points": 20.0,
                "answer_read": f"{mark} answer",
                "comment_md": f"{mark} comment",
                "confidence": 0.9,
            }
        ],
        "competences": [{**about, "before": None, "after": 0.6}],
    }
    evaluation = await add(
        "evaluations",
        student_id=student,
        subject="MATHS",
        track="Terminale",
        title=f"{mark} paper {status}",
        generator="ARIA",
        duration_min=60,
        status=status,
        score_20=12.0,
        statement_md=f"{mark} statement",
        feedback_json=feedback,
        grading_job_id=grading,
        created_at=NOW - 3 * DAY,
        submitted_at=None if status == "Proposé" else NOW - 2 * DAY,
        graded_at=NOW - DAY if status == "Corrigé" else None,
    )
    await add(
        "evaluation_items",
        student_id=student,
        evaluation_id=evaluation,
        number=1,
        prompt_md=f"{mark} prompt",
        points=20.0,
        answer_format="CHOICE",
        choices=[f"{mark} choice"],
        correction_md=f"{mark} correction",
        **about,
    )
    await add(
        "copies",
        student_id=student,
        evaluation_id=evaluation,
        filename=f"{mark}.pdf",
        media_type="application/pdf",
        size_bytes=10,
        page_count=1,
        storage_key=f"{mark}/copy",
        created_at=NOW,
        purge_at=NOW + 30 * DAY,
    )
