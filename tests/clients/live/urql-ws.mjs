// urql with subscriptions over graphql-ws, and the rest over fetch.
import { cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";

import { sockets } from "./sockets.mjs";
import { serveWith } from "./urql.mjs";

const forwardSubscription = (request) => ({
  subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ ...request, query: request.query ?? "" }, sink) }),
});

serveWith([cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })]);
