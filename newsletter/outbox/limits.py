"""How fast letters may leave, over all connections and programs: tokens are taken in the ledger's own writes.

Three keys count a letter: its transport, the domain of its sender, the domain
of its recipient. It goes when none of them objects. Tokens of a program that is
killed are lost: a crash can only make letters leave later, never more of them.

What writes here belongs at the end of its transaction, after slice, edition and
deliveries: PostgreSQL keeps other programs away from all buckets until it ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.audience import addresses
from newsletter.outbox import bucket_rows
from newsletter.outbox.bucket import Limit, moment_of
from newsletter.outbox.buckets import Buckets
from newsletter.outbox.waiting import why

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from newsletter.config import Config
    from newsletter.mail.base import MailTransport


@dataclass(frozen=True)
class Limits:
    """What may leave; a key that nothing limits is not here."""

    channels: Mapping[str, Limit] = field(default_factory=dict)
    """Name of a transport → its limit."""
    senders: Mapping[str, Limit] = field(default_factory=dict)
    """Domain of the sender → its limit."""
    recipients: Mapping[str, Limit] = field(default_factory=dict)
    """Domain of the recipient → its limit."""

    @cached_property
    def by_key(self) -> Mapping[str, Limit]:
        """Return all of them by the key of their bucket."""
        groups = {"channel": self.channels, "from": self.senders, "to": self.recipients}
        return {f"{kind}:{name}": limit for kind, group in groups.items() for name, limit in group.items()}


@dataclass(frozen=True)
class Grant:
    """Which of the letters may go."""

    granted: tuple[int, ...]
    """Their places in what was asked for; their tokens are taken."""
    again_at: datetime | None = None
    """When it is worth asking for the others; None: as many as were wanted may go."""
    why: str = ""
    """What keeps the others back, for people; empty when nothing does."""


@dataclass(frozen=True)
class Left:
    """What a transport may still send."""

    today: int | None
    """Letters left of its UTC day; None: days have no limit."""
    this_month: int | None
    """Letters left of its calendar month; None: months have no limit."""
    available_at: datetime
    """When it takes letters: now, or when the service, the next day or the next month lets it."""
    why: str = ""
    """Why it takes none now, for people; empty when it does."""


def limits_of(config: Config, transports: Iterable[MailTransport]) -> Limits:
    """Return the limits that config.toml sets: those of the transports, and of its ``[[limit]]`` tables."""
    channels = {
        one.name: Limit(one.per_second, one.per_day, one.per_month, one.warm_up) for one in transports
    }
    senders: dict[str, Limit] = {}
    recipients: dict[str, Limit] = {}
    for table in config.limit:
        rates = (table.per_second, table.per_minute / 60)
        limit = Limit(min(filter(None, rates), default=0), table.per_day, table.per_month, table.warm_up)
        # As in the addresses of the ledger: lower case, ASCII.
        domain = addresses.key_of(f"news@{table.sender_domain or table.recipient_domain}").partition("@")[2]
        (senders if table.sender_domain else recipients)[domain] = limit
    return Limits({name: limit for name, limit in channels.items() if limit}, senders, recipients)


def grant(  # noqa: PLR0913 - the letters, and the keys that count them
    connection: Connection,
    limits: Limits,
    *,
    channel: str,
    sender_domain: str,
    recipient_domains: Sequence[str],
    most: int,
    now: datetime,
) -> Grant:
    """Let the first letters go that may, ``most`` of them, and take their tokens.

    Args:
        connection: inside a transaction that writes.
        limits: what may leave.
        channel: name of the transport.
        sender_domain: domain of the From line, lower case.
        recipient_domains: one for each letter, lower case.
        most: letters that are wanted.
        now: the present moment.
    """
    buckets = _gather(connection, limits, (channel, sender_domain), recipient_domains, now)
    if not buckets:
        return Grant(tuple(range(min(most, len(recipient_domains)))))
    granted = buckets.choose(recipient_domains, most)
    going = [recipient_domains[place] for place in granted]
    bucket_rows.write(connection, buckets.take(going))
    if len(granted) in {most, len(recipient_domains)}:
        return Grant(granted)
    refused = Counter(recipient_domains) - Counter(going)
    again, keeper = buckets.first_ready(refused, most - len(granted))
    return Grant(granted, max(now, moment_of(again)), why(keeper))


def give_back(  # noqa: PLR0913 - as in `grant`
    connection: Connection,
    limits: Limits,
    *,
    channel: str,
    sender_domain: str,
    recipient_domains: Sequence[str],
    now: datetime,
) -> None:
    """Return the tokens of letters that were granted and did not leave: one domain for each letter."""
    buckets = _gather(connection, limits, (channel, sender_domain), recipient_domains, now)
    bucket_rows.write(connection, buckets.take(recipient_domains, sign=-1))


def slow_down(  # noqa: PLR0913 - what said it, and what it said
    connection: Connection,
    limits: Limits,
    recipient_domain: str = "",
    *,
    channel: str = "",
    retry_after_s: float | None,
    now: datetime,
) -> None:
    """Halve the rate of a recipient's domain, or of a transport that refused us for its account's sake.

    The rate comes back by a tenth per minute; refusals of the same moment halve
    it once. Until ``retry_after_s`` is over nothing goes there at all.
    """
    key = f"channel:{channel}" if channel else f"to:{recipient_domain}"
    bucket_rows.lock(connection)
    at = now.timestamp()
    found = bucket_rows.read(connection, limits.by_key, [key], at)
    bucket = found.get(key) or bucket_rows.unlimited(key, at)
    bucket.slow_down(retry_after_s)
    bucket_rows.write(connection, [bucket])
    bucket_rows.forget_recovered(connection, at)


def left(connection: Connection, limits: Limits, channel: str, now: datetime) -> Left:
    """Return what a transport may still send today and this month, and when it takes letters again."""
    key = f"channel:{channel}"
    bucket = bucket_rows.read(connection, limits.by_key, [key], now.timestamp()).get(key)
    if bucket is None:
        return Left(None, None, now)
    if bucket.opens_at <= bucket.at:
        return Left(bucket.today_left, bucket.month_left, now)
    return Left(bucket.today_left, bucket.month_left, moment_of(bucket.opens_at), why(bucket))


def _gather(
    connection: Connection,
    limits: Limits,
    whose: tuple[str, str],
    recipient_domains: Iterable[str],
    now: datetime,
) -> Buckets:
    """Return the buckets of a transport and a sender's domain, and those of the recipients' domains.

    Nobody else may change them until the transaction ends. Where nothing is
    limited or slowed there are none, and one look-up is all it costs.
    """
    common = (f"channel:{whose[0]}", f"from:{whose[1]}")
    towards = {domain: f"to:{domain}" for domain in dict.fromkeys(recipient_domains)}
    keys, at = [*common, *towards.values()], now.timestamp()
    if limits.by_key.keys().isdisjoint(keys):
        found = bucket_rows.read(connection, limits.by_key, keys, at)
        if not any(bucket.is_slowed for bucket in found.values()):
            return Buckets((), {})
    bucket_rows.lock(connection)
    found = bucket_rows.read(connection, limits.by_key, keys, at)
    counting = {key: bucket for key, bucket in found.items() if bucket.limit or bucket.is_slowed}
    return Buckets(
        [counting[key] for key in common if key in counting],
        {domain: counting[key] for domain, key in towards.items() if key in counting},
    )
