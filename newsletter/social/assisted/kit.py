"""The kit: everything a person needs to publish one post, in one folder."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from newsletter.errors import PermanentError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model import Snippet
    from newsletter.social.base import Posting

PAGE: Final = "open.html"
"""The file to begin with."""
_TEMPLATE: Final = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}: {{ snippet.account }}</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
li { margin-block: 1rem }
pre { border: 1px solid; border-radius: .4rem; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere;
 font: inherit; user-select: all }
img { display: block; max-width: 100%; max-height: 20rem; margin-top: .5rem }
</style>
<h1>Publish this on {{ title }}</h1>
<p>One click on a frame marks all of it.</p>
<ol>
<li>Copy the text.<pre tabindex="0" dir="auto" lang="{{ snippet.language }}">{{ snippet.text }}</pre></li>
{% if intent %}
<li><a href="{{ intent }}" target="_blank" rel="noreferrer">Open {{ title }}</a> as {{ snippet.account }}; if
what opens is without the text, paste it.</li>
{% else %}
<li>Open {{ title }} as {{ snippet.account }}, and paste it.</li>
{% endif %}
{% if picture %}
<li>Add the picture; it is <a href="{{ picture }}" download>{{ picture }}</a> in this folder.
<img src="{{ picture }}" alt="{{ snippet.alt }}"></li>
{% if snippet.alt %}
<li>Describe the picture there (“alt text”).
<pre tabindex="0" dir="auto" lang="{{ snippet.language }}">{{ snippet.alt }}</pre></li>
{% endif %}
{% endif %}
<li>Publish, and say where the post is, with its address in place of URL:
<pre tabindex="0">{{ confirm }}</pre></li>
</ol>
</html>
"""


def folder_name(posting: Posting) -> str:
    """Return the kit's folder: day, account and identity; every file system takes it."""
    account = re.sub(r"[^A-Za-z0-9_-]+", "-", posting.snippet.account)[:60]
    return f"{posting.at:%Y-%m-%d}-{account}-{posting.identity(0)[:12]}"


def contents(posting: Posting, title: str, intent: str) -> dict[str, bytes]:
    """Return name → content of the kit's files: texts, picture, and last the page that leads through them.

    Args:
        posting: what is to be published.
        title: the network's name.
        intent: address that opens the network's page, or "".

    Raises:
        PermanentError: the picture cannot be read.
    """
    from jinja2 import Template

    snippet, image = posting.snippet, posting.image
    made = {"text.txt": _encoded(f"{snippet.text}\n")}
    picture = f"picture{image.suffix}" if image else ""
    if image is not None:
        made |= {picture: _read(image), "alt.txt": _encoded(f"{snippet.alt}\n")}
    page = Template(_TEMPLATE, autoescape=True, trim_blocks=True).render(
        snippet=snippet, title=title, intent=intent, picture=picture, confirm=confirm(snippet)
    )
    return made | {PAGE: _encoded(page)}


def confirm(snippet: Snippet) -> str:
    """Return the command that says that it is done."""
    return f"newsletter accounts confirm URL --account {shlex.quote(snippet.account)}"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _read(image: Path) -> bytes:
    try:
        return image.read_bytes()
    except OSError as error:
        why = f"the picture cannot be read: {error.strerror}"
        raise PermanentError(why, where=str(image), code="picture") from None
