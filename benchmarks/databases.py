"""The databases that a ledger is measured on, each as it is installed: nothing acknowledged is ever lost."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from newsletter.app import App

    Fresh = Callable[[], AbstractContextManager[str]]
    """Yields the address of an empty database, and drops it at the end."""

SQLITE: Final = "SQLite"
POSTGRES: Final = "PostgreSQL"


@contextmanager
def databases(*, postgres: bool) -> Iterator[dict[str, Fresh]]:
    """Yield what there is, by name: SQLite in the workspace, and PostgreSQL where its programs are found."""
    found: dict[str, Fresh] = {SQLITE: lambda: nullcontext("sqlite:///newsletter.db")}
    with ExitStack() as stack:
        if postgres:
            _add_postgres(found, stack)
        yield found


def size_bytes(app: App) -> int:
    """Return the size of a workspace's database, what waits in a log left out."""
    postgres = app.database.engine.dialect.name == "postgresql"
    query = (
        "SELECT pg_database_size(current_database())"
        if postgres
        else "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    )
    with app.database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _add_postgres(found: dict[str, Fresh], stack: ExitStack) -> None:
    from tests.servers.postgres import NoPostgresError, Postgres

    try:
        server = Postgres(durable=True)
    except NoPostgresError as error:
        print(f"PostgreSQL is left out: {error}")
        return
    stack.callback(server.stop)
    found[POSTGRES] = server.database
