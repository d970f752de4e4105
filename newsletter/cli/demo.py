"""``newsletter demo``: the whole job on this machine, by the same commands that staff type."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

CAMPAIGN = "autumn-digest"
SUBSCRIBERS = 25


@click.command()
@click.argument(
    "directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
def demo(directory: Path | None) -> None:
    """Run the whole job in a scratch workspace, offline.

    A sample campaign is gathered, built, checked and sent by real SMTP to a
    mail catcher on this machine; snippets go into a folder. Nothing leaves.

    Example: newsletter demo
    """
    from newsletter import workspace

    root = directory or Path(tempfile.mkdtemp(prefix="newsletter-demo-"))
    created = workspace.create(root)
    campaign = created.workspace.campaigns / CAMPAIGN
    with mail_catcher(root / "caught") as port:
        _use_catcher(created.workspace.config, port)
        _step(root, "post", "add", *map(str, sorted((campaign / "sources").iterdir())))
        _step(root, "audience", "import", str(campaign / "subscribers.csv"), "--list", "supporters")
        _step(root, "build", CAMPAIGN)
        _step(root, "check", CAMPAIGN)
        _step(root, "send", CAMPAIGN, "--yes")
    _step(root, "report", CAMPAIGN)
    _show_results(root)


@contextmanager
def mail_catcher(folder: Path) -> Iterator[int]:
    """Catch mail on a loopback port, one .eml file per letter in ``folder``; yield the port."""
    from aiosmtpd.controller import Controller

    folder.mkdir(parents=True, exist_ok=True)

    class Catcher:
        """Keep what is delivered."""

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            """Write the letter under its recipient's address."""
            name = envelope.rcpt_tos[0].replace("/", "_")
            (folder / f"{name}.eml").write_bytes(envelope.original_content)
            return "250 2.0.0 caught"

    # aiosmtpd cannot report the port it got for 0, so a free one is looked up first.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    controller = Controller(Catcher(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def _use_catcher(config: Path, port: int) -> None:
    """Point the mail of the scratch workspace at the catcher."""
    import tomlkit

    document = tomlkit.parse(config.read_text(encoding="utf-8"))
    catcher = tomlkit.table()
    catcher.update({"name": "catcher", "type": "smtp", "host": "127.0.0.1", "port": port, "tls": "none"})
    tables = tomlkit.aot()
    tables.append(catcher)
    document["mail"] = tables
    config.write_text(tomlkit.dumps(document), encoding="utf-8")


def _step(root: Path, *words: str) -> None:
    """Show a command and run it; the demo ends with its exit code when it fails."""
    from newsletter.cli.main import main

    shown = " ".join(Path(word).name if word.startswith(str(root)) else word for word in words)
    click.secho(f"\n$ newsletter {shown}", bold=True)
    code = main.main(["-C", str(root), *words], standalone_mode=False)
    if code:
        raise click.exceptions.Exit(code)


def _show_results(root: Path) -> None:
    """Print where everything is; fail when the catcher did not get every letter."""
    from newsletter.errors import NewsletterError

    caught = sorted((root / "caught").glob("*.eml"))
    if len(caught) != SUBSCRIBERS:
        raise NewsletterError(
            f"the catcher got {len(caught)} letters, {SUBSCRIBERS} were expected", where=str(root)
        )
    edition = max(
        (root / "out" / CAMPAIGN).glob("*/email.html"), key=lambda path: path.stat().st_mtime
    ).parent
    click.secho(f"\n{SUBSCRIBERS} letters left by SMTP and were caught. Have a look:", fg="green")
    for label, path in (
        ("in a browser", edition / "browser.html"),
        ("HTML part", edition / "email.html"),
        ("text part", edition / "email.txt"),
        ("one letter", caught[0]),
        ("snippets", edition / "snippets"),
    ):
        click.echo(f"  {label:<13} {path}")
    program = "newsletter" if shutil.which("newsletter") else sys.argv[0]
    click.echo(f"  {'preview':<13} {program} -C {root} preview {CAMPAIGN}")
