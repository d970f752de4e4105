"""Send what is frozen and say what it cost: ``python -m benchmarks.sender ROOT WARM_UP EDITION [AT_MOST]``.

The program around it is as small as `newsletter run` without its clock. Only
the second edition is measured; the first one brings in what is imported late.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING

from newsletter.app import open_app
from newsletter.delivery.dispatch import Summary, dispatch

if TYPE_CHECKING:
    from collections import Counter

    from newsletter.app import App


def main(root: str, warm_up: str, edition: str, at_most: str = "0") -> None:
    """Print count, wall_s, cpu_s and start_cpu_s as JSON."""
    app = open_app(root)
    _send(app, warm_up, 0)
    start_cpu_s, started = time.process_time(), time.perf_counter()
    summary = _send(app, edition, int(at_most))
    facts = {
        "count": summary.counts["sent"],
        "wall_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - start_cpu_s,
        "start_cpu_s": start_cpu_s,
    }
    app.close()
    print(json.dumps(facts))


def _send(app: App, edition: str, at_most: int) -> Summary:
    stop = threading.Event()
    sent = 0

    def note(counts: Counter[str]) -> None:
        nonlocal sent
        sent += counts["sent"]
        if at_most and sent >= at_most:
            stop.set()

    summary = dispatch(app, edition_id=edition, stop=stop, on_progress=note)
    if summary.troubles or set(summary.counts) - {"sent"}:
        raise SystemExit(f"not every letter was sent: {dict(summary.counts)} {summary.troubles}")
    return summary


if __name__ == "__main__":
    main(*sys.argv[1:])
