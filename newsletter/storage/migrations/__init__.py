"""Migrations, run by Alembic through `newsletter.storage.migrate`."""
