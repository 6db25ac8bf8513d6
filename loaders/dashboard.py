"""What the key figures are computed from, read for many students in one statement."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader

from loaders.by_column import Loaders
from loaders.rows import Row, Statement, row_of
from loaders.stated import TOMORROW, Stated, midnight
from models.progress import ProgressPoint

# added up in whole numbers: the last bit of a sum of floats depends on the order of the rows
MASTERY = "sum((score * 1e15)::int8)::float8 / count(*) / 1e15"
WEIGHT = "sum((weight * 1e12)::int8)::float8 / 1e12"

FACTS = Statement(
    f"""
    SELECT s.id, s.time_zone,
      coalesce((SELECT jsonb_object_agg(subject, mastery) FROM (
        SELECT subject, {MASTERY} AS mastery FROM progress
        WHERE student_id = s.id GROUP BY subject) m), '{{}}') AS mastery,
      coalesce((SELECT jsonb_object_agg(subject, weight) FROM (
        SELECT subject, {WEIGHT} AS weight FROM epreuves_plan
        WHERE student_id = s.id AND subject IS NOT NULL GROUP BY subject) w), '{{}}') AS weights,
      coalesce((SELECT sum((weight * 1e12)::int8)::float8 / 1e12 FROM epreuves_plan
        WHERE student_id = s.id AND subject IS NULL AND kind <> 'OPTION'), 0) AS open_weight,
      CASE WHEN s.track = 'Premiere' AND s.voie = 'GENERALE'
        THEN s.specialities::text[] ELSE '{{}}' END AS open_specialities,
      EXISTS (SELECT FROM epreuves_plan WHERE student_id = s.id) AS has_plan,
      ARRAY(
        SELECT DISTINCT (at AT TIME ZONE s.time_zone)::date FROM events
        WHERE student_id = s.id AND actor_role = 'STUDENT' AND at <= $2) AS active_days,
      (SELECT score_20 FROM evaluations WHERE student_id = s.id AND status = 'Corrigé'
        ORDER BY graded_at DESC, id DESC LIMIT 1) AS last_eval_score,
      (SELECT count(*) FROM tasks WHERE student_id = s.id AND status = 'Todo') AS open_task_count,
      (SELECT min(slot_start) FROM sessions
        WHERE student_id = s.id AND status <> 'Annulé' AND slot_start >= $2) AS next_session_at
    FROM students s WHERE s.id = ANY ($1::uuid[])
    """,  # noqa: S608  made of our own words
    ("keys", "clock"),
)

# the figures themselves, of one student: `services.dashboard.kpis`, step by step
KPIS = Stated(
    """
    SELECT
      (SELECT coalesce(least(1.0::float8, greatest(0.0::float8,
          sum((mastery * 1e15)::int8::numeric * share)::float8
          / nullif(sum(share), 0)::float8 / 1e15)), 0)
        FROM (
          SELECT mastery, CASE WHEN planned THEN coalesce((weight * 1e12)::int8, 0)
                          ELSE 1000000000000 END AS share
          FROM (SELECT sum(known)::float8 / count(known) / 1e15 AS mastery,
                       sum(weight)::float8 / 1e12 AS weight
                FROM (SELECT subject, (score * 1e15)::int8 AS known, NULL::int8 AS weight
                      FROM progress WHERE student_id = :id
                      UNION ALL
                      SELECT subject, NULL, (weight * 1e12)::int8
                      FROM epreuves_plan WHERE student_id = :id
                      UNION ALL
                      SELECT speciality, NULL, open.weight / cardinality(:specialities)
                      FROM (SELECT sum((weight * 1e12)::int8)::int8 AS weight FROM epreuves_plan
                            WHERE student_id = :id AND subject IS NULL AND kind <> 'OPTION') open
                      CROSS JOIN unnest(:specialities) AS speciality
                      WHERE :track = 'Premiere' AND :voie = 'GENERALE') entries
                GROUP BY subject HAVING count(known) > 0) subjects
          CROSS JOIN (SELECT EXISTS (SELECT FROM epreuves_plan WHERE student_id = :id)
                      AS planned) plan
        ) shares
      ) AS progress_overall,
      (SELECT coalesce(CASE WHEN max(day) >= max(today) - 1
          THEN count(*) FILTER (WHERE day + place = latest + 1) END, 0)
        FROM (SELECT day, today, row_number() OVER (ORDER BY day DESC)::int AS place,
                     max(day) OVER () AS latest
              FROM (SELECT (:clock AT TIME ZONE :time_zone)::date AS today) clock
              CROSS JOIN LATERAL (
                SELECT DISTINCT (at AT TIME ZONE :time_zone)::date AS day FROM events
                WHERE student_id = :id AND actor_role = 'STUDENT' AND at <= :clock) active
             ) counted
      ) AS streak_days,
      (SELECT score_20 FROM evaluations WHERE student_id = :id AND status = 'Corrigé'
        ORDER BY graded_at DESC, id DESC LIMIT 1) AS last_eval_score,
      (SELECT count(*) FROM tasks WHERE student_id = :id AND status = 'Todo') AS open_task_count,
      (SELECT min(slot_start) FROM sessions
        WHERE student_id = :id AND status <> 'Annulé' AND slot_start >= :clock) AS next_session_at
    """,
    # a streak is of days; an act that is dated ahead joins it when its hour comes
    until=f"""
    least({midnight(TOMORROW, ":time_zone")},
      (SELECT min(slot_start) FROM sessions
       WHERE student_id = :id AND status <> 'Annulé' AND slot_start >= :clock),
      (SELECT min(at) FROM events
       WHERE student_id = :id AND actor_role = 'STUDENT' AND at > :clock))
    """,  # noqa: S608  made of our own words
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
