"""The line under a picture: what it shows, and who made it."""

from __future__ import annotations

import re

from newsletter.posts.decoding import one_line

_BAR = re.compile(r"\s+\|\s+")
# "(Photo: Ana Ruiz)", "Credit: Ana Ruiz", "© Ana Ruiz" at the end of a line.
_CREDIT = re.compile(
    r"(?:^|(?<=[\s.;–—-]))\(?\s*"  # noqa: RUF001 - the dash that pages print
    r"(?P<credit>(?:(?:photo|image|picture|photograph|foto)s?\s*(?:credit|courtesy)?\s*(?::|\b(?:by|of)\b)"
    r"|(?:credit|courtesy)\s*(?::|\bof\b)|©)[^()]{2,80}?)\s*\)?\.?$",
    re.IGNORECASE,
)


def split_credit(line: str) -> tuple[str, str]:
    """Return the caption and the credit of the line under a picture.

    >>> split_credit("Volunteers at the weir | Ana Ruiz photo")
    ('Volunteers at the weir', 'Ana Ruiz photo')
    >>> split_credit("Volunteers at the weir. (Photo: Ana Ruiz)")
    ('Volunteers at the weir.', 'Photo: Ana Ruiz')
    """
    line = one_line(line)
    parts = _BAR.split(line)
    if len(parts) > 1:
        return " | ".join(parts[:-1]).strip(), parts[-1].strip()
    if found := _CREDIT.search(line):
        return line[: found.start()].rstrip(" –—-|;("), found["credit"].strip()  # noqa: RUF001 - the same dash
    return line, ""
