// Mercurius with its JIT, batched loaders and prepared statements, one process of a cluster.
import { readFileSync } from "node:fs";
import fastify from "fastify";
import mercurius from "mercurius";
import { clustered, pool, port } from "./serving.mjs";

const schema = readFileSync(new URL("./mercurius.graphql", import.meta.url), "utf8");

const STUDENT = `SELECT s.id, s.display_name AS "displayName", s.track, s.profile`;
const KPIS = `SELECT student_id AS student, progress_overall AS "progressOverall",
  streak_days AS "streakDays", last_eval_score AS "lastEvalScore",
  open_task_count AS "openTaskCount", next_session_at AS "nextSessionAt",
  total_weight AS "totalWeight" FROM peers.kpis WHERE student_id = ANY ($1::uuid[])`;
const MASTERY = `SELECT student_id AS student, progress_overall AS "progressOverall"
  FROM peers.kpis WHERE student_id = ANY ($1::uuid[])`;
const TASK = `id, label, due_at AS "dueAt", weight, priority`;
const EPREUVE = `code, label, weight, scheduled_at AS "scheduledAt", provisional, format`;
const SESSION = `id, title, kind, slot_start AS "slotStart", slot_end AS "slotEnd"`;
const EVALUATION = `id, subject, title, score_20 AS "score20", graded_at AS "gradedAt"`;

clustered(async () => {
  const database = pool();
  // a name makes `pg` prepare the statement once on each connection
  const rows = async (name, text, values) => (await database.query({ name, text, values })).rows;

  const one = (name, text) => async (queries) => {
    const found = await rows(name, text, [queries.map(({ obj }) => obj.id)]);
    const byStudent = new Map(found.map((row) => [row.student, row]));
    return queries.map(({ obj }) => byStudent.get(obj.id) ?? null);
  };
  const many = (name, text) => async (queries) => {
    const { first } = queries[0].params; // the same for all: one field of one document
    const keys = queries.map(({ obj }) => obj.id);
    const groups = new Map(keys.map((key) => [key, []]));
    for (const row of await rows(name, text, [keys, first ?? null])) {
      groups.get(row.student).push(row);
    }
    return keys.map((key) => groups.get(key));
  };
  const under = (columns, table, where, order) =>
    `SELECT k.id AS student, r.* FROM unnest($1::uuid[]) AS k (id), LATERAL (
       SELECT ${columns} FROM ${table} WHERE student_id = k.id ${where}
       ORDER BY ${order} LIMIT $2::int) r`;
  const uncached = (loader) => ({ loader, opts: { cache: false } });

  const app = fastify({ logger: false });
  app.register(mercurius, {
    schema,
    jit: 1,
    graphiql: false,
    resolvers: {
      Query: {
        student: async (_, { id }) =>
          (await rows("student", `${STUDENT} FROM nexus_app.students s WHERE s.id = $1`, [id]))[0],
        pupils: async (_, { coach, first }) => {
          const text = `${STUDENT} FROM peers.pupils_of($1) s LIMIT $2::int + 1`;
          const nodes = await rows("pupils", text, [coach, first]);
          return { nodes: nodes.slice(0, first), pageInfo: { hasNextPage: nodes.length > first } };
        },
      },
    },
    loaders: {
      Student: {
        kpis: uncached(one("kpis", KPIS)),
        mastery: uncached(one("mastery", MASTERY)),
        upcoming: uncached(
          many("upcoming", under("id, at, kind, title", "peers.upcoming", "", "at, id")),
        ),
        tasks: uncached(
          many("tasks", under(TASK, "peers.open_tasks", "", "priority DESC, id")),
        ),
        epreuves: uncached(
          many("epreuves", under(EPREUVE, "nexus_app.epreuves_plan", "", "scheduled_at, code")),
        ),
        agenda: uncached(many("agenda", under(SESSION, "peers.agenda", "", "slot_start, id"))),
        evaluations: uncached(
          many(
            "evaluations",
            under(
              EVALUATION,
              "nexus_app.evaluations",
              "AND status = 'Corrigé'",
              "created_at DESC, id DESC",
            ),
          ),
        ),
      },
    },
  });
  await app.listen({ port, host: "127.0.0.1" });
});
