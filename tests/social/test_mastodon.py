"""Mastodon: what arrives, what counts, and what happens when the answer is lost."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from newsletter import tomlfile
from newsletter.errors import (
    ConfigError,
    PermanentError,
    RefusedSenderError,
    TransientError,
    UnknownOutcomeError,
)
from newsletter.model import Snippet
from newsletter.secret import Secret
from newsletter.social import mastodon
from newsletter.social.mastodon import Mastodon
from tests.social.fake_mastodon import LIMIT, TOKEN, FakeMastodon, counted
from tests.social.postings import posting

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer

LINK = "https://rivertrust.example.org/act?utm_source=mastodon&utm_campaign=autumn"
SNIPPET = Snippet(
    account="main",
    network="mastodon",
    text=f"The weir is gone.\n\nCan you help the river? {LINK}\n\n#Rivers",
    language="en",
    alt="A weir with water running over it",
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are asked for again at once."""
    monkeypatch.setattr(mastodon, "_MEDIA_WAITS_S", (0.0, 0.0, 0.0))


@pytest.fixture
def fake(httpserver: HTTPServer) -> FakeMastodon:
    """Return a server with one account."""
    return FakeMastodon(httpserver)


@pytest.fixture
def account(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Mastodon:
    """Return that account's settings."""
    monkeypatch.setenv("MASTODON_TOKEN", TOKEN)
    return Mastodon("main", httpserver.url_for("/").rstrip("/"), Secret("env", "MASTODON_TOKEN"))


def test_a_snippet_is_published_with_its_language(fake: FakeMastodon, account: Mastodon) -> None:
    """The receipt says where to find it."""
    receipt = account.publish(posting(SNIPPET, key="delivery-1", image=None))

    status = fake.statuses[receipt.remote_id]
    assert (status["status"], status["language"], status["visibility"]) == (SNIPPET.text, "en", "public")
    assert receipt.url == f"https://social.example/@trust/{receipt.remote_id}"


def test_a_picture_travels_with_its_description(
    fake: FakeMastodon, account: Mastodon, tmp_path: Path
) -> None:
    """And is waited for while the server makes its sizes."""
    fake.processing_for = 2
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG picture")

    receipt = account.publish(posting(SNIPPET, key="delivery-1", image=picture))

    [media] = fake.statuses[receipt.remote_id]["media_ids"]
    assert (fake.media[media]["content"], fake.media[media]["description"]) == (
        b"\x89PNG picture",
        SNIPPET.alt,
    )


def test_a_picture_that_is_never_ready_is_tried_later(
    fake: FakeMastodon, account: Mastodon, tmp_path: Path
) -> None:
    """The wait has an end, and no post leaves without its picture."""
    fake.processing_for = 99
    picture = tmp_path / "weir.png"
    picture.write_bytes(b"\x89PNG picture")

    with pytest.raises(TransientError, match="still working on the picture"):
        account.publish(posting(SNIPPET, key="delivery-1", image=picture))

    assert fake.statuses == {}


def test_a_picture_that_is_gone_is_named(fake: FakeMastodon, account: Mastodon, tmp_path: Path) -> None:
    """Nothing is published without it."""
    with pytest.raises(PermanentError, match=r"weir\.png: the picture cannot be read"):
        account.publish(posting(SNIPPET, key="delivery-1", image=tmp_path / "weir.png"))

    assert fake.posts == 0


def test_the_same_key_never_makes_a_second_post(fake: FakeMastodon, account: Mastodon) -> None:
    """A repeat gets the first receipt."""
    first = account.publish(posting(SNIPPET, key="delivery-1", image=None))
    second = account.publish(posting(SNIPPET, key="delivery-1", image=None))
    other = account.publish(posting(SNIPPET, key="delivery-2", image=None))

    assert first == second != other
    assert len(fake.statuses) == 2


def test_an_answer_lost_after_the_post_was_made_is_found_again(fake: FakeMastodon, account: Mastodon) -> None:
    """The key brings back the receipt of the first try."""
    fake.faults = ["lost after commit"]

    receipt = account.publish(posting(SNIPPET, key="delivery-1", image=None))

    assert list(fake.statuses) == [receipt.remote_id]
    assert fake.posts == 2


@pytest.mark.parametrize("second", ["500", "429", "lost after commit"])
def test_two_lost_answers_leave_the_outcome_open(fake: FakeMastodon, account: Mastodon, second: str) -> None:
    """Servers have been seen to fail on a repeated key although the post was public."""
    fake.faults = ["lost after commit", second]

    with pytest.raises(UnknownOutcomeError, match="HTTP 504"):
        account.publish(posting(SNIPPET, key="delivery-1", image=None))

    assert fake.posts == 2


def test_a_server_that_is_not_there_is_tried_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was handed over."""
    monkeypatch.setenv("MASTODON_TOKEN", TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with pytest.raises(TransientError, match="cannot connect"):
        Mastodon("main", address, Secret("env", "MASTODON_TOKEN")).publish(
            posting(SNIPPET, key="1", image=None)
        )


def test_a_rate_limit_says_how_long_to_wait(fake: FakeMastodon, account: Mastodon) -> None:
    """Mastodon gives the moment, not the seconds."""
    fake.faults = ["429"]

    with pytest.raises(TransientError) as caught:
        account.publish(posting(SNIPPET, key="delivery-1", image=None))

    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 3600
    assert fake.posts == 1


def test_a_text_that_is_too_long_is_refused_for_good(fake: FakeMastodon, account: Mastodon) -> None:
    """With the server's own words."""
    with pytest.raises(PermanentError, match="Text character limit of 500 exceeded"):
        account.publish(posting(Snippet("main", "mastodon", "x" * 501), key="delivery-1", image=None))


def test_a_refused_token_holds_the_edition_and_is_not_shown(
    fake: FakeMastodon, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is the sender's."""
    monkeypatch.setenv("OLD_TOKEN", "expired-token-9")
    stale = Mastodon("main", httpserver.url_for("/").rstrip("/"), Secret("env", "OLD_TOKEN"))

    with pytest.raises(RefusedSenderError, match="access token is invalid") as caught:
        stale.publish(posting(SNIPPET, key="delivery-1", image=None))

    assert "expired-token-9" not in str(caught.value)


def test_whoami_names_the_account(fake: FakeMastodon, account: Mastodon, httpserver: HTTPServer) -> None:
    """People check that they publish where they mean to."""
    assert account.standing().who == f"@trust on {httpserver.host}:{httpserver.port}"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("plain", 5),
        ("né", 2),
        ("👩‍👩‍👧‍👦🇬🇧", 2),
        (LINK, 23),
        ("https://a.io", 23),
        (f"({LINK}).", 26),
        ("http://a.io and https://b.io/x?y=1", 51),
        ("@asha@social.example hello", 11),
        ("@asha hello", 11),
        ("mail asha@social.example", 24),
        ("a.io", 4),
        ("http://localhost/long-enough-path", 33),
        ("https://127.0.0.1/long-enough-path", 34),
        ("https://a.io/(bracket)", 32),
    ],
)
def test_lengths_are_counted_as_the_server_counts(account: Mastodon, text: str, length: int) -> None:
    """Readers' characters; links 23; servers of mentions free; what is not surely a link, in full."""
    assert account.measure(text) == length


def test_the_adapter_and_the_fake_count_alike(account: Mastodon) -> None:
    """The server takes a text of exactly the limit."""
    text = f"{'x' * (LIMIT - 24 - 6)} {LINK} @asha@social.example"

    assert account.measure(text) == counted(text) == LIMIT


@pytest.mark.parametrize(
    "server",
    ["social.example", "http://social.example", "https://social.example/web", "https://u:p@x.example", ""],
)
def test_a_server_that_is_no_address_is_refused_when_the_file_is_read(tmp_path: Path, server: str) -> None:
    """With its line, before a token goes anywhere."""
    path = tmp_path / "config.toml"
    path.write_text(f'server = "{server}"\n', encoding="utf-8")
    table: dict[str, Any] = {"name": "main", "server": server, "token": {"env": "MASTODON_TOKEN"}}

    with pytest.raises(ConfigError, match=r"must look like 'https://social\.example'"):
        tomlfile.check(Mastodon, tomlfile.read(path), table)
