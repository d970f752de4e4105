"""On what the figures were measured."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import newsletter
from benchmarks.sinks import tool

if TYPE_CHECKING:
    from collections.abc import Iterator


def describe() -> Iterator[str]:
    """Yield machine, versions and date as Markdown."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    yield f"- machine: {_processor()}, {os.cpu_count()} cores, {_memory()}; load before: {load}"
    yield f"- system: {platform.platform()}"
    yield (
        f"- versions: newsletter {newsletter.__version__}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}{_postfix()}{_postgres()}"
    )
    yield f"- date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _processor() -> str:
    return (
        _first_match("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.processor() or platform.machine()
    )


def _memory() -> str:
    kilobytes = _first_match("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return f"{int(kilobytes) / 1e6:.0f} GB" if kilobytes else "memory unknown"


def _first_match(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _postfix() -> str:
    program = tool("postconf")
    return f", postfix {_said(program, '-d', '-h', 'mail_version')}" if program else ""


def _postgres() -> str:
    from tests.servers.postgres import NoPostgresError, binaries

    try:
        return f", {_said(str(binaries() / 'postgres'), '--version')}"
    except NoPostgresError:
        return ""


def _said(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
