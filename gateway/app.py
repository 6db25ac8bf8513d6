"""The gateway: routes, what lives as long as the process, and what every answer carries."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import graphql, health, ide
from gateway.auth import Authenticator
from gateway.limits import Limiter
from gateway.settings import Settings
from gateway.streams.admission import Admission
from gateway.streams.draining import Draining
from gateway.streams.opening import Streams
from gateway.streams.operating import Operating
from gateway.streams.single import Reservations
from gateway.streams.websocket import Upgrades, WebSockets
from loaders.rows import open_pool
from resolvers.context import Context
from resolvers.journals import Journals
from services.unit_of_work import open_engine, sessions
from subscriptions.bell import Bell
from subscriptions.connection import connect
from subscriptions.followers import Followers

STATEMENT_TIMEOUT_MS = 10_000
REQUEST_ID = re.compile(r"[\w.\-]{1,100}", re.ASCII)


class RequestId:
    """`X-Request-Id`: the client's own where it is sane, else made here; echoed either way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, tagged)


def create_app(settings: Settings) -> Starlette:
    """The ASGI application; its connections open when it starts and close when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.pool = await open_pool(
            settings.asyncpg_dsn,
            size=settings.pool_size,
            statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        )
        engine = open_engine(
            settings.sqlalchemy_url,
            size=settings.pool_size,
            statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        )
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
        )
        app.state.streams = Streams(app.state.context)
        app.state.admission = Admission(settings)
        app.state.draining = Draining()
        app.state.reservations = Reservations()
        operating = Operating(
            app.state.streams,
            app.state.context,
            app.state.admission,
            introspection=settings.introspects,
        )
        app.state.sockets = WebSockets(
            settings, app.state.authenticator, operating, app.state.draining
        )
        running = [
            asyncio.create_task(part.run()) for part in (app.state.followers, app.state.sockets)
        ]
        try:
            yield
        finally:
            app.state.reservations.close()
            for part in running:
                part.cancel()
            await asyncio.wait(running)
            await app.state.redis.aclose()
            await engine.dispose()
            await app.state.pool.close()

    app = Starlette(
        routes=[
            Route("/graphql", graphql.endpoint, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/graphiql/people", ide.people),
            Mount("/graphiql/assets", ide.Assets()),
            Route("/health", health.health),
            Route("/ready", health.ready),
        ],
        middleware=[Middleware(Upgrades), Middleware(RequestId)],
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.authenticator = Authenticator(settings)
    return app
