"""A workspace that sends to a relay of the tests, and a program that does nothing but dispatch."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter import config
from newsletter.app import App
from newsletter.workspace import Workspace
from tests.outbox.audience import NOW, edition_in, frozen_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from newsletter.editions.edition import Edition

HEAD = """\
[organisation]
name = "River Trust"
sender = "News <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"

[database]
url = "{database}"

[sending]
window = 5
{sending}

[[mail]]
name = "main"
{mail}

{social}
"""
SMTP = """\
type = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
timeout_s = 20
local_hostname = "studio.example"
"""
PROGRAM = """\
import sys
from newsletter.app import open_app
from newsletter.delivery.dispatch import dispatch
dispatch(open_app(sys.argv[1]))
"""
"""What `newsletter run` does at every turn, without the command around it."""
DATABASE_URL = "NEWSLETTER_TEST_DATABASE_URL"
"""Environment variable with the database of workspaces; the fixture ``workspace_database`` sets it."""


@dataclass
class Clock:
    """A time that a test sets."""

    moment: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        """Return it."""
        return self.moment


def write_config(root: Path, *, port: int = 0, mail: str = "", social: str = "", sending: str = "") -> None:
    """Write config.toml; ``mail`` replaces the settings of the transport, or extends them after ``+``."""
    database = os.environ.get(DATABASE_URL, "sqlite:///newsletter.db")
    settings = SMTP.format(port=port)
    if mail.startswith("+"):
        settings += mail[1:]
    elif mail:
        settings = mail
    (root / "config.toml").write_text(
        HEAD.format(database=database, mail=settings, social=social, sending=sending), encoding="utf-8"
    )


@contextmanager
def opened(root: Path, now: Any = None) -> Iterator[App]:
    """Open the workspace; its database is closed at the end."""
    workspace = Workspace(root)
    app = App(workspace, config.load(workspace), now or Clock())
    try:
        yield app
    finally:
        app.database.close()


def freeze(app: App, **options: Any) -> Edition:
    """Build a small edition and freeze it for the transport ``main``."""
    made = edition_in(app.workspace.root, **options)
    frozen_in(app.database, made, app.workspace.root, on_unknown=app.config.sending.on_unknown)
    return made


def account(name: str, path: str = "social") -> str:
    """Return the table of an account that publishes into a folder."""
    return f'[[social]]\nname = "{name}"\ntype = "folder"\npath = "{path}"\n'


def command(root: Path) -> list[str]:
    """Return how to dispatch in a process of its own."""
    return [sys.executable, "-c", PROGRAM, str(root)]
