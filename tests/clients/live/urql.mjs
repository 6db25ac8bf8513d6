// urql, which ends a source without an error where its stream was cut: one subscribes again after the last event.
import { Client } from "@urql/core";

import { authorization, errorsIn, serve, tell, url } from "./speaking.mjs";

/** Sends the token along, and notes how it was asked and in what it was answered. */
async function noting(address, options) {
  const headers = { ...options.headers, ...(await authorization()) };
  const answer = await fetch(address, { ...options, headers });
  const type = answer.headers.get("content-type").split(";")[0];
  tell({ type: "request", method: options.method, accept: options.headers.accept, status: answer.status, answer: type });
  return answer;
}

/** Serve an urql client with these exchanges. */
export function serveWith(exchanges, options = {}) {
  const client = new Client({ url, fetch: noting, exchanges, ...options });

  function subscribe({ query, variables }, sink) {
    let { after } = variables;
    let following;
    let again;
    let refused = false;
    const begin = () => {
      following = client.subscription(query, { ...variables, after }).subscribe(({ data, error, hasNext }) => {
        if (refused) return; // once more, at the end of the stream
        if (error?.graphQLErrors.length) {
          refused = true;
          sink.error(error);
        } else if (hasNext) {
          after = data.dashboardUpdates?.event.seq ?? after;
          sink.next({ data });
        } else {
          again = setTimeout(begin); // `data` is the last event once more
        }
      });
    };
    begin();
    return () => {
      clearTimeout(again);
      following.unsubscribe();
    };
  }

  async function ask({ query, variables }) {
    const run = query.trimStart().startsWith("mutation") ? client.mutation : client.query;
    const { data, error } = await run.call(client, query, variables).toPromise();
    return { data, ...(error && { errors: errorsIn(error) }) };
  }

  serve({ subscribe, ask });
}
