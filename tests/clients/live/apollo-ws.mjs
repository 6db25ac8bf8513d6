// Apollo Client with its own link for WebSockets.
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import WebSocket from "ws";

import { serveOver } from "./apollo.mjs";
import { sockets } from "./sockets.mjs";

globalThis.WebSocket ??= WebSocket; // the link looks at it, and only Node 22 has one

serveOver(new GraphQLWsLink(sockets));
