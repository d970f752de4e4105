"""Little text as LinkedIn reads it, character by character.

Written from https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format.
"""

from __future__ import annotations

RESERVED = set("\\|{}@[]()<>#*_~")


def read(commentary: str) -> tuple[str, int, str]:
    """Return what readers see, the length as it was sent, and what cuts the post off, if anything."""
    length = sum(2 if ord(character) > 0xFFFF else 1 for character in commentary)
    shown, place = "", 0
    while place < len(commentary):
        words, after = _element(commentary, place)
        if after == place:
            return shown, length, commentary[place : place + 20]
        shown, place = shown + words, after
    return shown, length, ""


def _element(text: str, place: int) -> tuple[str, int]:
    """Return what one element shows and where the next one begins, which is ``place`` for a broken one."""
    if text.startswith(("{hashtag|\\#|", "{hashtag|#|"), place):
        begin = text.index("#|", place) + 2
        tag, end = _words(text, begin)
        return (f"#{tag}", end + 1) if tag and text[end : end + 1] == "}" else ("", place)
    if text.startswith("@[", place):
        name, end = _words(text, place + 2)
        close = text.find(")", end)
        mentions = name and close > 0 and text.startswith("](urn:li:", end)
        return (f"@[{name}{text[end : close + 1]}", close + 1) if mentions else ("", place)
    if text[place] == "\\":
        escaped = text[place + 1 : place + 2]
        return (escaped, place + 2) if escaped in RESERVED else ("", place)
    return (text[place], place + 1) if text[place] not in RESERVED else ("", place)


def _words(text: str, place: int) -> tuple[str, int]:
    """Return plain words from a place on, and where they end: at the first bare reserved character."""
    words = ""
    while place < len(text):
        if text[place] == "\\" and text[place + 1 : place + 2] in RESERVED:
            words, place = words + text[place + 1], place + 2
        elif text[place] in RESERVED:
            break
        else:
            words, place = words + text[place], place + 1
    return words, place
