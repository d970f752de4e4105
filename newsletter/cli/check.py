"""``newsletter check``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.app import App
    from newsletter.editions.edition import Edition
    from newsletter.model import Finding

COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
WORDS = {"error": "error", "warning": "warning", "info": "note"}


@click.command()
@click.argument("target", metavar="CAMPAIGN|EDITION")
@console.json_option
@console.pass_app
def check(app: App, target: str, *, as_json: bool) -> None:
    """Find what would go wrong if the edition left now.

    A campaign is built first; an edition is checked as it was frozen. Errors
    stop a send, warnings and notes do not. Exit code 5 when there is an error.

    Example: newsletter check autumn-digest
    """
    from contextlib import closing
    from dataclasses import asdict

    from newsletter.checks import preflight
    from newsletter.checks.judge import judge
    from newsletter.errors import BlockedError

    with closing(app.database):
        edition = _edition(app, target)
        findings = judge(app, edition)
    if as_json:
        console.print_json({"edition": edition.id, "findings": [asdict(finding) for finding in findings]})
    else:
        _show(edition, findings)
    if preflight.blocking(findings):
        click.get_current_context().exit(BlockedError.exit_code)


def _edition(app: App, target: str) -> Edition:
    """Return the frozen edition of that name, else the campaign of that name, built."""
    from newsletter.campaigns import load
    from newsletter.editions import build, frozen

    if target not in load.names(app.workspace) and re.fullmatch(r"[0-9a-f]{4,16}|.*[/\\].*", target):
        return frozen.find(app.workspace, target)
    return build.build_named(app.workspace, app.loaded, app.networks, target)


def _show(edition: Edition, findings: Sequence[Finding]) -> None:
    """Print the verdict, then the findings: places that break the same rule stand together."""
    from newsletter.checks import preflight

    groups = preflight.by_reason(findings)
    verdict = _verdict([finding for finding, _ in groups])
    click.secho(f"{edition.campaign}, edition {edition.id}: {verdict}", bold=True)
    for finding, places in groups:
        click.echo()
        name = f"{WORDS[finding.severity]} {finding.id}"
        click.secho(name, fg=COLOURS[finding.severity], bold=True, nl=False)
        click.echo(f"  {finding.why}")
        for place in places:
            click.echo(f"  at    {place}")
        click.echo(f"  mend  {finding.mend}")
    if not preflight.blocking(findings):
        click.echo()
        click.echo(f"next: newsletter preview {edition.campaign}, newsletter send {edition.campaign}")


def _verdict(findings: Sequence[Finding]) -> str:
    """Return the counts in words: "2 errors, 1 warning"."""
    counts = {name: sum(finding.severity == name for finding in findings) for name in WORDS}
    said = [f"{count} {WORDS[name]}{'s' if count > 1 else ''}" for name, count in counts.items() if count]
    return ("" if counts["error"] else "ready; ") + (", ".join(said) or "nothing to mend")
