"""Letters find their way: the first transport that may, answers, and has something left for today."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from newsletter.delivery.dispatch import dispatch
from newsletter.outbox import ledger
from tests.delivery.studio import SMTP, Clock, freeze, opened, write_config
from tests.mail.relay import Relay
from tests.outbox.audience import later, row_of, states, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.app import App

pytestmark = pytest.mark.usefixtures("workspace_database")


@pytest.fixture
def relays() -> Iterator[tuple[Relay, Relay]]:
    """Return two mail servers."""
    with Relay() as first, Relay() as second:
        yield first, second


def backup(relay: Relay, more: str = "") -> str:
    """Return the table of a second transport."""
    return f'[[mail]]\nname = "backup"\n{SMTP.format(port=relay.port)}{more}\n'


def studio(root: Path, stack: ExitStack, *, port: int, first: str = "", then: str = "") -> App:
    """Open a workspace with two transports and three readers, and freeze an edition."""
    write_config(root, port=port, mail=f"+{first}", social=then)
    app = stack.enter_context(opened(root))
    subscribe(app.database, 3)
    freeze(app)
    return app


def closed_port() -> int:
    """Return a port where nobody listens."""
    with Relay() as gone:
        return gone.port


def test_letters_go_through_the_first_transport(relays: tuple[Relay, Relay], tmp_path: Path) -> None:
    """The second one is for bad days."""
    first, second = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, then=backup(second))
        dispatch(app)

        assert (len(first.received), len(second.received)) == (3, 0)


def test_the_next_one_takes_over_when_it_does_not_answer(relays: tuple[Relay, Relay], tmp_path: Path) -> None:
    """In the same round; the report names the one that carried them."""
    _, second = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=closed_port(), then=backup(second))
        summary = dispatch(app)

        assert states(app.database) == {"sent": 3}
        assert row_of(app.database, "reader0@example.org").channel == "backup"
        assert any("main" in line and "cannot be reached" in line for line in summary.troubles)


def test_a_refused_login_leaves_the_edition_to_the_next_one(
    relays: tuple[Relay, Relay], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it would have paused the edition."""
    first, second = relays
    monkeypatch.setenv("RELAY_PASSWORD", "wrong")
    login = 'username = "news"\npassword = { env = "RELAY_PASSWORD" }\n'
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, first=login, then=backup(second))
        dispatch(app)

        assert states(app.database) == {"sent": 3}
        assert len(second.received) == 3


def test_without_another_one_nothing_is_lost_and_the_next_round_tries_again(
    relays: tuple[Relay, Relay], tmp_path: Path
) -> None:
    """After three rounds in vain it is left alone for a while."""
    first, _ = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=closed_port())
        for _ in range(3):
            dispatch(app)
        summary = dispatch(app)
        assert "is tried again at" in summary.troubles[0]
        write_config(tmp_path, port=first.port)
        app = stack.enter_context(opened(tmp_path, Clock(later(minutes=1))))
        dispatch(app)

        assert states(app.database) == {"sent": 3}


def test_a_transport_that_has_nothing_left_for_today_hands_over(
    relays: tuple[Relay, Relay], tmp_path: Path
) -> None:
    """Its own limit holds, and everybody gets the letter today."""
    first, second = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, first="per_day = 2\n", then=backup(second))
        dispatch(app)
        dispatch(app)

        assert (len(first.received), len(second.received)) == (2, 1)
        assert states(app.database) == {"sent": 3}


def test_alone_it_waits_for_tomorrow_and_says_so(relays: tuple[Relay, Relay], tmp_path: Path) -> None:
    """Then the rest leaves by itself."""
    first, _ = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, first="per_day = 2\n")
        summary = dispatch(app)
        assert states(app.database) == {"sent": 2, "pending": 1}
        assert any("2 of 2 letters of today are used" in line for line in summary.waits)
        assert summary.troubles == ()
        assert isinstance(app.now, Clock)
        app.now.moment = later(days=1)
        dispatch(app)

        assert states(app.database) == {"sent": 3}


def test_a_limit_per_second_is_waited_for_within_the_round(
    relays: tuple[Relay, Relay], tmp_path: Path
) -> None:
    """On one connection, without losing the slice."""
    first, _ = relays
    from newsletter import clock

    with ExitStack() as stack:
        write_config(tmp_path, port=first.port, mail="+per_second = 20\n")
        app = stack.enter_context(opened(tmp_path, clock.now))
        subscribe(app.database, 45)
        freeze(app)
        dispatch(app)

        assert states(app.database) == {"sent": 45}
        assert first.connections == 1


def test_letters_of_a_domain_go_only_where_it_may_send(relays: tuple[Relay, Relay], tmp_path: Path) -> None:
    """A transport may be for one sender alone."""
    first, second = relays
    only = 'sender_domains = ["appeals.example"]\n'
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, first=only, then=backup(second))
        dispatch(app)
        assert (len(first.received), len(second.received)) == (0, 3)
        freeze(app, sender="Appeals <ask@appeals.example>", subject="An appeal")
        dispatch(app)

        assert (len(first.received), len(second.received)) == (3, 3)


def test_a_domain_that_no_transport_takes_is_named(relays: tuple[Relay, Relay], tmp_path: Path) -> None:
    """Nothing of it leaves, nothing of it is lost."""
    first, _ = relays
    with ExitStack() as stack:
        app = studio(tmp_path, stack, port=first.port, first='sender_domains = ["appeals.example"]\n')
        summary = dispatch(app)

        assert "no [[mail]] of config.toml takes letters from rivertrust.example" in summary.troubles[0]
        assert states(app.database) == {"pending": 3}
        with app.database.read() as connection:
            assert ledger.find(connection, "autumn").state == "sending"
