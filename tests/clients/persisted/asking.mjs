// What both clients share: the arguments, a fetch that notes what was sent, and how the answer is told.
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));

/** `{url, token, texts, variables, by, manifest}`: `by` is "manifest", "manifest-get", "id" or "apq". */
export const { url, token, texts, variables, by, manifest } = given;

export const requests = [];

export async function noting(address, options = {}) {
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  const answer = await fetch(address, { ...options, headers });
  const sent = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams);
  const extensions = typeof sent.extensions === "string" ? JSON.parse(sent.extensions) : sent.extensions;
  requests.push({
    method: options.method ?? "GET",
    status: answer.status,
    text: Boolean(sent.query),
    id: sent.documentId ?? null,
    hash: extensions?.persistedQuery?.sha256Hash ?? null,
  });
  return answer;
}

export function tell(found) {
  console.log(JSON.stringify({ requests, ...found }));
}
