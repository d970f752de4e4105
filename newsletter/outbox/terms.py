"""What a sender goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter.outbox import limits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from newsletter.config import Sending
    from newsletter.outbox.limits import Limits


@dataclass(frozen=True)
class Terms:
    """The installation's key and rules."""

    signing_key: bytes = field(repr=False)
    """The installation's."""
    rules: Sending
    """``[sending]`` of config.toml."""
    honours_key_for_s: Mapping[str, int] = field(default_factory=dict)
    """Account → seconds in which its network drops a repeat with the same key."""
    reads: Collection[str] = ()
    """Accounts whose network can be asked what stands there: they settle their doubts by themselves."""
    limits: Limits = field(default_factory=limits.Limits)
    """How fast letters may leave."""
    accounts: Collection[str] = ()
    """Transports whose service means our account when it says that we are too fast."""
    patience_s: float = 0.0
    """How long a slice is held that a limit keeps back; one that opens later is given back."""
