"""The tables of the one database, the same on SQLite and PostgreSQL.

The columns' comments are the reference; docs/explanation/ledger.md draws the
states. Times are aware UTC (`Moment`). Each stage owns the statements on its
own tables; this file owns their shape.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for INTEGER PRIMARY KEY."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which has no zones, keeps it as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a naive time reached the database: {value!r}"
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

install = Table(
    "install",
    metadata,
    Column("id", Integer, primary_key=True, comment="always 1"),
    Column(
        "signing_key", LargeBinary, nullable=False, comment="32 random bytes; links in sent mail depend on it"
    ),
    Column("created_at", Moment, nullable=False),
    Column(
        "place", Text, nullable=False, server_default="", comment="fingerprint of machine and database file"
    ),
    Column("held_at", Moment, comment="since when nothing leaves; NULL: sending is allowed"),
    Column("held_why", Text, nullable=False, server_default="", comment="why nothing leaves"),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("email", Text, nullable=False, comment="as it is written on the envelope, domain in ASCII"),
    Column("email_key", Text, nullable=False, unique=True, comment="lower case; one subscriber per key"),
    Column("first_name", Text, nullable=False, server_default=""),
    Column("last_name", Text, nullable=False, server_default=""),
    Column("language", String(35), nullable=False, server_default=""),
    Column("timezone", String(64), nullable=False, server_default=""),
    Column(
        "attributes",
        JSON,
        nullable=False,
        server_default=text("'{}'"),
        comment="further columns of the import",
    ),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

mailing_list = Table(
    "list",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
)

membership = Table(
    "membership",
    metadata,
    Column("list_id", ForeignKey("list.id", ondelete="CASCADE"), primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False, comment="subscribed | unsubscribed"),
    Column("changed_at", Moment, nullable=False),
    Index("ix_membership_subscriber", "subscriber_id"),
)

consent_event = Table(
    "consent_event",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("list_name", String(64), nullable=False, server_default=""),
    Column("kind", String(16), nullable=False, comment="given | withdrawn"),
    Column(
        "lawful_basis",
        String(32),
        nullable=False,
        server_default="",
        comment="consent, soft_opt_in_charity, …",
    ),
    Column(
        "source",
        Text,
        nullable=False,
        server_default="",
        comment="where it came from: a form, a file, a link",
    ),
    Column(
        "given_on", String(32), nullable=False, server_default="", comment="date as the evidence states it"
    ),
    Column("at", Moment, nullable=False, comment="when it was recorded here; rows are only added"),
)

suppression = Table(
    "suppression",
    metadata,
    Column(
        "key_hash", String(64), primary_key=True, comment="keyed hash of the address; outlives an erasure"
    ),
    Column("email", Text, comment="for people; NULL after an erasure"),
    Column(
        "reason", String(16), nullable=False, comment="unsubscribed | bounced | complained | manual | erased"
    ),
    Column("source", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
)

edition = Table(
    "edition",
    metadata,
    Column("id", String(16), primary_key=True, comment="start of the SHA-256 of its content"),
    Column("campaign", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("path", Text, nullable=False, comment="folder of the frozen files, relative to the workspace"),
    Column("lists", JSON, nullable=False, comment="names of the lists it was frozen for"),
    Column("state", String(16), nullable=False, comment="sending | paused | finished | cancelled"),
    Column("why", Text, nullable=False, server_default="", comment="why it is paused"),
    Column("total", Integer, nullable=False, comment="deliveries frozen; the states always add up to it"),
    Column("sender_domain", Text, nullable=False, server_default="", comment="domain of its From line"),
    Column("on_unknown", String(8), nullable=False, server_default="hold", comment="hold | resend; letters"),
    Column("taken", Integer, nullable=False, server_default="0", comment="letters that a server accepted"),
    Column("hard_bounces", Integer, nullable=False, server_default="0", comment="letters to no mailbox"),
    Column(
        "streak", Integer, nullable=False, server_default="0", comment="letters in a row that did not arrive"
    ),
    Column(
        "ignored_findings",
        JSON,
        nullable=False,
        server_default=text("'[]'"),
        comment="errors that --force overrode",
    ),
    Column("frozen_at", Moment, nullable=False),
    Column("finished_at", Moment),
)

slice_ = Table(
    "slice",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False, index=True),
    Column("channel", Text, nullable=False, comment="name in config.toml"),
    Column("kind", String(8), nullable=False, comment="mail | social"),
    Column(
        "owner",
        Text,
        nullable=False,
        server_default="",
        comment="host:pid:random of the sender that holds it; empty: free",
    ),
    Column(
        "fence",
        Integer,
        nullable=False,
        server_default="0",
        comment="raised by every claim; an old owner writes nothing",
    ),
    Column("lease_until", Moment),
    Column("not_before", Moment, comment="nothing in it is due before; NULL: now"),
    Column(
        "done", Boolean, nullable=False, server_default=text("false"), comment="every delivery of it is final"
    ),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("slice_id", ForeignKey("slice.id"), nullable=False),
    Column("channel", Text, nullable=False, comment="name in config.toml"),
    Column("kind", String(8), nullable=False, comment="mail | social"),
    Column("subscriber_id", BigInteger, comment="NULL for a social account, and after an erasure"),
    Column("recipient", Text, nullable=False, comment="address, or name of the account"),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, comment="deferred deliveries wait until then"),
    Column("code", Text, nullable=False, server_default="", comment="reply code of the last attempt"),
    Column("reply", Text, nullable=False, server_default="", comment="the service's own words"),
    Column("remote_id", Text, nullable=False, server_default=""),
    Column("url", Text, nullable=False, server_default="", comment="where the social post can be seen"),
    Column("at", Moment, nullable=False, comment="last change of state"),
    UniqueConstraint("edition_id", "kind", "recipient", name="uq_delivery_recipient"),
    # No state in any index: a letter enters two states or more, and an index would be written at each.
    Index("ix_delivery_slice", "slice_id"),
)

part = Table(
    "part",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("number", Integer, primary_key=True, comment="place in the thread, from 0"),
    Column("remote_id", Text, nullable=False, server_default=""),
    Column("url", Text, nullable=False, server_default="", comment="where it can be seen"),
    Column(
        "content_hash",
        String(64),
        nullable=False,
        comment="SHA-256 of what was published; empty: by hand",
    ),
    Column("price_musd", Integer, nullable=False, server_default="0", comment="thousandths of a US dollar"),
    Column("at", Moment, nullable=False, comment="when the network confirmed it"),
    Column("retracted_at", Moment, comment="when it was deleted there"),
)

channel_health = Table(
    "channel_health",
    metadata,
    Column("channel", Text, primary_key=True, comment="name in config.toml"),
    Column("failures", Integer, nullable=False, comment="connections in a row that could not be opened"),
    Column("closed_until", Moment, comment="it is not tried before"),
    Column("why", Text, nullable=False, server_default="", comment="what it said last"),
    Column("at", Moment, nullable=False, comment="last change"),
)

bucket = Table(
    "bucket",
    metadata,
    Column("key", Text, primary_key=True, comment="channel:<name> | from:<domain> | to:<domain>"),
    Column("at", Double, nullable=False, comment="when it was last counted, seconds since 1970"),
    Column("tokens", Double, nullable=False, comment="letters that might leave at once then"),
    Column("day", Integer, nullable=False, comment="UTC day of day_used, days since 1970"),
    Column("day_used", Integer, nullable=False, comment="letters of that day"),
    Column("days_before", Integer, nullable=False, comment="earlier days with letters, for the warm-up"),
    Column("month", Integer, nullable=False, comment="month of month_used, 12 x year + month"),
    Column("month_used", Integer, nullable=False, comment="letters of that month"),
    Column("pace", Double, nullable=False, comment="letters per second after it was slowed; 0: not slowed"),
    Column("slowed_at", Double, nullable=False),
    Column("closed_until", Double, nullable=False, comment="as the service asked; 0: it did not"),
)

schedule = Table(
    "schedule",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column(
        "first_local",
        String(19),
        nullable=False,
        comment="wall time of the first occurrence, YYYY-MM-DDTHH:MM",
    ),
    Column("timezone", String(64), nullable=False),
    Column(
        "every", String(32), nullable=False, server_default="", comment="'' | day | week | 2 weeks | month …"
    ),
    Column("state", String(16), nullable=False, comment="active | done | cancelled"),
    Column("created_at", Moment, nullable=False),
)

occurrence = Table(
    "occurrence",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("schedule_id", ForeignKey("schedule.id"), nullable=False),
    Column("local_wall_time", String(19), nullable=False, comment="YYYY-MM-DDTHH:MM in the schedule's zone"),
    Column("due_at", Moment, nullable=False),
    Column("state", String(16), nullable=False, comment="started | done | missed | failed"),
    Column("edition_id", String(16), comment="what was sent"),
    Column("why", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False, comment="last change of state"),
    UniqueConstraint("schedule_id", "local_wall_time", name="uq_occurrence_once"),
)
