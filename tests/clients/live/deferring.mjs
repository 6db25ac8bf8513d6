// Asks a document that defers with a stock client; prints how it was asked, in what it was answered, and each state of the data.
import { readFileSync } from "node:fs";

import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { Client, fetchExchange } from "@urql/core";

/** `{client, url, token, query}` */
const given = JSON.parse(readFileSync(0, "utf8"));
const requests = [];
const states = [];

async function noting(address, options) {
  const headers = { ...options.headers, authorization: `Bearer ${given.token}` };
  const answer = await fetch(address, { ...options, headers });
  requests.push({ accept: headers.accept, answer: answer.headers.get("content-type") });
  return answer;
}

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

function apollo(incrementalHandler) {
  const link = new HttpLink({ uri: given.url, fetch: noting });
  const client = new ApolloClient({ cache: new InMemoryCache(), link, incrementalHandler });
  const watched = client.watchQuery({ query: gql(given.query), errorPolicy: "all", notifyOnNetworkStatusChange: false });
  return new Promise((resolved) => {
    watched.subscribe(({ data, dataState, error }) => {
      states.push({ data: plain(data), errors: error ? (error.errors ?? [error]).map(({ message }) => message) : [] });
      if (dataState === "complete" || error) setTimeout(resolved, 200); // what would follow, follows at once
    });
  });
}

function urql() {
  const client = new Client({ url: given.url, fetch: noting, exchanges: [fetchExchange] });
  return new Promise((resolved) => {
    client.query(given.query, {}).subscribe(({ data, error, hasNext }) => {
      states.push({ data: plain(data), errors: (error?.graphQLErrors ?? []).map(({ message }) => message) });
      if (!hasNext) resolved();
    });
  });
}

const clients = {
  apollo: () => apollo(new GraphQL17Alpha9Handler()),
  "apollo-2022": () => apollo(new Defer20220824Handler()),
  urql,
};

await clients[given.client]();
console.log(JSON.stringify({ requests, states }));
process.exit(0);
