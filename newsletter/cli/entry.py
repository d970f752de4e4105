"""Where the ``newsletter`` command starts.

The help page is a file, because people open it most and importing click alone
takes three times as long as starting Python. ``make docs`` writes the file, a
test keeps it equal to what click prints. See docs/decisions/0010.
"""

import os
import sys

HELP_PAGE = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120 - pathlib takes too long to import


def main() -> None:
    """Show the help page, or hand the words over to click."""
    completing = "_NEWSLETTER_COMPLETE" in os.environ
    if sys.argv[1:] in (["--help"], ["-h"]) and not completing:
        with open(HELP_PAGE, encoding="utf-8") as page:  # noqa: PTH123 - the same
            sys.stdout.write(page.read())
        return
    from newsletter.cli.main import main as command

    command()
