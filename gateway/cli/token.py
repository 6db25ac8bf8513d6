"""One token for trying something out: `scripts/nexus token`."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from gateway import settings as configuration
from gateway.cli.database import connected
from gateway.cli.display import Failure
from gateway.settings import Settings
from gateway.tokens import mint
from models.base import SCHEMA
from models.vocabulary import Role

LONGEST = 7 * 24 * 3600


def token(
    *,
    role: Annotated[Role, typer.Option(case_sensitive=False)] = Role.STUDENT,
    student: Annotated[
        UUID | None, typer.Option(help="For this pupil: the token names the pupil's own user.")
    ] = None,
    sub: Annotated[str | None, typer.Option(help="Who it names, where no pupil is given.")] = None,
    client: Annotated[
        str | None, typer.Option(help="The client application, such as `parent-app`.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name that is shown.")] = None,
    ttl: Annotated[int, typer.Option(min=1, max=LONGEST, help="Seconds it is good for.")] = 900,
) -> None:
    """Print a token signed with the shared secret."""
    settings = configuration.load()
    secret = settings.signing_secret()
    if secret is None:
        raise Failure("tokens come from the issuer behind NEXUS_JWKS_URL; none can be minted here")
    if student is not None:
        if role is not Role.STUDENT or sub is not None:
            raise Failure("--student names the pupil's own user: leave out --sub and other roles")
        sub, found = _user_of(settings, student)
        name = name or found
    if sub is None:
        raise Failure("say who it is for: --student ID, or --sub SUBJECT")
    typer.echo(
        mint(
            secret,
            sub=sub,
            role=role.value,
            ttl=timedelta(seconds=ttl),
            audience=settings.jwt_audience,
            name=name,
            client=client,
        )
    )


def _user_of(settings: Settings, student: UUID) -> tuple[str, str]:
    async def ask(dsn: str) -> asyncpg.Record | None:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchrow(
                f"SELECT user_id, display_name FROM {SCHEMA}.students WHERE id = $1",  # noqa: S608
                student,
            )
        finally:
            await connection.close()

    with connected(settings) as reached:
        try:
            found = asyncio.run(ask(reached.asyncpg_dsn))
        except asyncpg.UndefinedTableError:
            raise Failure(
                "the database is empty: scripts/run or scripts/nexus demo fills it"
            ) from None
    if found is None:
        raise Failure(f"there is no student {student}: scripts/nexus demo --json lists them")
    if found["user_id"] is None:
        raise Failure(f"student {student} has no user of its own yet")
    return found["user_id"], found["display_name"]
