-- A coach's first pupils as JSON text, by one statement: one more than is shown, to know of a next page.
SELECT json_build_object(
  'nodes', coalesce(json_agg(r.node ORDER BY r.n) FILTER (WHERE r.n <= $2), '[]'),
  'pageInfo', json_build_object('hasNextPage', count(*) > $2)
)::text FROM (
  SELECT s.n, (SELECT row_to_json(x) FROM (
    SELECT s.id, s.display_name AS "displayName", s.track,
      (SELECT row_to_json(k) FROM (
        SELECT progress_overall AS "progressOverall"
        FROM peers.kpis WHERE student_id = s.id) k) AS kpis,
      (SELECT coalesce(json_agg(t), '[]') FROM (
        SELECT id, label, due_at AS "dueAt", weight FROM peers.open_tasks
        WHERE student_id = s.id ORDER BY priority DESC, id LIMIT 5) t) AS tasks,
      (SELECT coalesce(json_agg(a), '[]') FROM (
        SELECT id, title, kind, slot_start AS "slotStart", slot_end AS "slotEnd"
        FROM peers.agenda WHERE student_id = s.id ORDER BY slot_start, id LIMIT 3) a) AS agenda,
      (SELECT coalesce(json_agg(e), '[]') FROM (
        SELECT id, subject, title, score_20 AS "score20", graded_at AS "gradedAt"
        FROM nexus_app.evaluations WHERE student_id = s.id AND status = 'Corrigé'
        ORDER BY created_at DESC, id DESC LIMIT 1) e) AS evaluations
  ) x) AS node
  FROM (
    SELECT p.id, p.display_name, p.track, row_number() OVER () AS n
    FROM peers.pupils_of($1) p LIMIT $2::int + 1
  ) s
) r
