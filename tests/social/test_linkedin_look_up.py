"""LinkedIn: what its timeline tells about a post whose answer was lost, and what it does not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import DeliveryError, RefusedSenderError, TransientError
from newsletter.model import Snippet
from newsletter.social.base import Posting, Sighting
from tests.fakes import linkedin as fakes
from tests.fakes.linkedin import PERSON
from tests.fakes.linkedin_login import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer

    from tests.fakes.linkedin import FakeLinkedIn

TEXT = "The weir is gone (at last). #Rivers"
WIRE = r"The weir is gone \(at last\). {hashtag|\#|Rivers}"
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
AFTER = AT + timedelta(hours=1)
POSTING = Posting(Snippet("page", "linkedin", TEXT), "d-1", AT)
NOBODY_KNOWS = Sighting()
SURELY_NOT = Sighting(certain=True)


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLinkedIn]:
    """Return LinkedIn with a page; what is asked there is right in every test."""
    server = fakes.play(httpserver, monkeypatch)
    yield server
    assert server.complaints() == []


def urn(number: int) -> str:
    """Return the name of a post."""
    return f"urn:li:share:{number}"


def test_the_first_post_with_our_words_is_found(fake: FakeLinkedIn) -> None:
    """A person may have put them up a second time since."""
    fake.place(urn(1), WIRE, AFTER)
    fake.place(urn(2), WIRE, AFTER + timedelta(hours=1))
    fake.place(urn(3), "Something else", AFTER)
    sighting = fake.account.look_up(POSTING)

    assert sighting.certain
    assert [receipt.remote_id for receipt in sighting.receipts] == [urn(1)]
    assert sighting.receipts[0].url.endswith(f"/{urn(1)}/")


@pytest.mark.parametrize(
    ("post", "sighting"),
    [
        ({"commentary": "Something else"}, SURELY_NOT),
        ({"created_at": AT - timedelta(days=1)}, SURELY_NOT),
        ({"lifecycleState": "PUBLISH_FAILED"}, SURELY_NOT),
        ({"lifecycleState": "PUBLISH_REQUESTED"}, NOBODY_KNOWS),
        ({"id": "no urn"}, NOBODY_KNOWS),
    ],
)
def test_other_posts_are_not_ours(fake: FakeLinkedIn, post: dict[str, str], sighting: Sighting) -> None:
    """And what LinkedIn still works on may come out."""
    fake.place(urn(1), **{"commentary": WIRE, "created_at": AFTER, **post})  # type: ignore[arg-type]

    assert fake.account.look_up(POSTING) == sighting


def test_clocks_may_differ_a_little(fake: FakeLinkedIn) -> None:
    """LinkedIn's may be behind ours."""
    fake.place(urn(1), WIRE, AT - timedelta(minutes=2))

    assert fake.account.look_up(POSTING).receipts


def test_the_timeline_is_read_back_to_the_edition(fake: FakeLinkedIn) -> None:
    """Not just its first page, and no further than needed."""
    fake.place(urn(1), WIRE, AFTER)
    for number in range(2, 62):
        fake.place(urn(number), f"News {number}", AFTER + timedelta(minutes=number))
    for number in range(62, 200):
        fake.place(urn(number), f"Old news {number}", AT - timedelta(days=number))

    assert [receipt.remote_id for receipt in fake.account.look_up(POSTING).receipts] == [urn(1)]
    assert len(fake.requests) == 2


def test_a_timeline_that_is_too_long_leaves_it_uncertain(fake: FakeLinkedIn) -> None:
    """Nobody publishes so much; then a person has to look."""
    for number in range(1, 202):
        fake.place(urn(number), f"News {number}", AFTER + timedelta(minutes=number))

    assert fake.account.look_up(POSTING) == NOBODY_KNOWS
    assert len(fake.requests) == 4


def test_without_the_scope_to_read_nothing_is_certain(fake: FakeLinkedIn) -> None:
    """The page's posts are there, but not for us."""
    fake.place(urn(1), WIRE, AFTER)
    fake.login.scopes = frozenset({"w_organization_social"})

    assert fake.account.look_up(POSTING) == NOBODY_KNOWS


def test_a_persons_posts_can_hardly_be_read(fake: FakeLinkedIn) -> None:
    """LinkedIn gives that scope to few."""
    fake.place(urn(1), WIRE, AFTER, author=PERSON)
    account = replace(fake.account, author=PERSON)
    assert account.look_up(POSTING) == NOBODY_KNOWS

    fake.login.scopes = frozenset({"r_member_social"})
    assert len(account.look_up(POSTING).receipts) == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"status": 500}, 500, TransientError),
        ({"elements": "many"}, 200, TransientError),
        ({}, 200, TransientError),
        ({"status": 401, "code": "EXPIRED_ACCESS_TOKEN"}, 401, RefusedSenderError),
    ],
)
def test_a_timeline_that_cannot_be_read_now_is_an_error(
    fake: FakeLinkedIn, body: dict[str, str], status: int, kind: type[DeliveryError]
) -> None:
    """Which is not the same as nothing being there."""
    fake.refusals = [answer(status, body)]
    with pytest.raises(kind):
        fake.account.look_up(POSTING)


def test_after_a_lost_answer_even_a_timeline_that_lags_makes_no_second_post(fake: FakeLinkedIn) -> None:
    """LinkedIn itself knows the words, and says where they stand."""
    posting = replace(POSTING, at=datetime.now(UTC) - timedelta(minutes=1))
    fake.fail("lost after commit")
    with pytest.raises(DeliveryError):
        fake.account.publish(posting)
    fake.hides = True
    assert fake.account.look_up(posting) == SURELY_NOT
    receipt = fake.account.publish(posting)

    assert list(fake.posts) == [receipt.remote_id]
