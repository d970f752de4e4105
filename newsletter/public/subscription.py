"""Unsubscribe and preferences: GET shows, only POST changes (mail scanners follow every link)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.audience import signing, unsubscribe
from newsletter.public import looks
from newsletter.public.intake import fields

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from newsletter.app import App

SAMPLE = "sample"
"""The token in proofs and previews; its pages look real and change nothing."""

_SAMPLE_LIST = "our newsletter"


@dataclass(frozen=True)
class Subscription:
    """The pages of one reader."""

    app: App
    """Where everything is."""

    def unsubscribe(self, request: Request) -> Response:
        """Show what the reader would leave; on POST, let them leave.

        One-click requests of mail programs: RFC 8058.
        """
        token = request.path_params["token"]
        wishes = fields(request) if request.method == "POST" else {}
        if token == SAMPLE:
            return self._sample_unsubscribe(posted=request.method == "POST")
        found = self._find("unsubscribe", token)
        if found is None:
            return looks.not_found(self.app)
        if request.method != "POST":
            return self._ask(found)
        if "One-Click" in wishes.get("List-Unsubscribe", ()):
            return self._leave(found, "one-click", everything=False)
        choice = wishes.get("leave", [""])[0]
        if choice in {"lists", "everything"}:
            return self._leave(found, "link", everything=choice == "everything")
        return self._ask(found, status=400)

    def preferences(self, request: Request) -> Response:
        """Show the reader's lists; on POST, save which of them are wanted."""
        token = request.path_params["token"]
        posted = request.method == "POST"
        wishes = fields(request) if posted else {}
        if token == SAMPLE:
            return looks.page(self.app, "preferences", sample=True, saved=False, lists={_SAMPLE_LIST: True})
        found = self._find("preferences", token)
        if found is None:
            return looks.not_found(self.app)
        # A body that is no form of ours must not read as "no list is wanted".
        saved = posted and "save" in wishes
        if saved:
            with self.app.database.write() as connection:
                unsubscribe.choose(connection, found, wishes.get("list", []), self.app.now())
        with self.app.database.read() as connection:
            lists = unsubscribe.choices(connection, found)
        status = 400 if posted and not saved else 200
        return looks.page(
            self.app, "preferences", status=status, sample=False, saved=saved, lists=lists
        )

    def _find(self, purpose: signing.Purpose, token: str) -> int | None:
        return find(self.app, purpose, token)

    def _ask(self, delivery_id: int, *, status: int = 200) -> Response:
        with self.app.database.read() as connection:
            on = unsubscribe.choices(connection, delivery_id)
            reader = unsubscribe.reader(connection, delivery_id)
        lists = [name for name in reader.lists if on.get(name)] if reader else []
        return looks.page(self.app, "unsubscribe", status=status, sample=False, lists=lists)
