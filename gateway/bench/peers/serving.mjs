// What both peers share: two processes of a cluster on one port, and a pool of connections in each.
import cluster from "node:cluster";
import pg from "pg";

export const port = Number(process.env.BENCH_PORT);
const processes = Number(process.env.BENCH_PROCESSES);

// instants and days stay text: making a Date of each, and text of it again, would only cost
for (const kind of [pg.types.builtins.TIMESTAMPTZ, pg.types.builtins.DATE]) {
  pg.types.setTypeParser(kind, (text) => text);
}

export function pool() {
  return new pg.Pool({ max: Number(process.env.BENCH_POOL), application_name: "peer" });
}

export function clustered(serve) {
  if (cluster.isPrimary) {
    for (let number = 0; number < processes; number++) cluster.fork();
    cluster.on("exit", () => process.exit(1));
    process.stdin.resume().on("end", () => process.exit(0)); // whoever started us has ended
  } else {
    serve();
  }
}
