// Carries GraphiQL's operations to the gateway: HTTP for queries and mutations, WebSocket for subscriptions, both with the token.
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { identity } from './identity.js';

const HTTP_URL = new URL('graphql', document.baseURI).href;
const SUBSCRIPTION_URL = HTTP_URL.replace(/^http/, 'ws');

const authorization = token => (token ? { authorization: `Bearer ${token}` } : {});

/** Sends the request with the current token; a refused one is renewed and tried once more. */
async function authorizedFetch(input, init) {
  const headers = new Headers(init.headers);
  // a header typed in GraphiQL's own editor wins
  if (headers.has('authorization')) return fetch(input, init);

  const send = token => fetch(input, { ...init, headers: { ...Object.fromEntries(headers), ...authorization(token) } });
  const token = await identity.token();
  const response = await send(token);
  if (response.status !== 401) return response;

  const fresh = await identity.newToken();
  const second = fresh === token ? response : await send(fresh);
  if (second.status === 401) identity.refuse();
  return second;
}

/** A fetcher for one speaker, to be closed when another takes over: its subscriptions end, its late answers are dropped. */
export function createFetcher() {
  let closed = false;
  const wsClient = createClient({
    url: SUBSCRIPTION_URL,
    connectionParams: async () => authorization(await identity.token()),
    retryAttempts: 5,
    shouldRetry: () => true, // also a connection that is refused: the gateway restarts
  });
  const fetcher = createGraphiQLFetcher({
    url: HTTP_URL,
    wsClient,
    enableIncrementalDelivery: false,
    async fetch(input, init) {
      const response = await authorizedFetch(input, init);
      return closed ? new Promise(() => {}) : response;
    },
  });
  const close = () => {
    closed = true;
    wsClient.dispose();
  };
  return { fetcher, close };
}
