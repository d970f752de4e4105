"""What is due is built, checked and frozen at that time, or says why not."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from newsletter import workspace
from newsletter.app import App, open_app
from newsletter.audience.importing import import_csv
from newsletter.delivery import occurrences, release, schedule
from newsletter.delivery.occurrences import Occurrence
from newsletter.outbox import ledger
from newsletter.storage.database import DatabaseProblemError
from newsletter.when import When

CAMPAIGN = "autumn-digest"
LONDON = ZoneInfo("Europe/London")
DUE = datetime(2026, 11, 24, 9, tzinfo=LONDON)
