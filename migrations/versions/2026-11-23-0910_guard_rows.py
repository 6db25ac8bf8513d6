"""Guard the rows: the API's role, the second lock on every table, and the cohort summary.

Revision ID: guard_rows
Revises: create_core
"""

from alembic import op

revision = "guard_rows"
down_revision = "create_core"
branch_labels = None
depends_on = None

# tables whose rows belong to the student named by `student_id`
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
)
VIEWER = "(SELECT current_setting('nexus.viewer', true))"
ROLE = "(SELECT current_setting('nexus.role', true))"
MINE = "ANY ((SELECT nexus_app.viewer_students())::uuid[])"

# predicates by table; a row that fails them does not exist for the API's role
POLICIES = {
    "students": f"{ROLE} = 'ADMIN' OR id = {MINE}",
    **dict.fromkeys(OWNED, f"{ROLE} = 'ADMIN' OR student_id = {MINE}"),
    "events": f"{ROLE} = 'ADMIN' OR student_id = {MINE}",
    "jobs": f"{ROLE} = 'ADMIN' OR student_id = {MINE} OR requested_by = {VIEWER}",
    "uploads": f"{ROLE} = 'ADMIN' OR owner_id = {VIEWER}",
    "resources": f"{ROLE} = 'ADMIN' OR visibility <> 'PRIVATE' OR owner_id = {VIEWER}",
    "resource_chunks": (
        "EXISTS (SELECT FROM nexus_app.resources r WHERE r.id = resource_chunks.resource_id)"
    ),
    "idempotency_keys": f"actor_id = {VIEWER}",
    "coach_availabilities": "true",  # anyone may look for a free hour
}

# who may change the rows of a table that more may read
KEEPERS = {
    "jobs": (
        f"{ROLE} = 'ADMIN' OR student_id = {MINE}"
        f" OR (student_id IS NULL AND requested_by = {VIEWER})"
    ),
    "resources": f"{ROLE} = 'ADMIN' OR owner_id = {VIEWER}",
    "resource_chunks": (
        "EXISTS (SELECT FROM nexus_app.resources r WHERE r.id = resource_chunks.resource_id"
        f" AND ({ROLE} = 'ADMIN' OR r.owner_id = {VIEWER}))"
    ),
    "coach_availabilities": f"{ROLE} = 'ADMIN' OR coach_id = {VIEWER}",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    # roles belong to the cluster: another database of it, or its keeper, may have made this one
    op.execute(
        """
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_api') THEN
            CREATE ROLE nexus_api NOLOGIN;
          END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    op.execute(
        """
        DO $$ BEGIN
          GRANT nexus_api TO CURRENT_USER;
        EXCEPTION WHEN insufficient_privilege THEN
          -- the role is its keeper's to grant, who may have done so
          IF NOT pg_has_role(current_user, 'nexus_api', 'MEMBER') THEN RAISE; END IF;
        END $$
        """
    )
    op.execute("GRANT USAGE ON SCHEMA nexus_app TO nexus_api")
    op.execute("GRANT SELECT ON nexus_app.alembic_version TO nexus_api")

    op.execute(
        """
        CREATE FUNCTION nexus_app.f_unaccent(text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        AS $$ SELECT public.unaccent('public.unaccent', $1) $$
        """
    )
    op.execute(
        """
        CREATE INDEX ix_students_search ON nexus_app.students
        USING gin (lower(nexus_app.f_unaccent(display_name)) public.gin_trgm_ops)
        """
    )

    # runs as its owner: it must read the links before the gate that is made of them
    op.execute(
        """
        CREATE FUNCTION nexus_app.viewer_students() RETURNS uuid[]
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
    )
    for table, predicate in POLICIES.items():
        acts = "SELECT" if table in KEEPERS else "ALL"
        op.execute(f"ALTER TABLE nexus_app.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY viewer ON nexus_app.{table} FOR {acts} TO nexus_api USING ({predicate})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON nexus_app.{table} TO nexus_api")
    for table, predicate in KEEPERS.items():
        op.execute(f"CREATE POLICY keeper ON nexus_app.{table} TO nexus_api USING ({predicate})")
    op.execute("REVOKE UPDATE, DELETE ON nexus_app.events FROM nexus_api")

    # The clock is an argument here too: `refresh_dashboard_summary` sets `nexus.clock`.
    # The definitions are those of `services/dashboard.py`; a test holds the two together.
    op.execute(
        """
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
                     THEN coalesce((SELECT sum(weight) FROM nexus_app.epreuves_plan x
                                    WHERE x.student_id = s.id AND x.subject = g.subject), 0)
                     ELSE 1 END AS weight
            FROM nexus_app.progress g WHERE g.student_id = s.id GROUP BY g.subject
          ) m
        ) p ON true
        LEFT JOIN LATERAL (
          SELECT score_20 FROM nexus_app.evaluations
          WHERE student_id = s.id AND status = 'Corrigé'
          ORDER BY graded_at DESC, id DESC LIMIT 1
        ) e ON true
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX ix_mv_dashboard_summary_student_id"
        " ON nexus_app.mv_dashboard_summary (student_id)"
    )
    op.execute(
        """
        CREATE FUNCTION nexus_app.refresh_dashboard_summary(clock timestamptz) RETURNS void
        LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM set_config('nexus.clock', clock::text, true);
          REFRESH MATERIALIZED VIEW CONCURRENTLY nexus_app.mv_dashboard_summary;
        END $$
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute("DROP FUNCTION nexus_app.refresh_dashboard_summary(timestamptz)")
    op.execute("DROP MATERIALIZED VIEW nexus_app.mv_dashboard_summary")
    for table in KEEPERS:
        op.execute(f"DROP POLICY keeper ON nexus_app.{table}")
    for table in POLICIES:
        op.execute(f"DROP POLICY viewer ON nexus_app.{table}")
        op.execute(f"ALTER TABLE nexus_app.{table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION nexus_app.viewer_students()")
    op.execute("DROP INDEX nexus_app.ix_students_search")
    op.execute("DROP FUNCTION nexus_app.f_unaccent(text)")
    op.execute("DROP OWNED BY nexus_api")
    # the role goes too, unless another database still grants to it or it is another's to drop
    op.execute(
        """
        DO $$ BEGIN
          DROP ROLE nexus_api;
        EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;
        END $$
        """
    )
