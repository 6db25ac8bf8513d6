// The graphql-ws client that the sockets of Apollo and urql are built on too; it asks for a token for each connection.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { resuming } from "./resuming.mjs";
import { authorization, socketUrl } from "./speaking.mjs";

export const sockets = resuming(
  createClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: authorization,
    retryWait: async () => {},
  }),
);
