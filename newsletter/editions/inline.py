"""Styles move onto the elements that need them, because many mail clients drop ``<style>``.

A letter's ``<head>`` has two kinds of sheet. Base sheets are inlined and
disappear. Progressive sheets (phones, dark mode) are marked
``data-premailer="ignore"`` and stay as they are, so that their ``!important``
wins where a client reads them at all.
"""

from __future__ import annotations

import logging
import re
from threading import Lock
from typing import TYPE_CHECKING, Any

import cssutils
import tinycss2
from premailer import Premailer

from newsletter.editions.merge import TOKEN
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable

# premailer and cssutils share mutable caches and settings.
_lock = Lock()

# Attributes in the template are what Outlook reads; premailer must not rewrite them from CSS.
_OWN_ATTRIBUTES = ["width", "height", "align", "valign", "bgcolor"]
_SHEET = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_AS_WRITTEN = re.compile(r"(<pre\b.*?</pre>|<!--.*?-->|<style\b.*?</style>)", re.DOTALL)
_CLASSES = re.compile(r' class="([^"]*)"')
# Word's font fallback misprints these as raw characters; as references they are also shorter on the wire.
_REFERENCES = {ord(sign): f"&#{ord(sign)};" for sign in "\u00a0·–—‘’“”…→←\u2007\ufeff\u034f"}  # noqa: RUF001 - the signs themselves


def inline(html: str) -> str:
    """Return the letter with its base sheets on the elements, ready for the wire.

    Args:
        html: a whole document, ``<!DOCTYPE html>`` first, merge tokens inside.

    Raises:
        ContentError: a sheet loads something from elsewhere, the document does not
            start as mail clients need it, or a merge tag was lost on the way.
    """
    if not html.startswith("<!DOCTYPE html>"):
        raise ContentError("a letter starts with <!DOCTYPE html>, in this spelling")
    if re.search(r"<link\b", html, re.IGNORECASE):
        raise ContentError("a letter cannot load a sheet with <link>; write the styles into the template")
    for sheet in _SHEET.findall(html):
        _refuse_loading(tinycss2.parse_stylesheet(sheet))
    inlined = _premailed(html)
    _refuse_losses(html, inlined)
    kept = set(re.findall(r"\.([A-Za-z][\w-]*)", " ".join(_SHEET.findall(inlined))))
    return "".join(
        part if _AS_WRITTEN.fullmatch(part) else _tidied(part, kept) for part in _AS_WRITTEN.split(inlined)
    ).translate(_REFERENCES)


def _premailed(html: str) -> str:
    with _lock:
        cssutils.log.setLevel(logging.CRITICAL)
        # Outlook reads #112233, not #123.
        cssutils.ser.prefs.minimizeColorHash = False
        premailer = Premailer(
            html,
            allow_network=False,
            strip_important=False,
            disable_validation=True,
            align_floating_images=False,
            remove_unset_properties=False,
            disable_basic_attributes=_OWN_ATTRIBUTES,
        )
        return str(premailer.transform(pretty_print=False))


def _refuse_loading(nodes: Iterable[Any] | None) -> None:
    """Refuse ``@import`` and ``url(…)``: cssutils would fetch them, and mail clients would not."""
    for node in nodes or ():
        name = str(getattr(node, "lower_name", getattr(node, "lower_at_keyword", "")))
        if name == "import" or node.type == "url" or name == "url":
            raise ContentError("a letter's sheet cannot load anything: take out @import and url(…)")
        for inside in ("prelude", "content", "arguments"):
            nested = getattr(node, inside, None)
            if isinstance(nested, list):
                _refuse_loading(nested)


def _refuse_losses(before: str, after: str) -> None:
    if not after.startswith("<!DOCTYPE html>"):
        raise ContentError("something stands before <html> in the template and hides the doctype")
    if TOKEN.findall(before) != TOKEN.findall(after):
        raise ContentError("a merge tag stands where a letter cannot carry one; use it in text or in href")
    if "data-premailer" in after:
        raise ContentError('data-premailer="ignore" belongs on <style> only')


def _tidied(markup: str, kept: set[str]) -> str:
    """Drop the classes that no kept sheet names, and indentation; figure and no-break spaces stay."""
    markup = _CLASSES.sub(lambda found: _hooks(found[1], kept), markup)
    return re.sub(r"[ \t\r]*\n[ \t\r\n]*", "\n", markup)


def _hooks(classes: str, kept: set[str]) -> str:
    left = " ".join(name for name in classes.split() if name in kept)
    return f' class="{left}"' if left else ""
