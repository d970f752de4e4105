"""The pages of ``newsletter preview``: every channel of a campaign, on this machine only."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from newsletter.campaigns import load
from newsletter.checks.judge import judge as judge_now
from newsletter.errors import NewsletterError
from newsletter.preview import frame
from newsletter.preview.guard import Guard
from newsletter.preview.studio import Studio, build_now, problems_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from newsletter.app import App
    from newsletter.preview.studio import Build, Judge

PAGES = Path(__file__).parent / "pages"
STYLES = ("style.css", "social.css", "networks.css")


class Pages:
    """Answers the requests; every answer is built from the files as they are now."""

    def __init__(self, studio: Studio) -> None:
        """Serve what the studio builds."""
        self.studio = studio
        self.templates = Environment(
            loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def index(self, request: Request) -> Response:
        """List the campaigns."""
        return self._page(request, "index.html", names=load.names(self.studio.app.workspace))

    def campaign(self, request: Request) -> Response:
        """Show every channel of a campaign, or the mistakes that keep it from being built."""
        name = request.path_params["campaign"]
        if name not in load.names(self.studio.app.workspace):
            return self.missing(request, f"There is no campaign called {name}.")
        try:
            view = self.studio.view(name)
        except (NewsletterError, OSError) as error:
            return self._page(request, "broken.html", name=name, problems=problems_of(error))
        return self._page(request, "campaign.html", name=name, view=view)

    def letter(self, request: Request) -> Response:
        """Show the HTML part alone, for a frame."""
        name = request.path_params["campaign"]
        if name not in load.names(self.studio.app.workspace):
            return self.missing(request, "There is no such letter.")
        try:
            edition, settings = self.studio.letter(name)
        except (NewsletterError, OSError) as error:
            return self._page(request, "broken.html", name=name, problems=problems_of(error))
        headers = {"Content-Security-Policy": frame.policy(settings)}
        return HTMLResponse(frame.framed(edition, _scheme(request)), headers=headers)

    def picture(self, request: Request) -> Response:
        """Serve one picture of the edition that is shown; no other file can be asked for."""
        edition = self.studio.shown.get(request.path_params["campaign"])
        name = request.path_params["name"]
        if edition is None or name not in edition.images or not (edition.folder / "images" / name).is_file():
            return self.missing(request, "There is no such picture.")
        return FileResponse(edition.folder / "images" / name)

    def style(self, request: Request) -> Response:
        """Serve a style sheet of the pages."""
        name = request.path_params["name"]
        return (
            FileResponse(PAGES / name) if name in STYLES else self.missing(request, "There is no such file.")
        )

    def missing(self, request: Request, words: str) -> Response:
        """Say that there is nothing at an address."""
        return self._page(request, "missing.html", status=404, words=words)

    def _page(self, request: Request, template: str, *, status: int = 200, **words: Any) -> Response:
        scheme = _scheme(request)
        page = self.templates.get_template(template).render(
            organisation=self.studio.app.config.organisation.name,
            scheme=scheme,
            query="" if scheme == "auto" else f"?scheme={scheme}",
            **words,
        )
        return HTMLResponse(page, status)


def create_app(app: App, *, token: str, build: Build = build_now, judge: Judge = judge_now) -> Starlette:
    """Return the pages of one workspace, an ASGI application.

    ::

        GET /                        the campaigns
        GET /{campaign}              every channel; ?scheme=light or dark, as on every page
        GET /{campaign}/letter       the HTML part, for a frame
        GET /{campaign}/images/{name}

    Args:
        app: the open workspace; its files are read again for every page.
        token: who opens an address with ``?token=`` may look; see `newsletter.preview.guard`.
        build: makes an edition of a campaign.
        judge: finds what is wrong with it.
    """
    pages = Pages(Studio(app, build, judge))
    routes = [
        Route("/", pages.index),
        Route("/assets/{name}", pages.style),
        Route("/{campaign}", pages.campaign),
        Route("/{campaign}/letter", pages.letter),
        Route("/{campaign}/images/{name}", pages.picture),
    ]
    missing = partial(_not_found, pages)
    return Starlette(
        routes=routes, middleware=[Middleware(Guard, token=token)], exception_handlers={404: missing}
    )


def _not_found(pages: Pages, request: Request, _error: Exception) -> Response:
    return pages.missing(request, "There is no such page.")


def _scheme(request: Request) -> frame.Scheme:
    asked = request.query_params.get("scheme")
    return "dark" if asked == "dark" else "light" if asked == "light" else "auto"
