// How a client's script talks with the test that runs it, in JSON lines: what to do comes in, what came of it goes out.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const { url, socketUrl } = JSON.parse((await lines.next()).value);

export const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const waiting = [];

/** A token, asked for as an application asks its session: when it is needed, and it may take a while. */
export const authorization = () =>
  new Promise((resolve) => {
    waiting.push((token) => resolve({ authorization: `Bearer ${token}` }));
    tell({ type: "token" });
  });

/** What an error says, in whichever form a client has it: errors of GraphQL, of HTTP, or how a socket was closed. */
export function errorsIn(error) {
  const found = [error, error.errors, error.graphQLErrors].find((some) => Array.isArray(some) && some.length);
  return found ?? [{ message: error.reason ?? error.message, code: error.code ?? error.response?.status }];
}

const sinkOf = (name) => ({
  next: (payload) => tell({ type: "next", name, payload }),
  error: (error) => tell({ type: "error", name, errors: errorsIn(error) }),
  complete: () => tell({ type: "complete", name }),
});

/** Do what the test says, until it has no more to say. */
export async function serve({ subscribe, ask }) {
  const stops = new Map();
  const does = {
    token: ({ token }) => waiting.shift()(token),
    subscribe: ({ name, query, variables }) => stops.set(name, subscribe({ query, variables }, sinkOf(name))),
    stop: ({ name }) => stops.get(name)(),
    ask: ({ name, query, variables }) => ask({ query, variables }).then(sinkOf(name).next, sinkOf(name).error),
  };
  for await (const line of lines) {
    const { does: what, ...rest } = JSON.parse(line);
    does[what](rest);
  }
  process.exit(0);
}
