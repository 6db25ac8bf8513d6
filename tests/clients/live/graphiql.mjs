// GraphiQL's own fetcher, as its page makes it, speaking for the first of the demo people: without the page.
import nodeModule from "node:module";

import { parse } from "graphql";
import WebSocket from "ws";

import { resolve } from "./resolving.mjs";
import { serve, tell, url } from "./speaking.mjs";

if (nodeModule.registerHooks) nodeModule.registerHooks({ resolve });
else nodeModule.register("./resolving.mjs", import.meta.url);

globalThis.document = { baseURI: url };
globalThis.WebSocket ??= WebSocket; // these two as in a browser: Node has them from 22 and 23 on
globalThis.CloseEvent ??= class {};

// the toolkit rejects a promise that nobody holds beside the one that it gives: a page tells its console, Node would end
process.on("unhandledRejection", () => {});

const page = "../../../gateway/graphiql/src";
const { identity, currentPerson } = await import(`${page}/identity.js`);
const { createFetcher } = await import(`${page}/fetcher.js`);

await identity.renew();
tell({ type: "person", id: currentPerson(identity.snapshot()).id });
const { fetcher, close } = createFetcher();

/** What the pane does when its button is pressed. */
async function pressed({ query, variables }) {
  const documentAST = parse(query);
  return fetcher({ query, variables, operationName: documentAST.definitions[0].name.value }, { documentAST });
}

async function follow(request, sink, stopped) {
  try {
    const results = await pressed(request);
    stopped.then(() => results.return());
    for await (const result of results) sink.next(result);
    sink.complete();
  } catch (error) {
    sink.error(error);
  }
}

serve({
  subscribe(request, sink) {
    let stop;
    follow(request, sink, new Promise((resolved) => (stop = resolved)));
    return () => {
      stop();
      close();
    };
  },
  ask: pressed,
});
