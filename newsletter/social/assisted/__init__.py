"""Assisted: a person publishes, with everything made ready; for accounts without an API."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import quote

from newsletter import files
from newsletter.errors import UnknownOutcomeError
from newsletter.social.assisted import kit
from newsletter.social.assisted.places import PLACES
from newsletter.social.base import SocialNetwork, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from newsletter.model import Snippet
    from newsletter.social.base import Posting


@dataclass(frozen=True)
class Assisted(SocialNetwork):
    """An account that a person posts to; ``newsletter accounts confirm URL`` says that it is done."""

    network: Literal["bluesky", "x", "linkedin", "facebook", "threads", "instagram", "other"] = "other"
    """Whose account it is; decides how texts are counted and which page opens with the text in it."""
    path: Path = Path("kits")
    """Folder of the kits, one folder each; a relative path starts at the workspace."""
    max_characters: int = 0
    """Longest text; 0: what the network takes, 500 on another one."""

    by_hand: ClassVar[bool] = True
    max_alt: ClassVar[int] = 1000

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        if self.max_characters < 0:
            raise ValueError(f"max_characters = {self.max_characters} must not be negative")

    @property
    def limit(self) -> int:
        """Return ``max_characters``, or what the network takes."""
        return self.max_characters or PLACES[self.network].limit

    def measure(self, text: str) -> int:
        """Return the length as the network's own page counts it, or a little more."""
        return PLACES[self.network].measure(text)

    def objections(self, snippet: Snippet) -> tuple[str, ...]:
        """Return what Instagram does not do."""
        if self.network != "instagram":
            return ()
        said = []
        if not snippet.image:
            said.append("Instagram takes no post without a picture")
        if snippet.link:
            said.append("Instagram shows a link in a text, but nobody can follow it")
        return tuple(said)

    def publish(self, posting: Posting) -> NoReturn:
        """Write the kit, a folder; the same delivery always writes the same one.

        Raises:
            UnknownOutcomeError: always in the end, with code "by hand": what to do, and where the kit is.
            PermanentError: the picture cannot be read.
            RefusedSenderError: the folder cannot be written by us at all.
            TransientError: it cannot be written now: the disk is full, say.
        """
        snippet, title = posting.snippet, PLACES[self.network].title
        folder = self.path / kit.folder_name(posting)
        contents = kit.contents(posting, title, intent_url(self.network, snippet.text, snippet.link))
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                files.write_whole(folder / name, content)
        why = f"a person publishes it on {title}: open {folder / kit.PAGE}, then run: {kit.confirm(snippet)}"
        raise UnknownOutcomeError(why, code="by hand")

    def standing(self) -> Standing:
        """Return whose account it is, after making sure that kits can be written."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                return Standing(f"{PLACES[self.network].title}, by hand, with kits in {self.path}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise files.failure(error, "the folder cannot be written", self.path) from None


def intent_url(network: str, text: str, link: str) -> str:
    """Return the address that opens the network's own page with the text in it, for a person to publish.

    LinkedIn and Facebook take the link alone; the text is pasted there. Empty
    where there is no such page, or nothing to open it with.

    >>> intent_url("bluesky", "Can you help?", "")
    'https://bsky.app/intent/compose?text=Can%20you%20help%3F'
    """
    place = PLACES.get(network)
    if place is None or not place.intent:
        return ""
    given = text if place.takes_text else link
    return place.intent + quote(given, safe="", errors="replace") if given else ""
