// The clients of graphql-sse: a stream for each operation, which comes back by header, and one stream for all of them.
import { createClient } from "graphql-sse";

import { resuming } from "./resuming.mjs";
import { authorization, url } from "./speaking.mjs";

const options = { url, retry: async () => {} };
const last = new WeakMap(); // of each request, the number of the last event

const plain = createClient({
  ...options,
  headers: async (request) => ({
    ...(await authorization()),
    ...(last.has(request) && { "last-event-id": `${last.get(request)}` }),
  }),
});

export const distinct = {
  ...plain,
  subscribe: (request, sink) =>
    plain.subscribe(request, {
      ...sink,
      next(result) {
        const seq = result.data?.dashboardUpdates?.event.seq;
        if (seq !== undefined) last.set(request, seq);
        sink.next(result);
      },
    }),
};

export const single = resuming(createClient({ ...options, singleConnection: true, headers: authorization }));
