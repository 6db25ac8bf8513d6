"""Queue jobs: pgqueuer's tables, the worker's role, and what that role may have done for it.

Revision ID: queue_jobs
Revises: keep_library
"""

import re
from pathlib import Path

from alembic import op

revision = "queue_jobs"
down_revision = "keep_library"
branch_labels = None
depends_on = None

# as pgqueuer 1.6 prints it (`pgq sql install`): kept, so that this step never changes
TABLES = Path(__file__).parents[1] / "pgqueuer-1.6.sql"
REFRESH = "nexus_app.refresh_dashboard_summary(timestamptz)"
FORGET = "nexus_app.forget_idempotency_keys(timestamptz, integer)"

# whose work it is: the queue takes and shows only what is about a job that the viewer sees
SEEN = "EXISTS (SELECT FROM nexus_app.jobs j WHERE j.id = (headers ->> 'job')::uuid)"

# what the library does on the worker's behalf, and no more
WORKER = {
    "pgqueuer": "SELECT, UPDATE, DELETE",
    "pgqueuer_log": "SELECT, INSERT, DELETE",
    "pgqueuer_schedules": "SELECT, INSERT, UPDATE",
    "pgqueuer_statistics": "SELECT",  # it only looks whether the table is there
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    for statement in re.split(r"(?<=;)\n\n(?=CREATE )", TABLES.read_text()):
        op.execute(statement)
    make_role()

    # the API puts work into the queue, and finds what it has put there
    op.execute("GRANT USAGE ON SEQUENCE nexus_app.pgqueuer_id_seq TO nexus_api")
    op.execute(
        "GRANT INSERT (id, priority, entrypoint, payload, execute_after, dedupe_key, headers,"
        " status), SELECT (id, priority, entrypoint, dedupe_key, headers, status)"
        " ON nexus_app.pgqueuer TO nexus_api"
    )
    op.execute(
        "GRANT INSERT (job_id, status, entrypoint, priority) ON nexus_app.pgqueuer_log TO nexus_api"
    )
    for table, acts in WORKER.items():
        op.execute(f"ALTER TABLE nexus_app.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT {acts} ON nexus_app.{table} TO nexus_worker")
        op.execute(f"CREATE POLICY worker ON nexus_app.{table} TO nexus_worker USING (true)")
    op.execute("GRANT USAGE ON SEQUENCE nexus_app.pgqueuer_schedules_id_seq TO nexus_worker")
    op.execute(f"CREATE POLICY asked ON nexus_app.pgqueuer FOR SELECT TO nexus_api USING ({SEEN})")
    op.execute(
        "CREATE POLICY ask ON nexus_app.pgqueuer FOR INSERT TO nexus_api"
        f" WITH CHECK (status = 'queued' AND {SEEN})"
    )
    op.execute(
        "CREATE POLICY ask ON nexus_app.pgqueuer_log FOR INSERT TO nexus_api"
        " WITH CHECK (status = 'queued')"
    )

    # runs as its owner, for only an owner may refresh
    op.execute(f"ALTER FUNCTION {REFRESH} SECURITY DEFINER SET search_path = nexus_app, pg_temp")
    # runs as its owner: the keys of all, which the API never sees, and no other row
    op.execute(
        """
        CREATE FUNCTION nexus_app.forget_idempotency_keys(
          kept_from timestamptz, at_most integer
        ) RETURNS integer
        LANGUAGE sql SECURITY DEFINER
        SET search_path = nexus_app, pg_temp
        AS $$
          WITH gone AS (
            DELETE FROM idempotency_keys WHERE id IN (
              SELECT id FROM idempotency_keys WHERE created_at < kept_from
              ORDER BY created_at LIMIT at_most FOR UPDATE SKIP LOCKED
            ) RETURNING id
          )
          SELECT count(*)::integer FROM gone
        $$
        """
    )
    for function in (REFRESH, FORGET):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO nexus_worker")
    op.execute(
        "CREATE INDEX ix_entitlements_expires_at ON nexus_app.entitlements (expires_at)"
        " WHERE expires_at IS NOT NULL"
    )


def make_role() -> None:
    """The worker's role; one of the cluster, as the API's is, and made in the same way."""
    op.execute(
        """
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_worker') THEN
            CREATE ROLE nexus_worker NOLOGIN;
          END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    op.execute(
        """
        DO $$ BEGIN
          GRANT nexus_worker TO CURRENT_USER;
        EXCEPTION WHEN insufficient_privilege THEN
          -- the role is its keeper's to grant, who may have done so
          IF NOT pg_has_role(current_user, 'nexus_worker', 'MEMBER') THEN RAISE; END IF;
        END $$
        """
    )
    op.execute("GRANT USAGE ON SCHEMA nexus_app TO nexus_worker")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute("DROP INDEX nexus_app.ix_entitlements_expires_at")
    op.execute(f"DROP FUNCTION {FORGET}")
    op.execute(f"ALTER FUNCTION {REFRESH} SECURITY INVOKER RESET search_path")
    op.execute(f"GRANT EXECUTE ON FUNCTION {REFRESH} TO PUBLIC")
    for table in WORKER:
        op.execute(f"DROP TABLE nexus_app.{table}")
    op.execute("DROP FUNCTION nexus_app.fn_pgqueuer_changed()")
    op.execute("DROP TYPE nexus_app.pgqueuer_status")
    op.execute("DROP OWNED BY nexus_worker")
    # the role goes too, unless another database still grants to it or it is another's to drop
    op.execute(
        """
        DO $$ BEGIN
          DROP ROLE nexus_worker;
        EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;
        END $$
        """
    )
