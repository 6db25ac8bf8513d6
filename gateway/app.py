"""The gateway: routes, what lives as long as the process, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import health, ide, metrics
from gateway.auth import Authenticator
from gateway.compiled import CompiledPlans, Lanes
from gateway.documents import Operation
from gateway.graphql import GraphQL
from gateway.incoming import request_id_of
from gateway.lag import LoopLag
from gateway.limits import Limiter, OperationRate
from gateway.logs import OperationLog
from gateway.metrics import Metrics
from gateway.origins import cors
from gateway.settings import Settings
from gateway.strangers import Strangers
from gateway.streams.admission import Admission
from gateway.streams.draining import Draining
from gateway.streams.opening import Streams
from gateway.streams.operating import Operating
from gateway.streams.single import Reservations
from gateway.streams.websocket import Upgrades, WebSockets
from gateway.tracing import tracing
from gateway.trusted.policy import Trust
from gateway.trusted.registry import load
from gateway.trusted.usage import Usage
from gateway.versioned import Shared, VersionedAnswers, Versions
from loaders.rows import open_pool
from resolvers.context import Context
from resolvers.journals import Journals
from services.unit_of_work import open_engine, sessions
from subscriptions.bell import Bell
from subscriptions.connection import connect
from subscriptions.followers import Followers

PATH = "/graphql"
MEGABYTE = 1_000_000


class RequestId:
    """`X-Request-Id`: the client's own where it is sane, else made here; echoed either way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id")
        request_id = request_id_of(given.decode("latin-1") if given is not None else None)
        scope.setdefault("state", {})["request_id"] = request_id

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, tagged)


class Gateway(Starlette):
    """The routes, and a shorter way to `/graphql` for programs.

    What stands in between is for pages (CORS), for sockets, and for what carries no request id of
    its own.
    """

    endpoint: GraphQL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and not _of_a_page(scope):
            scope["app"] = self
            await self.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _of_a_page(scope: Scope) -> bool:
    if scope.get("root_path"):
        return True
    for name, _ in scope["headers"]:  # noqa: SIM110 - a generator costs every request more
        if name == b"origin":
            return True
    return False


def plans_of(
    settings: Settings, lanes: Lanes, versions: Versions, shared: Shared
) -> CompiledPlans | VersionedAnswers | None:
    """What answers with ready bytes, as far as `NEXUS_PATHS` allows; None where it allows none."""
    if settings.paths == "reference":
        return None
    if settings.paths == "compiled":
        return CompiledPlans(lanes)
    freshness = timedelta(seconds=settings.freshness)
    return VersionedAnswers(
        lanes,
        versions,
        freshness=freshness,
        shared=shared,
        room=settings.kept_room * MEGABYTE,
        patience=settings.operation_timeout,
    )


def create_app(settings: Settings) -> Starlette:
    """The ASGI application; its connections open when it starts and close when it stops."""
    statement_timeout_ms = round(settings.statement_timeout * 1000)
    measured = Metrics()
    lag = LoopLag()
    measured.registry.register(lag)
    traced = tracing(settings)
    trust = Trust(settings, load(settings))
    usage = Usage(trust.modes)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.pool = await open_pool(
            settings.asyncpg_dsn,
            size=settings.pool_size,
            statement_timeout_ms=statement_timeout_ms,
        )
        measured.watch(app.state.pool)
        engine = open_engine(
            settings.sqlalchemy_url,
            size=settings.pool_size,
            statement_timeout_ms=statement_timeout_ms,
        )
        lanes = Lanes(
            settings.asyncpg_dsn, size=settings.lanes, statement_timeout_ms=statement_timeout_ms
        )
        await lanes.open()
        versions = Versions(
            settings.asyncpg_dsn,
            patience=min(settings.statement_timeout, settings.operation_timeout),
        )
        answers = connect(settings.redis_url or "", texts=False)
        shared = Shared(answers, settings.kept_room * MEGABYTE // 2)
        app.state.plans = plans_of(settings, lanes, versions, shared)
        if isinstance(app.state.plans, VersionedAnswers):
            measured.watch_kept(app.state.plans)
        for each in trust.registry if app.state.plans else ():
            for name in each.operations or (None,):
                wanted = Operation(each.text, {}, name)
                app.state.plans.trust(endpoint.documents.prepared(wanted))
        app.state.sessions = sessions(engine)
        app.state.redis = connect(settings.redis_url or "")
        app.state.limiter = Limiter(app.state.redis, settings)
        app.state.bell = Bell(app.state.redis)
        app.state.followers = Followers(Journals(app.state.pool), app.state.bell, app.state.redis)
        app.state.context = partial(
            Context,
            pool=app.state.pool,
            sessions=app.state.sessions,
            limiter=app.state.limiter,
            followers=app.state.followers,
            bell=app.state.bell,
            patience=settings.operation_timeout,
        )
        app.state.streams = Streams(
            app.state.context, suggestions=settings.introspects, tracing=traced
        )
        app.state.admission = Admission(settings)
        app.state.draining = Draining()
        app.state.reservations = Reservations()
        operating = Operating(
            app.state.streams,
            app.state.context,
            app.state.admission,
            documents=endpoint.documents,
            trust=trust,
            plans=app.state.plans,
            rate=rate,
            patience=settings.operation_timeout,
            suggestions=settings.introspects,
            observers=observers,
            tracing=traced,
        )
        app.state.sockets = WebSockets(
            settings, authenticator, strangers, operating, app.state.draining
        )
        running = [
            asyncio.create_task(part.run())
            for part in (app.state.followers, app.state.sockets, lag)
        ]
        try:
            async with usage.kept(app.state.redis):
                yield
        finally:
            app.state.reservations.close()
            for part in running:
                part.cancel()
            await asyncio.wait(running)
            await app.state.bell.carry()
            await app.state.redis.aclose()
            await engine.dispose()
            await versions.close()
            await shared.close()
            await lanes.close()
            await app.state.pool.close()
            traced.close()

    authenticator = Authenticator(settings)
    observers = (OperationLog(), measured, usage)
    rate = OperationRate(settings.rate_operations)
    strangers = Strangers(settings.rate_strangers)
    endpoint = GraphQL(
        settings,
        authenticator,
        trust,
        rate=rate,
        strangers=strangers,
        observers=observers,
        tracing=traced,
    )
    app = Gateway(
        routes=[
            Route(PATH, endpoint),
            Route(f"{PATH}/{{document}}", endpoint),
            Route("/graphiql/people", ide.people),
            Mount("/graphiql/assets", ide.Assets()),
            Route("/health", health.health),
            Route("/ready", health.ready),
            Route("/metrics", metrics.metrics),
        ],
        middleware=[Middleware(Upgrades), Middleware(RequestId), cors(settings)],
        lifespan=lifespan,
    )
    app.endpoint = endpoint
    app.state.settings = settings
    app.state.trust = trust
    app.state.documents = endpoint.documents
    app.state.authenticator = authenticator
    app.state.metrics = measured
    return app
