"""A letter as fields says exactly what its message says."""

from __future__ import annotations

import email
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from newsletter.editions import compiled, headers
from newsletter.editions.fields import Fields
from newsletter.mail.base import written
from tests.editions.sample_letter import FIXED, VALUES, content, letter_of, parse
from tests.outbox.audience import LETTER, edition_in

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.editions.edition import Edition


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """Return an edition with tags in every kind of place."""
    return edition_in(
        tmp_path_factory.mktemp("fields"),
        letter=letter_of(),
        sender="Río Vivo <news@ríos.example>",
        reply_to="Office <hola@rivers.example>",
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=VALUES)
def test_the_template_with_its_values_is_the_letter(edition: Edition, name: str) -> None:
    """Subject, both parts and every header that a service is given."""
    values = {**FIXED, "first_name": name, "to": headers.mailbox(name, FIXED["to"])}
    raw = compiled.fill(edition.letter, values)
    fields = Fields(edition)
    own, message = fields.values(values), parse(raw)

    assert written(fields.template.subject, own.__getitem__) == str(message["Subject"])
    assert written(fields.template.text, own.__getitem__) == content(message, "plain")
    assert written(fields.template.html, own.__getitem__) == content(message, "html")
    plain = email.message_from_bytes(raw)
    for header, piece in fields.template.headers.items():
        assert written(piece, own.__getitem__) == plain[header].replace("\r\n", "")


def test_a_template_is_the_same_for_everybody(edition: Edition) -> None:
    """Who sends, what it is about, and the fields that a service must carry."""
    template = Fields(edition).template

    assert (template.sender, template.sender_name) == ("news@xn--ros-rma.example", "Río Vivo")
    assert (template.reply_to, template.campaign) == ("hola@rivers.example", "autumn")
    assert list(template.headers) == [
        "Message-ID",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
        "Precedence",
        "Feedback-ID",
        "Content-Language",
    ]
    assert template.headers["List-Unsubscribe"][::2] == ("<", ">")
    assert template.headers["List-Unsubscribe-Post"] == ("List-Unsubscribe=One-Click",)


def test_a_value_that_stands_in_many_places_is_one_variable(edition: Edition) -> None:
    """As long as it is escaped alike there."""
    variables = Fields(edition).template.html[1::2]

    assert len(variables) > len(set(variables))


def test_a_subject_without_tags_is_plain_words(edition: Edition) -> None:
    """And a letter of one part has no other."""
    fields = Fields(replace(edition, letter=letter_of(subject="¡Hola, ríos!")))
    assert fields.template.subject == ("¡Hola, ríos!",)

    only_text = Fields(replace(edition, letter=LETTER)).template
    assert only_text.html == ("",)
    assert only_text.text[0] == "Dear "


def test_a_value_is_escaped_but_not_encoded(tmp_path: Path) -> None:
    """A service encodes by itself."""
    made = edition_in(tmp_path, letter=letter_of(subject="Hi", text="NAME", html="<p>NAME</p>"))
    own = Fields(made).values({**FIXED, "first_name": "Ana & =C3\r\nÉ"})

    assert "Ana & =C3 É" in own.values()
    assert "Ana &amp; =C3 É" in own.values()
