// Apollo Client over a link.
import { ApolloClient, gql, InMemoryCache } from "@apollo/client";

import { serve } from "./speaking.mjs";

/** Serve an Apollo Client whose operations all take this link. */
export function serveOver(link) {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  serve({
    subscribe({ query, variables }, sink) {
      const following = client.subscribe({ query: gql(query), variables }).subscribe({
        next: ({ data, error }) => (error ? sink.error(error) : sink.next({ data })),
        error: sink.error,
        complete: sink.complete,
      });
      return () => following.unsubscribe();
    },
    async ask({ query, variables }) {
      const document = gql(query);
      const { operation } = document.definitions[0];
      return operation === "mutation"
        ? client.mutate({ mutation: document, variables })
        : client.query({ query: document, variables, fetchPolicy: "network-only" });
    },
  });
}
