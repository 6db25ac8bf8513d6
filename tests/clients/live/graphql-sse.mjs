// graphql-sse with distinct connections, which is how it comes.
import { distinct } from "./events.mjs";
import { asking } from "./resuming.mjs";
import { serve } from "./speaking.mjs";

serve({ subscribe: distinct.subscribe, ask: asking(distinct) });
