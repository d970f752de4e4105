"""One letter of the sender, and the Jinja2 templates that make the same one the usual way."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

from benchmarks import studio
from benchmarks.people import FIRST_NAMES, TOWNS
from newsletter.delivery.dispatch import dispatch

_PERSONAL: Final = re.compile(
    r"(?P<unsubscribe_url>https://[^\s\"<>]+/u/[^\s\"<>]+)|(?P<preferences_url>https://[^\s\"<>]+/p/[^\s\"<>]+)"
    r"|(?P<view_url>https://[^\s\"<>]+/v/[^\s\"<>]+)|(?P<email>supporters-\d+@example\.org)"
    rf"|\b(?:(?P<first_name>{'|'.join(FIRST_NAMES)})|(?P<town>{'|'.join(TOWNS)}))\b"
)
"""What differs per person in a letter of the scratch workspace."""
_FOR_ALL: Final = (
    *("From", "Reply-To", "List-Unsubscribe-Post", "List-Id", "Precedence", "Feedback-ID"),
    "Content-Language",
)


@dataclass(frozen=True)
class Specimen:
    """A letter as it travels."""

    message: bytes
    """The whole message."""

    @property
    def body_bytes(self) -> int:
        """Return the size of what comes after the headers."""
        return len(self.message.partition(b"\r\n\r\n")[2])

    def write_templates(self, folder: Path) -> None:
        """Write ``text.j2``, ``html.j2``, ``headers.json``: `benchmarks.naive` makes the letter from them."""
        letter = message_from_bytes(self.message, policy=policy.default)
        for kind, name in (("plain", "text.j2"), ("html", "html.j2")):
            part = letter.get_body((kind,))
            assert part is not None
            (folder / name).write_text(_template(str(part.get_content())), encoding="utf-8")
        headers = {name: str(letter[name]) for name in _FOR_ALL if name in letter}
        headers["Subject"] = _template(str(letter["Subject"]))
        (folder / "headers.json").write_text(json.dumps(headers), encoding="utf-8")


def specimen() -> Specimen:
    """Send one letter into a folder and return it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with studio.studio(root, mail={"type": "folder", "path": "sent"}) as app:
            studio.enlist(app, studio.LIST, 1)
            dispatch(app, edition_id=studio.freeze(app, studio.LIST))
        (path,) = (root / "sent").glob("*.eml")
        return Specimen(path.read_bytes())


def _template(text: str) -> str:
    """Return the text as a template; what is the same for everybody is kept from being read as one."""
    pieces, at = [], 0
    for found in _PERSONAL.finditer(text):
        pieces += [_static(text[at : found.start()]), f"{{{{ {found.lastgroup} }}}}"]
        at = found.end()
    return "".join([*pieces, _static(text[at:])])


def _static(text: str) -> str:
    return f"{{% raw %}}{text}{{% endraw %}}" if text else ""
