// urql as it comes, with subscriptions over the same fetch as everything else.
import { cacheExchange, fetchExchange } from "@urql/core";

import { serveWith } from "./urql.mjs";

serveWith([cacheExchange, fetchExchange], { fetchSubscriptions: true });
