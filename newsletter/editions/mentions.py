"""``@name`` in texts becomes the form that each network knows, from the address book in config.toml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from newsletter import adapters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsletter.config import Mention
    from newsletter.social.base import SocialNetwork

_NAME: Final = re.compile(r"(?<![\w@/.#])@(?P<name>\w[\w-]*)(?![\w-]|[@.]\w)")
_FORM: Final = re.compile(r"(?<![\w/.])@(?:\[[^\]\n]*\]\([^)\s]*\)|\w[\w-]*(?:[.@-]+\w[\w-]*)*)")
_FULL: Final = {
    "bluesky": re.compile(r"@[\w-]+(?:\.[\w-]+)+"),
    "linkedin": re.compile(r"@\[[^\]\n]+\]\(urn:li:\w+:[\w-]+\)"),
    "mastodon": re.compile(r"@\w+@[\w-]+(?:\.[\w-]+)+"),
}
"""Networks whose mentions tell by their form alone that they are meant for them."""


def written_for(account: SocialNetwork) -> str:
    """Return the type of network whose readers see an account's posts, also where a person posts them."""
    place = str(getattr(account, "network", "")) if account.by_hand else ""
    return place if place not in {"", "other"} else adapters.type_of(account)


def kind_of(account: SocialNetwork) -> str:
    """Return the type of network whose mentions work in an account's posts; empty for none."""
    kind = written_for(account)
    # LinkedIn's own page wants names picked from a list; the form with brackets is its API's.
    return "" if account.by_hand and kind == "linkedin" else kind


def resolve(text: str, kind: str, book: Iterable[Mention]) -> str:
    """Return the text with every ``@name`` of the address book as this type of network writes it.

    Where the network has none, the name stands there in plain words; a name
    that is not in the book stays, and the checks report it.
    """
    known = {mention.name.casefold(): mention for mention in book}

    def written(found: re.Match[str]) -> str:
        mention = known.get(found["name"].casefold())
        return form(mention, kind) if mention else found[0]

    return _NAME.sub(written, text)


def form(mention: Mention, kind: str) -> str:
    """Return how a type of network mentions somebody: ``@rivertrust@social.example``, or the plain name."""
    handle = str(getattr(mention, kind, "") if kind else "").removeprefix("@")
    plain = mention.label or mention.name
    if not handle:
        return plain
    return f"@[{plain}]({handle})" if kind == "linkedin" else f"@{handle}"


def unknown(text: str, kind: str, book: Iterable[Mention]) -> Iterator[str]:
    """Yield what looks like a mention in a finished text, and is none that its network would know."""
    known = {form(mention, kind).casefold() for mention in book}
    full = _FULL.get(kind)
    for found in _FORM.finditer(text):
        if found[0].casefold() not in known and not (full and full.fullmatch(found[0])):
            yield found[0]
