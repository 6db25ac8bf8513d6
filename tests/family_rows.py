"""One pupil's rows, table by table, each with the family's mark in its texts."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)

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


class Add(Protocol):
    """Writes a row of the family and remembers its id."""

    async def __call__(self, table: str, **values: Any) -> UUID: ...


async def pupil(add: Add, mark: str, student: UUID, user: str) -> None:
    await add(
        "students",
        id=student,
        user_id=user,
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
        version=3,
        epreuves_synced_at=NOW,
        created_at=NOW - 90 * DAY,
        updated_at=NOW,
    )
    await add("entitlements", student_id=student, tier="Pro", expires_at=NOW + 30 * DAY)


async def mastery(add: Add, student: UUID, score: float, about: dict[str, str]) -> None:
    await add(
        "progress",
        student_id=student,
        subject="MATHS",
        score=score,
        evidence_count=3,
        updated_at=NOW,
        **about,
    )
    await add(
        "progress_points", student_id=student, subject="MATHS", day=date(2026, 11, 20), score=score
    )


async def task(add: Add, mark: str, student: UUID, resource: UUID, chapter: str) -> UUID:
    return await add(
        "tasks",
        student_id=student,
        label=f"{mark} task",
        category="REVISION",
        due_at=NOW + DAY,
        weight=3.0,
        status="Todo",
        source="Coach",
        subject="MATHS",
        chapter_code=chapter,
        resource_id=resource,
        created_at=NOW,
    )


async def session(add: Add, mark: str, student: UUID, coach: str) -> None:
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


async def evaluation(
    add: Add, mark: str, student: UUID, status: str, about: dict[str, str], grading: UUID
) -> None:
    """A paper with an item and a copy; its marks are known before they are published."""
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
    paper = await add(
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
        evaluation_id=paper,
        number=1,
        prompt_md=f"{mark} prompt",
        points=20.0,
        answer_format="CHOICE",
        choices=[f"{mark} choice"],
        correction_md=f"{mark} correction",
        **about,
    )
    await file(add, "copies", mark, student_id=student, evaluation_id=paper, page_count=1)


async def file(add: Add, table: str, mark: str, **values: Any) -> None:
    await add(
        table,
        filename=f"{mark}.pdf",
        media_type="application/pdf",
        size_bytes=10,
        storage_key=f"{mark}/{table}",
        created_at=NOW,
        purge_at=NOW + DAY,
        **values,
    )


async def epreuve(add: Add, mark: str, student: UUID) -> None:
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


async def report(add: Add, mark: str, student: UUID) -> None:
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


async def event(
    add: Add, mark: str, student: UUID, seq: int, about: UUID, *, actor: str | None
) -> None:
    """An act of the coach `actor`, or of an agent, about a task."""
    await add(
        "events",
        student_id=student,
        seq=seq,
        kind="TASK_CREATED",
        at=NOW,
        actor_id=actor or "PLANNER",
        actor_agent=None if actor else "PLANNER",
        actor_role="COACH" if actor else None,
        actor_name=f"{mark} actor",
        payload_json={"label": f"{mark} payload"},
        entity_table="tasks",
        entity_id=about,
    )
