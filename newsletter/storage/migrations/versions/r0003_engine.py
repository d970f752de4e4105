"""Routing, protection and emergency hold; a ledger whose states are in no index."""

import sqlalchemy as sa
from alembic import op

from newsletter.storage import tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go to revision 0003."""
    op.add_column(
        "install",
        sa.Column(
            "place",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="fingerprint of machine and database file",
        ),
    )
    op.add_column(
        "install",
        sa.Column(
            "held_at",
            tables.Moment(timezone=True),
            nullable=True,
            comment="since when nothing leaves; NULL: sending is allowed",
        ),
    )
    op.add_column(
        "install",
        sa.Column("held_why", sa.Text(), server_default="", nullable=False, comment="why nothing leaves"),
    )
    for column in (
        sa.Column(
            "sender_domain",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="domain of its From line",
        ),
        sa.Column(
            "on_unknown",
            sa.String(length=8),
            server_default="hold",
            nullable=False,
            comment="hold | resend; letters",
        ),
        sa.Column(
            "taken",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="letters that a server accepted",
        ),
        sa.Column(
            "hard_bounces",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="letters to no mailbox",
        ),
        sa.Column(
            "streak",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="letters in a row that did not arrive",
        ),
    ):
        op.add_column("edition", column)
    op.add_column(
        "slice",
        sa.Column(
            "not_before",
            tables.Moment(timezone=True),
            nullable=True,
            comment="nothing in it is due before; NULL: now",
        ),
    )
    op.create_index("ix_delivery_slice", "delivery", ["slice_id"], unique=False)
    op.drop_index("ix_delivery_slice_state", "delivery")
    op.drop_index("ix_delivery_edition_state", "delivery")
    op.create_table(
        "channel_health",
        sa.Column("channel", sa.Text(), nullable=False, comment="name in config.toml"),
        sa.Column(
            "failures", sa.Integer(), nullable=False, comment="connections in a row that could not be opened"
        ),
        sa.Column(
            "closed_until", tables.Moment(timezone=True), nullable=True, comment="it is not tried before"
        ),
        sa.Column("why", sa.Text(), server_default="", nullable=False, comment="what it said last"),
        sa.Column("at", tables.Moment(timezone=True), nullable=False, comment="last change"),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_health")),
    )
