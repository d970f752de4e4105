"""What trials start from: a workspace with its audience and frozen editions, made once and copied often."""

from __future__ import annotations

import itertools
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from newsletter.editions.edition import CompiledLetter
from newsletter.storage import migrate
from newsletter.storage.database import open_database
from newsletter.storage.tables import install
from tests.faults.scene import Scene
from tests.faults.witness import Witness
from tests.outbox import audience

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.editions.edition import Edition
    from newsletter.storage.database import Database
    from tests.faults.senders import Senders
    from tests.servers.postgres import Postgres

_serials = itertools.count()
FILE: Final = "sqlite:///newsletter.db"
_CONFIG: Final = """\
[organisation]
name = "River Trust"
sender = "News <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"

[database]
url = "{database}"

[sending]
window = {window}
on_unknown = "{policy}"

[[mail]]
name = "main"
type = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
timeout_s = {timeout_s}
reply_timeout_s = {timeout_s}
local_hostname = "studio.example"
connections = {connections}
"""


@dataclass(frozen=True)
class Contents:
    """What is in a workspace."""

    people: int = 200
    """Recipients of every edition."""
    policy: str = "hold"
    """``on_unknown`` of the editions."""
    editions: int = 1
    """How many there are, each of a campaign of its own."""
    frozen: bool = True
    """Whether they are in the ledger already."""
    letter_bytes: int = 0
    """How much longer a letter is than a short one."""


@dataclass(frozen=True)
class Ways:
    """How letters leave."""

    window: int = 10
    """Letters of a window."""
    connections: int = 1
    """Lanes of a sender."""
    timeout_s: float = 20.0
    """How long a sender waits for the mail server."""


class Stage:
    """Makes scenes on one kind of database; used by one thread."""

    def __init__(self, folder: Path, senders: Senders, postgres: Postgres | None = None) -> None:
        """Everything is kept below ``folder``; without ``postgres`` databases are files."""
        self.senders = senders
        self.folder = folder
        self.postgres = postgres
        self._templates: dict[Contents, tuple[Path, str]] = {}
        self._made = 0
        # Stages share one server.
        self._serial = next(_serials)

    @contextmanager
    def scene(self, contents: Contents, ways: Ways) -> Iterator[Scene]:
        """Yield a fresh world; its mail server is up."""
        folder, source = self._template(contents)
        root = self._new_folder()
        shutil.copytree(folder, root)
        with self.database(source) as url, Witness() as relay:
            self.write_config(root, url, relay.port, contents, ways)
            database = open_database(url, root)
            try:
                yield Scene(
                    root=root,
                    url=url,
                    database=database,
                    relay=relay,
                    senders=self.senders,
                    policy=contents.policy,
                    people=contents.people,
                    editions=contents.editions,
                    in_flight=ways.window * ways.connections,
                )
            finally:
                database.close()
        shutil.rmtree(root)

    @contextmanager
    def database(self, source: str) -> Iterator[str]:
        """Yield the address of a copy of a template's database."""
        if self.postgres is None:
            yield FILE
            return
        self._made += 1
        name = f"trial_{self._serial}_{self._made}"
        self.postgres.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        try:
            yield self.postgres.url(name)
        finally:
            self.postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def write_config(self, root: Path, url: str, port: int, contents: Contents, ways: Ways) -> None:
        """Write config.toml."""
        text = _CONFIG.format(
            database=url,
            port=port,
            policy=contents.policy,
            window=ways.window,
            connections=ways.connections,
            timeout_s=ways.timeout_s,
        )
        (root / "config.toml").write_text(text, encoding="utf-8")

    def _new_folder(self) -> Path:
        self._made += 1
        return self.folder / f"workspace{self._made}"

    def _template(self, contents: Contents) -> tuple[Path, str]:
        """Return the folder to copy and, on a server, the name of the database to copy."""
        if contents not in self._templates:
            folder = self._new_folder()
            folder.mkdir()
            name, url = f"template_{self._serial}_{self._made}", FILE
            if self.postgres is not None:
                self.postgres.execute(f"CREATE DATABASE {name}")
                url = self.postgres.url(name)
            database = open_database(url, folder)
            migrate.ensure(database)
            _fill(database, folder, contents)
            database.close()
            self._templates[contents] = folder, name
        return self._templates[contents]


def _fill(database: Database, folder: Path, contents: Contents) -> None:
    audience.subscribe(database, contents.people)
    for number in range(contents.editions):
        made = _edition(folder, number, contents.letter_bytes)
        if contents.frozen:
            audience.frozen_in(database, made, folder, on_unknown=contents.policy)
    with database.write() as connection:
        # Its copies are no copies of something that sends: the first program makes its place theirs.
        connection.execute(update(install).values(place=""))


def _edition(folder: Path, number: int, letter_bytes: int) -> Edition:
    subject = f"Otters {number}"
    first, last = audience.LETTER.segments[0], audience.LETTER.segments[-1]
    to, subject_line, *middle = audience.LETTER.segments[:-1]
    del first
    more = b"Otters are in the river again.\r\n" * (letter_bytes // 32)
    letter = CompiledLetter(
        segments=(to, subject_line.replace(b"Otters are back", subject.encode()), *middle, last + more),
        slots=audience.LETTER.slots,
    )
    return audience.edition_in(
        folder,
        campaign=f"otters-{number}",
        folder=folder / "out" / f"otters-{number}",
        subject=subject,
        letter=letter,
    )
