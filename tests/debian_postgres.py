"""PostgreSQL as Debian ships it, where it is installed, beside the one we bring along."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.embedded.account import Account
from gateway.embedded.postgres import Postgres
from gateway.embedded.processes import run

DEBIAN = Path("/usr/lib/postgresql/15/bin")
INSTALLED = (DEBIAN / "postgres").exists()


@dataclass
class DebianPostgres(Postgres):
    """A cluster of PostgreSQL 15: a directory, a socket, and an account that may do little."""

    @staticmethod
    def executable(name: str = "postgres") -> Path:
        return DEBIAN / name

    def _make(self) -> None:
        data = self.directory / "postgres"
        self.account.own(data)
        initdb = (self.executable("initdb"), f"--pgdata={data}", "--username=nexus", "--no-sync")
        run(self.account.command(*initdb, "--auth=peer", "--encoding=UTF8", "--locale=C"))
        single = (self.executable(), "--single", "-D", data, "postgres")
        run(self.account.command(*single), script="CREATE DATABASE nexus;\n")

    def _admit_only_us(self) -> None:
        """Who passes the directory of the socket comes in: 15 cannot map one name to all."""
        (self.directory / "postgres" / "pg_hba.conf").write_text("local all all trust\n")


@contextmanager
def debian_postgres() -> Iterator[str]:
    """The address of a cluster that is gone afterwards."""
    with TemporaryDirectory(prefix="nexus-15-") as place:
        directory = Path(place)
        account = Account.choose(directory, [DebianPostgres.executable()])
        sockets = directory / "sockets"
        account.own(sockets)
        server = DebianPostgres(directory, sockets, account, directory / "log", durable=False)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()
