"""Snippets are published once, whatever happens between the request and its answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from newsletter.delivery.dispatch import dispatch
from newsletter.errors import PermanentError, RefusedSenderError, TransientError
from newsletter.model import Snippet
from newsletter.outbox import hold, ledger, parts, upkeep
from newsletter.outbox.settle import settle
from newsletter.storage.tables import slice_
from tests.delivery.studio import Clock, freeze, opened, write_config
from tests.delivery.wall import LOST, Wall
from tests.outbox.audience import NOW, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.app import App
    from newsletter.outbox.parts import Part

pytestmark = pytest.mark.usefixtures("workspace_database")
THREAD = ("First the weir went.", "Then the otters came.", "Join us: https://rivertrust.example/act")


@pytest.fixture
def clock() -> Clock:
    """Return the time of the workspace."""
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    """Return a workspace without channels."""
    write_config(tmp_path, mail='type = "folder"\npath = "mail"')
    with opened(tmp_path, clock) as found:
        yield found


def wall_of(app: App, *texts: str, **settings: Any) -> Wall:
    """Give the workspace a wall, and freeze an edition for it."""
    wall = Wall("wall", **settings)
    vars(app)["networks"] = (wall,)
    words = texts or ("Otters are back.",)
    snippet = Snippet("wall", "wall", "\n\n".join(words), parts=words if len(words) > 1 else ())
    freeze(app, lists=(), snippets=(snippet,))
    return wall


def later(app: App, clock: Clock, **ahead: float) -> None:
    """Let time pass and dispatch again."""
    clock.moment += timedelta(**ahead)
    dispatch(app)


def posts_of(app: App) -> list[Part]:
    """Return what the ledger knows of posts."""
    with app.database.read() as connection:
        return parts.of_edition(connection, ledger.find(connection, "autumn").id)


def test_every_post_of_a_thread_has_a_receipt(app: App) -> None:
    """With address, moment, price, and a hash of what was published."""
    wall = wall_of(app, *THREAD)
    dispatch(app)

    found = posts_of(app)
    assert list(wall.posts.values()) == list(THREAD)
    assert [part.receipt.remote_id for part in found] == list(wall.posts)
    assert [part.price_musd for part in found] == [15, 15, 200]
    assert [part.at for part in found] == [NOW] * 3
    assert len({part.content_hash for part in found}) == 3
    row = row_of(app.database, "wall")
    assert (row.state, row.url) == ("sent", found[0].receipt.url)


def test_an_answer_that_was_lost_is_found_at_once_on_the_network(app: App) -> None:
    """Nobody has to wait for the next look."""
    wall = wall_of(app, mishaps=[LOST])
    dispatch(app)

    assert row_of(app.database, "wall").state == "sent"
    assert len(wall.posts) == len(posts_of(app)) == 1


def test_a_lost_answer_is_looked_up_before_anything_is_published_again(app: App, clock: Clock) -> None:
    """It does not stand there, and that is certain: it goes again."""
    wall = wall_of(app, mishaps=[LOST], commits=False)
    dispatch(app)
    row = row_of(app.database, "wall")
    assert (row.state, row.code) == ("deferred", "in-doubt")

    later(app, clock, minutes=6)
    assert row_of(app.database, "wall").state == "sent"
    assert len(wall.asked) == 2
    assert len(wall.posts) == 1


def test_what_nobody_can_tell_waits_for_a_person_in_the_end(app: App, clock: Clock) -> None:
    """It is never published on a guess."""
    wall = wall_of(app, mishaps=[LOST], commits=False, certain=False)
    dispatch(app)
    for _ in range(8):
        later(app, clock, hours=9)

    row = row_of(app.database, "wall")
    assert (row.state, wall.posts) == ("unknown", {})
    assert "does not tell" in row.reply


def test_a_network_that_cannot_be_asked_is_asked_again_later(app: App, clock: Clock) -> None:
    """The doubt stays as long as it has to."""
    away = TransientError("the network is away", code="503")
    wall = wall_of(app, mishaps=[LOST], blind=[away, away])
    dispatch(app)
    later(app, clock, minutes=6)
    assert row_of(app.database, "wall").code == "in-doubt"

    later(app, clock, hours=1)
    assert row_of(app.database, "wall").state == "sent"
    assert len(wall.posts) == 1


def test_a_thread_goes_on_at_the_first_missing_post(app: App, clock: Clock) -> None:
    """Whatever its network had confirmed, and whatever had got lost."""
    wall = wall_of(app, *THREAD, mishaps=[None, LOST])
    dispatch(app)
    assert len(posts_of(app)) == 1
    assert len(wall.posts) == 2

    later(app, clock, minutes=6)
    assert list(wall.posts.values()) == list(THREAD)
    assert [part.number for part in posts_of(app)] == [0, 1, 2]
    assert row_of(app.database, "wall").state == "sent"


def test_a_sender_that_was_killed_before_the_answer_is_reconciled_first(app: App, clock: Clock) -> None:
    """The next one looks before it publishes."""
    wall = wall_of(app)

    def killed(connection: Any, claim: Any, outcomes: Any, *rest: Any) -> Any:
        if outcomes:
            raise KeyboardInterrupt
        return settle(connection, claim, outcomes, *rest)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("newsletter.outbox.claim.settle", killed)
        dispatch(app)
    assert row_of(app.database, "wall").state == "sending"
    assert len(wall.posts) == 1

    with app.database.write() as connection:
        connection.execute(update(slice_).values(lease_until=app.now()))
    later(app, clock, seconds=1)
    assert row_of(app.database, "wall").state == "sent"
    assert len(wall.posts) == 1


@pytest.mark.parametrize("asked_for_h", [1.0, 7.0])
def test_a_post_that_would_come_too_late_is_missed_and_says_so(
    app: App, clock: Clock, asked_for_h: float
) -> None:
    """News of the morning is none at night; a person may publish it anyway."""
    busy = TransientError("too many", code="429", retry_after_s=asked_for_h * 3600)
    wall = wall_of(app, mishaps=[busy])
    dispatch(app)
    if asked_for_h < 6:
        assert row_of(app.database, "wall").state == "deferred"
        later(app, clock, hours=10)

    row = row_of(app.database, "wall")
    assert (row.state, row.code, wall.posts) == ("failed", "missed", {})
    with app.database.write() as connection:
        upkeep.retry(connection, ledger.find(connection, "autumn"), app.now())
    later(app, clock, minutes=1)
    assert len(wall.posts) == 1


@pytest.mark.parametrize(
    "error", [RefusedSenderError("the token was revoked", code="401"), PermanentError("no", code="422")]
)
def test_what_the_network_refuses_fails_with_its_words(app: App, error: PermanentError) -> None:
    """And holds up nothing else."""
    wall_of(app, mishaps=[error])
    dispatch(app)

    row = row_of(app.database, "wall")
    assert (row.state, row.reply, row.code) == ("failed", error.why, error.code)


def test_a_post_in_doubt_of_a_cancelled_edition_is_not_published(app: App, clock: Clock) -> None:
    """It stays in doubt, for a person."""
    wall = wall_of(app, mishaps=[LOST], commits=False)
    dispatch(app)
    with app.database.write() as connection:
        hold.cancel(connection, ledger.find(connection, "autumn"), app.now())
    later(app, clock, hours=1)

    assert wall.posts == {}
    assert row_of(app.database, "wall").state == "unknown"


def test_an_account_costs_no_more_in_a_month_than_it_may(app: App, clock: Clock) -> None:
    """The next month it may again."""
    wall = wall_of(app, *THREAD, cap_musd=230)
    dispatch(app)
    assert len(wall.posts) == 3

    freeze(app, lists=(), subject="Again", snippets=(Snippet("wall", "wall", "Otters again."),))
    later(app, clock, minutes=1)
    with app.database.read() as connection:
        (row,) = [one for one in upkeep.rows(connection) if one["state"] == "failed"]
    assert row["code"] == "cap"
    assert "$0.230 of the $0.23 for this month are spent" in row["reply"]
    assert len(wall.posts) == 3

    clock.moment = clock.moment.replace(month=6)
    with app.database.write() as connection:
        upkeep.retry(connection, ledger.find(connection, row["edition"]), app.now())
    dispatch(app)
    assert len(wall.posts) == 4
