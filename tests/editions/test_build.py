"""Building: what readers get on every channel, and the same bytes every time."""

import email
import email.policy
import json
import random
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import time_machine

from newsletter import config
from newsletter.campaigns.campaign import Campaign, PostChoice, Social, Utm
from newsletter.campaigns.pick import pick
from newsletter.editions import build, compiled, headers
from newsletter.errors import ConfigError, ContentError
from newsletter.model import CallToAction, Post

CAMPAIGN = Campaign(
    "autumn",
    'Dear {{ merge.first_name | fallback("friend") }}, the otters are back',
    lists=("supporters",),
    note='Hello {{ merge.first_name | fallback("friend") }}, see [the map](https://rivers.example/map).',
    call_to_action=CallToAction(
        "Can you help us count?", "Count", "https://rivers.example/count?from=letter#form"
    ),
)
UTM = "utm_source=newsletter&utm_medium=email&utm_campaign=autumn"


def hrefs(html: str) -> list[str]:
    """Return the addresses of the links."""
    return [str(link.get("href")) for link in lxml.html.document_fromstring(html).iter("a")]


def test_every_channel_carries_the_same_call_to_action(trust: Any) -> None:
    """With the channel's own source."""
    edition = trust.build(CAMPAIGN)

    address = f"https://rivers.example/count?from=letter&{UTM}#form"
    assert edition.call_to_action == CallToAction("Can you help us count?", "Count", address)
    assert address in hrefs(edition.html)
    assert address in edition.text
    assert [snippet.account for snippet in edition.snippets] == ["main", "short"]
    for snippet in edition.snippets:
        assert "Can you help us count?" in snippet.text
        assert snippet.link == (
            "https://rivers.example/count?from=letter&utm_source=folder&utm_medium=social&utm_campaign=autumn#form"
        )
        assert snippet.link in snippet.text
        assert 0 < snippet.length <= snippet.limit


def test_links_to_our_pages_are_tagged_once_in_both_parts_and_others_never(trust: Any) -> None:
    """Stories, links inside stories, further reading, the note."""
    edition = trust.build(Campaign("autumn", "Otters", template="letter", note=CAMPAIGN.note))

    for address in (
        f"https://rivers.example/otters/more?a=1&{UTM}",
        f"https://rivers.example/map?{UTM}",
        "https://partner.example/x",
    ):
        assert address in hrefs(edition.html)
        assert address in edition.text
    assert f"https://rivers.example/stories/otters?{UTM}" in hrefs(trust.build(CAMPAIGN).html)
    assert edition.html.count("utm_source") == edition.html.count("utm_campaign")
    assert not any(href.count("utm_source") > 1 for href in hrefs(edition.html))


def test_a_campaign_may_go_without_utm(trust: Any) -> None:
    """Then nothing is added anywhere."""
    edition = trust.build(Campaign("autumn", "Otters", utm=Utm(enabled=False)))

    assert "utm_" not in edition.html + edition.text + "".join(one.text for one in edition.snippets)


def test_a_subscriber_without_a_name_reads_the_fallback(trust: Any) -> None:
    """In subject, HTML and text; the message to somebody with a name carries the name."""
    edition = trust.build(CAMPAIGN)

    assert edition.subject == "Dear friend, the otters are back"
    assert "Hello friend," in unescape(edition.html)
    assert "Hello friend," in edition.text
    assert "qzmerge" not in edition.html + edition.text + edition.subject
    values = {
        "first_name": "Núria",
        "to": headers.mailbox("Núria", "n@rivers.example"),
        "unsubscribe_url": "https://news.rivers.example/u/1",
        "preferences_url": "https://news.rivers.example/p/1",
        "view_url": "https://news.rivers.example/v/1",
        "email": "n@rivers.example",
        "date": "Tue, 06 Oct 2026 07:05:00 +0000",
        "message_id": "<1@rivers.example>",
    }
    message = email.message_from_bytes(compiled.fill(edition.letter, values), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert str(message["Subject"]) == "Dear Núria, the otters are back"
    assert "Hello Núria," in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "https://news.rivers.example/u/1" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_pictures_are_absolute_in_letters_and_beside_the_page_in_a_browser(trust: Any) -> None:
    """With the files in the edition's folder; a picture that nobody supplied is left out."""
    edition = trust.build(CAMPAIGN)

    page = (edition.folder / "browser.html").read_text(encoding="utf-8")
    assert len(edition.images) == 3
    for name in edition.images:
        assert f"https://news.rivers.example/media/{name}" in edition.html
        assert f'"images/{name}"' in page
        assert (edition.folder / "images" / name).stat().st_size > 0
    assert "/media/" not in page
    assert edition.snippets[0].image == edition.images[0]
    assert edition.snippets[0].alt == "The river at dawn"


def test_pictures_may_be_served_from_elsewhere(trust: Any) -> None:
    """`organisation.media_url` names the folder."""
    trust.configure('media_url = "https://cdn.example/river/"\n')

    edition = trust.build(CAMPAIGN)

    assert f'"https://cdn.example/river/{edition.images[0]}"' in edition.html


def test_the_page_for_everybody_has_nobodys_links(trust: Any) -> None:
    """A public copy must not let strangers unsubscribe anybody."""
    page = (trust.build(CAMPAIGN).folder / "browser.html").read_text(encoding="utf-8")

    assert not [href for href in hrefs(page) if "/u/" in href or "/p/" in href or "/v/" in href]


def test_the_same_input_gives_the_same_bytes_anywhere_and_any_time(river_trust: Any, tmp_path: Path) -> None:
    """Another folder, clock, zone and order of posts."""
    first = river_trust(tmp_path / "a")
    second = river_trust(tmp_path / "b" / "deeper")
    plan = Campaign("autumn", CAMPAIGN.subject, posts=PostChoice(newest=3), note=CAMPAIGN.note)
    one = first.build(plan, posts=pick(plan, first.posts))
    with time_machine.travel("2031-01-01T03:00:00+09:00", tick=False):
        shuffled = random.Random(7).sample(second.posts, 3)  # noqa: S311 - an order, not a secret
        other = second.build(plan, posts=pick(plan, shuffled))

    assert one.id == other.id
    files = sorted(path.relative_to(one.folder) for path in one.folder.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(other.folder) for path in other.folder.rglob("*") if path.is_file()
    )
    for path in files:
        assert (one.folder / path).read_bytes() == (other.folder / path).read_bytes(), path


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Other"},
        {"note": "Other"},
        {"lists": ("others",)},
        {"sender": "Asha <asha@rivers.example>"},
        {"social": Social(hook="Other")},
        {"call_to_action": CallToAction("Other?", "Count", "https://rivers.example/count")},
    ],
)
def test_whatever_leaves_differently_is_another_edition(trust: Any, change: dict[str, Any]) -> None:
    """An approval can never cover other words, people or accounts."""
    assert trust.build(CAMPAIGN).id != trust.build(replace(CAMPAIGN, **change)).id


def test_what_a_campaign_leaves_out_comes_from_its_posts_and_the_organisation(trust: Any) -> None:
    """Date of the newest post, its excerpt as preheader, the first post's question, the house's sender."""
    edition = trust.build(Campaign("autumn", "Otters & co"))

    assert edition.date.isoformat() == "2026-09-20"
    assert edition.preheader == "What happened to the otters."
    assert edition.sender == "River Trust <news@rivers.example>"
    assert edition.language == "en"
    assert edition.call_to_action == CallToAction(
        "Will you count with us?", "Find out more", f"https://rivers.example/stories/otters?{UTM}"
    )
    assert edition.posts == ("otters", "willows", "drains")


def test_a_label_is_in_the_language_of_the_letter(trust: Any) -> None:
    """When nobody wrote one."""
    ask = CallToAction("¿Nos ayudas?", url="https://rivers.example/es")
    spanish = Campaign("autumn", "Nutrias", language="es", call_to_action=ask)

    assert trust.build(spanish).call_to_action.label == "Más información"


def test_a_question_without_an_address_opens_the_organisations_own_page(trust: Any) -> None:
    """With the words of that page's button; on another page they would promise wrongly."""
    usual = 'question = "Will you give?"\nlabel = "Give"\nurl = "https://rivers.example/give"\n'
    trust.configure(f"[call_to_action]\n{usual}")
    bare = Campaign("autumn", "Otters", call_to_action=CallToAction("Can you help?"))
    elsewhere = CallToAction("Can you help?", url="https://rivers.example/count")

    opened = trust.build(bare).call_to_action
    assert (opened.question, opened.label) == ("Can you help?", "Give")
    assert opened.url.startswith("https://rivers.example/give")
    assert trust.build(replace(bare, call_to_action=elsewhere)).call_to_action.label == "Find out more"


def test_a_question_that_leads_nowhere_is_refused(trust: Any) -> None:
    """With both places where an address may be written."""
    trust.workspace.config.write_text(
        '[organisation]\nname = "R"\nsender = "R <r@r.example>"\npostal_address = "x"\npublic_url = "https://n.example"\n',
        encoding="utf-8",
    )
    trust.loaded = config.load(trust.workspace)
    post = Post("bare", "Bare", "Words.", call_to_action=CallToAction("Will you?"))

    with pytest.raises(ContentError, match=r"'Will you\?' leads nowhere; write its url in campaign\.toml"):
        trust.build(Campaign("autumn", "x"), posts=(post,))


def test_without_any_date_one_is_asked_for(trust: Any) -> None:
    """Today's would give another edition every day."""
    with pytest.raises(ContentError, match=r"campaign autumn: no post has a date; .*date = "):
        trust.build(
            Campaign("autumn", "x"), posts=(Post("bare", "Bare", "Words.", link="https://rivers.example/b"),)
        )


@pytest.mark.parametrize(
    ("accounts", "expected"), [(None, ["main", "short"]), ((), []), (("short", "short"), ["short"])]
)
def test_snippets_are_made_for_the_accounts_that_are_named(
    trust: Any, accounts: tuple[str, ...] | None, expected: list[str]
) -> None:
    """All of them when none is, none for an empty list."""
    edition = trust.build(Campaign("autumn", "x", social=Social(accounts=accounts)))

    assert [snippet.account for snippet in edition.snippets] == expected


def test_an_unknown_account_names_file_and_line(trust: Any) -> None:
    """In the list of accounts and in the texts per account."""
    path = trust.workspace.campaigns / "autumn" / "campaign.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        'subject = "x"\n[social]\naccounts = ["mian"]\n[social.text]\nshrt = "Hi"\n', encoding="utf-8"
    )
    campaign = Campaign("autumn", "x", social=Social(accounts=("mian",), text={"shrt": "Hi"}))

    with pytest.raises(ConfigError) as caught:
        trust.build(campaign)

    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}:3 (social.accounts): there is no account 'mian'; did you mean 'main'?",
        f"{path}:5 (social.text.shrt): there is no account 'shrt'; did you mean 'short'?",
    ]


def test_a_mistake_in_the_campaigns_words_names_its_key(trust: Any) -> None:
    """A tag without a fallback in the subject."""
    path = trust.workspace.campaigns / "autumn" / "campaign.toml"
    path.parent.mkdir(parents=True)
    path.write_text('template = "digest"\nsubject = "Dear {{ merge.first_name }}"\n', encoding="utf-8")

    with pytest.raises(
        ContentError, match=r"campaign\.toml:2 \(subject\): merge\.first_name needs a fallback"
    ):
        trust.build(Campaign("autumn", "Dear {{ merge.first_name }}"))


def test_a_campaign_on_disk_is_loaded_picked_and_built(trust: Any) -> None:
    """What every command does first."""
    path = trust.workspace.campaigns / "autumn" / "campaign.toml"
    path.parent.mkdir(parents=True)
    path.write_text('subject = "Otters"\n[posts]\nnewest = 2\n', encoding="utf-8")

    edition = build.build_named(trust.workspace, trust.loaded, trust.networks, "autumn")

    assert edition.posts == ("otters", "willows")
    assert json.loads((edition.folder / "edition.json").read_bytes())["campaign"] == "autumn"
