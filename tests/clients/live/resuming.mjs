// Coming back where one was cut off: graphql-ws and graphql-sse write the request anew for each connection.

/** A client whose subscriptions to `dashboardUpdates(afterSeq: $after)` go on after the last event that came. */
export const resuming = (client) => ({
  ...client,
  subscribe(request, sink) {
    const variables = { ...request.variables };
    return client.subscribe(
      { ...request, variables },
      {
        next(result) {
          variables.after = result.data?.dashboardUpdates?.event.seq ?? variables.after;
          sink.next(result);
        },
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      },
    );
  },
});

/** The answer to a query or a mutation, over a client of subscriptions. */
export const asking = (client) => (request) =>
  new Promise((resolve, reject) => {
    client.subscribe(request, { next: resolve, error: reject, complete: () => {} });
  });
