"""Find the database to work on: --database-url, DATABASE_URL, PG* or the embedded server's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError, conninfo, pq

from earnings_pipeline.errors import WrongUsage

SOCKET_FOLDERS = ("/var/run/postgresql", "/tmp")  # noqa: S108 (where distributions put the socket)
NAMES_A_SERVER = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One database; only `parameters`, `conninfo`, `url` and `environment` hold its password."""

    origin: str
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def is_embedded(self) -> bool:
        return self.origin == "embedded"

    @property
    def host(self) -> str:
        return self._complete.get("host") or self._complete.get("hostaddr") or ""

    @property
    def port(self) -> str:
        return self._complete["port"]

    @property
    def user(self) -> str:
        return self._complete["user"]

    @property
    def dbname(self) -> str:
        return self._complete.get("dbname") or self.user

    @property
    def conninfo(self) -> str:
        return conninfo.make_conninfo("", **self.parameters)

    def __str__(self) -> str:
        where = self.host or "its service"
        if not where.startswith("/"):
            where = f"{where}:{self.port}"
        return f"database {self.dbname} on {where} as {self.user}"

    def url(self, scheme: str = "postgresql") -> str:
        """Return the target as a URL, for libraries that take nothing else."""
        known = dict(self._complete)
        user, password = quote(self.user, safe=""), known.pop("password", "")
        login = f"{user}:{quote(password, safe='')}" if password else user
        host, port = known.pop("host", ""), known.pop("port")
        rest = {key: value for key, value in known.items() if key not in ("user", "dbname")}
        if host.startswith(("/", "@")) or "," in host or not host:
            address = ""
            rest |= {"host": host, "port": port} if host else {"port": port}
        else:
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        query = f"?{urlencode(rest)}" if rest else ""
        return f"{scheme}://{login}@{address}/{quote(self.dbname, safe='')}{query}"

    def environment(self) -> dict[str, str]:
        """Return the PG* variables that lead dbt and psql to this target."""
        variables = {}
        for option in pq.Conninfo.get_defaults():
            value = self._complete.get(option.keyword.decode())
            if option.envvar and value:
                variables[option.envvar.decode()] = value
        return variables | {"PGDATABASE": self.dbname}

    @cached_property
    def _complete(self) -> dict[str, str]:
        """The parameters with what libpq would add: user, port, what a service file says."""
        service = self.parameters.get("service")
        wanted = None if service else ("user", "port")
        with _service(service):
            defaults = {
                option.keyword.decode(): option.val.decode()
                for option in pq.Conninfo.get_defaults()
                if option.val and (wanted is None or option.keyword.decode() in wanted)
            }
        return defaults | dict(self.parameters)


@contextmanager
def _service(name: str | None) -> Iterator[None]:
    """Have libpq look into its service file, which it does for the service that PGSERVICE names."""
    if name is None:
        yield
        return
    before = os.environ.get("PGSERVICE")
    os.environ["PGSERVICE"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["PGSERVICE"]
        else:
            os.environ["PGSERVICE"] = before


def resolve(database_url: str | None, environ: Mapping[str, str]) -> Target:
    """Return the target that was named, or else the embedded server's, which this starts."""
    from earnings_pipeline import embedded

    return named(database_url, environ) or embedded.start()


def named(database_url: str | None, environ: Mapping[str, str]) -> Target | None:
    """Return the target that the option or the environment names, if one does."""
    if database_url:
        return _parsed(database_url, origin="--database-url", environ=environ)
    if environ.get("DATABASE_URL"):
        return _parsed(environ["DATABASE_URL"], origin="DATABASE_URL", environ=environ)
    if any(environ.get(name) for name in NAMES_A_SERVER):
        return _with_host("PG* variables", _from_environment(environ))
    return None


def _parsed(text: str, *, origin: str, environ: Mapping[str, str]) -> Target:
    try:
        given = conninfo.conninfo_to_dict(text)
    except ProgrammingError:
        given = {}
    if not given or not ("://" in text or "=" in text):
        raise WrongUsage(
            f"{origin} is not an address of a PostgreSQL database",
            "Write postgresql://user:password@host:5432/database, or host=… dbname=… user=…; "
            "a password with special characters must be percent-encoded in the first form.",
        )
    named = {key: str(value) for key, value in given.items() if value is not None}
    if "host" in named:
        environ = {key: value for key, value in environ.items() if key != "PGHOSTADDR"}
    return _with_host(origin, _from_environment(environ) | named)


def _with_host(origin: str, parameters: dict[str, str]) -> Target:
    """Name the local socket where no host is given: every driver has another default."""
    if not {"host", "hostaddr", "service"} & parameters.keys():
        socket = f".s.PGSQL.{parameters.get('port', '5432')}"
        found = [folder for folder in SOCKET_FOLDERS if (Path(folder) / socket).exists()]
        parameters = {**parameters, "host": (found or ["localhost"])[0]}
    return Target(origin=origin, parameters=parameters)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        option.keyword.decode(): environ[option.envvar.decode()]
        for option in pq.Conninfo.get_defaults()
        if option.envvar and environ.get(option.envvar.decode())
    }
