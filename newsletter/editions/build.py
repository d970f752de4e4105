"""Build a campaign: its posts become one frozen edition for every channel."""

from __future__ import annotations

import difflib
from email.utils import parseaddr
from typing import TYPE_CHECKING

from newsletter import adapters
from newsletter.campaigns import load
from newsletter.campaigns.pick import pick
from newsletter.editions import compiled, frozen, headers, images, letter, present, snippet
from newsletter.editions.edition import Edition, sample_values
from newsletter.editions.environment import render_line
from newsletter.editions.links import LinkTags, own_hosts
from newsletter.editions.merge import MergeTags
from newsletter.errors import ConfigError, ContentError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from newsletter.campaigns.campaign import Campaign
    from newsletter.config import Config, LoadedConfig
    from newsletter.editions.compiled import Pieces
    from newsletter.editions.images import Picture
    from newsletter.model import CallToAction, Post, Snippet
    from newsletter.social.base import SocialNetwork
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
    config = loaded.config
    accounts = _accounts(workspace, campaign, networks)
    pictures = {post.slug: images.of_post(post) for post in posts}
    ask = present.call_to_action(campaign, posts, config)
    hosts = own_hosts(
        [
            config.organisation.website,
            config.organisation.public_url,
            *(post.link for post in posts),
            *([ask.url] if ask else []),
        ]
    )
    tags = MergeTags()
    lines = _lines(workspace, campaign, tags)
    view = present.view(
        campaign,
        posts,
        config,
        lines=lines,
        ask=ask,
        pictures=pictures,
        tags=_link_tags(campaign, hosts, source=campaign.utm.source, medium="email"),
    )
    rendered = letter.render(view, tags, template=campaign.template, folders=(workspace.templates,))
    subject = compiled.line_pieces(lines.subject, tags)
    text = compiled.text_pieces(rendered.text, tags)
    html = compiled.html_pieces(rendered.html, tags, where=f"template {campaign.template}")
    sender = campaign.sender or config.organisation.sender
    reply_to = campaign.reply_to or config.organisation.reply_to
    sample = sample_values(config.organisation.public_url)
    head = headers.Head(
        sender=headers.from_line(sender),
        reply_to=headers.from_line(reply_to),
        language=view.language,
        list_id=headers.list_id(config.organisation.name, campaign.lists, sender),
        feedback_id=headers.feedback_id(campaign.name, campaign.lists, sender),
    )
    draft = Edition(
        id="",
        campaign=campaign.name,
        folder=workspace.out / campaign.name,
        subject=tags.rehearse(lines.subject, {}),
        preheader=tags.rehearse(view.preheader, {}),
        sender=sender,
        reply_to=reply_to,
        language=view.language,
        date=present.printed_date(campaign, posts, config),
        lists=campaign.lists,
        posts=tuple(post.slug for post in posts),
        call_to_action=view.call_to_action,
        html=compiled.merged(html, sample),
        text=compiled.merged(text, sample),
        letter=compiled.compile_letter(head, subject, text, html),
        snippets=tuple(_snippets(campaign, posts[0], ask, accounts, hosts, pictures, view.language)),
        images=(),
    )
    shown = images.unique([picture for story in pictures.values() for picture in story.values()])
    return frozen.write(draft, pictures=shown, browser=_browser_copy(html, config, shown), sample=sample)
