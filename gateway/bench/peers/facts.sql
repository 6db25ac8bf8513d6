-- What the peers are given of our rules, in the scratch database only: views over the product's
-- tables, written so that PostgreSQL folds them into the statement that reads them.
CREATE SCHEMA peers;

-- models/priority.py; a pupil's next épreuves are gathered once, not for each of the tasks
CREATE VIEW peers.open_tasks AS
SELECT t.id, t.student_id, t.label, t.due_at, t.weight,
  (1 + t.weight)
  * (1 + 2 / (1 + CASE WHEN t.due_at IS NULL THEN 'Infinity'::float8
      ELSE greatest(extract(epoch FROM t.due_at - now())::float8 / 86400, 0) END / 3))
  * (2 - coalesce((SELECT avg(g.score) FROM nexus_app.progress g
      WHERE g.student_id = t.student_id AND g.chapter_code = t.chapter_code), 0.5))
  * (1 + 1 / (1 + coalesce(e.days, 'Infinity') / 30))
  AS priority
FROM nexus_app.tasks t
LEFT JOIN (
  SELECT student_id, subject,
    greatest(extract(epoch FROM min(scheduled_at)::timestamptz - now())::float8 / 86400, 0) AS days
  FROM nexus_app.epreuves_plan WHERE scheduled_at >= now()::date GROUP BY student_id, subject
) e ON e.student_id = t.student_id AND e.subject = t.subject
WHERE t.status = 'Todo';

-- services/dashboard.py; a figure that is not asked for is not computed
CREATE VIEW peers.kpis AS
SELECT s.id AS student_id,
  coalesce((
    SELECT sum(m.mastery * coalesce(w.weight, alone.weight))
      / nullif(sum(coalesce(w.weight, alone.weight)), 0)
    FROM (SELECT subject, avg(score) AS mastery FROM nexus_app.progress
      WHERE student_id = s.id GROUP BY subject) m
    LEFT JOIN (SELECT subject, sum(weight) AS weight FROM (
        SELECT subject, weight FROM nexus_app.epreuves_plan WHERE student_id = s.id
        UNION ALL
        SELECT speciality, open.weight / cardinality(s.specialities)
        FROM (SELECT sum(weight) AS weight FROM nexus_app.epreuves_plan
          WHERE student_id = s.id AND subject IS NULL AND kind <> 'OPTION') open
        CROSS JOIN unnest(s.specialities) AS speciality
        WHERE s.track = 'Premiere' AND s.voie = 'GENERALE') shares
      GROUP BY subject) w USING (subject)
    CROSS JOIN (SELECT CASE WHEN EXISTS (SELECT FROM nexus_app.epreuves_plan
      WHERE student_id = s.id) THEN 0 ELSE 1 END AS weight) alone
  ), 0) AS progress_overall,
  (SELECT count(*)::int FROM (
    SELECT day, max(day) OVER () AS latest, row_number() OVER (ORDER BY day DESC)::int AS n
    FROM (SELECT DISTINCT (at AT TIME ZONE s.time_zone)::date AS day FROM nexus_app.events
      WHERE student_id = s.id AND actor_role = 'STUDENT' AND at <= now()) acts
    ) days
    WHERE day = latest - (n - 1) AND latest >= (now() AT TIME ZONE s.time_zone)::date - 1
  ) AS streak_days,
  (SELECT score_20 FROM nexus_app.evaluations WHERE student_id = s.id AND status = 'Corrigé'
    ORDER BY graded_at DESC, id DESC LIMIT 1) AS last_eval_score,
  (SELECT count(*)::int FROM nexus_app.tasks
    WHERE student_id = s.id AND status = 'Todo') AS open_task_count,
  (SELECT min(slot_start) FROM nexus_app.sessions
    WHERE student_id = s.id AND status <> 'Annulé' AND slot_start >= now()) AS next_session_at,
  (SELECT coalesce(sum(weight) FILTER (WHERE kind <> 'OPTION'), 0) FROM nexus_app.epreuves_plan
    WHERE student_id = s.id) AS total_weight
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
