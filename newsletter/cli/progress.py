"""Show how far a send has come: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

_LINES = 10
"""Plain lines a send prints."""


@contextmanager
def progress(total: int, *, as_json: bool) -> Iterator[Callable[[Counter[str]], None]]:
    """Yield what is to be told state → count after every window; ``total`` deliveries are expected.

    With ``as_json`` stdout stays free for the document.
    """
    if sys.stderr.isatty():
        with _bar(total) as tell:
            yield tell
        return
    done = 0

    def tell_plainly(counts: Counter[str]) -> None:
        nonlocal done
        before, done = done, done + counts.total()
        if not as_json and done * _LINES // max(total, 1) > before * _LINES // max(total, 1):
            click.echo(f"{done} of {total}")

    yield tell_plainly


@contextmanager
def _bar(total: int) -> Iterator[Callable[[Counter[str]], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("sending", total=total)

        def tell(counts: Counter[str]) -> None:
            shown.advance(task, counts.total())

        yield tell
