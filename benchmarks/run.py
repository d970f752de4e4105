"""Run every benchmark and print one table; ``make bench`` is the command."""

from __future__ import annotations

import platform

from benchmarks import building, startup


def main() -> None:
    """Print machine, versions and figures."""
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for measure in (startup.measure, building.measure):
        for line in measure():
            print(line, flush=True)


if __name__ == "__main__":
    main()
