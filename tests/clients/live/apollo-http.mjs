// Apollo Client with its HTTP link alone, which knows subscriptions as multipart answers.
import { HttpLink } from "@apollo/client";

import { serveOver } from "./apollo.mjs";
import { authorization, url } from "./speaking.mjs";

const authorized = async (address, options) =>
  fetch(address, { ...options, headers: { ...options.headers, ...(await authorization()) } });

serveOver(new HttpLink({ uri: url, fetch: authorized }));
