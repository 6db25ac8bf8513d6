"""Weigh the specialities of première in the summary: nobody has given one up yet.

Revision ID: weigh_open_specialities
Revises: word_tasks
"""

from alembic import op

revision = "weigh_open_specialities"
down_revision = "word_tasks"
branch_labels = None
depends_on = None

NAMED = """coalesce((SELECT sum(weight) FROM nexus_app.epreuves_plan x
                          WHERE x.student_id = s.id AND x.subject = g.subject), 0)"""
OPEN = """CASE WHEN s.track = 'Premiere' AND s.voie = 'GENERALE'
                  AND g.subject = ANY (s.specialities)
                 THEN coalesce((SELECT sum(weight) FROM nexus_app.epreuves_plan x
                                WHERE x.student_id = s.id AND x.subject IS NULL
                                  AND x.kind <> 'OPTION'), 0) / cardinality(s.specialities)
                 ELSE 0 END"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    _replace(f"{NAMED} + {OPEN}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    _replace(NAMED)


def _replace(weight: str) -> None:
    """The definitions are those of `services/dashboard.py`; a test holds the two together."""
    op.execute("DROP MATERIALIZED VIEW nexus_app.mv_dashboard_summary")
    op.execute(
        f"""
        CREATE MATERIALIZED VIEW nexus_app.mv_dashboard_summary AS
        SELECT s.id AS student_id,
               coalesce(p.overall, 0) AS progress_overall,
               e.score_20 AS last_eval_score,
               (SELECT min(slot_start) FROM nexus_app.sessions
                WHERE student_id = s.id AND status <> 'Annulé'
                  AND slot_start >= nullif(current_setting('nexus.clock', true), '')::timestamptz
               ) AS next_session_at,
               (SELECT count(*) FROM nexus_app.tasks
                WHERE student_id = s.id AND status = 'Todo')::int AS tasks_open_count
        FROM nexus_app.students s
        LEFT JOIN LATERAL (
          SELECT sum(m.mastery * m.weight) / nullif(sum(m.weight), 0) AS overall
          FROM (
            SELECT avg(g.score) AS mastery,
                   CASE WHEN EXISTS (SELECT FROM nexus_app.epreuves_plan
                                     WHERE student_id = s.id)
                     THEN {weight}
                     ELSE 1 END AS weight
            FROM nexus_app.progress g WHERE g.student_id = s.id GROUP BY g.subject
          ) m
        ) p ON true
        LEFT JOIN LATERAL (
          SELECT score_20 FROM nexus_app.evaluations
          WHERE student_id = s.id AND status = 'Corrigé'
          ORDER BY graded_at DESC, id DESC LIMIT 1
        ) e ON true
        """  # noqa: S608  made of our own words
    )
    op.execute(
        "CREATE UNIQUE INDEX ix_mv_dashboard_summary_student_id"
        " ON nexus_app.mv_dashboard_summary (student_id)"
    )
