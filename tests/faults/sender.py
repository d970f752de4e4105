"""A program that has imported everything and forks a sender for every order it reads.

A sender of its own costs half a second of imports; a forked one is at work at
once, and can be killed as often as a trial likes. An order is a line of JSON
(see `Order`). What happens is told on standard output, a line of JSON each:
``born``, ``said`` (how it ended, in words), ``ended`` (after it was waited for,
so that its number is free: a sender that nobody waits for seems to be alive).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from newsletter import clock, config
from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.editions.edition import Edition

REFUSED: Final = 4
"""Exit code when the program gives up with a line for people."""
BROKEN: Final = 70
"""Exit code of a traceback; no fault may lead to one."""
LONGEST_WORDS: Final = 1500
"""More could be torn apart on its way through the pipe."""
_PRELOADED: Final = (
    "newsletter.delivery.dispatch",
    "newsletter.delivery.release",
    "newsletter.editions.build",
    "newsletter.mail.smtp.session",
    "newsletter.storage.glance",
    "newsletter.storage.migrate",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)
_SCRATCH: Final = """\
[organisation]
name = "River Trust"
sender = "News <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"

[[mail]]
name = "main"
type = "smtp"
host = "127.0.0.1"
tls = "none"
"""


@dataclass(frozen=True)
class Order:
    """What one sender is to do, and under which conditions."""

    root: str
    """Its workspace."""
    task: str = "send"
    """A name of `TASKS`."""
    edition: str = ""
    """Folder of the edition to freeze, relative to the workspace."""
    failpoint: str = ""
    """``name:count``, where it dies."""
    shift_s: float = 0.0
    """How far its clock is ahead of this machine's."""
    busy_timeout_s: float = 10.0
    """How long it waits for other programs on the database."""
    most_pages: int = 0
    """Pages that its SQLite database may have; 0: as many as it likes."""
    largest_file_bytes: int = 0
    """What a file may grow to, for the kernel; 0: as much as it likes."""
    progress_file: str = ""
    """Where it notes the moment and the number of letters sent, after every window that is settled."""
    environment: dict[str, str] = field(default_factory=dict)
    """More variables, for what is loaded in front of the C library."""

    def open(self) -> App:
        """Open the workspace under these conditions."""
        from sqlalchemy import event

        from newsletter.storage.database import open_database

        ahead = timedelta(seconds=self.shift_s)

        def now() -> datetime:
            return clock.now() + ahead

        workspace = Workspace(Path(self.root))
        app = App(workspace, config.load(workspace), now)
        url = app.config.database.address()
        database = open_database(url, workspace.root, busy_timeout_s=self.busy_timeout_s)
        if self.most_pages:
            pragma = f"PRAGMA max_page_count = {self.most_pages}"
            event.listen(database.engine, "connect", lambda connection, _record: connection.execute(pragma))
        vars(app)["database"] = database
        return app


def send(order: Order) -> str:
    """Do one turn of ``newsletter run`` without the schedule; return what a person is told."""
    from newsletter.delivery import dispatch, lane

    # The wait for a database that starts anew is not what is tried here.
    lane.RETRIES_S = (0.05, 0.2)  # type: ignore[misc]
    app = order.open()
    sent = 0

    def note(counts: Any) -> None:
        nonlocal sent
        sent += counts["sent"]
        if order.progress_file:
            with Path(order.progress_file).open("a", encoding="ascii") as file:
                file.write(f"sent {time.monotonic_ns()} {sent}\n")

    try:
        summary = dispatch.dispatch(app, on_progress=note)
    finally:
        app.close()
    return "; ".join((*summary.troubles, *summary.waits))


def freeze(order: Order) -> str:
    """Freeze an edition that was built before."""
    from newsletter.delivery.release import freeze_for

    app = order.open()
    try:
        with app.database.write() as connection:
            freeze_for(app, connection, _edition(app, order.edition))
    finally:
        app.close()
    return ""


def schedule(order: Order) -> str:
    """Begin what is due, with editions that were built before, and send it."""
    from newsletter.delivery import release

    def prepare(opened: Any, campaign: str) -> tuple[Edition, tuple[()]]:
        latest = Path("out", campaign, "latest")
        name = (opened.workspace.root / latest).read_text(encoding="utf-8").strip()
        return _edition(opened, f"out/{campaign}/{name}"), ()

    release.prepare = prepare  # type: ignore[assignment]
    release.policy_of = lambda opened, _campaign: opened.loaded.config.sending.on_unknown  # type: ignore[assignment]
    app = order.open()
    told: list[str] = []
    try:
        release.begin(app, told.append)
    finally:
        app.close()
    return "; ".join(filter(None, (*told, send(order))))


TASKS: Final[dict[str, Callable[[Order], str]]] = {"send": send, "freeze": freeze, "schedule": schedule}
"""What a sender can be told to do."""


def main() -> None:
    """Fork a sender per order until standard input ends."""
    _warm_up()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    waiting.register(woken, selectors.EVENT_READ)
    heard = b""
    while True:
        ready = {key.fd for key, _ in waiting.select()}
        if woken in ready:
            os.read(woken, 4096)
            _wait_for_ended()
        if sys.stdin.fileno() in ready:
            arrived = os.read(sys.stdin.fileno(), 65536)
            if not arrived:
                return
            *orders, heard = (heard + arrived).split(b"\n")
            for line in orders:
                _fork(Order(**json.loads(line)))


def _warm_up() -> None:
    """Import what a sender needs, also what is imported late: one that sends nothing is run."""
    for module in _PRELOADED:
        with contextlib.suppress(ImportError):  # psycopg is an extra
            importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.toml").write_text(_SCRATCH, encoding="utf-8")
        order = Order(folder)
        app = order.open()
        importlib.import_module("newsletter.storage.migrate").ensure(app.database)
        app.close()
        send(order)


def _fork(order: Order) -> None:
    pid = os.fork()
    if pid:
        _tell({"born": pid})
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code, words = 0, ""
    try:
        _prepare(order)
        words = TASKS[order.task](order)
    except NewsletterError as error:
        code, words = REFUSED, str(error)
    except BaseException:  # noqa: BLE001 - whatever it is, it must be told and must not reach the parent's loop
        code, words = BROKEN, traceback.format_exc()
    finally:
        _tell({"said": os.getpid(), "words": words[-LONGEST_WORDS:]})
        os._exit(code)


def _prepare(order: Order) -> None:
    from newsletter import failpoint

    os.environ.update(order.environment)
    os.environ["NEWSLETTER_FAILPOINT"] = order.failpoint
    importlib.reload(failpoint)
    if order.largest_file_bytes:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file_bytes, resource.RLIM_INFINITY))


def _edition(app: App, folder: str) -> Edition:
    from newsletter.editions import frozen

    return frozen.read(app.workspace.root / folder)


def _wait_for_ended() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
