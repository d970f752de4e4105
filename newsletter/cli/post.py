"""``newsletter post``: gather posts from every kind of source; list and show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.app import App
    from newsletter.errors import Problem
    from newsletter.model import Post
    from newsletter.posts.store import Saved


@click.group()
def post() -> None:
    """Gather posts: Markdown, text, HTML, web pages, feeds, WordPress.

    Example: newsletter post add story.txt https://rivertrust.example/feed/
    """


@post.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Newest posts of a feed or a site.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="None of a feed or a site before this day, as 2026-03-05.",
)
@console.json_option
@console.pass_app
def add(app: App, sources: tuple[str, ...], *, limit: int, since: datetime | None, as_json: bool) -> None:
    """Store posts from files, web pages, feeds and WordPress sites; a post that is there is updated.

    A source that cannot be read is named and left out, the others are stored; the exit code is 3 then.

    Example: newsletter post add story.txt page.html https://rivertrust.example --limit 3
    """
    from newsletter.errors import ContentError
    from newsletter.posts.gather import gather
    from newsletter.posts.store import save

    stored: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            found = gather(source, limit=limit, since=since.date() if since else None)
        except ContentError as error:
            problems += error.problems
            continue
        if not found and not as_json:
            click.echo(f"nothing new: {source} has no post since {since:%Y-%m-%d}")
        for gathered in found:
            saved = save(gathered.post, gathered.pictures, app.workspace.posts)
            stored.append(_row(source, saved, gathered.warnings))
            if not as_json:
                _tell(saved, gathered.warnings)
    if as_json and not problems:
        console.print_json(stored)
    if problems:
        raise ContentError("", where=problems[0].where, problems=problems)


@post.command("list")
@console.json_option
@console.pass_app
def list_posts(app: App, *, as_json: bool) -> None:
    """List the posts of the workspace, the newest first.

    Example: newsletter post list
    """
    from newsletter.posts.store import load_all

    posts = sorted(load_all(app.workspace.posts), key=lambda found: _day(found) or "0", reverse=True)
    if as_json:
        console.print_json([_facts(found) for found in posts])
    elif not posts:
        click.echo("No posts yet; add some with: newsletter post add FILE|URL")
    for found in () if as_json else posts:
        click.echo(f"{_day(found) or 'no date':10}  {found.slug}  {found.title}")


@post.command()
@click.argument("slug")
@console.json_option
@console.pass_app
def show(app: App, slug: str, *, as_json: bool) -> None:
    """Show one post as it is stored.

    Example: newsletter post show night-count
    """
    from newsletter.errors import ContentError
    from newsletter.posts.slugs import is_slug
    from newsletter.posts.store import INDEX, load

    if not is_slug(slug):
        raise ContentError(f"there is no post {slug!r}; see newsletter post list", where=slug)
    found = load(app.workspace.posts / slug)
    if as_json:
        facts = asdict(found)
        facts.pop("folder")
        console.print_json(facts)
    else:
        click.echo((app.workspace.posts / slug / INDEX).read_text(encoding="utf-8"))


def _row(source: str, saved: Saved, warnings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "source": source,
        **_facts(saved.post),
        "path": str(saved.path),
        "updated": saved.updated,
        "warnings": list(warnings),
    }


def _facts(found: Post) -> dict[str, Any]:
    ask = found.call_to_action
    return {
        "slug": found.slug,
        "title": found.title,
        "author": found.author,
        "published_at": found.published_at,
        "call_to_action": ask.question if ask else None,
    }


def _tell(saved: Saved, warnings: tuple[str, ...]) -> None:
    """Say what became of a post, what was recognised in it, and what was not."""
    found = saved.post
    click.echo(f"{'updated' if saved.updated else 'added'}: {found.slug}  {found.title}")
    paragraphs = found.body.count("\n\n") + 1
    files = sum(bool(image.file) for image in found.images)
    without = len(found.images) - files
    facts = [
        f"by {found.author}" if found.author else "no byline",
        _day(found) or "no date",
        _count(paragraphs, "paragraph"),
        _count(files, "picture") if files else "",
        f"{_count(without, 'picture')} without a file: put it beside index.md" if without else "",
        "a call to action" if found.call_to_action else "no call to action",
        f"{len(found.related)} related" if found.related else "",
    ]
    click.echo(f"  {', '.join(fact for fact in facts if fact)}")
    for warning in warnings:
        click.secho(f"  warning: {warning}", fg="yellow", err=True)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _day(found: Post) -> str:
    return found.published_at.isoformat()[:10] if found.published_at else ""
