"""A PostgreSQL with PostGIS of the tests' own, on 127.0.0.1, in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PASSWORD = "p@ss/w%rd 秘密"  # noqa: S105 - of a database that lives as long as the tests
QUOTED = "p%40ss%2Fw%25rd%20%E7%A7%98%E5%AF%86"


@dataclass(frozen=True)
class Cluster:
    port: int

    def dsn(self, database: str) -> str:
        return f"postgresql://owner:{QUOTED}@127.0.0.1:{self.port}/{database}"


def _absent(what: str) -> None:
    text = f"{what}: `apt-get install postgresql-postgis` (Debian, Ubuntu) brings it"
    if os.environ.get("TWIN_PIPELINE_REQUIRE_POSTGIS") == "1":
        pytest.fail(text)
    pytest.skip(text)


def _programs() -> Path:
    """Return the folder of the newest installed server that has PostGIS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve())
    for initdb in reversed(found):
        asked = [initdb.with_name("pg_config"), "--sharedir"]
        share = Path(f"/usr/share/postgresql/{_version(initdb)}")
        if asked[0].is_file():
            share = Path(subprocess.check_output(asked, text=True).strip())
        if (share / "extension" / "postgis.control").is_file():
            return initdb.parent
    _absent("no PostGIS" if found else "no PostgreSQL server")
    raise AssertionError


def _version(initdb: Path) -> int:
    name = initdb.parent.parent.name
    return int(name) if name.isdigit() else 0


def _server_user() -> str | None:
    """Return whom to run the server as; it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Start a server whose only user needs a password; stop it and remove it afterwards."""
    programs, user = _programs(), _server_user()
    # Of a name short enough for a socket, and open to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="twin-pg-", dir="/tmp"))
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD, "utf-8")
    if user is not None:
        for path in (folder, secret):
            shutil.chown(path, user)

    def call(program: str, *arguments: object) -> None:
        as_user = ["runuser", "-u", user, "--"] if user is not None else []
        subprocess.run(
            [*as_user, programs / program, *map(str, arguments)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, timeout=120,
        )  # fmt: skip

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        call("initdb", "-D", data, "-U", "owner", "--auth=scram-sha-256", f"--pwfile={secret}",
             "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Cluster(port)
        finally:
            call("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def dsn(cluster, request) -> Iterator[str]:
    """Return the connection string of an empty database."""
    name = f"db{abs(hash(request.node.nodeid))}"
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield cluster.dsn(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
