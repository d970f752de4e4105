"""Build a campaign: its posts become one frozen edition for every channel."""

from __future__ import annotations

import difflib
from html import escape
from typing import TYPE_CHECKING

from newsletter.campaigns import load
from newsletter.campaigns.pick import pick
from newsletter.editions import (
    compiled,
    frozen,
    headers,
    letter,
    mentions,
    present,
    snippet,
    social_templates,
)
from newsletter.editions.edition import Edition, sample_values
from newsletter.editions.environment import render_line
from newsletter.editions.headers import Head
from newsletter.editions.material import gather
from newsletter.editions.merge import MergeTags
from newsletter.editions.present import Lines
from newsletter.errors import ConfigError, ContentError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.campaigns.campaign import Campaign
    from newsletter.config import LoadedConfig
    from newsletter.editions.compiled import Pieces
    from newsletter.editions.images import Picture
    from newsletter.editions.material import Material
    from newsletter.model import Post, Snippet
    from newsletter.social.base import SocialNetwork
    from newsletter.tomlfile import Loc
    from newsletter.workspace import Workspace


def build_named(
    workspace: Workspace, loaded: LoadedConfig, networks: Sequence[SocialNetwork], name: str
) -> Edition:
    """Load a campaign and the posts it picks, and build it.

    Raises:
        ConfigError: campaign.toml is wrong, or names a post or account that there is not.
        ContentError: a post, picture or template is wrong, or nothing is picked.
        OSError: the edition cannot be written; names the path.
    """
    from newsletter.posts import store

    found = load.load_with_file(workspace, name)
    posts = pick(found.campaign, store.load_all(workspace.posts), file=found.file)
    return build(workspace, loaded, found.campaign, posts, networks)


def build(
    workspace: Workspace,
    loaded: LoadedConfig,
    campaign: Campaign,
    posts: Sequence[Post],
    networks: Sequence[SocialNetwork],
) -> Edition:
    """Return the edition of a campaign, written below ``out/<campaign>/<id>/``.

    The same campaign, posts and config give the same bytes and id on any
    machine at any time. ``posts`` are those picked, in order; errors as `build_named`.
    """
    accounts = _accounts(workspace, campaign, networks)
    material = gather(campaign, posts, loaded.config)
    tags = MergeTags()
    view = present.view(material, _lines(workspace, campaign, tags))
    rendered = letter.render(view, tags, template=campaign.template, folders=(workspace.templates,))
    parts = compiled.Parts(
        compiled.line_pieces(view.subject, tags),
        compiled.text_pieces(rendered.text, tags),
        compiled.html_pieces(rendered.html, tags, where=f"template {campaign.template}"),
    )
    snippets, pictures = _snippets(workspace, material, accounts)
    sample = sample_values(loaded.config.organisation.public_url)
    draft = Edition(
        id="",
        campaign=campaign.name,
        folder=workspace.out / campaign.name,
        subject=tags.rehearse(view.subject, {}),
        preheader=tags.rehearse(view.preheader, {}),
        sender=material.sender,
        reply_to=material.reply_to,
        language=view.language,
        date=material.date,
        lists=campaign.lists,
        posts=tuple(post.slug for post in posts),
        call_to_action=view.call_to_action,
        html=compiled.merged(parts.html, sample),
        text=compiled.merged(parts.text, sample),
        letter=compiled.compile_letter(_head(material), parts),
        snippets=snippets,
        images=tuple(picture.name for picture in pictures),
    )
    browser = _browser_copy(parts.html, material, sample)
    return frozen.write(draft, pictures, browser=browser, sample=sample)


def _accounts(
    workspace: Workspace, campaign: Campaign, networks: Sequence[SocialNetwork]
) -> list[SocialNetwork]:
    """Return the accounts the campaign names, in its order; all of them when it names none."""
    known = {network.name: network for network in networks}
    wanted = campaign.social.accounts
    named: list[tuple[str, Loc]] = [(name, ("social", "accounts")) for name in wanted or ()]
    named += [(name, ("social", "text", name)) for name in campaign.social.text]
    problems = []
    for name, loc in named:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            there_is = f"config.toml has: {', '.join(known) or 'none'}"
            hint = f"did you mean {close[0]!r}?" if close else there_is
            why = f"there is no account {name!r}; {hint}"
            problems.append(Problem(why, load.place(workspace, campaign.name, loc)))
    if problems:
        raise ConfigError("", problems=problems)
    return list(networks) if wanted is None else [known[name] for name in dict.fromkeys(wanted)]


def _lines(workspace: Workspace, campaign: Campaign, tags: MergeTags) -> Lines:
    """Return the campaign's own words with tokens; the title is the subject as a stranger reads it."""

    def rendered(key: str) -> str:
        try:
            return render_line(str(getattr(campaign, key)), tags, where=key)
        except ContentError as error:
            raise ContentError(error.why, where=load.place(workspace, campaign.name, (key,))) from None

    subject = rendered("subject")
    title = rendered("title") or tags.rehearse(subject, {})
    return Lines(subject, rendered("preheader"), title, rendered("note"))


def _snippets(
    workspace: Workspace, material: Material, accounts: Sequence[SocialNetwork]
) -> tuple[tuple[Snippet, ...], tuple[Picture, ...]]:
    """Return one snippet per account, and every picture of letters and snippets once."""
    pictures = {picture.name: picture for picture in material.shown}
    snippets = []
    for network in accounts:
        kind = mentions.written_for(network)
        layout = social_templates.layout((workspace.templates,), kind, language=material.language)
        made, needed = snippet.compose(network, material, layout)
        snippets.append(made)
        pictures |= {picture.name: picture for picture in needed}
    return tuple(snippets), tuple(pictures.values())


def _head(material: Material) -> Head:
    campaign, sender = material.campaign, material.sender
    return Head(
        sender=headers.from_line(sender),
        reply_to=headers.from_line(material.reply_to),
        language=material.language,
        list_id=headers.list_id(material.config.organisation.name, campaign.lists, sender),
        feedback_id=headers.feedback_id(campaign.name, campaign.lists, sender),
    )


def _browser_copy(html: Pieces, material: Material, sample: Mapping[str, str]) -> str:
    """Return the HTML part as a page for everybody: pictures beside it, nobody's personal links."""
    organisation = material.config.organisation
    home = organisation.website or organisation.public_url
    personal = ("unsubscribe_url", "preferences_url", "view_url")
    page = compiled.merged(html, {**sample, **dict.fromkeys(personal, home)})
    for picture in material.shown:
        page = page.replace(escape(f"{material.media_folder}/{picture.name}"), f"images/{picture.name}")
    return page
