// Asks each text with Apollo Client and its PersistedQueryLink; prints the answers and what was sent.
import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import {
  createPersistedQueryManifestVerificationLink,
  generatePersistedQueryIdsFromManifest,
} from "@apollo/persisted-query-lists";

import { by, manifest, noting, tell, texts, url, variables } from "./asking.mjs";

const loadManifest = () => manifest;
const mismatches = [];
const links = by.startsWith("manifest")
  ? [
      createPersistedQueryManifestVerificationLink({
        loadManifest,
        onVerificationFailed: ({ reason }) => mismatches.push(reason),
      }),
      new PersistedQueryLink({
        ...generatePersistedQueryIdsFromManifest({ loadManifest }),
        useGETForHashedQueries: by === "manifest-get",
      }),
    ]
  : [new PersistedQueryLink({ sha256: (query) => createHash("sha256").update(query).digest("hex") })];

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([...links, new HttpLink({ uri: url, fetch: noting, headers: { "x-nexus-client": "test" } })]),
});

/** A query's answer, or a subscription's first one. */
function ask(text) {
  const query = gql(text);
  const options = { variables, fetchPolicy: "network-only", errorPolicy: "all" };
  if (query.definitions.every((each) => each.operation !== "subscription")) {
    return client.query({ query, ...options });
  }
  return new Promise((next, error) => client.subscribe({ query, ...options }).subscribe({ next, error }));
}

const answers = [];
for (const text of texts) {
  const { data, error } = await ask(text);
  answers.push({ data: data ?? null, errors: error?.errors ?? (error ? [{ message: error.message }] : null) });
}
tell({ answers, mismatches });
process.exit(0);
