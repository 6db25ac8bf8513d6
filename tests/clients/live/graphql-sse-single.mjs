// graphql-sse with one connection for all operations.
import { single } from "./events.mjs";
import { asking } from "./resuming.mjs";
import { serve } from "./speaking.mjs";

serve({ subscribe: single.subscribe, ask: asking(single) });
