"""``newsletter report``: who got what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from newsletter.app import App

_COLUMNS = ("sent", "pending", "sending", "deferred", "failed", "unknown", "suppressed", "cancelled")
"""Every state, the good news first."""


@click.command()
@click.argument("edition", metavar="[EDITION|CAMPAIGN]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@console.json_option
@console.pass_app
def report(app: App, edition: str | None, *, as_csv: bool, as_json: bool) -> None:
    """Show who got what.

    Without a name: every edition, the newest first. The states of an edition
    always add up to the number that was frozen.

    Example: newsletter report autumn-digest
    """
    from newsletter.outbox import ledger
    from newsletter.reports.numbers import numbers, overview

    with app.database.read() as connection:
        facts: Any
        if edition is None:
            facts = overview(connection)
        else:
            facts = numbers(connection, ledger.find(connection, edition).id)
    if as_json:
        console.print_json(facts)
    elif as_csv:
        _print_csv(facts)
    elif edition is None:
        _show_overview(facts)
    else:
        show(facts)


def show(facts: dict[str, Any]) -> None:
    """Print the numbers of one edition for people."""
    click.echo(f"{facts['subject']}  (campaign {facts['campaign']}, edition {facts['edition']})")
    why = f": {facts['why']}" if facts.get("why") else ""
    click.echo(f"state: {facts['state']}{why}")
    rows = [(counted["channel"], counted["total"], counted["states"]) for counted in facts["channels"]]
    if len(rows) > 1:
        rows.append(("all", facts["total"], facts["states"]))
    _table("channel", rows)
    for post in facts.get("posts", ()):
        click.echo(_post_line(post))
    if sum(facts["states"].values()) != facts["total"]:
        click.secho(f"these numbers do not add up to the {facts['total']} that were frozen", fg="red")


def _post_line(post: dict[str, Any]) -> str:
    """Return a receipt for people: where it stands, since when, what it cost."""
    when = f"{post['at']:%Y-%m-%d %H:%M} UTC"
    price = f"  ${post['price_musd'] / 1000:.3f}" if post["price_musd"] else ""
    gone = f"  deleted {post['retracted_at']:%Y-%m-%d %H:%M} UTC" if post["retracted_at"] else ""
    place = post["url"] or post["remote_id"]
    proof = f"  sha256 {post['content_hash'][:12]}" if post["content_hash"] else "  by hand"
    return f"  {post['account']:<18} {when}  {place}{price}{gone}{proof}"


def _show_overview(facts: list[dict[str, Any]]) -> None:
    if not facts:
        click.echo("Nothing has been sent yet. Send a campaign with: newsletter send CAMPAIGN")
        return
    _table(
        "edition",
        [
            (
                f"{row['edition']}  {row['frozen_at']:%Y-%m-%d %H:%M}  {row['campaign']}  {row['state']}",
                row["total"],
                row["states"],
            )
            for row in facts
        ],
    )


def _table(title: str, rows: list[tuple[str, int, dict[str, int]]]) -> None:
    """Print a line per row; states that nobody is in take no column."""
    states = [state for state in _COLUMNS if state == "sent" or any(row[2][state] for row in rows)]
    width = max(len(title), *(len(row[0]) for row in rows))
    click.secho(
        "  ".join([f"{title:<{width}}", f"{'total':>7}", *(f"{state:>10}" for state in states)]), bold=True
    )
    for name, total, counted in rows:
        cells = (f"{counted[state]:>10}" for state in states)
        click.echo("  ".join([f"{name:<{width}}", f"{total:>7}", *cells]))


def _print_csv(facts: Any) -> None:
    """Print a line per edition, or per channel of one edition."""
    import csv
    import sys

    out = csv.writer(sys.stdout)
    if isinstance(facts, list):
        out.writerow(["edition", "campaign", "state", "frozen_at", "total", *_COLUMNS])
        for row in facts:
            head = [row["edition"], row["campaign"], row["state"], row["frozen_at"].isoformat(), row["total"]]
            out.writerow([*head, *(row["states"][state] for state in _COLUMNS)])
        return
    out.writerow(["channel", "kind", "total", *_COLUMNS])
    for row in facts["channels"]:
        out.writerow(
            [row["channel"], row["kind"], row["total"], *(row["states"][state] for state in _COLUMNS)]
        )
