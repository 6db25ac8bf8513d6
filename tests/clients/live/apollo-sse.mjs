// Apollo Client with the link that graphql-sse's documentation gives for it: Apollo has none of its own for event streams.
import { ApolloLink } from "@apollo/client";
import { print } from "graphql";
import { Observable } from "rxjs";

import { serveOver } from "./apollo.mjs";
import { distinct } from "./events.mjs";

class SSELink extends ApolloLink {
  request(operation) {
    return new Observable((sink) =>
      distinct.subscribe(
        { ...operation, query: print(operation.query) },
        { next: sink.next.bind(sink), complete: sink.complete.bind(sink), error: sink.error.bind(sink) },
      ),
    );
  }
}

serveOver(new SSELink());
