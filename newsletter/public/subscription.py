"""Unsubscribe and preferences: GET shows, only POST changes, because mail scanners follow every link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.audience import unsubscribe
from newsletter.public import link, looks
from newsletter.public.intake import fields

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from newsletter.app import App
    from newsletter.public.link import Link

_SAMPLE_LIST = "our newsletter"


def unsubscribe_page(app: App, request: Request) -> Response:
    """Show what the reader would leave; on POST, let them leave.

    The POST of a mail program (RFC 8058) and that of our own form come to the same address.
    """
    posted = request.method == "POST"
    if link.is_sample(request):
        if posted:
            return looks.page(app, "left", sample=True, everything=False, lists=[], preferences="")
        return looks.page(app, "unsubscribe", sample=True, lists=[_SAMPLE_LIST])
    found = link.find(app, "unsubscribe", request)
    if found is None:
        return looks.not_found(app)
    wishes = fields(request) if posted else {}
    choice = wishes.get("leave", [""])[0]
    if "One-Click" in wishes.get("List-Unsubscribe", []):
        return _leave(app, found, "one-click", everything=False)
    if choice in {"lists", "everything"}:
        return _leave(app, found, "link", everything=choice == "everything")
    with app.database.read() as connection:
        on = unsubscribe.choices(connection, found.delivery_id)
    lists = [name for name in found.reader.lists if on.get(name)]
    return looks.page(app, "unsubscribe", status=400 if posted else 200, sample=False, lists=lists)


def preferences_page(app: App, request: Request) -> Response:
    """Show the reader's lists; on POST, save which of them are wanted."""
    posted = request.method == "POST"
    if link.is_sample(request):
        return looks.page(app, "preferences", sample=True, saved=False, lists={_SAMPLE_LIST: True})
    found = link.find(app, "preferences", request)
    if found is None:
        return looks.not_found(app)
    wishes = fields(request) if posted else {}
    # A body that is not our form must not be read as "no list is wanted".
    saved = "save" in wishes
    if saved:
        with app.database.write() as connection:
            unsubscribe.choose(connection, found.delivery_id, wishes.get("list", []), app.now())
    with app.database.read() as connection:
        lists = unsubscribe.choices(connection, found.delivery_id)
    status = 400 if posted and not saved else 200
    return looks.page(app, "preferences", status=status, sample=False, saved=saved, lists=lists)


def _leave(app: App, found: Link, source: str, *, everything: bool) -> Response:
    with app.database.write() as connection:
        if everything:
            unsubscribe.leave_everything(connection, found.delivery_id, source, app.now())
        else:
            unsubscribe.leave(connection, found.delivery_id, source, app.now())
    preferences = link.preferences_path(app, found) if found.reader.subscriber_id else ""
    return looks.page(
        app,
        "left",
        sample=False,
        everything=everything,
        lists=found.reader.lists,
        preferences=preferences,
    )
