"""Social publishing on this machine, killed between request and answer: ``make demo-social``.

python -m tests.demo_social.run          in a new folder
python -m tests.demo_social.run FOLDER   in this one, which is empty

The starter campaign goes to the real Bluesky server, to a strict fake of every
other network, into a folder and to a person, by the commands that staff type.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import pytest
import tomlkit

from newsletter import workspace
from tests.demo_social.networks import Network, networks
from tests.servers.pds import NoPdsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CAMPAIGN: Final = "autumn-digest"
ANSWERS_IN_TIME: Final = {"webhook"}
"""Networks that the kill comes too late for."""
PATIENCE_S: Final = 120.0
"""How long the whole edition may take to be on its way."""
BY_HAND: Final = "https://www.instagram.com/p/C0tters/"
"""Where the person has published who is asked to."""


class BrokenPromiseError(Exception):
    """What the demonstration must show is not so."""


class Staff:
    """Somebody with a workspace and the ``newsletter`` command."""

    def __init__(self, root: Path) -> None:
        """Work in ``root``."""
        self.root = root

    def type(self, *arguments: str, expected: Sequence[int] = (0,)) -> str:
        """Show a command, run it as its own program, show what it says, and return that."""
        child = self.start(*arguments)
        said, _ = child.communicate()
        click.echo(said.rstrip().replace(str(self.root), "…"))
        if child.returncode not in expected:
            raise BrokenPromiseError(f"newsletter {arguments[0]} ended with {child.returncode}")
        return said

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Show a command and start it."""
        shown = " ".join(arguments).replace(f"{self.root}/", "")
        click.secho(f"\n$ newsletter {shown}", bold=True)
        return subprocess.Popen(
            self._command(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ask(self, *arguments: str) -> Any:
        """Return what a command says with ``--json``, or None when it cannot say anything yet."""
        command = self._command([*arguments, "--json"])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return None if done.returncode else json.loads(done.stdout)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        program = Path(sys.executable).with_name("newsletter")
        return [str(program), "-C", str(self.root), *arguments]


def main(arguments: Sequence[str]) -> int:
    """Show it; return 0 when every network shows the post exactly once, else 1."""
    folder = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="newsletter-demo-social-"))
    try:
        with pytest.MonkeyPatch.context() as patch, networks(folder, patch, click.echo) as found:
            click.echo(f"A strict fake each of {', '.join(one.kind for one in found if one.is_fake)}")
            demonstrate(folder, found)
    except (BrokenPromiseError, NoPdsError) as error:
        click.secho(f"\nThis is not as it should be: {error}.", fg="red")
        return 1
    click.secho("\nEvery network shows the post exactly once.", fg="green", bold=True)
    click.echo(f"Kits, files and the ledger are in {folder}")
    return 0


def demonstrate(folder: Path, found: Sequence[Network]) -> None:
    """Publish, be killed, start again, and look at what everybody sees.

    Raises:
        BrokenPromiseError: it is not as it should be.
    """
    staff = Staff(folder / "ws")
    prepare(staff, found)
    for picture in staff.root.glob(f"out/{CAMPAIGN}/*/images/*"):
        shutil.copy(picture, folder)
    interrupted = [network for network in found if network.kind not in ANSWERS_IN_TIME]
    for network in interrupted:
        network.interrupt()
    kill_between_request_and_answer(staff, interrupted)
    staff.type("report", CAMPAIGN)
    start_again(staff, found)
    settle(staff, [network for network in interrupted if not network.can_be_read])
    show_receipts(staff)
    judge(staff, found)


def prepare(staff: Staff, found: Sequence[Network]) -> None:
    """Make a workspace with one account per network, and the starter campaign in it."""
    made = workspace.create(staff.root).workspace
    by_hand = {"name": "assisted", "type": "assisted", "network": "instagram"}
    to_files = {"name": "folder", "type": "folder", "path": "out/social"}
    config = tomlkit.parse(made.config.read_text(encoding="utf-8"))
    config["social"] = [*(network.table() for network in found), by_hand, to_files]
    made.config.write_text(tomlkit.dumps(config), encoding="utf-8")
    campaign = made.campaigns / CAMPAIGN
    staff.type("accounts", "check")
    staff.type("post", "add", *map(str, sorted((campaign / "sources").iterdir())))
    staff.type("audience", "import", str(campaign / "subscribers.csv"), "--list", "supporters")
    staff.type("check", CAMPAIGN)
    staff.type("build", CAMPAIGN)


def kill_between_request_and_answer(staff: Staff, interrupted: Sequence[Network]) -> None:
    """Publish, and kill the program once every one of these networks has the post and owes the answer."""
    for network in interrupted:
        network.asked()
    child = staff.start("send", CAMPAIGN, "--yes")
    try:
        _wait_until(lambda: all(network.wire.lost for network in interrupted), child)
        _wait_until(lambda: _nothing_else_waits(staff, len(interrupted)), child)
    finally:
        child.kill()
        said, _ = child.communicate()
        click.echo(said.rstrip())
    names = ", ".join(network.kind for network in interrupted)
    click.secho(f"\nkilled by signal {-child.returncode} while the answers were awaited of {names}", fg="red")
    for network in interrupted:
        count = len(network.stand.seen())
        click.echo(f"  {network.kind:<10} has taken it, and nobody was told")
        if count != 1:
            raise BrokenPromiseError(f"{network.kind} shows {count} posts")


def start_again(staff: Staff, found: Sequence[Network]) -> None:
    """Start the program again, and show what it asks the networks before it publishes anything."""
    before = {network.kind: len(network.stand.seen()) for network in found}
    for network in found:
        network.asked()
    # 4: some wait for a person.
    staff.type("run", "--once", expected=(4,))
    click.echo("\nWhat the networks were asked for by then:")
    for network in found:
        requests = ", ".join(network.asked()) or "nothing"
        click.echo(f"  {network.kind:<10} {requests}")
        if len(network.stand.seen()) != before[network.kind]:
            raise BrokenPromiseError(f"{network.kind} got the post a second time")
    click.echo("Nothing was published a second time.")


def settle(staff: Staff, unreadable: Sequence[Network]) -> None:
    """Do what is left to people: publish by hand, and look where the network does not tell."""
    staff.type("outbox", "list", CAMPAIGN, "--state", "unknown")
    staff.type("accounts", "confirm", BY_HAND, "--account", "assisted")
    for network in unreadable:
        click.echo(f"\n(Nobody can ask {network.kind}; a person looks there and sees the post.)")
        if len(network.stand.seen()) != 1:
            raise BrokenPromiseError(f"{network.kind} shows {len(network.stand.seen())} posts")
        staff.type("outbox", "resolve", CAMPAIGN, "--sent", "--recipient", network.kind)


def show_receipts(staff: Staff) -> None:
    """Print the report, and of every post what proves it."""
    staff.type("report", CAMPAIGN)
    click.secho("\nReceipts (newsletter report --json):", bold=True)
    for post in staff.ask("report", CAMPAIGN)["posts"]:
        price = f"${post['price_musd'] / 1000:.3f}"
        click.echo(f"  {post['account']:<10} {post['at']}  {price}  {post['url'] or 'no address'}")
        click.echo(f"  {'':<10} id {post['remote_id'] or 'none'}")
        click.echo(f"  {'':<10} sha256 {post['content_hash'] or 'none: published by hand'}")


def judge(staff: Staff, found: Sequence[Network]) -> None:
    """Compare what everybody sees with what was built and with the ledger.

    Raises:
        BrokenPromiseError: a network shows the post not at all, twice or with other words.
    """
    facts = staff.ask("report", CAMPAIGN)
    ids = {post["account"]: post["remote_id"] for post in facts["posts"]}
    built = {one["account"]: one["posts"] for one in staff.ask("build", CAMPAIGN)["snippets"]}
    click.echo("\nWhat everybody sees:")
    for network in found:
        seen = network.stand.seen()
        click.echo(f"  {network.kind:<10} {len(seen)} post: {seen[0].text.splitlines()[0] if seen else ''}")
        if [_plain(post.text) for post in seen] != [_plain(post["text"]) for post in built[network.kind]]:
            raise BrokenPromiseError(
                f"{network.kind} shows {len(seen)} posts, or other words than were built"
            )
        if network.can_be_read and ids.get(network.kind) != seen[0].remote_id:
            raise BrokenPromiseError(f"the receipt of {network.kind} is not that of the post")
        if complaints := network.stand.complaints():
            raise BrokenPromiseError(f"{network.kind} was asked wrongly: {complaints}")
    if facts["states"]["sent"] != facts["total"]:
        raise BrokenPromiseError(f"the ledger says {facts['states']}")


def _plain(text: str) -> list[str]:
    """Return the words of a text without its address, which networks show in their own way."""
    return [word for word in text.split() if "rivertrust.example" not in word and "://" not in word]


def _nothing_else_waits(staff: Staff, count: int) -> bool:
    facts = staff.ask("report", CAMPAIGN)
    return facts is not None and facts["states"]["pending"] == 0 and facts["states"]["sending"] == count


def _wait_until(so: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not so():
        if child.poll() is not None or time.monotonic() > until:
            raise BrokenPromiseError("it did not come to where it is to be killed")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
