"""Postings for the contract of networks, and a look at what became of them."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from newsletter import adapters
from newsletter.errors import DeliveryError, UnknownOutcomeError
from newsletter.model import Card, Receipt, Snippet
from newsletter.social.base import Posting, SocialNetwork

if TYPE_CHECKING:
    from types import ModuleType

    from tests.fakes.stand import Stand

FAKES: Final = Path(__file__).parents[1] / "fakes"
LINK: Final = "https://rivertrust.example.org/act?utm_source=social&utm_campaign=autumn"
TEXT: Final = f"The weir is gone, and the otters are back.\n\nWill you plant with us? {LINK}\n\n#Rivers"
ALT: Final = "An otter on a stone in the river"
MOST_TRIES: Final = 4


@dataclass
class Noted:
    """What a network has confirmed."""

    receipts: list[Receipt] = field(default_factory=list)
    """In order."""


def stands() -> dict[str, ModuleType]:
    """Return network type → the module of its fake, for every fake that can be asked for a stand."""
    found = {}
    for path in sorted(FAKES.glob("*.py")):
        kind = path.stem.removeprefix("stand_")
        if "def stand(" in path.read_text(encoding="utf-8"):
            found[kind] = importlib.import_module(f"tests.fakes.{path.stem}")
    return found


def picture(folder: Path) -> Path:
    """Return a small JPEG."""
    path = folder / "otter.jpg"
    if not path.exists():
        Image.new("RGB", (640, 360), "#2a6f6f").save(path, "JPEG")
    return path


def posting(
    network: SocialNetwork,
    *texts: str,
    image: Path | None = None,
    card: bool = False,
    at: datetime | None = None,
    key: str = "edition-1",
    **more: Any,
) -> tuple[Posting, Noted]:
    """Return what an account is to publish, and where confirmed posts are written down."""
    words = texts or (TEXT,)
    snippet = Snippet(
        account=network.name,
        network=adapters.type_of(network),
        text="\n\n".join(words),
        parts=words if len(words) > 1 else (),
        link=LINK if LINK in "".join(words) else "",
        language="en",
        image=image.name if image else "",
        alt=ALT if image else "",
        card=Card(LINK, "Otters are back", "After forty years.") if card else None,
    )
    noted = Noted()
    made = Posting(
        snippet,
        key=key,
        at=at or datetime.now(UTC) - timedelta(minutes=1),
        image=image,
        note=noted.receipts.append,
        **more,
    )
    return made, noted


def words(text: str) -> list[str]:
    """Return the words of a text; an address may be shown shorter than it is."""
    return [word for word in re.split(r"\s+", text) if word and "rivertrust.example.org" not in word]


def reads(network: SocialNetwork) -> bool:
    """Tell whether a network can be asked what stands there."""
    return type(network).look_up is not SocialNetwork.look_up


def published_in_the_end(stand: Stand, first: Posting) -> list[type[BaseException] | None]:
    """Publish as the ledger does, looking before every repeat; return what every try came to."""
    network, made = stand.account, first
    tries: list[type[BaseException] | None] = []
    for _ in range(MOST_TRIES):
        try:
            network.publish(made)
        except DeliveryError as error:
            tries.append(type(error))
            sighting = network.look_up(made)
            if len(sighting.receipts) == len(made.snippet.posts):
                return tries
            if isinstance(error, UnknownOutcomeError) and not (sighting.certain or network.honours_key_for_s):
                return tries
        else:
            return [*tries, None]
    return tries
