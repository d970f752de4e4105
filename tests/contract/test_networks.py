"""What every network promises while its server misbehaves, over real sockets."""

from __future__ import annotations

import dataclasses
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from newsletter import adapters, social
from newsletter.errors import (
    DeliveryError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from tests.contract.postings import ALT, TEXT, picture, posting, published_in_the_end, reads, stands, words
from tests.fakes.stand import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.stand import Stand

STANDS = stands()
DOUBTFUL = ("lost after commit", "500 after commit", "500 before commit", "silence", "html")
UNUSUAL = (
    "A family \U0001f468\u200d\U0001f469\u200d\U0001f467 of three, and a flag \U0001f1ec\U0001f1ed.",
    "\u0646\u0647\u0631 \u0646\u0638\u064a\u0641 \u0644\u0644\u062c\u0645\u064a\u0639",
    "Words (in brackets) [and these] {too}, *stars*, _lines_, ~waves~, <angles>, a|b \\ & more",
    "\U0001f64f\U0001f3fd\U0001f64f\U0001f3fd",
)


@pytest.fixture(params=sorted(STANDS))
def stand(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Return a network with one account of ours; it must have nothing to complain about at the end."""
    monkeypatch.setenv("NEWSLETTER_TOKENS", str(tmp_path / "tokens"))
    with STANDS[request.param].stand(tmp_path, monkeypatch) as made:
        yield made
        assert made.complaints() == []


def test_every_network_with_a_server_has_a_stand() -> None:
    """A new file in newsletter/social is asked for one by itself; two have older fakes in tests/social."""
    older = {"mastodon", "x"}
    assert set(STANDS) | older == set(adapters.known(social)) - {"folder", "assisted"}


def skip_unless(stand: Stand, fault: str) -> None:
    """Leave a fault out that this network cannot have."""
    if fault in stand.unsupported:
        pytest.skip(f"{stand.account.name} cannot have this")


def test_a_post_is_seen_as_it_was_written(stand: Stand) -> None:
    """And its receipt names it."""
    made, noted = posting(stand.account)
    receipt = stand.account.publish(made)

    (seen,) = stand.seen()
    assert words(seen.text) == words(TEXT)
    assert noted.receipts == [receipt]
    assert receipt.remote_id == seen.remote_id or not seen.remote_id


def test_a_picture_goes_along_with_its_description(stand: Stand, tmp_path: Path) -> None:
    """Where the network takes pictures from us at all."""
    made, _ = posting(stand.account, image=picture(tmp_path))
    if stand.account.objections(made.snippet):
        pytest.skip("the network says that it leaves the picture out")
    stand.account.publish(made)

    (seen,) = stand.seen()
    assert (seen.has_image, seen.alt) == (True, ALT)


def test_a_picture_that_cannot_be_read_is_named(stand: Stand, tmp_path: Path) -> None:
    """Nothing is published without it."""
    made, _ = posting(stand.account, image=tmp_path / "gone.jpg")
    if stand.account.objections(made.snippet):
        pytest.skip("the network says that it leaves the picture out")
    with pytest.raises(PermanentError, match="picture"):
        stand.account.publish(made)
    assert stand.seen() == []


@pytest.mark.parametrize("text", UNUSUAL)
def test_unusual_words_arrive_as_they_are(stand: Stand, text: str) -> None:
    """Scripts, joined emoji, and what is markup elsewhere."""
    made, _ = posting(stand.account, text)
    stand.account.publish(made)

    assert [words(seen.text) for seen in stand.seen()] == [words(text)]


@pytest.mark.parametrize("filling", ["river ", "é", "水", "🙏🏽"])
def test_what_is_as_long_as_the_limit_is_taken(stand: Stand, filling: str) -> None:
    """The network never counts more than we do."""
    network = stand.account
    least = max(1, network.measure(filling * 2) - network.measure(filling))
    text = filling * (network.limit // least)
    while network.measure(text.strip()) > network.limit:
        text = text[: -len(filling)]
    made, _ = posting(network, text.strip())
    network.publish(made)

    assert len(stand.seen()) == 1


def test_nobody_sees_it_twice_when_it_is_published_again(stand: Stand) -> None:
    """The ledger looks before it repeats anything."""
    made, _ = posting(stand.account)
    if not reads(stand.account):
        pytest.skip("the network cannot be asked what stands there")
    receipt = stand.account.publish(made)
    sighting = stand.account.look_up(made)

    assert [found.remote_id for found in sighting.receipts] == [receipt.remote_id]


def test_what_was_never_published_is_not_found(stand: Stand) -> None:
    """Another post with other words stands there."""
    other, _ = posting(stand.account, "Something else altogether.", key="edition-0")
    stand.account.publish(other)
    made, _ = posting(stand.account)

    assert stand.account.look_up(made).receipts == ()


@pytest.mark.parametrize("fault", DOUBTFUL)
def test_after_every_doubt_it_stands_there_once(stand: Stand, fault: str) -> None:
    """Where the network can be asked; elsewhere a person has to look, and nothing is repeated."""
    skip_unless(stand, fault)
    stand.fail(fault)
    made, _ = posting(stand.account)
    if not reads(stand.account):
        with pytest.raises((UnknownOutcomeError, TransientError)):
            stand.account.publish(made)
        assert len(stand.seen()) == ("after commit" in fault)
        return
    tries = published_in_the_end(stand, made)

    assert len(stand.seen()) == 1, tries
    assert not set(tries) - {None, UnknownOutcomeError, TransientError}


def test_a_server_that_asks_for_time_gets_it(stand: Stand) -> None:
    """And nothing is published meanwhile."""
    skip_unless(stand, "429")
    stand.fail("429")
    made, _ = posting(stand.account)
    with pytest.raises(TransientError) as caught:
        stand.account.publish(made)

    assert caught.value.retry_after_s is not None
    assert 30 <= caught.value.retry_after_s <= 90
    assert stand.seen() == []


def test_a_revoked_token_is_told_from_everything_else(stand: Stand) -> None:
    """A person has to log in again."""
    skip_unless(stand, "revoked")
    stand.fail("revoked")
    made, _ = posting(stand.account)
    with pytest.raises(RefusedSenderError):
        stand.account.publish(made)
    with pytest.raises(RefusedSenderError):
        stand.account.standing()
    assert stand.seen() == []


def test_an_account_says_whose_it_is(stand: Stand) -> None:
    """For people."""
    assert stand.account.standing().who


def test_a_post_can_be_taken_back_or_must_be_by_hand(stand: Stand) -> None:
    """Twice is as good as once."""
    made, _ = posting(stand.account)
    receipt = stand.account.publish(made)
    if "retract" in stand.unsupported:
        with pytest.raises(PermanentError, match="by hand"):
            stand.account.retract(receipt)
        assert len(stand.seen()) == 1
        return
    stand.account.retract(receipt)
    assert stand.seen() == []
    stand.account.retract(receipt)


def test_the_posts_of_a_thread_answer_each_other(stand: Stand) -> None:
    """In order, each of them confirmed."""
    if stand.account.max_posts == 1:
        pytest.skip("the network has no threads")
    texts = ("First the weir went.", "Then the otters came.", TEXT)
    made, noted = posting(stand.account, *texts)
    stand.account.publish(made)

    seen = stand.seen()
    assert [words(post.text) for post in seen] == [words(text) for text in texts]
    assert [post.parent for post in seen] == ["", seen[0].remote_id, seen[1].remote_id]
    assert [receipt.remote_id for receipt in noted.receipts] == [post.remote_id for post in seen]


def test_a_thread_goes_on_where_it_broke_off(stand: Stand) -> None:
    """What stands is not published again."""
    if stand.account.max_posts == 1:
        pytest.skip("the network has no threads")
    texts = ("First the weir went.", "Then the otters came.", TEXT)
    made, noted = posting(stand.account, *texts)
    stand.fail("", "500 before commit")
    try:
        stand.account.publish(made)
    except DeliveryError:
        sighting = stand.account.look_up(made)
        assert sighting.certain or stand.account.honours_key_for_s
        for receipt in sighting.receipts[len(noted.receipts) :]:
            noted.receipts.append(receipt)
        stand.account.publish(dataclasses.replace(made, done=tuple(noted.receipts)))

    seen = stand.seen()
    assert [words(post.text) for post in seen] == [words(text) for text in texts]
    assert [post.parent for post in seen] == ["", seen[0].remote_id, seen[1].remote_id]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_is_in_any_message_or_log(
    stand: Stand, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the server says, and whatever it repeats."""
    skip_unless(stand, fault)
    caplog.set_level(logging.DEBUG)
    stand.fail(fault)
    said = repr(stand.account)
    for act in (stand.account.standing, lambda: stand.account.publish(posting(stand.account)[0])):
        try:
            act()
        except DeliveryError as error:
            said += "".join(traceback.format_exception(error)) + repr(error)
    said += caplog.text
    assert stand.secrets
    for secret in stand.secrets:
        assert secret not in said
