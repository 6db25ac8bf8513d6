// graphql-ws by itself.
import { asking } from "./resuming.mjs";
import { sockets } from "./sockets.mjs";
import { serve } from "./speaking.mjs";

serve({ subscribe: sockets.subscribe, ask: asking(sockets) });
