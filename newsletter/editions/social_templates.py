"""The template of a network, ``templates/social/<type>.txt.j2``, as a function from slots to text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.editions.environment import environment, mistake
from newsletter.editions.merge import MergeTags

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter.editions.slots import Layout, Slots

DEFAULT = "social/default.txt.j2"
"""For networks without a template of their own."""


def layout(folders: Sequence[Path], kind: str, *, language: str) -> Layout:
    """Return what prints the posts of a network.

    A template sees the slots by their names and ``words``; it is sandboxed,
    and looked for as those of letters are.

    Args:
        folders: the workspace's templates; the built-in ones are looked at last.
        kind: type of the account: ``mastodon``.
        language: BCP 47, the language of ``words``.

    Raises:
        ContentError: the template is wrong, with ``path:line``; also when it prints.
    """
    shared = environment(folders, MergeTags(), language=language)
    # A post is the same for everybody.
    del shared.globals["merge"]
    name = f"social/{kind}.txt.j2"
    try:
        template = shared.select_template([name, DEFAULT])
    except Exception as error:  # noqa: BLE001 - a template is a program of staff's own; anything may be wrong in it
        raise mistake(error, name) from None

    def printed(slots: Slots) -> str:
        try:
            return _tidied(template.render(vars(slots)))
        except Exception as error:  # noqa: BLE001 - as above
            raise mistake(error, name) from None

    return printed


def _tidied(text: str) -> str:
    """Drop blanks around lines, empty lines at both ends, and more than one of them in a row."""
    lines = "\n".join(line.strip(" \t") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
