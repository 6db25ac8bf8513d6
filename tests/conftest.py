"""Real servers for every test: one PostgreSQL and one Valkey a run, a database for each need."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import alembic.command
import asyncpg
import hypothesis
import pytest
from alembic.config import Config
from graphql import ExecutionResult
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from gateway.document_limits import Limits
from gateway.documents import Documents, Operation
from gateway.embedded import Servers, embedded
from gateway.execution import run
from gateway.settings import ROOT, Settings
from loaders.rows import open_pool
from models.vocabulary import Role
from resolvers.context import Context
from resolvers.journals import Journals
from services import demo_school
from services.access import Viewer
from services.unit_of_work import open_engine, sessions
from subscriptions.bell import Bell
from subscriptions.connection import connect
from subscriptions.followers import Followers

pytest_plugins = (
    "crews",
    "asking_families",
    "comparing",
    "changing_families",
    "over_http",
    "following",
    "served",
    "events",
    "own_tutoring",
    "working",
    "stock",
    "publisher",
)

TODAY = date(2026, 11, 23)
CLOCK = datetime(2026, 11, 23, 12, tzinfo=UTC)
# random documents are larger than those of people
WIDE = Limits(
    roots=1_000,
    aliases=5_000,
    directives=5_000,
    deferred=5_000,
    inline=50,
    overlaps=100_000,
    fields=5_000,
)
DOCUMENTS = Documents(open_schema=True, limits=WIDE)


class Answer(ExecutionResult):
    """What a document answered, and how many statements that took."""

    statements: int


Ask = Callable[..., Awaitable[Answer]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=40, help="questions for the oracle")


hypothesis.settings.register_profile("nexus", deadline=None)  # no test depends on time
hypothesis.settings.load_profile("nexus")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with embedded(settings, durable=False) as started:
        yield started


def named(dsn: str, database: str) -> str:
    """The same server, another database."""
    return urlsplit(dsn)._replace(path=f"/{database}").geturl()


async def run_sql(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


def migrate(dsn: str, revision: str = "head") -> None:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    if revision == "base":
        alembic.command.downgrade(config, revision)
    else:
        alembic.command.upgrade(config, revision)


_numbers = count(1)


@contextmanager
def database(servers: Servers, template: str = "template0") -> Iterator[str]:
    """A database of one's own, gone afterwards."""
    import asyncio

    name = f"test_{next(_numbers)}"
    asyncio.run(run_sql(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield named(servers.database_url, name)
    finally:
        asyncio.run(run_sql(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Iterator[str]:
    """The name of a template: all migrations, no rows."""
    with database(servers) as dsn:
        migrate(dsn)
        yield urlsplit(dsn).path.strip("/")


@pytest.fixture
def empty_database(servers: Servers, migrated: str) -> Iterator[str]:
    """A freshly migrated database of the test's own."""
    with database(servers, migrated) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def loaded(servers: Servers, migrated: str) -> Iterator[str]:
    """The name of a template: the demo school of a fixed day."""
    import asyncio

    async def load(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        await demo_school.load(connection, TODAY)
        await connection.close()

    with database(servers, migrated) as dsn:
        asyncio.run(load(dsn))
        yield urlsplit(dsn).path.strip("/")


@pytest.fixture(scope="session")
def school(servers: Servers, loaded: str) -> Iterator[str]:
    """The demo school. Shared: read it, never write."""
    with database(servers, loaded) as dsn:
        yield dsn


@pytest.fixture
def own_school(servers: Servers, loaded: str) -> Iterator[str]:
    """A demo school of the test's own, to change at will."""
    with database(servers, loaded) as dsn:
        yield dsn


class Unlimited:
    """Rates are tested where they are made; elsewhere nobody waits."""

    async def wait(self, actor: str, rate: str) -> int | None:
        return None


def unheard(pool: asyncpg.Pool) -> dict[str, Any]:
    """A bell that nobody carries, and followers that do not move."""
    redis = connect("redis://127.0.0.1:1")
    bell = Bell(redis)
    return {"bell": bell, "followers": Followers(Journals(pool), bell, redis)}


def reading(viewer: Viewer, pool: asyncpg.Pool, clock: datetime) -> Context:
    """The context of an operation that changes nothing: it has no database to change."""
    return Context(
        viewer=viewer,
        pool=pool,
        sessions=async_sessionmaker(),
        limiter=Unlimited(),
        clock=clock,
        request_id="test",
        **unheard(pool),
    )


class Gate:
    """A database as the gateway uses it: what `ask` runs a document against."""

    def __init__(self, pool: asyncpg.Pool, engine: AsyncEngine) -> None:
        self.pool = pool
        self.sessions = sessions(engine)
        self.live = unheard(pool)

    async def ask(
        self,
        viewer: Viewer,
        query: str,
        *,
        clock: datetime = CLOCK,
        key: str | None = None,
        **variables: Any,
    ) -> Answer:
        """Run a document for a viewer, as the gateway does; the answer tells its statements."""
        operation = Operation(query, variables, None)
        prepared = DOCUMENTS.prepared(operation)
        context = Context(
            viewer=viewer,
            pool=self.pool,
            sessions=self.sessions,
            limiter=Unlimited(),
            clock=clock,
            request_id="test",
            idempotency_key=key,
            **self.live,
        )
        ran = await run(prepared, operation, context)
        assert isinstance(ran.content, ExecutionResult)
        answer = Answer(ran.content.data, ran.content.errors)
        answer.statements = ran.statements
        return answer


@asynccontextmanager
async def gate(dsn: str) -> AsyncIterator[Gate]:
    """The gateway's two ways into a database: one to read, one to change."""
    pool = await open_pool(dsn, size=10, statement_timeout_ms=30_000)
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = open_engine(url, size=10, statement_timeout_ms=30_000)
    try:
        yield Gate(pool, engine)
    finally:
        await engine.dispose()
        await pool.close()


@pytest.fixture(scope="session")
async def shared_gate(school: str, anyio_backend: str) -> AsyncIterator[Gate]:
    async with gate(school) as opened:
        yield opened


@pytest.fixture
async def own_gate(own_school: str, anyio_backend: str) -> AsyncIterator[Gate]:
    """A gateway on a school of the test's own."""
    async with gate(own_school) as opened:
        yield opened


@pytest.fixture(scope="session")
def pool(shared_gate: Gate) -> asyncpg.Pool:
    return shared_gate.pool


@pytest.fixture(scope="session")
async def people(school: str, anyio_backend: str) -> demo_school.People:
    connection = await asyncpg.connect(school)
    found = await demo_school.people(connection)
    await connection.close()
    return found


@pytest.fixture(scope="session")
def ask(shared_gate: Gate) -> Ask:
    """Run a document for a viewer against the shared school."""
    return shared_gate.ask


@pytest.fixture(scope="session")
def student(people: demo_school.People) -> Viewer:
    """The first pupil: Première, scolarisé, rich in data."""
    first = people.students[0]
    return Viewer(first.user_id, Role.STUDENT, first.name)


@pytest.fixture(scope="session")
def parent(people: demo_school.People) -> Viewer:
    """The parent of the first two pupils."""
    first = people.parents[0]
    return Viewer(first.id, Role.PARENT, first.name)


@pytest.fixture(scope="session")
def coach(people: demo_school.People) -> Viewer:
    first = people.coaches[0]
    return Viewer(first.id, Role.COACH, first.name)


@pytest.fixture(scope="session")
def admin(people: demo_school.People) -> Viewer:
    first = people.admins[0]
    return Viewer(first.id, Role.ADMIN, first.name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
