-- One pupil's dashboard as JSON text, by one statement: what no GraphQL server can undercut by much.
SELECT (
  SELECT row_to_json(r) FROM (
    SELECT s.id, s.display_name AS "displayName", s.track, s.profile,
      (SELECT row_to_json(k) FROM (
        SELECT progress_overall AS "progressOverall", streak_days AS "streakDays",
          last_eval_score AS "lastEvalScore", open_task_count AS "openTaskCount",
          next_session_at AS "nextSessionAt", total_weight AS "totalWeight"
        FROM peers.kpis WHERE student_id = s.id) k) AS kpis,
      (SELECT coalesce(json_agg(u), '[]') FROM (
        SELECT id, at, kind, title FROM peers.upcoming WHERE student_id = s.id
        ORDER BY at, id LIMIT 7) u) AS upcoming,
      (SELECT coalesce(json_agg(t), '[]') FROM (
        SELECT id, label, due_at AS "dueAt", weight, priority
        FROM peers.open_tasks WHERE student_id = s.id
        ORDER BY priority DESC, id LIMIT 5) t) AS tasks,
      (SELECT coalesce(json_agg(e), '[]') FROM (
        SELECT code, label, weight, scheduled_at AS "scheduledAt", provisional, format
        FROM nexus_app.epreuves_plan WHERE student_id = s.id
        ORDER BY scheduled_at, code) e) AS epreuves
  ) r
)::text FROM nexus_app.students s WHERE s.id = $1
