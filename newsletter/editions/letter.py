"""A view becomes a letter: HTML with its styles inlined, and a plain-text twin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING

from newsletter.editions.environment import environment, render_template
from newsletter.editions.inline import inline
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.config import Organisation
    from newsletter.editions.merge import MergeTags
    from newsletter.editions.view import EditionView


@dataclass(frozen=True)
class RenderedLetter:
    """The two parts of a letter, merge tokens still inside."""

    html: str
    """Document ready for the wire: styles inlined, ``<!DOCTYPE html>`` first."""
    text: str
    """Plain-text twin: 72 columns, LF, one newline at the end."""


def render(view: EditionView, tags: MergeTags, *, template: str, folders: Sequence[Path]) -> RenderedLetter:
    """Render both parts of a letter.

    Args:
        view: everything the templates may print.
        tags: the merge tags of the edition; those the templates use are added to it.
        template: name without its ending: ``digest``.
        folders: the workspace's templates; the built-in ones are looked at last.

    Raises:
        ContentError: a template is missing or wrong, with ``path:line``.
    """
    shared = environment(folders, tags, language=view.language)
    words = {"edition": view, "contact": contact_link(view.organisation)}
    html, html_path = render_template(shared, f"{template}.html.j2", words, folders)
    text, text_path = render_template(shared, f"{template}.txt.j2", words, folders)
    tags.refuse_holes(html, where=html_path)
    tags.refuse_holes(text, where=text_path)
    try:
        inlined = inline(html)
    except ContentError as error:
        raise ContentError(error.why, where=html_path) from None
    return RenderedLetter(inlined, _tidied(text))


def contact_link(organisation: Organisation) -> str:
    """Return the address that questions go to, as a link: the contact, else the sender's address."""
    contact = organisation.contact or parseaddr(organisation.sender)[1]
    return f"mailto:{contact}" if "@" in contact and "://" not in contact else contact


def _tidied(text: str) -> str:
    """Drop blanks at line ends, and more than one empty line in a row."""
    lines = "\n".join(line.rstrip(" \t") for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
