"""A scratch workspace as a user would have it: config.toml, people, and the starter's appeal at 15 KB."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from sqlalchemy import JSON, Integer, Text, case, cast, insert, literal, select

from benchmarks.people import FIRST_NAMES, LAST_NAME, TOWNS
from newsletter import workspace
from newsletter.app import open_app
from newsletter.campaigns import load, pick
from newsletter.delivery.release import freeze_for
from newsletter.editions.build import build
from newsletter.posts import store
from newsletter.storage.tables import Moment, mailing_list, membership, subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from newsletter.app import App

WINDOW: Final = 50
"""Letters in flight on a connection."""
LIST: Final = "supporters"
WARM_UP: Final = "warm-up"
"""List of the few people who get the first letters, which are not measured."""
WARM_UP_PEOPLE: Final = 200
_NOW: Final = datetime(2026, 10, 14, 9, 0, tzinfo=UTC)
_NOTE: Final = """\


Every spring we walk the eleven miles from the weir to the sea and write down what we find: the nests,
the drains, the shopping trolleys, the first sand martins. Every autumn we tell you what has become of it.

The people of {{ merge.town | fallback("your town") }} have been part of this from the beginning. Many of
you came to the work days in March, when the water was too cold for anything but laughing at it, and
planted the willows that now hold the bank below the mill. Others sent what they could spare, and we spent
it on stakes, on fencing and on the hire of one very small digger.

Next year we want to do the same on the other bank, {{ merge.town | fallback("your town") }} side, from the
footbridge down to the old ferry steps. The plan is drawn, the landowner has said yes, and the first thing
we need is to know that you will walk with us again.
"""


@contextmanager
def studio(
    folder: Path, *, mail: dict[str, Any], database_url: str = "sqlite:///newsletter.db", window: int = WINDOW
) -> Iterator[App]:
    """Make a workspace in ``folder`` with one transport and no social account, and open it."""
    found = workspace.create(folder).workspace
    settings = tomlkit.parse(found.config.read_text(encoding="utf-8"))
    settings["database"] = {"url": database_url}
    settings["sending"] = {"window": window}
    settings["mail"] = [{"name": "main", **mail}]
    settings["social"] = []
    found.config.write_text(tomlkit.dumps(settings), encoding="utf-8")
    app = open_app(found.root)
    try:
        yield app
    finally:
        app.close()


def smtp(port: int, connections: int) -> dict[str, Any]:
    """Return the settings of a transport that sends to a sink."""
    return {"type": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "connections": connections}


def enlist(app: App, name: str, count: int) -> None:
    """Put so many new people on a new list, in a few statements whatever their number."""
    start = literal(1, Integer)
    numbers = select(start.label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    address = literal(f"{name}-", Text) + cast(numbers.c.n, Text) + literal("@example.org", Text)
    now = literal(_NOW, Moment)
    first_name = case(dict(enumerate(FIRST_NAMES)), value=numbers.c.n % len(FIRST_NAMES))
    town = case(
        {place: literal({"town": town}, JSON) for place, town in enumerate(TOWNS)},
        value=numbers.c.n % len(TOWNS),
    )
    people = select(address, address, first_name, literal(LAST_NAME, Text), town, now, now)
    columns = ["email", "email_key", "first_name", "last_name", "attributes", "created_at", "updated_at"]
    with app.database.write() as connection:
        connection.execute(insert(subscriber).from_select(columns, people, include_defaults=False))
        new = connection.execute(insert(mailing_list).values(name=name, created_at=_NOW))
        assert new.inserted_primary_key is not None
        theirs = select(
            literal(new.inserted_primary_key[0]), subscriber.c.id, literal("subscribed"), now
        ).where(subscriber.c.email_key.startswith(f"{name}-"))
        members = ["list_id", "subscriber_id", "state", "changed_at"]
        connection.execute(insert(membership).from_select(members, theirs, include_defaults=False))
        _analyse(connection)


def freeze(app: App, name: str) -> str:
    """Build the appeal for a list, freeze it, and return the edition's identity."""
    campaign = load.load(app.workspace, "autumn-digest")
    campaign = replace(
        campaign,
        subject=f"{campaign.subject} ({name})",
        template="appeal",
        note=campaign.note + _NOTE,
        lists=(name,),
    )
    posts = pick.pick(campaign, store.load_all(app.workspace.posts))
    edition = build(app.workspace, app.loaded, campaign, posts, app.networks)
    with app.database.write() as connection:
        freeze_for(app, connection, edition)
    return edition.id


def _analyse(connection: Connection) -> None:
    """Have the database count its rows, which a server that has run for a minute has done by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")
