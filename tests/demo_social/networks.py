"""Every network of the demonstration: its server on this machine, and the wire that leads there."""

from __future__ import annotations

import dataclasses
import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from newsletter.delivery.publishing import can_be_read
from newsletter.secret import Secret
from newsletter.social.bluesky import Bluesky
from tests.contract.postings import stands
from tests.fakes.stand import FAULTS
from tests.fakes.stand_bluesky import as_seen
from tests.servers.pds import NoPdsError, Pds
from tests.servers.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from newsletter.social.base import SocialNetwork
    from tests.fakes.stand import Seen, Stand

OURS: Final = re.compile(r"http://(?:127\.0\.0\.1|localhost):(\d+)")
"""The address of a server of ours."""
LEFT_OUT: Final = {"name", "timeout_s"}
"""Fields that config.toml gets otherwise: time-outs are those that staff have."""


@dataclass
class PdsStand:
    """An account of ours on the real Bluesky server."""

    pds: Pds
    """The server."""
    did: str
    """Identity of the account."""
    account: SocialNetwork
    """The account as we have it in config.toml."""
    secrets: tuple[str, ...]
    """The app password."""
    unsupported: frozenset[str] = frozenset(FAULTS) - {"lost after commit"}
    """All but the fault that its wire can have."""

    def seen(self) -> list[Seen]:
        """Return the posts that stand."""
        return [as_seen(record) for record in self.pds.records(self.did)]

    def fail(self, *faults: str) -> None:
        """Lose the answer to the next record that is written."""
        assert faults == ("lost after commit",)
        self.pds.wire.lose_answer_to(b'"app.bsky.feed.post"')

    def forget_keys(self) -> None:
        """Do nothing: a key is taken as long as its post stands."""

    def complaints(self) -> list[str]:
        """Return nothing: what the server does not like it refuses."""
        return []


@dataclass
class Network:
    """One network with one account of ours."""

    kind: str
    """Its type in config.toml, and the account's name there."""
    stand: Stand
    """Its server."""
    wire: Wire
    """What leads there."""

    @property
    def is_fake(self) -> bool:
        """Return whether a server of ours plays it."""
        return not isinstance(self.stand, PdsStand)

    @property
    def can_be_read(self) -> bool:
        """Return whether it tells what stands there."""
        return can_be_read(self.stand.account)

    def table(self) -> dict[str, Any]:
        """Return its table of config.toml, over the wire."""
        table: dict[str, Any] = {"name": self.kind, "type": self.kind}
        for setting in dataclasses.fields(self.stand.account):
            value = getattr(self.stand.account, setting.name)
            if setting.name in LEFT_OUT or value == setting.default:
                continue
            if isinstance(value, Secret):
                value = {value.kind: value.source}
            elif isinstance(value, str):
                value = self.led(value)
            table[setting.name] = value
        return table

    def led(self, text: str) -> str:
        """Return a text with the address of the server replaced by that of the wire."""
        return OURS.sub(f"http://127.0.0.1:{self.wire.port}", text)

    def interrupt(self) -> None:
        """Have the network take the next post and its answer never come; whoever waits for it waits."""
        self.wire.holds = True
        self.stand.fail("lost after commit")

    def asked(self) -> list[str]:
        """Return what it was asked for since the last time, ``GET /path``, without secrets."""
        requests = [self._redacted(request) for request in self.wire.requests]
        self.wire.requests.clear()
        return requests

    def _redacted(self, request: str) -> str:
        for secret in self.stand.secrets:
            request = request.replace(secret, "***")
        return request


@contextmanager
def networks(folder: Path, patch: pytest.MonkeyPatch, say: Callable[[str], None]) -> Iterator[list[Network]]:
    """Start every network there is; pictures in ``folder`` are on the web.

    Secrets and the folder of tokens are in the environment while the block runs.

    Raises:
        NoPdsError: the real Bluesky server cannot be had, and CI is true.
    """
    with ExitStack() as stack:
        found = []
        for kind, module in sorted(stands().items()):
            real = _real_bluesky(patch, stack, say) if kind == "bluesky" else None
            found.append(real or _fake(kind, stack.enter_context(module.stand(folder, patch)), patch, stack))
        patch.setenv("NEWSLETTER_TOKENS", str(folder / "tokens"))
        yield found


def _real_bluesky(patch: pytest.MonkeyPatch, stack: ExitStack, say: Callable[[str], None]) -> Network | None:
    try:
        pds = Pds()
    except NoPdsError as error:
        if os.environ.get("CI") == "true":
            raise
        say(f"The real Bluesky server is missing: {error}. A fake stands in for it.")
        return None
    stack.callback(pds.stop)
    say(f"@atproto/pds {pds.version} listens at {pds.url}: the real server of Bluesky accounts")
    holder = pds.open_account()
    patch.setenv("PLANTED_BLUESKY", holder.app_password)
    account = Bluesky("bluesky", holder.handle, Secret("env", "PLANTED_BLUESKY"), server=pds.url)
    # The wire that the server has already: its identities lead over it, too.
    return Network("bluesky", PdsStand(pds, holder.did, account, (holder.app_password,)), pds.wire)


def _fake(kind: str, stand: Stand, patch: pytest.MonkeyPatch, stack: ExitStack) -> Network:
    """Return the network of a fake, with a wire to it; addresses that are secrets lead over it, too."""
    settings = [getattr(stand.account, setting.name) for setting in dataclasses.fields(stand.account)]
    secrets = [setting for setting in settings if isinstance(setting, Secret)]
    texts = [setting for setting in settings if isinstance(setting, str)]
    addresses = [OURS.match(text) for text in [*texts, *(secret.reveal() for secret in secrets)]]
    ports = {int(address[1]) for address in addresses if address}
    assert len(ports) == 1, f"{kind}: {ports}"
    network = Network(kind, stand, stack.enter_context(Wire(ports.pop())))
    for secret in secrets:
        patch.setenv(secret.source, network.led(secret.reveal()))
    return network
