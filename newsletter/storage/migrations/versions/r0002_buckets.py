"""Token buckets: how many letters may leave, counted for all programs together."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go to revision 0002."""
    op.create_table(
        "bucket",
        sa.Column("key", sa.Text(), nullable=False, comment="channel:<name> | from:<domain> | to:<domain>"),
        sa.Column(
            "at",
            sa.Double(),
            nullable=False,
            comment="when it was last counted, seconds since 1970",
        ),
        sa.Column("tokens", sa.Double(), nullable=False, comment="letters that might leave at once then"),
        sa.Column("day", sa.Integer(), nullable=False, comment="UTC day of day_used, days since 1970"),
        sa.Column("day_used", sa.Integer(), nullable=False, comment="letters of that day"),
        sa.Column(
            "days_before",
            sa.Integer(),
            nullable=False,
            comment="earlier days with letters, for the warm-up",
        ),
        sa.Column("month", sa.Integer(), nullable=False, comment="month of month_used, 12 x year + month"),
        sa.Column("month_used", sa.Integer(), nullable=False, comment="letters of that month"),
        sa.Column(
            "pace",
            sa.Double(),
            nullable=False,
            comment="letters per second after it was slowed; 0: not slowed",
        ),
        sa.Column("slowed_at", sa.Double(), nullable=False),
        sa.Column("closed_until", sa.Double(), nullable=False, comment="as the service asked; 0: it did not"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bucket")),
    )
