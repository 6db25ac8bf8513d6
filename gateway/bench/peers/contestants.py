"""Who is measured: our paths, the peers, the floor; each knows its server and its requests."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from gateway.bench.peers import facts
from gateway.bench.peers.database import Scratch
from gateway.bench.peers.node import HERE, node
from gateway.bench.peers.wrk import Request
from gateway.settings import ROOT, Settings
from gateway.tokens import mint

OPERATIONS = ("dashboard", "pupils")
FIRST = 50
PROCESSES = 2
POOL = 10  # connections of each process
PATHS = "NEXUS_PATHS"  # the setting that names the one path to be taken
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_UNLIMITED = "1000000000"


@dataclass(frozen=True)
class Contestant:
    """One column of the comparison.

    `server` names the processes that answer: those who share one share the port. `requests` gives
    the requests of an operation, `facts` what an answer of it says, `conditional` that each is
    to be sent with the tag of an answer had before, and answered by 304; `keeps` that each question
    is asked once by each process before anything is measured.
    """

    name: str
    server: str
    requests: Callable[[str], list[Request]]
    facts: Callable[[str, dict[str, Any]], Any]
    conditional: bool = False
    keeps: bool = False


@dataclass(frozen=True)
class ServerPlan:
    """How a server is started; `copies` where it inherits its socket."""

    command: Sequence[str | Path]
    environment: Mapping[str, str]
    copies: int | None = None


@dataclass
class Field:
    """All contestants, and the servers they need."""

    contestants: list[Contestant] = field(default_factory=list)
    servers: dict[str, ServerPlan] = field(default_factory=dict)

    def keep(self, names: Sequence[str]) -> None:
        """Leave only those contestants, and the servers they need."""
        if names:
            self.contestants = [one for one in self.contestants if one.name in names]
        needed = {one.server for one in self.contestants}
        self.servers = {name: plan for name, plan in self.servers.items() if name in needed}


def everybody(scratch: Scratch) -> Field:
    """Ours by every path there is, the peers, the floor."""
    found = Field()
    _ours(found, scratch)
    _peers(found, scratch)
    _floor(found, scratch)
    return found


def _ours(found: Field, scratch: Scratch) -> None:
    environment = {
        "DATABASE_URL": scratch.settings.asyncpg_dsn,
        "REDIS_URL": scratch.settings.redis_url or "",
        "NEXUS_HOME": str(scratch.settings.home),
        "NEXUS_POOL_SIZE": str(POOL),
        # whoever is measured asks far too often
        **{
            f"NEXUS_{name.upper()}": _UNLIMITED
            for name in Settings.model_fields
            if name.startswith("rate_")
        },
    }
    paths = ("reference", "compiled", "versioned")
    posted = _requests_of_ours(scratch)
    # what is kept must not end between two rounds for the clock's sake: a miss is not its figure
    lasting = {"NEXUS_FRESHNESS": "3600", "NEXUS_KEPT_ROOM": "200"}
    for path in paths:
        server, kept = f"nexus-{path}", path == "versioned"
        found.servers[server] = ServerPlan(
            [sys.executable, "-m", "gateway.bench.peers.worker", "nexus"],
            {**environment, PATHS: path, **(lasting if kept else {})},
            PROCESSES,
        )
        found.contestants.append(
            Contestant(path, server, posted.__getitem__, facts.ours, keeps=kept)
        )
    asked = {name: [_by_get(one) for one in requests] for name, requests in posted.items()}
    found.contestants.append(
        Contestant("304", "nexus-versioned", asked.__getitem__, facts.ours, conditional=True)
    )


def _requests_of_ours(scratch: Scratch) -> dict[str, list[Request]]:
    """The shipped documents, each asked by whom it is made for, with a token."""
    secret = scratch.settings.signing_secret() or ""
    now = datetime.now(UTC)
    shipped = ROOT / "schema" / "documents"

    def request(document: str, variables: dict[str, Any], subject: str, role: str) -> Request:
        token = mint(secret, sub=subject, role=role, ttl=timedelta(hours=12), now=now)
        return _posted(document, variables, Authorization=f"Bearer {token}")

    dashboard = (shipped / "Dashboard.graphql").read_text()
    pupils = (shipped / "CoachPupils.graphql").read_text()
    asking = {"first": FIRST, "now": now.isoformat()}
    return {
        "dashboard": [
            request(dashboard, {"studentId": id}, subject, "STUDENT")
            for id, subject in scratch.pupils
        ],
        "pupils": [request(pupils, asking, coach, "COACH") for coach in scratch.coaches],
    }


def _peers(found: Field, scratch: Scratch) -> None:
    address = dict(parse_qsl(urlsplit(scratch.settings.asyncpg_dsn).query))
    environment = {
        "PGHOST": address["host"],
        "PGPORT": address["port"],
        "PGUSER": "nexus",
        "PGDATABASE": "nexus",
        # a statement is planned once: PostgreSQL would plan those with arrays anew each time
        "PGOPTIONS": "-c plan_cache_mode=force_generic_plan",
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "BENCH_PROCESSES": str(PROCESSES),
        "BENCH_POOL": str(POOL),
    }
    for name in ("postgraphile", "mercurius"):
        found.servers[name] = ServerPlan([node(), HERE / f"{name}.mjs"], environment)
        documents = {
            operation: (HERE / "operations" / f"{name}.{operation}.graphql").read_text()
            for operation in OPERATIONS
        }
        requests = _plain(scratch, documents, "/graphql")
        found.contestants.append(Contestant(name, name, requests.__getitem__, facts.theirs))


def _floor(found: Field, scratch: Scratch) -> None:
    found.servers["floor"] = ServerPlan(
        [sys.executable, "-m", "gateway.bench.peers.worker", "floor"],
        {"DATABASE_URL": scratch.settings.asyncpg_dsn, "NEXUS_HOME": str(scratch.settings.home)},
        PROCESSES,
    )
    for name, way in (("SQL alone", "sql"), ("bare answer", "bare")):
        requests = {
            operation: _plain(scratch, dict.fromkeys(OPERATIONS, ""), f"/{way}/{operation}")
            for operation in OPERATIONS
        }
        found.contestants.append(
            Contestant(
                name,
                "floor",
                lambda operation, requests=requests: requests[operation][operation],  # type: ignore[misc]
                facts.theirs,
            )
        )


def _plain(scratch: Scratch, documents: Mapping[str, str], path: str) -> dict[str, list[Request]]:
    """Both operations without a token: whose facts are asked for is an argument."""
    return {
        "dashboard": [
            _posted(documents["dashboard"], {"studentId": id}, path) for id, _ in scratch.pupils
        ],
        "pupils": [
            _posted(documents["pupils"], {"coach": coach, "first": FIRST}, path)
            for coach in scratch.coaches
        ],
    }


def _posted(
    document: str, variables: dict[str, Any], path: str = "/graphql", **headers: str
) -> Request:
    body = json.dumps({"query": document, "variables": variables}).encode()
    return Request(path, body, {**_JSON, **headers})


def _by_get(posted: Request) -> Request:
    """The same question as a GET, which is what has a tag."""
    asked = json.loads(posted.body)
    query = urlencode({"query": asked["query"], "variables": json.dumps(asked["variables"])})
    headers = {name: value for name, value in posted.headers.items() if name != "Content-Type"}
    return Request(f"{posted.path}?{query}", b"", headers, "GET")
