"""Write the campaign.toml of a new campaign, with a comment for everything staff may want to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomlkit

from newsletter.campaigns.load import NAME, WEB
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from tomlkit import TOMLDocument
    from tomlkit.items import Table

    from newsletter.model import CallToAction
    from newsletter.workspace import Workspace

NEWEST = 3
"""Posts of a campaign that names none."""


def create(  # noqa: PLR0913 - one keyword per thing the file says
    workspace: Workspace,
    name: str,
    *,
    subject: str,
    posts: Sequence[str] = (),
    lists: Sequence[str] = (),
    call_to_action: CallToAction | None = None,
    day: date | None = None,
) -> Path:
    """Write ``campaigns/<name>/campaign.toml`` and return its path.

    Without ``posts`` the campaign takes the newest ones. ``day`` is only
    needed when no post has a date.

    Raises:
        ConfigError: the name or the call to action's address is not one, or the
            campaign is there already; nothing is overwritten.
    """
    if not NAME.fullmatch(name):
        why = f"{name!r} is not a name for a campaign; use small letters, digits and hyphens: 'autumn-digest'"
        raise ConfigError(why)
    if call_to_action and call_to_action.url and not WEB.fullmatch(call_to_action.url):
        raise ConfigError(f"{call_to_action.url!r} must be one web address that starts with https://")
    path = workspace.campaigns / name / "campaign.toml"
    document = _document(name, subject, lists, day)
    document.add("posts", _posts(posts))
    _add_call_to_action(document, call_to_action)
    _add_social(document)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(tomlkit.dumps(document))
    except FileExistsError:
        why = "this campaign is there already; edit it, or take another name"
        raise ConfigError(why, where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"the campaign cannot be written: {error.strerror}", where=str(path)) from None
    return path


def _document(name: str, subject: str, lists: Sequence[str], day: date | None) -> TOMLDocument:
    document = tomlkit.document()
    _comment(document, f"The campaign {name}. Look at it with: newsletter preview {name}")
    document.add(tomlkit.nl())
    document.add("subject", tomlkit.string(subject))
    _comment(
        document, 'preheader = ""  # words after the subject in the inbox; the lead story\'s if left out'
    )
    _comment(document, 'template = "digest"  # digest, letter (one story in full) or appeal (one ask)')
    if day:
        document.add("date", tomlkit.date(day.isoformat()))
    else:
        _comment(document, "date = 2026-12-01  # printed on the edition; the newest story's if left out")
    _comment(document, """note = 'Dear {{ merge.first_name | fallback("friend") }}, …'  # opening words""")
    _comment(document, 'signature = ""  # who signs the note')
    document.add(tomlkit.nl())
    if lists:
        document.add("lists", _strings(lists))
    else:
        _comment(document, "Who gets it. Sending needs at least one list; see: newsletter audience lists")
        _comment(document, 'lists = ["supporters"]')
    document.add(tomlkit.nl())
    return document


def _posts(slugs: Sequence[str]) -> Table:
    table = tomlkit.table()
    if slugs:
        table.add("include", _strings(slugs))
        _comment(table, 'pinned = ["a-slug"]  # comes first whatever else is chosen')
        _comment(table, 'tags = ["a tag"]  # adds posts with a tag, newest first')
        _comment(table, "newest = 3  # how many of these")
    else:
        _comment(table, 'include = ["a-slug"]  # these posts, in this order')
        table.add("newest", NEWEST)
        _comment(table, 'tags = ["a tag"]  # only posts with one of these tags')
    table.add(tomlkit.nl())
    return table


def _add_call_to_action(document: TOMLDocument, ask: CallToAction | None) -> None:
    if ask is None:
        _comment(document, "The one ask. Without it: the first story's that has one, else config.toml's.")
        _comment(document, "[call_to_action]")
        _comment(document, 'question = "Can you help …?"')
        _comment(document, 'label = "Take part"')
        _comment(document, 'url = "https://…"')
        document.add(tomlkit.nl())
        return
    table = tomlkit.table()
    table.add("question", ask.question)
    if ask.label:
        table.add("label", ask.label)
    else:
        _comment(table, 'label = "Take part"  # words of the button')
    if ask.url:
        table.add("url", ask.url)
    else:
        _comment(table, 'url = "https://…"  # where the button leads; the lead story if left out')
    table.add(tomlkit.nl())
    document.add("call_to_action", table)


def _add_social(document: TOMLDocument) -> None:
    table = tomlkit.table()
    _comment(table, 'accounts = ["name"]  # of config.toml; all of them if left out, [] for none')
    _comment(table, 'hashtags = ["RiverDay"]  # the lead story\'s tags if left out')
    _comment(table, 'text = { name = "…" }  # words of your own for one account')
    document.add("social", table)


def _comment(container: TOMLDocument | Table, line: str) -> None:
    container.add(tomlkit.comment(line))


def _strings(texts: Sequence[str]) -> tomlkit.items.Array:
    array = tomlkit.array()
    array.extend(texts)
    return array
