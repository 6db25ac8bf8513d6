// PostGraphile 5 over its own schema of the tables and views, one process of a cluster.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { clustered, pool, port } from "./serving.mjs";

const preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: [
    "PgMutationCreatePlugin",
    "PgMutationUpdateDeletePlugin",
    "PgIndexBehaviorsPlugin", // else a plan cannot be sorted by its day, which has no index
  ],
  gather: { installWatchFixtures: false },
  schema: { defaultBehavior: "connection list" },
  pgServices: [makePgService({ pool: pool(), schemas: ["nexus_app", "peers"], pubsub: false })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, websockets: false, watch: false },
  grafast: { explain: false },
};

clustered(async () => {
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(port, "127.0.0.1");
});
