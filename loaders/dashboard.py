"""What the key figures are computed from, read for many students in one statement."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader

from loaders.by_column import Loaders
from loaders.rows import Row, Statement, row_of
from loaders.stated import TODAY, TOMORROW, Stated, midnight
from models.progress import ProgressPoint

FACTS = Statement(
    """
    SELECT s.id, s.time_zone, s.progress_overall, s.total_weight, s.active_on, s.active_days,
      s.last_eval_score, s.open_task_count,
      (SELECT min(slot_start) FROM sessions
        WHERE student_id = s.id AND status <> 'Annulé' AND slot_start >= $2) AS next_session_at
    FROM students s WHERE s.id = ANY ($1::uuid[])
    """,
    ("keys", "clock"),
)

# `services.dashboard.kpis` of one student
KPIS = Stated(
    f"""
    SELECT :progress_overall AS progress_overall, :last_eval_score AS last_eval_score,
      :open_task_count AS open_task_count,
      CASE WHEN :active_on >= {TODAY} - 1
        THEN greatest(:active_days - greatest(:active_on - {TODAY}, 0), 0) ELSE 0
      END AS streak_days,
      (SELECT slot_start FROM sessions
        WHERE student_id = :id AND status <> 'Annulé' AND slot_start >= :clock
        ORDER BY slot_start LIMIT 1) AS next_session_at
    """,  # noqa: S608  made of our own words
    until={"streak_days": midnight(TOMORROW, ":time_zone"), "next_session_at": "next_session_at"},
)

# an evaluation counts in the month it was made
EVALUATIONS_SINCE = Statement(
    """
    SELECT k.id, count(e.id) AS made FROM unnest($1::uuid[], $2::timestamptz[]) AS k (id, since)
    LEFT JOIN evaluations e ON e.student_id = k.id AND e.created_at >= k.since
    GROUP BY k.id
    """,
    ("keys", "since"),
)

POINTS = Statement(
    """
    SELECT student_id, subject, day, score FROM progress_points
    WHERE student_id = ANY ($1::uuid[]) AND day > $2::date ORDER BY day
    """,
    ("keys", "after"),
    row_of(ProgressPoint),
)


def facts(loaders: Loaders) -> DataLoader[UUID, Row | None]:
    """Everything `services.dashboard.kpis` needs of a student."""

    async def batch(keys: list[UUID]) -> list[Row | None]:
        found = {row.id: row for row in await loaders.reader.rows(FACTS, keys=keys)}
        return [found.get(key) for key in keys]

    return loaders.loader("facts", batch)


def evaluations_since(loaders: Loaders) -> DataLoader[tuple[UUID, Any], int]:
    """How many evaluations a student has made since an instant: the key names both."""

    async def batch(keys: list[tuple[UUID, Any]]) -> list[int]:
        found = {
            row.id: row.made
            for row in await loaders.reader.rows(
                EVALUATIONS_SINCE, keys=[key[0] for key in keys], since=[key[1] for key in keys]
            )
        }
        return [found.get(key[0], 0) for key in keys]

    return loaders.loader("evaluations since", batch)


def points(loaders: Loaders, after: Any) -> DataLoader[tuple[UUID, str], list[Row]]:
    """The daily mastery of a student in a subject, after a day, oldest first."""

    async def batch(keys: list[tuple[UUID, str]]) -> list[list[Row]]:
        groups: defaultdict[tuple[UUID, str], list[Row]] = defaultdict(list)
        students = list({key[0] for key in keys})
        for row in await loaders.reader.rows(POINTS, keys=students, after=after):
            groups[row.student_id, row.subject].append(row)
        return [groups[key] for key in keys]

    return loaders.loader(("points", after), batch)
