"""``python -m newsletter`` is the ``newsletter`` command."""

from newsletter.cli.entry import main

if __name__ == "__main__":
    main()
