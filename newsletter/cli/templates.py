"""``newsletter templates``: the templates there are, and a copy of one for restyling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.app import App

HTML = ".html.j2"
TWINS = (HTML, ".txt.j2")
"""Every template is two files, one for each part of a letter."""


@click.group()
def templates() -> None:
    """List the templates; copy one for restyling.

    Example: newsletter templates copy digest
    """


@templates.command("list")
@console.json_option
@console.pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List the templates that a campaign may name.

    Example: newsletter templates list
    """
    own, shipped = _templates(app.workspace.templates), _templates(_builtin())
    rows = [
        {
            "name": name,
            "source": "workspace" if name in own else "built-in",
            "path": str((own | shipped | own)[name]),
            "overrides": name in own and name in shipped and own[name] != shipped[name],
        }
        for name in sorted(own | shipped)
    ]
    if as_json:
        console.print_json(rows)
        return
    for row in rows:
        note = ", in place of the built-in one" if row["overrides"] else ""
        click.echo(f"{row['name']:<20} {row['source']}{note}")


@templates.command()
@click.argument("name")
@console.pass_app
def copy(app: App, name: str) -> None:
    """Copy the built-in template NAME into the workspace; never overwrites.

    Example: newsletter templates copy digest
    """
    from newsletter.errors import NewsletterError

    shipped = _templates(_builtin())
    if name not in shipped:
        known = ", ".join(sorted(shipped)) or "none"
        raise NewsletterError(f"there is no built-in template {name!r}; known: {known}", where="templates")
    copies = {
        app.workspace.templates / f"{name}{twin}": (_builtin() / f"{name}{twin}").read_bytes()
        for twin in TWINS
    }
    for target in copies:
        if target.exists():
            raise NewsletterError("this file exists and is left as it is", where=str(target))
    app.workspace.templates.mkdir(parents=True, exist_ok=True)
    for target, content in copies.items():
        with target.open("xb") as file:
            file.write(content)
        click.echo(f"copied {target}")
    click.echo("To change one block only, keep the file this short; the rest then improves with updates:")
    click.echo(f'  {{% extends "builtin/{name}{HTML}" %}}')
    click.echo(f"  {{% block {(blocks := _blocks(shipped[name]))[0]} %}} … {{% endblock %}}")
    click.echo(f"Its blocks: {', '.join(blocks)}")


def _templates(folder: Path) -> dict[str, Path]:
    """Return name → HTML file of the templates in a folder."""
    return {path.name.removesuffix(HTML): path for path in sorted(folder.glob(f"*{HTML}"))}


def _blocks(template: Path) -> list[str]:
    """Return the blocks that may be overridden: its own, and those of the template it extends."""
    import re

    source = re.sub(r"{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    own = re.findall(r"{%[-+]?\s*block\s+(\w+)", source)
    parent = re.search(r"""{%[-+]?\s*extends\s+["'](?:builtin/)?([^"']+)["']""", source)
    inherited = _blocks(_builtin() / parent[1]) if parent else []
    return list(dict.fromkeys([*own, *inherited]))


def _builtin() -> Path:
    from newsletter import workspace

    return workspace.starter() / "templates"
