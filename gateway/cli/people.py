"""The people of the demo school with a token each: `scripts/nexus demo`."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import asyncpg
import typer
from rich.table import Table

from gateway import settings as configuration
from gateway.cli.database import reach, upgrade
from gateway.cli.display import Failure, progress, result, step
from gateway.embedded import embedded
from gateway.settings import Settings
from gateway.tokens import mint
from models.base import SCHEMA, Entity

LIFE = timedelta(hours=12)  # a day of trying things out; production mints for minutes

School = dict[str, list[dict[str, Any]]]


def demo(
    *,
    scale: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Load a school of this many pupils.")
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Empty the database first, whoever filled it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the people as JSON.")] = False,
) -> None:
    """Load the demo school where there is none, and print its people with a token each."""
    settings = configuration.load()
    if settings.production:
        raise Failure("the demo school is not for production")
    with embedded(settings, share=True, step=step) as servers:
        reached = servers.within(settings)
        reach(reached)
        with step("migrations"):
            upgrade(reached)
        with step("demo school"):
            open_school(reached, scale=scale, reset=reset)
        school = people(reached)
        url = servers.gateway_url or gateway_url(settings, settings.port)
    if as_json:
        typer.echo(json.dumps({"url": url, **school}, ensure_ascii=False, indent=2))
    else:
        _show(school)


def gateway_url(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


def open_school(settings: Settings, *, scale: int | None = None, reset: bool = False) -> None:
    """Load the demo school where there is nobody yet."""
    from services import demo_school

    async def load() -> None:
        connection = await asyncpg.connect(settings.asyncpg_dsn)
        try:
            async with connection.transaction():
                if reset:
                    tables = ", ".join(f"{SCHEMA}.{t.name}" for t in Entity.metadata.sorted_tables)
                    await connection.execute(f"TRUNCATE {tables}")
                if not await demo_school.is_loaded(connection):
                    await demo_school.load(connection, datetime.now(UTC).date(), scale=scale)
                elif scale is not None:
                    raise Failure("there are pupils already: --reset empties the database first")
        finally:
            await connection.close()

    asyncio.run(load())


def people(settings: Settings) -> School:
    """Everybody of the demo school, each with a token; none where others mint them."""
    from services import demo_school

    secret = settings.signing_secret()

    def token(subject: str, role: str, name: str) -> dict[str, str]:
        if secret is None:
            return {}
        audience = settings.jwt_audience
        return {
            "token": mint(secret, sub=subject, role=role, ttl=LIFE, name=name, audience=audience)
        }

    async def ask() -> demo_school.People:
        connection = await asyncpg.connect(settings.asyncpg_dsn)
        try:
            return await demo_school.people(connection)
        finally:
            await connection.close()

    found = asyncio.run(ask())
    return {
        "students": [
            {
                "id": str(pupil.id),
                "name": pupil.name,
                "track": pupil.track.name,
                "profile": pupil.profile.name,
                **token(pupil.user_id, "STUDENT", pupil.name),
            }
            for pupil in found.students
        ],
        "parents": [
            {
                "id": str(parent.id),
                "name": parent.name,
                "wards": [str(ward) for ward in parent.wards],
                **token(str(parent.id), "PARENT", parent.name),
            }
            for parent in found.parents
        ],
        "coaches": [
            {"id": str(p.id), "name": p.name, **token(str(p.id), "COACH", p.name)}
            for p in found.coaches
        ],
        "admins": [
            {"id": str(p.id), "name": p.name, **token(str(p.id), "ADMIN", p.name)}
            for p in found.admins
        ],
    }


def _show(school: School) -> None:
    table = Table("role", "name", "id", box=None)
    for group, members in school.items():
        for person in members[:4]:
            table.add_row(group, person["name"], person["id"])
        if len(members) > 4:
            table.add_row("", f"… and {len(members) - 4} more", "")
    result.print(table)
    progress.print("[dim]--json prints everybody with a token[/]")
