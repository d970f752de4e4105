"""Read campaigns/<name>/campaign.toml."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import tomlfile
from newsletter.campaigns.campaign import Campaign
from newsletter.config import LANGUAGE, is_mailbox
from newsletter.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.tomlfile import Loc, TomlFile
    from newsletter.workspace import Workspace

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Names of campaigns: they stand in folders, links and reports."""
WEB = re.compile(r"https?://[^\s/]+\S*")
"""Addresses that a button may open."""

_FILE = "campaign.toml"
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class LoadedCampaign:
    """A checked campaign.toml and the file it came from."""

    campaign: Campaign
    """The plan."""
    file: TomlFile
    """The file, for line numbers."""


def load(workspace: Workspace, name: str) -> Campaign:
    """Read and check a campaign.

    Raises:
        ConfigError: there is no such campaign, or every mistake in its file, each with key and line.
    """
    return load_with_file(workspace, name).campaign


def load_with_file(workspace: Workspace, name: str) -> LoadedCampaign:
    """Read and check a campaign, and keep the file for later messages; errors as `load`."""
    path = workspace.campaigns / name / _FILE
    if not NAME.fullmatch(name) or not path.is_file():
        raise _unknown(workspace, name)
    file = tomlfile.read(path)
    problems: list[Problem] = []
    if "name" in file.tables:
        why = "the campaign's name is its folder's; take this key out"
        problems.append(Problem(why, file.where(("name",))))
    try:
        campaign = tomlfile.check(Campaign, file, {**file.tables, "name": name})
    except ConfigError as error:
        raise ConfigError("", problems=[*problems, *error.problems]) from None
    problems.extend(_own_rules(campaign, file))
    if problems:
        raise ConfigError("", problems=problems)
    return LoadedCampaign(campaign, file)


def place(workspace: Workspace, name: str, loc: Loc) -> str:
    """Return ``path:line (key)`` of a campaign's setting, for a message about it."""
    path = workspace.campaigns / name / _FILE
    return tomlfile.read(path).where(loc) if path.is_file() else f"{path} ({'.'.join(map(str, loc))})"


def names(workspace: Workspace) -> list[str]:
    """Return the names of the workspace's campaigns, sorted."""
    return sorted(path.parent.name for path in workspace.campaigns.glob(f"*/{_FILE}"))


def _unknown(workspace: Workspace, name: str) -> ConfigError:
    known = names(workspace)
    if close := difflib.get_close_matches(name, known, n=3, cutoff=0.5):
        hint = f"did you mean {' or '.join(map(repr, close))}?"
    elif known:
        hint = f"there are: {', '.join(known)}"
    else:
        hint = "make one with: newsletter campaign new NAME"
    return ConfigError(f"there is no campaign {name!r}; {hint}", where=str(workspace.campaigns))


def _own_rules(campaign: Campaign, file: TomlFile) -> Iterator[Problem]:
    """Yield what the types alone cannot see."""
    yield from _text_rules(campaign, file)
    if not _TEMPLATE.fullmatch(campaign.template):
        why = f"{campaign.template!r} is not the name of a template; write one like 'digest'"
        yield Problem(why, file.where(("template",)))
    if campaign.language and not LANGUAGE.fullmatch(campaign.language):
        why = f"{campaign.language!r} is not a language; write one like 'en' or 'pt-BR'"
        yield Problem(why, file.where(("language",)))
    for key in ("sender", "reply_to"):
        line = str(getattr(campaign, key))
        if line and not is_mailbox(line):
            yield Problem("write one address as 'Name <name@domain.example>'", file.where((key,)))
    ask = campaign.call_to_action
    if ask and not ask.question.strip():
        why = "the call to action needs a question, or take the table out"
        yield Problem(why, file.where(("call_to_action", "question")))
    if ask and ask.url and not WEB.fullmatch(ask.url):
        why = f"{ask.url!r} must be one web address that starts with https://"
        yield Problem(why, file.where(("call_to_action", "url")))
    for key in ("limit", "newest"):
        number = getattr(campaign.posts, key)
        if number < (1 if key == "limit" else 0):
            yield Problem(f"{number} is too small", file.where(("posts", key)))


def _text_rules(campaign: Campaign, file: TomlFile) -> Iterator[Problem]:
    if not campaign.subject.strip():
        yield Problem("the subject is empty; readers see it first", file.where(("subject",)))
    for key in ("subject", "preheader", "title"):
        if _CONTROL.search(str(getattr(campaign, key))):
            why = f"the {key} is one line, without line breaks and control characters"
            yield Problem(why, file.where((key,)))
