"""Links to the organisation's own pages get UTM parameters, so that visits can be told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from newsletter.editions.merge import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

# The ways Markdown writes an address: ![picture](address), which is no link,
# [words](address), [name]: address, <address>.
_IN_MARKDOWN = re.compile(
    r"""!\[[^\]\n]*\]\([^)\n]*\)
      | (?P<inline>\]\(\s*<?)(?P<a>https?://(?:[^\s()<>]|\([^\s()<>]*\))+)
      | (?P<defined>^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?)(?P<b>https?://[^\s<>]+)
      | <(?P<c>https?://[^\s<>]+)>""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True)
class LinkTags:
    """What one channel adds to links."""

    source: str
    """``utm_source``."""
    medium: str
    """``utm_medium``: ``email`` or ``social``."""
    campaign: str
    """``utm_campaign``."""
    hosts: frozenset[str]
    """The organisation's hosts, as `own_hosts` gives them; other people's links stay as they are."""

    def tag(self, url: str) -> str:
        """Return the address with the channel's parameters behind its own.

        Existing parameters, their order and the fragment are kept; a utm_*
        parameter that is there is not overwritten. Addresses that are not
        http(s), that lead elsewhere or that hold a merge tag stay as they are.
        """
        if _host(url) not in self.hosts or TOKEN.search(url) or "{{" in url:
            return url
        address, mark, fragment = url.partition("#")
        base, _, query = address.partition("?")
        given = {pair.partition("=")[0].lower() for pair in query.split("&")}
        added = [
            f"{key}={quote(value, safe='')}"
            for key, value in (
                ("utm_source", self.source),
                ("utm_medium", self.medium),
                ("utm_campaign", self.campaign),
            )
            if key not in given
        ]
        return f"{base}?{'&'.join([*filter(None, [query]), *added])}{mark}{fragment}" if added else url

    def tag_markdown(self, markdown: str) -> str:
        """Return the Markdown with every link in it tagged; the words that are shown stay as they are."""

        def tagged(found: re.Match[str]) -> str:
            if url := found["c"]:
                new = self.tag(url)
                return found[0] if new == url else f"[{url}]({new})"
            start = found["inline"] or found["defined"]
            return start + self.tag(found["a"] or found["b"]) if start else found[0]

        return _IN_MARKDOWN.sub(tagged, markdown)


def own_hosts(urls: Iterable[str]) -> frozenset[str]:
    """Return the hosts of the organisation's addresses, without ``www.``."""
    return frozenset(host for url in urls if (host := _host(url)))


def _host(url: str) -> str:
    """Return the host of an http(s) address; empty for everything else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.") if parts.scheme in {"http", "https"} else ""
