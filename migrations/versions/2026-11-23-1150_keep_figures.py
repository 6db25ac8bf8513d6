"""Keep the key figures, and what moves a priority, as columns that are right when a write ends.

Revision ID: keep_figures
Revises: show_last_measures
"""

import sqlalchemy as sa
from alembic import op

revision = "keep_figures"
down_revision = "show_last_measures"
branch_labels = None
depends_on = None

FLOAT, WHOLE = "double precision NOT NULL DEFAULT 0", "integer NOT NULL DEFAULT 0"
OF_STUDENTS = {
    "progress_overall": FLOAT,
    "total_weight": FLOAT,
    "open_task_count": WHOLE,
    "last_eval_score": "double precision",
    "active_on": "date",
    "active_days": WHOLE,
}
OF_TASKS = {"chapter_mastery": "double precision", "exam_on": "date"}

# --- the rules, each in one place: those of `services/dashboard.py`, `services/epreuves.py` and
# `models/priority.py`. Added up in whole numbers: the last bit of a sum of floats depends on the
# order of the rows.

RULES = {
    "progress_overall_of(student nexus_app.students) RETURNS float8": """
        SELECT coalesce(least(1.0::float8, greatest(0.0::float8,
            sum((mastery * 1e15)::int8::numeric * share)::float8
            / nullif(sum(share), 0)::float8 / 1e15)), 0)
        FROM (
          SELECT mastery, CASE WHEN planned THEN coalesce((weight * 1e12)::int8, 0)
                          ELSE 1000000000000 END AS share
          FROM (SELECT sum(known)::float8 / count(known) / 1e15 AS mastery,
                       sum(weight)::float8 / 1e12 AS weight
                FROM (SELECT subject, (score * 1e15)::int8 AS known, NULL::int8 AS weight
                      FROM nexus_app.progress WHERE student_id = student.id
                      UNION ALL
                      SELECT subject, NULL, (weight * 1e12)::int8
                      FROM nexus_app.epreuves_plan WHERE student_id = student.id
                      UNION ALL
                      SELECT speciality, NULL, open.weight / cardinality(student.specialities)
                      FROM (SELECT sum((weight * 1e12)::int8)::int8 AS weight
                            FROM nexus_app.epreuves_plan
                            WHERE student_id = student.id AND subject IS NULL
                              AND kind <> 'OPTION') open
                      CROSS JOIN unnest(student.specialities) AS speciality
                      WHERE student.track = 'Premiere' AND student.voie = 'GENERALE') entries
                GROUP BY subject HAVING count(known) > 0) subjects
          CROSS JOIN (SELECT EXISTS (SELECT FROM nexus_app.epreuves_plan
                                     WHERE student_id = student.id) AS planned) plan
        ) shares""",
    "total_weight_of(pupil uuid) RETURNS float8": """
        SELECT coalesce(sum((weight * 1e12)::int8)::float8, 0) / 1e12
        FROM nexus_app.epreuves_plan WHERE student_id = pupil AND kind <> 'OPTION'""",
    "open_task_count_of(pupil uuid) RETURNS integer": """
        SELECT count(*)::integer FROM nexus_app.tasks
        WHERE student_id = pupil AND status = 'Todo'""",
    "last_eval_score_of(pupil uuid) RETURNS float8": """
        SELECT score_20 FROM nexus_app.evaluations
        WHERE student_id = pupil AND status = 'Corrigé' ORDER BY graded_at DESC, id DESC LIMIT 1""",
    "last_run_of(pupil uuid, zone text, OUT active_on date, OUT active_days integer)": """
        SELECT max(day), (count(*) FILTER (WHERE day + place = latest + 1))::integer
        FROM (SELECT day, row_number() OVER (ORDER BY day DESC)::integer AS place,
                     max(day) OVER () AS latest
              FROM (SELECT DISTINCT (at AT TIME ZONE zone)::date AS day FROM nexus_app.events
                    WHERE student_id = pupil AND actor_role = 'STUDENT') acts) counted""",
    "chapter_mastery_of(pupil uuid, chapter text) RETURNS float8": """
        SELECT avg(score ORDER BY competence_code) FROM nexus_app.progress
        WHERE student_id = pupil AND chapter_code = chapter""",
    "exam_on_of(pupil uuid, examined nexus_app.subject) RETURNS date": """
        SELECT min(scheduled_at) FROM nexus_app.epreuves_plan
        WHERE student_id = pupil AND subject = examined""",
}

# --- the row that carries the figures: whatever its writer says they are, they are what is so

OWN = {
    "students": (
        "track, voie, specialities, time_zone",
        """
        IF TG_OP = 'INSERT' THEN  -- nothing belongs to it yet
          NEW.progress_overall := 0; NEW.total_weight := 0; NEW.open_task_count := 0;
          NEW.last_eval_score := NULL; NEW.active_on := NULL; NEW.active_days := 0;
        ELSE
          NEW.progress_overall := progress_overall_of(NEW);
          NEW.total_weight := total_weight_of(NEW.id);
          NEW.open_task_count := open_task_count_of(NEW.id);
          NEW.last_eval_score := last_eval_score_of(NEW.id);
          SELECT * INTO NEW.active_on, NEW.active_days FROM last_run_of(NEW.id, NEW.time_zone);
        END IF;""",
        OF_STUDENTS,
    ),
    "tasks": (
        "student_id, chapter_code, subject",
        """
        NEW.chapter_mastery := chapter_mastery_of(NEW.student_id, NEW.chapter_code);
        NEW.exam_on := exam_on_of(NEW.student_id, NEW.subject);""",
        OF_TASKS,
    ),
}

# --- the rows that the figures are made of: what of them matters, what beside the student says
# which figures they move, and what becomes of these. `pupils` and `keys` are theirs.

COUNTED = """
    UPDATE students s SET {column} = now.figure
    FROM (SELECT id, {rule} AS figure FROM students student
          WHERE id = ANY (pupils) OFFSET 0) now
    WHERE s.id = now.id AND s.{column} IS DISTINCT FROM now.figure;"""
PROGRESS = COUNTED.format(column="progress_overall", rule="progress_overall_of(student)")
WEIGHT = COUNTED.format(column="total_weight", rule="total_weight_of(id)")
COUNT = COUNTED.format(column="open_task_count", rule="open_task_count_of(id)")
SCORE = COUNTED.format(column="last_eval_score", rule="last_eval_score_of(id)")
MOVED = """
    UPDATE tasks t SET {column} = now.figure
    FROM (SELECT pupil, key, {rule}(pupil, key) AS figure
          FROM unnest(pupils, keys) AS moved (pupil, key) WHERE key IS NOT NULL OFFSET 0) now
    WHERE t.student_id = now.pupil AND t.{key} = now.key
      AND t.{column} IS DISTINCT FROM now.figure;"""
MASTERY = MOVED.format(column="chapter_mastery", rule="chapter_mastery_of", key="chapter_code")
EXAM = MOVED.format(column="exam_on", rule="exam_on_of", key="subject")
# an act of the day of the last one moves nothing, one of a later day goes on or begins anew; only
# where days come before the run, or several at once, are all acts read
STREAK = """
    UPDATE students s SET active_on = run.active_on, active_days = run.active_days
    FROM (SELECT k.id, k.time_zone, k.active_on, k.active_days,
                 min((at AT TIME ZONE k.time_zone)::date) AS first,
                 max((at AT TIME ZONE k.time_zone)::date) AS last
          FROM after JOIN students k ON k.id = student_id
          WHERE actor_role = 'STUDENT' GROUP BY k.id) acts
    CROSS JOIN LATERAL (
      SELECT last AS active_on,
             CASE WHEN acts.active_on = last - 1 THEN acts.active_days + 1 ELSE 1 END AS active_days
      WHERE first = last AND (acts.active_on < last OR acts.active_on IS NULL)
      UNION ALL
      SELECT found.* FROM last_run_of(acts.id, acts.time_zone) found
      WHERE first <= acts.active_on - acts.active_days
         OR first <> last AND (acts.active_on < last OR acts.active_on IS NULL)
    ) run
    WHERE s.id = acts.id
      AND (s.active_on, s.active_days) IS DISTINCT FROM (run.active_on, run.active_days);"""
STREAK_ANEW = """
    UPDATE students s SET active_on = now.active_on, active_days = now.active_days
    FROM (SELECT k.id, run.* FROM students k
          CROSS JOIN LATERAL last_run_of(k.id, k.time_zone) run
          WHERE k.id = ANY (pupils) OFFSET 0) now
    WHERE s.id = now.id AND (s.active_on, s.active_days)
      IS DISTINCT FROM (now.active_on, now.active_days);"""
# who measured or dated meanwhile has committed by now, and did not see these tasks
TASKS_ANEW = """
    UPDATE tasks t SET chapter_mastery = now.mastery, exam_on = now.day
    FROM (SELECT id, chapter_mastery_of(student_id, chapter_code) AS mastery,
                 exam_on_of(student_id, subject) AS day
          FROM after WHERE chapter_code IS NOT NULL OR subject IS NOT NULL OFFSET 0) now
    WHERE t.id = now.id AND (t.chapter_mastery, t.exam_on) IS DISTINCT FROM (mastery, day);"""
# `before` and `after` are never joined: a plan made for one row would be run for 50,000
MOVED_TASKS = """
    EXISTS (SELECT id, student_id, chapter_code, subject FROM after
            EXCEPT SELECT id, student_id, chapter_code, subject FROM before)"""
MADE_OF = {
    "progress": (
        "student_id, subject, chapter_code, competence_code, score",
        "chapter_code",
        f"{PROGRESS} {MASTERY}",
    ),
    "epreuves_plan": (
        "student_id, subject, kind, weight, scheduled_at",
        "subject",
        f"{PROGRESS} {WEIGHT} {EXAM}",
    ),
    "evaluations": ("student_id, status, score_20, graded_at", "NULL::text", SCORE),
    "events": (
        "student_id, at, actor_role",
        "NULL::text",
        f"IF TG_OP = 'INSERT' THEN {STREAK} ELSE {STREAK_ANEW} END IF;",
    ),
    "tasks": (
        "student_id, status, chapter_code, subject",
        "NULL::text",
        f"""{COUNT}
        IF TG_OP = 'INSERT' THEN {TASKS_ANEW}
        ELSIF TG_OP = 'UPDATE' THEN
          IF {MOVED_TASKS} THEN {TASKS_ANEW} END IF;
        END IF;""",
    ),
}
ONLY = {"events": "WHERE actor_role = 'STUDENT'"}  # whose other rows move nothing
KEYS = {"epreuves_plan": "nexus_app.subject[]"}  # of another type than text
ROWS = {
    "INSERT": ("NEW TABLE AS after", "SELECT id, {columns} FROM after"),
    "DELETE": ("OLD TABLE AS before", "SELECT id, {columns} FROM before"),
    "UPDATE": (
        "OLD TABLE AS before NEW TABLE AS after",
        "(SELECT id, {columns} FROM before EXCEPT SELECT id, {columns} FROM after)"
        " UNION (SELECT id, {columns} FROM after EXCEPT SELECT id, {columns} FROM before)",
    ),
}
TOUCHED = """
          WHEN '{event}' THEN
            SELECT array_agg(student_id), array_agg({key}) INTO pupils, keys
            FROM (SELECT DISTINCT {distinct} FROM ({rows}) changed {only}) moved;"""
# as their owner: the figures are of all rows, whoever writes, and who writes need not see them.
# One plan for all runs: each is a look into an index or two, and planning it takes longer.
AS_OWNER = """RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = nexus_app, pg_temp SET plan_cache_mode = force_generic_plan"""

SUMMARY = """
    SELECT s.id AS student_id, s.progress_overall, s.last_eval_score,
           (SELECT min(slot_start) FROM nexus_app.sessions
            WHERE student_id = s.id AND status <> 'Annulé'
              AND slot_start >= nullif(current_setting('nexus.clock', true), '')::timestamptz
           ) AS next_session_at,
           s.open_task_count AS tasks_open_count
    FROM nexus_app.students s
"""
SUMMARY_BEFORE = """
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
               CASE WHEN EXISTS (SELECT FROM nexus_app.epreuves_plan WHERE student_id = s.id)
                 THEN coalesce((SELECT sum(weight) FROM nexus_app.epreuves_plan x
                                WHERE x.student_id = s.id AND x.subject = g.subject), 0)
                   + CASE WHEN s.track = 'Premiere' AND s.voie = 'GENERALE'
                            AND g.subject = ANY (s.specialities)
                       THEN coalesce((SELECT sum(weight) FROM nexus_app.epreuves_plan x
                                      WHERE x.student_id = s.id AND x.subject IS NULL
                                        AND x.kind <> 'OPTION'), 0) / cardinality(s.specialities)
                       ELSE 0 END
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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    # what is written meanwhile would be neither reckoned here nor by the triggers to come
    op.execute("LOCK TABLE nexus_app.students, nexus_app.tasks IN ACCESS EXCLUSIVE MODE")
    sources = ", ".join(f"nexus_app.{table}" for table in MADE_OF)
    op.execute(f"LOCK TABLE {sources} IN SHARE ROW EXCLUSIVE MODE")
    for table, (_, _, columns) in OWN.items():
        added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns.items())
        op.execute(f"ALTER TABLE nexus_app.{table} {added}")
    for signature, rule in RULES.items():
        make_function(f"{signature} LANGUAGE sql STABLE AS $$ {rule} $$")
    for table, (moved_by, body, columns) in OWN.items():
        keep_own(table, moved_by, body, columns)
    # every row: one that is touched has its figures computed, which takes long in a large school
    op.execute("SET LOCAL statement_timeout = '30min'")
    op.execute("UPDATE nexus_app.students SET progress_overall = progress_overall")
    op.execute(
        "UPDATE nexus_app.tasks SET exam_on = exam_on"
        " WHERE chapter_code IS NOT NULL OR subject IS NOT NULL"
    )
    for table, (columns, key, body) in MADE_OF.items():
        keep_made_of(table, columns, key, body)
    # all that an order by priority reads of an open task
    show_open_tasks("id", "label", "subject", "chapter_mastery", "exam_on")
    summarize(SUMMARY)


def make_function(text: str) -> None:
    """One that nobody calls but triggers."""
    name = text.partition("(")[0]
    op.execute(f"CREATE FUNCTION nexus_app.{text}")
    op.execute(f"REVOKE EXECUTE ON FUNCTION nexus_app.{name} FROM PUBLIC")


def keep_own(table: str, moved_by: str, body: str, figures: dict[str, str]) -> None:
    """What of a row itself moves its figures; and that nobody writes them but these triggers."""
    name = f"figures_of_{table}"
    make_function(f"{name}() {AS_OWNER} AS $$ BEGIN {body} RETURN NEW; END $$")
    columns = f"{moved_by}, {', '.join(figures)}"
    for event, when in (
        ("INSERT", ""),
        # deeper, it is one of ours, which run as the owner
        (f"UPDATE OF {columns}", "WHEN (pg_trigger_depth() = 0 OR current_user = 'nexus_api')"),
    ):
        op.execute(
            f"CREATE TRIGGER own_figures_{event[:6].lower()} BEFORE {event} ON nexus_app.{table}"
            f" FOR EACH ROW {when} EXECUTE FUNCTION nexus_app.{name}()"
        )


def keep_made_of(table: str, columns: str, key: str, body: str) -> None:
    """What the rows of a table move, once for a statement that writes any number of them.

    The students are locked in the order of their ids, as `services/journal.py` does: what others
    wrote is committed then, and seen.
    """
    name, only = f"figures_from_{table}", ONLY.get(table, "")
    distinct = f"student_id, {key}".removesuffix(", NULL::text")
    touched = " ".join(
        TOUCHED.format(event=event, key=key, distinct=distinct, only=only,
                       rows=rows.format(columns=columns))
        for event, (_, rows) in ROWS.items()
    )  # fmt: skip
    make_function(
        f"""{name}() {AS_OWNER} AS $$
        DECLARE pupils uuid[]; keys {KEYS.get(table, "text[]")};
        BEGIN
          CASE TG_OP {touched} END CASE;
          IF pupils IS NULL THEN RETURN NULL; END IF;
          PERFORM FROM students WHERE id = ANY (pupils) ORDER BY id FOR NO KEY UPDATE;
          {body}
          RETURN NULL;
        END $$"""
    )
    for event, (tables, _) in ROWS.items():
        op.execute(
            f"CREATE TRIGGER figures_{event.lower()} AFTER {event} ON nexus_app.{table}"
            f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION nexus_app.{name}()"
        )


def show_open_tasks(*columns: str) -> None:
    """The index of open tasks, with what is read of them without a look at the table."""
    op.drop_index("ix_tasks_open", "tasks", schema="nexus_app")
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["student_id", sa.text("weight DESC"), "due_at"],
        schema="nexus_app",
        postgresql_where=sa.text("status = 'Todo'"),
        postgresql_include=[*columns],
    )


def summarize(query: str) -> None:
    """The cohort's summary, anew."""
    op.execute("DROP MATERIALIZED VIEW nexus_app.mv_dashboard_summary")
    op.execute(f"CREATE MATERIALIZED VIEW nexus_app.mv_dashboard_summary AS {query}")
    op.execute(
        "CREATE UNIQUE INDEX ix_mv_dashboard_summary_student_id"
        " ON nexus_app.mv_dashboard_summary (student_id)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    summarize(SUMMARY_BEFORE)
    show_open_tasks("id", "label", "subject", "chapter_code")
    for table in MADE_OF:
        op.execute(f"DROP FUNCTION nexus_app.figures_from_{table} CASCADE")  # with its triggers
    for table in OWN:
        op.execute(f"DROP FUNCTION nexus_app.figures_of_{table} CASCADE")
    for signature in RULES:
        op.execute(f"DROP FUNCTION nexus_app.{signature.partition('(')[0]}")
    for table, (_, _, columns) in OWN.items():
        dropped = ", ".join(f"DROP COLUMN {name}" for name in columns)
        op.execute(f"ALTER TABLE nexus_app.{table} {dropped}")
