"""Run every benchmark and print one table; ``make bench`` is the command."""

from __future__ import annotations

import platform
import sys

from benchmarks import building, startup


def main() -> None:
    """Print machine, versions and figures."""
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for line in (*startup.measure(), *building.measure()):
        print(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
