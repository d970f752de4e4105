"""The ledger and the audience."""

import sqlalchemy as sa
from alembic import op

from newsletter.storage import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go to revision 0001."""
    op.create_table(
        "edition",
        sa.Column("id", sa.String(length=16), nullable=False, comment="start of the SHA-256 of its content"),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="folder of the frozen files, relative to the workspace"
        ),
        sa.Column("lists", sa.JSON(), nullable=False, comment="names of the lists it was frozen for"),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="sending | paused | finished | cancelled"
        ),
        sa.Column("why", sa.Text(), server_default="", nullable=False, comment="why it is paused"),
        sa.Column(
            "total", sa.Integer(), nullable=False, comment="deliveries frozen; the states always add up to it"
        ),
        sa.Column(
            "ignored_findings",
            sa.JSON(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="errors that --force overrode",
        ),
        sa.Column("frozen_at", tables.Moment(timezone=True), nullable=False),
        sa.Column("finished_at", tables.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
    )
    with op.batch_alter_table("edition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_edition_campaign"), ["campaign"], unique=False)

    op.create_table(
        "install",
        sa.Column("id", sa.Integer(), nullable=False, comment="always 1"),
        sa.Column(
            "signing_key",
            sa.LargeBinary(),
            nullable=False,
            comment="32 random bytes; links in sent mail depend on it",
        ),
        sa.Column("created_at", tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install")),
    )
    op.create_table(
        "list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list")),
        sa.UniqueConstraint("name", name=op.f("uq_list_name")),
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column(
            "first_local",
            sa.String(length=19),
            nullable=False,
            comment="wall time of the first occurrence, YYYY-MM-DDTHH:MM",
        ),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column(
            "every",
            sa.String(length=32),
            server_default="",
            nullable=False,
            comment="'' | day | week | 2 weeks | month …",
        ),
        sa.Column("state", sa.String(length=16), nullable=False, comment="active | done | cancelled"),
        sa.Column("created_at", tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="as it is written on the envelope, domain in ASCII"
        ),
        sa.Column("email_key", sa.Text(), nullable=False, comment="lower case; one subscriber per key"),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.String(length=35), server_default="", nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="", nullable=False),
        sa.Column(
            "attributes",
            sa.JSON(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="further columns of the import",
        ),
        sa.Column("created_at", tables.Moment(timezone=True), nullable=False),
        sa.Column("updated_at", tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("email_key", name=op.f("uq_subscriber_email_key")),
    )
    op.create_table(
        "suppression",
        sa.Column(
            "key_hash",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash of the address; outlives an erasure",
        ),
        sa.Column("email", sa.Text(), nullable=True, comment="for people; NULL after an erasure"),
        sa.Column(
            "reason",
            sa.String(length=16),
            nullable=False,
            comment="unsubscribed | bounced | complained | manual | erased",
        ),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("at", tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_suppression")),
    )
    op.create_table(
        "consent_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list_name", sa.String(length=64), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="given | withdrawn"),
        sa.Column(
            "lawful_basis",
            sa.String(length=32),
            server_default="",
            nullable=False,
            comment="consent, soft_opt_in_charity, …",
        ),
        sa.Column(
            "source",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="where it came from: a form, a file, a link",
        ),
        sa.Column(
            "given_on",
            sa.String(length=32),
            server_default="",
            nullable=False,
            comment="date as the evidence states it",
        ),
        sa.Column(
            "at",
            tables.Moment(timezone=True),
            nullable=False,
            comment="when it was recorded here; rows are only added",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_consent_event_subscriber_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
    )
    with op.batch_alter_table("consent_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_event_subscriber_id"), ["subscriber_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="subscribed | unsubscribed"),
        sa.Column("changed_at", tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["list.id"], name=op.f("fk_membership_list_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_membership_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("pk_membership")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_subscriber", ["subscriber_id"], unique=False)

    op.create_table(
        "occurrence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("schedule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "local_wall_time",
            sa.String(length=19),
            nullable=False,
            comment="YYYY-MM-DDTHH:MM in the schedule's zone",
        ),
        sa.Column("due_at", tables.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="started | done | missed | failed"),
        sa.Column("edition_id", sa.String(length=16), nullable=True, comment="what was sent"),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", tables.Moment(timezone=True), nullable=False, comment="last change of state"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_occurrence_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("schedule_id", "local_wall_time", name="uq_occurrence_once"),
    )
    op.create_table(
        "slice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition_id", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="name in config.toml"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="mail | social"),
        sa.Column(
            "owner",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="host:pid:random of the sender that holds it; empty: free",
        ),
        sa.Column(
            "fence",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="raised by every claim; an old owner writes nothing",
        ),
        sa.Column("lease_until", tables.Moment(timezone=True), nullable=True),
        sa.Column(
            "done",
            sa.Boolean(),
            server_default=sa.text("(false)"),
            nullable=False,
            comment="every delivery of it is final",
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_slice_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slice")),
    )
    with op.batch_alter_table("slice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slice_edition_id"), ["edition_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition_id", sa.String(length=16), nullable=False),
        sa.Column("slice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="name in config.toml"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="mail | social"),
        sa.Column(
            "subscriber_id",
            sa.BigInteger(),
            nullable=True,
            comment="NULL for a social account, and after an erasure",
        ),
        sa.Column("recipient", sa.Text(), nullable=False, comment="address, or name of the account"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_attempt_at",
            tables.Moment(timezone=True),
            nullable=True,
            comment="deferred deliveries wait until then",
        ),
        sa.Column(
            "code", sa.Text(), server_default="", nullable=False, comment="reply code of the last attempt"
        ),
        sa.Column("reply", sa.Text(), server_default="", nullable=False, comment="the service's own words"),
        sa.Column("remote_id", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "url", sa.Text(), server_default="", nullable=False, comment="where the social post can be seen"
        ),
        sa.Column("at", tables.Moment(timezone=True), nullable=False, comment="last change of state"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_delivery_edition_id")),
        sa.ForeignKeyConstraint(["slice_id"], ["slice.id"], name=op.f("fk_delivery_slice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("edition_id", "kind", "recipient", name="uq_delivery_recipient"),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_edition_state", ["edition_id", "state"], unique=False)
        batch_op.create_index("ix_delivery_slice_state", ["slice_id", "state"], unique=False)
