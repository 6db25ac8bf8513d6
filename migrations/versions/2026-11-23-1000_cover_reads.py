"""Cover what dashboards and lists read, and ask whom the viewer sees at a third of the price.

Revision ID: cover_reads
Revises: queue_jobs
"""

import sqlalchemy as sa
from alembic import op

revision = "cover_reads"
down_revision = "queue_jobs"
branch_labels = None
depends_on = None

OPEN = "status = 'Todo'"
KEPT = "status <> 'Annulé'"

# every statement asks this for each of its tables; plpgsql keeps the plans of its queries
VIEWER_STUDENTS = """
    CREATE OR REPLACE FUNCTION nexus_app.viewer_students() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = nexus_app, pg_temp
    AS $$
    DECLARE
      viewer CONSTANT text := current_setting('nexus.viewer', true);
    BEGIN
      CASE current_setting('nexus.role', true)
        WHEN 'STUDENT' THEN
          RETURN ARRAY(SELECT id FROM students WHERE user_id = viewer);
        WHEN 'PARENT' THEN
          RETURN ARRAY(SELECT student_id FROM guardianships WHERE person_id = viewer);
        WHEN 'COACH' THEN
          RETURN ARRAY(SELECT student_id FROM coachings WHERE person_id = viewer);
        ELSE
          RETURN '{}'::uuid[];
      END CASE;
    END
    $$
"""
# a statement that reads many tables asks once, and keeps the answer for its own duration in
# `nexus.sees`: whoever can set that could set `nexus.viewer` as well. Inlined by the planner.
VIEWER_SEES = """
    CREATE FUNCTION nexus_app.viewer_sees() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
      SELECT coalesce(
        nullif(current_setting('nexus.sees', true), '')::uuid[], nexus_app.viewer_students())
    $$
"""
OWNED = (
    "guardianships",
    "coachings",
    "entitlements",
    "progress",
    "progress_points",
    "tasks",
    "sessions",
    "evaluations",
    "evaluation_items",
    "copies",
    "epreuves_plan",
    "favorites",
    "reports",
    "events",
)
# the students first: the role is looked at only where they do not include the row's
MINE = "ANY ((SELECT nexus_app.viewer_sees())::uuid[])"
ADMIN = "current_setting('nexus.role', true) = 'ADMIN'"
VIEWER = "(SELECT current_setting('nexus.viewer', true))"
POLICIES = {
    "students": f"id = {MINE} OR {ADMIN}",
    **dict.fromkeys(OWNED, f"student_id = {MINE} OR {ADMIN}"),
    "jobs": f"student_id = {MINE} OR {ADMIN} OR requested_by = {VIEWER}",
}
MINE_BEFORE = "ANY ((SELECT nexus_app.viewer_students())::uuid[])"
ADMIN_BEFORE = "(SELECT current_setting('nexus.role', true)) = 'ADMIN'"
POLICIES_BEFORE = {
    "students": f"{ADMIN_BEFORE} OR id = {MINE_BEFORE}",
    **dict.fromkeys(OWNED, f"{ADMIN_BEFORE} OR student_id = {MINE_BEFORE}"),
    "jobs": f"{ADMIN_BEFORE} OR student_id = {MINE_BEFORE} OR requested_by = {VIEWER}",
}
VIEWER_STUDENTS_BEFORE = """
    CREATE OR REPLACE FUNCTION nexus_app.viewer_students() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = nexus_app, pg_temp
    AS $$
      SELECT CASE current_setting('nexus.role', true)
        WHEN 'STUDENT' THEN ARRAY(
          SELECT id FROM students WHERE user_id = current_setting('nexus.viewer', true))
        WHEN 'PARENT' THEN ARRAY(
          SELECT student_id FROM guardianships
          WHERE person_id = current_setting('nexus.viewer', true))
        WHEN 'COACH' THEN ARRAY(
          SELECT student_id FROM coachings
          WHERE person_id = current_setting('nexus.viewer', true))
        ELSE '{}'::uuid[]
      END
    $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.drop_index("ix_tasks_open", "tasks", schema="nexus_app")
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["student_id", sa.text("weight DESC"), "due_at"],
        schema="nexus_app",
        postgresql_where=sa.text(OPEN),
        postgresql_include=["id", "label", "subject", "chapter_code"],
    )
    op.create_index(
        "ix_sessions_kept",
        "sessions",
        ["student_id", "slot_start", "id"],
        schema="nexus_app",
        postgresql_where=sa.text(KEPT),
        postgresql_include=["slot_end", "kind", "status", "title"],
    )
    op.create_index(
        "ix_progress_mastery",
        "progress",
        ["student_id", "subject"],
        schema="nexus_app",
        postgresql_include=["score"],
    )
    op.create_index(
        "ix_epreuves_plan_weights",
        "epreuves_plan",
        # not by subject: comparing enums is not leakproof, so no policy lets an index do it
        ["student_id", "scheduled_at"],
        schema="nexus_app",
        postgresql_include=["subject", "weight", "kind"],
    )
    op.create_index(
        "ix_events_of_students",
        "events",
        ["student_id", "at"],
        schema="nexus_app",
        postgresql_where=sa.text("actor_role = 'STUDENT'"),
    )
    # often updated: pages must be seen all-visible soon, or covering them is in vain
    op.execute(
        "ALTER TABLE nexus_app.progress SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.05)"
    )
    op.execute(VIEWER_STUDENTS)
    op.execute(VIEWER_SEES)
    for table, predicate in POLICIES.items():
        op.execute(f"ALTER POLICY viewer ON nexus_app.{table} USING ({predicate})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for table, predicate in POLICIES_BEFORE.items():
        op.execute(f"ALTER POLICY viewer ON nexus_app.{table} USING ({predicate})")
    op.execute("DROP FUNCTION nexus_app.viewer_sees()")
    op.execute(VIEWER_STUDENTS_BEFORE)
    op.execute(
        "ALTER TABLE nexus_app.progress RESET (autovacuum_vacuum_scale_factor,"
        " autovacuum_vacuum_insert_scale_factor)"
    )
    op.drop_index("ix_events_of_students", "events", schema="nexus_app")
    op.drop_index("ix_epreuves_plan_weights", "epreuves_plan", schema="nexus_app")
    op.drop_index("ix_progress_mastery", "progress", schema="nexus_app")
    op.drop_index("ix_sessions_kept", "sessions", schema="nexus_app")
    op.drop_index("ix_tasks_open", "tasks", schema="nexus_app")
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["student_id", sa.text("weight DESC"), "due_at"],
        schema="nexus_app",
        postgresql_where=sa.text(OPEN),
    )
