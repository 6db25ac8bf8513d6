-- What the peers are given of our rules, in the scratch database only: views over the product's
-- tables, written so that PostgreSQL folds them into the statement that reads them.
CREATE SCHEMA peers;

-- models/priority.py, over the columns that triggers keep; a later épreuve is looked for only where
-- the first one is over
CREATE VIEW peers.open_tasks AS
SELECT t.id, t.student_id, t.label, t.due_at, t.weight,
  (1 + t.weight)
  * (1 + 2 / (1 + CASE WHEN t.due_at IS NULL THEN 'Infinity'::float8
      ELSE greatest(extract(epoch FROM t.due_at - now())::float8 / 86400, 0) END / 3))
  * (2 - coalesce(t.chapter_mastery, 0.5))
  * (1 + 1 / (1 + greatest(coalesce(extract(epoch FROM (
      CASE WHEN t.exam_on < now()::date THEN (
        SELECT e.scheduled_at FROM nexus_app.epreuves_plan e
        WHERE e.student_id = t.student_id AND e.subject = t.subject
          AND e.scheduled_at >= now()::date ORDER BY e.scheduled_at LIMIT 1)
      ELSE t.exam_on END)::timestamptz - now())::float8 / 86400, 'Infinity'), 0) / 30))
  AS priority
FROM nexus_app.tasks t
WHERE t.status = 'Todo';

-- services/dashboard.py; a figure that is not asked for is not computed
CREATE VIEW peers.kpis AS
SELECT s.id AS student_id, s.progress_overall, s.last_eval_score, s.open_task_count, s.total_weight,
  CASE WHEN s.active_on >= (now() AT TIME ZONE s.time_zone)::date - 1
    THEN greatest(s.active_days
      - greatest(s.active_on - (now() AT TIME ZONE s.time_zone)::date, 0), 0) ELSE 0
  END AS streak_days,
  (SELECT slot_start FROM nexus_app.sessions
    WHERE student_id = s.id AND status <> 'Annulé' AND slot_start >= now()
    ORDER BY slot_start LIMIT 1) AS next_session_at
FROM nexus_app.students s;

CREATE VIEW peers.upcoming AS
SELECT student_id, id, slot_start AS at, title,
  CASE kind WHEN 'Visio' THEN 'VISIO' ELSE 'PRESENTIEL' END AS kind
FROM nexus_app.sessions WHERE status <> 'Annulé' AND slot_start >= now()
UNION ALL
SELECT e.student_id, e.id, e.scheduled_at::timestamp AT TIME ZONE s.time_zone,
  CASE WHEN e.provisional THEN e.label || ' (date estimée)' ELSE e.label END, 'EPREUVE'
FROM nexus_app.epreuves_plan e JOIN nexus_app.students s ON s.id = e.student_id
WHERE e.scheduled_at >= (now() AT TIME ZONE s.time_zone)::date
UNION ALL
SELECT student_id, id, due_at, label, 'RAPPEL'
FROM nexus_app.tasks WHERE status = 'Todo' AND due_at >= now();

CREATE VIEW peers.agenda AS
SELECT id, student_id, title, kind, slot_start, slot_end
FROM nexus_app.sessions WHERE status IN ('Proposé', 'Confirmé') AND slot_end > now();

-- OFFSET 0 keeps the limit of who asks from the planner, which would then walk the whole school in
-- order of names to find a coach's fifty
CREATE FUNCTION peers.pupils_of(coach text) RETURNS SETOF nexus_app.students
LANGUAGE sql STABLE AS $$
  SELECT p.* FROM (
    SELECT s.* FROM nexus_app.coachings c JOIN nexus_app.students s ON s.id = c.student_id
    WHERE c.person_id = coach OFFSET 0) p
  ORDER BY p.display_name, p.id
$$;

-- PostGraphile's smart tags: what a view's rows belong to
COMMENT ON VIEW peers.open_tasks IS
  E'@primaryKey id\n@foreignKey (student_id) references nexus_app.students (id)|@foreignFieldName openTasks';
COMMENT ON VIEW peers.kpis IS
  E'@primaryKey student_id\n@foreignKey (student_id) references nexus_app.students (id)|@foreignFieldName kpis';
COMMENT ON VIEW peers.upcoming IS
  E'@primaryKey id\n@foreignKey (student_id) references nexus_app.students (id)|@foreignFieldName upcoming';
COMMENT ON VIEW peers.agenda IS
  E'@primaryKey id\n@foreignKey (student_id) references nexus_app.students (id)|@foreignFieldName agenda';
