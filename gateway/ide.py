"""GraphiQL from our own assets: the page, what it loads, and the demo people it can act as."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gateway.incoming import Incoming
from gateway.local import at_home
from gateway.negotiation import HTML, JSON, LEGACY, best
from gateway.requests import READING
from gateway.settings import Settings
from gateway.tokens import mint
from models.vocabulary import Role
from services import demo_school

DIST = Path(__file__).parent / "graphiql" / "dist"
TOKEN_LIFE = timedelta(minutes=15)

# scripts, workers and connections of ours alone; Monaco puts its styles in line
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline';"
    " font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}

NOT_BUILT = """<!doctype html><html lang="en"><title>Nexus</title>
<p>GraphiQL is not built yet: <code>cd gateway/graphiql && npm ci && npm run build</code>.</p>
<p>The API answers <code>POST /graphql</code> all the same.</p></html>"""


def wanted(request: Incoming, settings: Settings) -> bool:
    """Whether a person came with a browser, to a gateway that shows its schema."""
    return (
        request.method in READING
        and settings.introspects
        and not request.scope["query_string"]
        and request.document is None
        and best(request.headers.get("accept") or LEGACY, (*JSON, HTML)) == HTML
    )


def page() -> Response:
    """The page, or how to make it."""
    headers = {**HEADERS, "Cache-Control": "no-cache", "Vary": "Accept"}
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, 503, headers)
    return FileResponse(index, headers=headers, media_type="text/html")


class Assets(StaticFiles):
    """Files named by their content: a browser keeps them for good."""

    def __init__(self) -> None:
        super().__init__(directory=DIST / "assets", check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if DIST.is_dir():
            await super().__call__(scope, receive, send)
        else:  # not built: there is nothing, which is no fault
            await Response(status_code=404)(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def people(request: Request) -> Response:
    """Whom GraphiQL can act as, with fresh tokens: the demo school, on the developer's machine."""
    settings: Settings = request.app.state.settings
    # under a secret that we made ourselves: with another, these people are none of ours
    ours = settings.jwt_secret is None and at_home(request, settings)
    secret = settings.signing_secret() if ours else None
    if secret is None:
        return JSONResponse({"error": "not found"}, 404)
    connection = await asyncpg.connect(settings.asyncpg_dsn, timeout=settings.pool_timeout)
    try:
        school = await demo_school.people(connection)
    finally:
        await connection.close()
    now = datetime.now(UTC)

    def person(id: str, name: str, role: Role, detail: str) -> dict[str, Any]:
        token = mint(
            secret,
            sub=id,
            role=role,
            name=name,
            ttl=TOKEN_LIFE,
            audience=settings.jwt_audience,
            now=now,
        )
        return {
            "id": id,
            "name": name,
            "role": role,
            "detail": detail,
            "token": token,
            "expiresAt": (now + TOKEN_LIFE).isoformat(),
        }

    names = {student.id: student.name for student in school.students}
    shown = [
        *(person(s.user_id, s.name, Role.STUDENT, detail(s)) for s in school.students),
        *(
            person(p.id, p.name, Role.PARENT, ", ".join(names[ward] for ward in p.wards))
            for p in school.parents
        ),
        *(person(c.id, c.name, Role.COACH, "") for c in school.coaches),
        *(person(a.id, a.name, Role.ADMIN, "") for a in school.admins),
    ]
    return JSONResponse({"people": shown}, headers={"Cache-Control": "no-store"})


def detail(student: Any) -> str:
    """`Première, scolarisé`: what tells pupils apart in a list."""
    track = "Première" if student.track == "Premiere" else "Terminale"
    profile = "scolarisé" if student.profile == "Scolarise" else "candidat libre"
    return f"{track}, {profile}"
