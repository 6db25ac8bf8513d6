// Prints, as JSON, what each audit of graphql-http says of the server at an address: node audit.mjs URL [TOKEN]
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const authorized = token ? { authorization: `Bearer ${token}` } : {};

const found = [];
for (const audit of serverAudits({
  url,
  fetchFn: (address, options = {}) => fetch(address, { ...options, headers: { ...options.headers, ...authorized } }),
})) {
  const { id, name, status, reason } = await audit.fn();
  found.push({ id, name, status, reason });
}
console.log(JSON.stringify(found));
