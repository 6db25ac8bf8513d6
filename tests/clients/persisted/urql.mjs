// Asks each text with urql and its persistedExchange; prints the answers and what was sent.
import { cacheExchange, Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

import { by, manifest, noting, tell, texts, url, variables } from "./asking.mjs";

const idOf = (document) => {
  const { name } = document.definitions.find(({ kind }) => kind === "OperationDefinition");
  return manifest.operations.find((operation) => operation.name === name.value).id;
};

const byHash = persistedExchange({
  preferGetForPersistedQueries: by === "manifest-get",
  ...(by.startsWith("manifest") && {
    enforcePersistedQueries: true,
    generateHash: async (_, document) => idOf(document),
  }),
});
const exchanges = by === "id" ? [fetchExchange] : [cacheExchange, byHash, fetchExchange];
const client = new Client({ url, fetch: noting, exchanges });

// what a build tool leaves of a document whose text was replaced by its id; urql takes it in production only
if (by === "id") process.env.NODE_ENV = "production";
const document = (text) =>
  by === "id" ? { kind: "Document", definitions: [], documentId: `sha256:${idOf(gql(text))}` } : gql(text);

const answers = [];
for (const text of texts) {
  const { data, error } = await client.query(document(text), variables, { requestPolicy: "network-only" }).toPromise();
  const errors = error?.graphQLErrors.map(({ message, extensions }) => ({ message, extensions }));
  answers.push({ data: data ?? null, errors: error ? (errors.length ? errors : [{ message: error.message }]) : null });
}
tell({ answers, mismatches: [] });
process.exit(0);
