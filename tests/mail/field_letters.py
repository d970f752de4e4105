"""Letters as fields, with values that break careless services, for tests of mail APIs."""

from __future__ import annotations

import html
from typing import Final

from newsletter.mail.base import OutgoingLetter, Piece, Template, written

NASTY: Final = {
    "plain": "Asha",
    "nothing": "",
    "emoji": "🦦 Otter 👩‍👩‍👧",
    "right to left": "שלום مرحبا",
    "braces": "{{ contact.EMAIL }} {{params.x}} {% if a %} {# note #} {{{ pm:unsubscribe }}} {{{{",
    "percent": "100 % %EMAIL% %recipient.name% %s",
    "quotes": '"O\'Hara" \\ `back`',
    "markup": "<script>alert(1)</script> & </p>",
    "lines": "first\n.second\r\n..third",
    "long": "x" * 10_000,
}
"""What a value is like → the value."""

TEMPLATE: Final = Template(
    sender="news@rivertrust.example",
    sender_name='River Trust, "Bristol"',
    reply_to="office@rivertrust.example",
    # As in every edition: words of a subject are encoded together, so all of it is one variable.
    subject=("", "subject", ""),
    text=("Dear ", "name", ",\n\nthe otters are back.\n", "unsubscribe", "\n"),
    html=(
        "<style>@media print{#top{color:red}}</style><p>Dear ",
        "html_name",
        '</p><a href="',
        "html_unsubscribe",
        '">Unsubscribe</a>',
    ),
    headers={
        "List-Unsubscribe": ("<", "unsubscribe", ">"),
        "List-Unsubscribe-Post": ("List-Unsubscribe=One-Click",),
        "List-ID": ("River Trust <news.rivertrust.example>",),
        "Feedback-ID": ("spring:rivertrust",),
    },
    campaign="spring",
)
"""The letter of an edition."""


def letter(number: int = 1, *, name: str = "Asha", template: Template = TEMPLATE) -> OutgoingLetter:
    """Return the letter of one person, whose name is a value in every part."""
    link = f"https://news.rivertrust.example/u/t{number}?a=1&b=2"
    values = {
        "name": name,
        "subject": f"News for {' '.join(name.split())}",
        "html_name": html.escape(name),
        "unsubscribe": link,
        "html_unsubscribe": html.escape(link),
    }
    return OutgoingLetter(
        key=f"delivery-{number}",
        sender="bounce@rivertrust.example",
        recipient=f"reader{number}@example.org",
        message=b"",
        message_id=f"<letter{number}@rivertrust.example>",
        recipient_name=" ".join(name.split())[:60],
        template=template,
        values=values,
    )


def people(count: int) -> list[OutgoingLetter]:
    """Return the letters of so many people."""
    return [letter(number) for number in range(1, count + 1)]


def meant(letter: OutgoingLetter, piece: Piece) -> str:
    """Return what a part of a letter says to its reader."""
    return written(piece, letter.values.__getitem__)
