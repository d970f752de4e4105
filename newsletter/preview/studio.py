"""What the pages show: a campaign built and judged now, or why it cannot be."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parseaddr
from threading import Lock
from typing import TYPE_CHECKING

from newsletter import config
from newsletter.app import App
from newsletter.checks import preflight
from newsletter.checks.judge import judge
from newsletter.editions import frozen, mime
from newsletter.editions.build import build_named
from newsletter.editions.colours import brand_view
from newsletter.errors import FileError, NewsletterError, Problem
from newsletter.preview.cards import cards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from newsletter.editions.edition import Edition
    from newsletter.model import Finding
    from newsletter.preview.cards import AccountCard

    Build = Callable[[App, str], Edition]
    Judge = Callable[[App, Edition], Sequence[Finding]]


@dataclass(frozen=True)
class Face:
    """What stands where a network shows the picture of an account."""

    name: str
    """The organisation."""
    colour: str
    """Its own, ``#rrggbb``."""
    ink: str
    """A colour that can be read on it, ``#rrggbb``."""


@dataclass(frozen=True)
class View:
    """One campaign as it stands on disk now."""

    edition: Edition
    """What would leave."""
    findings: Sequence[tuple[Finding, Sequence[str]]]
    """What is wrong with it, errors first, each with all its places."""
    cards: Sequence[AccountCard]
    """Its snippets."""
    face: Face
    """Whose they are."""

    @property
    def sender(self) -> tuple[str, str]:
        """Return the sender's name and address as an inbox shows them."""
        name, address = parseaddr(self.edition.sender)
        return name or address, address

    @property
    def size_bytes(self) -> int:
        """Return the size of the HTML part as it travels."""
        return mime.html_size_bytes(frozen.read_message(self.edition))

    @property
    def cut_bytes(self) -> int:
        """Return the size at which Gmail cuts."""
        return mime.CLIPPED_BYTES

    def count(self, severity: str) -> int:
        """Return how many findings have this severity."""
        return sum(finding.severity == severity for finding, _ in self.findings)


def build_now(app: App, name: str) -> Edition:
    """Return the edition of a campaign; errors as `newsletter.editions.build.build_named`."""
    return build_named(app.workspace, app.loaded, app.networks, name)


@dataclass
class Studio:
    """Builds campaigns for the pages, one at a time, and remembers what was shown last."""

    app: App
    """The open workspace."""
    build: Build = build_now
    """Makes an edition of a campaign."""
    judge: Judge = judge
    """Finds what is wrong with it."""
    shown: dict[str, Edition] = field(default_factory=dict)
    """Campaign → edition of its page, so that frames and pictures belong to the same one."""
    _lock: Lock = field(default_factory=Lock)
    """Held while a campaign is built; pages are asked for in several threads."""

    def view(self, name: str) -> View:
        """Return a campaign, built from the files as they are now.

        Raises:
            NewsletterError: config.toml, the campaign, a post or a template is wrong.
            OSError: the edition cannot be written.
        """
        with self._lock:
            app = self._reopened()
            with closing(app.database):
                edition = self.build(app, name)
                findings = self.judge(app, edition)
            self.shown[name] = edition
            shown = cards(app, edition, findings)
            return View(edition, preflight.by_reason(findings), shown, _face(app.config))

    def letter(self, name: str) -> tuple[Edition, config.Config]:
        """Return the edition that the campaign's page shows, and the settings; errors as `view`."""
        edition = self.shown.get(name) or self.view(name).edition
        return edition, self._reopened().config

    def _reopened(self) -> App:
        """Return the workspace with config.toml read again: staff edit it while they look."""
        return App(self.app.workspace, config.load(self.app.workspace), self.app.now)


def problems_of(error: NewsletterError | OSError) -> Sequence[Problem]:
    """Return an error as what staff read: place and reason."""
    match error:
        case FileError():
            return error.problems
        case NewsletterError():
            return (Problem(error.why, error.where),)
        case _:
            return (Problem(error.strerror or str(error), str(error.filename or "")),)


def _face(settings: config.Config) -> Face:
    brand = brand_view(settings.brand, settings.organisation)
    return Face(settings.organisation.name, brand.accent, brand.accent_text)
