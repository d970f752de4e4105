"""``newsletter audience``: who gets the newsletter, and who must not."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from newsletter.app import App
    from newsletter.audience.importing import ImportResult
    from newsletter.audience.subscribers import Subscriber

BASES = ("consent", "soft_opt_in", "soft_opt_in_charity", "member", "other")
"""`newsletter.audience.consent.LAWFUL_BASES`, written here so that ``--help`` imports nothing."""

_ERRORS_SHOWN = 20


@click.group()
def audience() -> None:
    """Import, export, show and remove subscribers.

    Example: newsletter audience import people.csv --list supporters --basis consent
    """


def _iso_date(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from datetime import datetime

    if value:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a date like 2026-03-31") from None
    return value


def _pairs(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    for value in values:
        if not all(value.partition("=")):
            raise click.BadParameter(f"{value!r} is not of the form COLUMN=FIELD")
    return {value.rpartition("=")[0]: value.rpartition("=")[2].strip() for value in values}


def _evidence_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say why we may write."""
    for option in (
        click.option(
            "--consent-date", metavar="DATE", callback=_iso_date, help="When it was given: 2026-03-31."
        ),
        click.option("--source", metavar="TEXT", help="Where it was given: a form, a stall, a membership."),
        click.option("--basis", type=click.Choice(BASES), help="Lawful basis for writing to these people."),
    ):
        command = option(command)
    return command


@audience.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--list", "lists", metavar="NAME", multiple=True, help="List they join; may be given more than once."
)
@_evidence_options
@click.option(
    "--map",
    "mapped",
    metavar="COLUMN=FIELD",
    multiple=True,
    callback=_pairs,
    help="What a column means, when its name does not say it: Handy=ignore, Mitglied=first_name.",
)
@click.option("--resubscribe", is_flag=True, help="Bring back who left before the date of consent.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@console.json_option
@console.pass_app
def import_(app: App, /, file: Path, *, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Put the people of a CSV file on a list.

    Columns are known by their usual names; other columns can be merged into
    letters. People who have left, or are suppressed, stay away.

    Example: newsletter audience import people.csv --list supporters --basis consent --source "summer fair"
    """
    from newsletter.audience import importing, lists
    from newsletter.audience.person import Defaults

    given = Defaults(
        tuple(map(lists.check_name, options["lists"])),
        options["basis"] or "",
        options["source"] or f"file {file.name}",
        options["consent_date"] or "",
    )
    choice = importing.ImportOptions(given, options["resubscribe"], options["mapped"])
    with _progress() as progress, app.database.write() as connection:
        result = importing.import_csv(connection, file, choice, app.now(), progress)
        if dry_run:
            connection.rollback()
    if as_json:
        facts = {name: getattr(result, name) for name in ("rows", "added", "updated", "skipped")}
        errors = [{"line": error.line, "reason": error.reason} for error in result.errors]
        more = {"skipped_because": result.skipped_because, "bad": result.bad, "dry_run": dry_run}
        console.print_json({**facts, "errors": errors, **more})
    else:
        _tell(result, file, dry_run=dry_run)


@audience.command()
@click.option("--list", "name", metavar="NAME", help="Only the people subscribed to this list.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, not to the screen."
)
@click.option("--raw", is_flag=True, help="Leave cells alone that a spreadsheet would run as formulas.")
@console.pass_app
def export(app: App, name: str | None, output: Path | None, *, raw: bool) -> None:
    """Write subscribers as CSV; an import reads it back.

    Example: newsletter audience export --list supporters --output supporters.csv
    """
    import sys

    from newsletter.audience import exporting

    with app.database.read() as connection:
        if output is None:
            exporting.export(connection, sys.stdout, name, raw=raw)
            return
        with _private_file(output) as file:
            written = exporting.export(connection, file, name, raw=raw)
    click.echo(f"wrote {_people(written)} to {output}")


@audience.command()
@click.argument("email")
@click.option("--list", "lists", metavar="NAME", multiple=True, required=True, help="List to join.")
@click.option("--first-name", default="", help="For the greeting.")
@click.option("--last-name", default="", help="For the greeting.")
@click.option("--language", default="", help="Language code: en, pt-BR.")
@_evidence_options
@console.json_option
@console.pass_app
def add(app: App, /, email: str, *, as_json: bool, **options: Any) -> None:
    """Put one person on a list.

    The consent is today's, unless you say otherwise.

    Example: newsletter audience add ana@example.org --list supporters --source "phone call"
    """
    from newsletter.audience import subscribers
    from newsletter.audience.person import Defaults

    now = app.now()
    given = Defaults(
        options["lists"],
        options["basis"] or "consent",
        options["source"] or "added by staff",
        options["consent_date"] or now.isoformat(timespec="milliseconds"),
    )
    fields = {name: options[name] for name in ("first_name", "last_name", "language")}
    with app.database.write() as connection:
        is_new = subscribers.add(connection, email, fields, given, now)
    if as_json:
        console.print_json({"email": email, "lists": options["lists"], "added": is_new})
    else:
        click.echo(f"{'added' if is_new else 'updated'} {email} on {', '.join(options['lists'])}")


@audience.command()
@click.argument("email")
@console.json_option
@console.pass_app
def show(app: App, email: str, *, as_json: bool) -> None:
    """Show everything that is known about an address.

    Example: newsletter audience show ana@example.org --json
    """
    from dataclasses import asdict

    from newsletter.audience import signing, subscribers

    with app.database.read() as connection:
        found = subscribers.show(connection, signing.known_signing_key(connection), email)
    if as_json:
        console.print_json(asdict(found))
    else:
        _describe(found)


@audience.command()
@click.argument("email")
@click.option("--list", "name", metavar="NAME", help="Only from this list; else from all of them.")
@click.option("--erase", is_flag=True, help="Forget the person; only a hash stays, to stop a new import.")
@console.json_option
@console.pass_app
def remove(app: App, email: str, *, name: str | None, erase: bool, as_json: bool) -> None:
    """Unsubscribe a person, or forget that person.

    Example: newsletter audience remove ana@example.org --list supporters
    """
    from newsletter.audience import subscribers

    if erase and name:
        raise click.UsageError("--erase forgets the whole person; leave out --list")
    left: list[str] = []
    with app.database.write() as connection:
        if erase:
            subscribers.erase(connection, email, "asked by staff", app.now())
        else:
            left = subscribers.remove(connection, email, name, "removed by staff", app.now())
    if as_json:
        console.print_json({"email": email, "erased": erase, "left": left})
    elif erase:
        click.echo(f"erased {email}; an import cannot bring it back")
    elif left:
        click.echo(f"{email} has left {', '.join(left)}")
    else:
        click.echo(f"{email} was not subscribed; nothing was changed")


@audience.command("lists")
@console.json_option
@console.pass_app
def lists_(app: App, /, *, as_json: bool) -> None:
    """Show the lists and how many people are on them.

    Example: newsletter audience lists
    """
    from dataclasses import asdict

    from newsletter.audience import lists

    with app.database.read() as connection:
        found = lists.counts(connection)
    if as_json:
        console.print_json([asdict(one) for one in found])
        return
    if not found:
        click.echo("no lists yet; make one with: newsletter audience import FILE --list NAME")
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        click.echo(f"{one.name:<{width}}  {one.subscribed:>9} subscribed  {one.unsubscribed:>7} left")


@audience.command()
@click.argument("email")
@click.option("--reason", metavar="TEXT", required=True, help="Why, in your own words; kept as evidence.")
@console.json_option
@console.pass_app
def suppress(app: App, email: str, *, reason: str, as_json: bool) -> None:
    """Never write to an address again, whatever list it is on.

    Example: newsletter audience suppress ana@example.org --reason "asked by phone"
    """
    from newsletter.audience import addresses, signing, suppression

    now = app.now()
    checked = addresses.normalise(email).email
    with app.database.write() as connection:
        key = signing.signing_key(connection, now)
        is_new = suppression.suppress(connection, key, checked, "manual", reason, now)
    if as_json:
        console.print_json({"email": checked, "suppressed": is_new})
    else:
        click.echo(f"{checked} is {'now' if is_new else 'already'} suppressed")


@audience.command()
@click.argument("email")
@console.json_option
@console.pass_app
def release(app: App, email: str, *, as_json: bool) -> None:
    """Take an address off the suppression list.

    Example: newsletter audience release ana@example.org
    """
    from newsletter.audience import signing, suppression

    with app.database.write() as connection:
        key = signing.signing_key(connection, app.now())
        was_on = suppression.release(connection, key, email)
    if as_json:
        console.print_json({"email": email, "released": was_on})
    else:
        click.echo(f"{email} {'may be written to again' if was_on else 'was not suppressed'}")


@contextmanager
def _private_file(path: Path) -> Iterator[TextIO]:
    """Yield a file that only its owner can read; it takes its place when it is complete."""
    from newsletter import files
    from newsletter.errors import NewsletterError

    if not path.parent.is_dir():
        raise NewsletterError("there is no such folder", where=str(path.parent))
    # Excel takes a file without the mark for one in the computer's old code page.
    with (
        files.drafts(path, mode=0o600) as (draft,),
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        yield file


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Yield what is told the rows read so far: a running count on a terminal, else silence."""
    import sys

    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.console import Console

    with Console(stderr=True).status("reading …") as status:
        yield lambda rows: status.update(f"{rows} rows read")


def _tell(result: ImportResult, file: Path, *, dry_run: bool) -> None:
    click.echo(f"{file}: {result.rows} rows{' (rehearsal, nothing was changed)' if dry_run else ''}")
    click.echo(f"  added    {result.added}")
    click.echo(f"  updated  {result.updated}")
    why = ", ".join(f"{number} {reason}" for reason, number in sorted(result.skipped_because.items()))
    click.echo(f"  skipped  {result.skipped}{f' ({why})' if why else ''}")
    click.echo(f"  bad      {result.bad}")
    for error in result.errors[:_ERRORS_SHOWN]:
        click.echo(f"{file}:{error.line}: {error.reason}", err=True)
    if result.bad > _ERRORS_SHOWN:
        click.echo(f"… and {result.bad - _ERRORS_SHOWN} more; --json lists them", err=True)


def _describe(found: Subscriber) -> None:
    click.echo(found.email)
    for name, value in {**found.names, **found.attributes}.items():
        if value:
            click.echo(f"  {name.replace('_', ' ')}: {value}")
    for name, is_on in found.lists.items():
        click.echo(f"  {'on' if is_on else 'has left'} {name}")
    if found.suppressed:
        stop = found.suppressed
        click.echo(f"  suppressed since {stop.at:%Y-%m-%d} ({stop.reason}): {stop.source}")
    for event in found.consent:
        why = ", ".join(filter(None, (event.lawful_basis, event.source, event.given_on)))
        click.echo(f"  {event.at:%Y-%m-%d %H:%M} consent {event.kind} for {event.list}: {why}")


def _people(number: int) -> str:
    return f"{number} {'person' if number == 1 else 'people'}"
