"""``newsletter campaign``: make, list and show campaigns."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from newsletter.app import App
    from newsletter.model import Post


@click.group()
def campaign() -> None:
    """Make, list and show campaigns.

    Example: newsletter campaign new november --post night-count --list supporters
    """


@campaign.command()
@click.argument("name")
@click.option("--post", "posts", multiple=True, metavar="SLUG", help="A post it carries; may be repeated.")
@click.option("--cta", metavar="QUESTION", help="The call to action; else the first post's that has one.")
@click.option("--cta-label", default="", metavar="WORDS", help="Words of its button.")
@click.option("--cta-url", default="", metavar="URL", help="Where its button leads.")
@click.option("--subject", metavar="WORDS", help="Subject line; else the first post's title.")
@click.option("--list", "lists", multiple=True, metavar="NAME", help="A list it goes to; may be repeated.")
@console.json_option
@console.pass_app
def new(  # noqa: PLR0913 - one parameter per option
    app: App,
    name: str,
    *,
    posts: tuple[str, ...],
    cta: str | None,
    cta_label: str,
    cta_url: str,
    subject: str | None,
    lists: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write campaigns/NAME/campaign.toml, commented; without --post it takes the newest posts.

    Example: newsletter campaign new november --post night-count --cta "Will you count with us?"
    """
    from newsletter.campaigns.create import create
    from newsletter.model import CallToAction

    if (cta_label or cta_url) and not cta:
        raise click.UsageError("--cta-label and --cta-url belong to a call to action; add --cta QUESTION")
    stories = _stories(app, name, posts)
    path = create(
        app.workspace,
        name,
        subject=subject or (stories[0].title if stories else f"News from {app.config.organisation.name}"),
        posts=posts,
        lists=lists,
        call_to_action=CallToAction(cta, cta_label, cta_url) if cta else None,
        day=None if any(post.published_at for post in stories) else _today(app),
    )
    if as_json:
        console.print_json({"campaign": name, "path": str(path)})
        return
    click.echo(f"Wrote {path}")
    if not lists:
        click.echo('Sending needs a list: write lists = ["…"] there.')
    click.echo(f"Build it with: newsletter build {name}")


@campaign.command(name="list")
@console.json_option
@console.pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List the campaigns with their subjects.

    Example: newsletter campaign list
    """
    from newsletter.campaigns import load

    found = [load.load(app.workspace, name) for name in load.names(app.workspace)]
    if as_json:
        rows = [{"campaign": one.name, "subject": one.subject, "lists": one.lists} for one in found]
        console.print_json(rows)
        return
    for one in found:
        click.echo(f"{one.name}  {one.subject}")
    if not found:
        click.echo("No campaigns yet. Make one with: newsletter campaign new NAME")


@campaign.command()
@click.argument("name")
@console.json_option
@console.pass_app
def show(app: App, name: str, *, as_json: bool) -> None:
    """Show what a campaign would carry: posts, call to action, audience, accounts.

    Example: newsletter campaign show november
    """
    shown = _facts(app, name)
    if as_json:
        console.print_json(shown)
        return
    click.echo(f"{shown['campaign']}: {shown['subject']}")
    for post in shown["posts"]:
        click.echo(f"  post       {post['slug']}  {post['title']}")
    ask = shown["call_to_action"]
    if ask:
        click.echo(f"  ask        {ask['question']} [{ask['label']}] {ask['url']}  (from {ask['source']})")
    else:
        click.echo("  ask        none; write [call_to_action] in campaign.toml")
    click.echo(f"  lists      {', '.join(shown['lists']) or 'none; sending needs one'}")
    click.echo(f"  accounts   {', '.join(shown['accounts']) or 'none'}")
    click.echo(f"  template   {shown['template']}")
    click.echo(f"  in         {shown['path']}")


def _facts(app: App, name: str) -> dict[str, Any]:
    from newsletter.campaigns import load, pick
    from newsletter.editions.material import call_to_action
    from newsletter.posts import store

    found = load.load_with_file(app.workspace, name)
    plan = found.campaign
    posts = pick.pick(plan, store.load_all(app.workspace.posts), file=found.file)
    _, source = pick.call_to_action(plan, posts, app.config.call_to_action)
    ask = call_to_action(plan, posts, app.config)
    accounts = plan.social.accounts
    return {
        "campaign": name,
        "path": str(found.file.path),
        "subject": plan.subject,
        "template": plan.template,
        "posts": [{"slug": post.slug, "title": post.title, "date": post.published_at} for post in posts],
        "call_to_action": {**asdict(ask), "source": source} if ask else None,
        "lists": list(plan.lists),
        "accounts": [network.name for network in app.networks] if accounts is None else list(accounts),
    }


def _stories(app: App, name: str, slugs: Sequence[str]) -> Sequence[Post]:
    """Return the posts a new campaign would carry; an unknown slug is refused before anything is written."""
    from newsletter.campaigns import create, pick
    from newsletter.campaigns.campaign import Campaign, PostChoice
    from newsletter.errors import ConfigError, Problem
    from newsletter.posts import store

    posts = store.load_all(app.workspace.posts)
    if not slugs:
        return pick.newest_first(posts)[: create.NEWEST]
    wanted = PostChoice(include=tuple(slugs), limit=max(1, len(slugs)))
    try:
        return pick.pick(Campaign(name, subject="", posts=wanted), posts)
    except ConfigError as error:
        raise ConfigError("", problems=[Problem(one.why, "--post") for one in error.problems]) from None


def _today(app: App) -> date:
    from zoneinfo import ZoneInfo

    return app.now().astimezone(ZoneInfo(app.config.organisation.timezone)).date()
