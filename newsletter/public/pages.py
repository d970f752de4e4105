"""The public pages: the few addresses that letters lead to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from newsletter.errors import NewsletterError
from newsletter.public import editions, looks, subscription
from newsletter.public.intake import Intake

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from newsletter.app import App


def create_app(app: App) -> Starlette:
    """Return the pages of one workspace, an ASGI application.

    ::

        GET, POST  /u/{token}         unsubscribe, one-click too (RFC 8058)
        GET, POST  /p/{token}         choose lists
        GET        /v/{token}         view in browser
        GET        /v/images/{name}   its pictures: the page names them as they lie beside it
        GET        /media/{name}      pictures of letters
    """
    routes = [
        Route("/u/{token}", partial(subscription.unsubscribe_page, app), methods=["GET", "POST"]),
        Route("/p/{token}", partial(subscription.preferences_page, app), methods=["GET", "POST"]),
        Route("/v/{token}", partial(editions.view_page, app)),
        Route("/v/images/{name}", partial(editions.picture, app)),
        Route("/media/{name}", partial(editions.picture, app)),
    ]

    def missing(_request: Request, _error: Exception) -> Response:
        return looks.not_found(app)

    def busy(_request: Request, _error: Exception) -> Response:
        # 503, so that a mail program repeats its one-click request.
        words = "Please try again in a few minutes. Nothing was changed."
        answer = looks.page(app, "message", status=503, heading="This does not work right now", words=words)
        answer.headers["retry-after"] = "120"
        return answer

    return Starlette(
        routes=routes,
        middleware=[Middleware(Intake)],
        exception_handlers={404: missing, NewsletterError: busy},
    )
