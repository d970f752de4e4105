"""${message}."""

import sqlalchemy as sa
from alembic import op

from newsletter.storage import tables

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Go to revision ${up_revision}."""
    ${upgrades if upgrades else "pass"}
