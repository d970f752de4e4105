"""The posts that a social network has confirmed, one by one."""

import sqlalchemy as sa
from alembic import op

from newsletter.storage import tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go to revision 0004."""
    op.create_table(
        "part",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="place in the thread, from 0"),
        sa.Column("remote_id", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False, comment="where it can be seen"),
        sa.Column(
            "content_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of what was published; empty: by hand",
        ),
        sa.Column(
            "price_musd",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="thousandths of a US dollar",
        ),
        sa.Column(
            "at", tables.Moment(timezone=True), nullable=False, comment="when the network confirmed it"
        ),
        sa.Column(
            "retracted_at",
            tables.Moment(timezone=True),
            nullable=True,
            comment="when it was deleted there",
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("delivery_id", "number"),
    )
