"""The token at the end of an address, and the letter it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.audience import signing, unsubscribe

if TYPE_CHECKING:
    from starlette.requests import Request

    from newsletter.app import App
    from newsletter.audience.unsubscribe import Reader

SAMPLE: Final = "sample"
"""The token in proofs and previews; its pages look real and change nothing."""


@dataclass(frozen=True)
class Link:
    """A genuine link: the delivery it was made for, and who that went to."""

    delivery_id: int
    """The delivery."""
    reader: Reader
    """Its person and lists."""


def is_sample(request: Request) -> bool:
    """Tell whether the link stands in a proof or a preview."""
    return bool(request.path_params["token"] == SAMPLE)


def find(app: App, purpose: signing.Purpose, request: Request) -> Link | None:
    """Return what the request's token stands for; None when we did not make it for this purpose."""
    with app.database.read() as connection:
        key = signing.known_signing_key(connection)
        delivery_id = signing.read(key, purpose, request.path_params["token"]) if key else None
        reader = unsubscribe.reader(connection, delivery_id) if delivery_id is not None else None
    return Link(delivery_id, reader) if delivery_id is not None and reader else None


def preferences_path(app: App, found: Link) -> str:
    """Return the way from an unsubscribe page to the same reader's preferences."""
    with app.database.read() as connection:
        key = signing.known_signing_key(connection)
    assert key is not None
    return f"../p/{signing.token(key, 'preferences', found.delivery_id)}"
