"""config.toml: everything about the organisation and its channels, with every default in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsletter import tomlfile
from newsletter.errors import ConfigError, Problem
from newsletter.model import CallToAction
from newsletter.tomlfile import Loc, Table, TomlFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.workspace import Workspace

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language tag as BCP 47 writes it, near enough."""
WEB_STARTS = ("https://", "http://127.0.0.1", "http://localhost")
"""How addresses begin: https, and http on this machine for trying things out."""
MAX_WINDOW = 50
"""Letters in doubt after a crash are at most this many per connection."""


@dataclass(frozen=True)
class Organisation(Table):
    """``[organisation]``: who sends."""

    name: str
    """Name as readers know it."""
    sender: str
    """From line: ``River Trust <news@rivertrust.example>``."""
    postal_address: str
    """Printed in every footer; bulk mail without one is unlawful in many countries."""
    public_url: str
    """https address where the public pages of ``newsletter run`` are reached."""
    reply_to: str = ""
    """Where answers go; empty means the sender."""
    timezone: str = "UTC"
    """IANA zone of the office: ``Europe/London``. Times without a zone are meant there."""
    language: str = "en"
    """BCP 47 language of letters and pages that name none."""
    website: str = ""
    """The organisation's own site, linked from the masthead."""
    contact: str = ""
    """Address or page for questions; empty means the sender's address."""
    registration: str = ""
    """Legal line of the footer: "Registered charity 1099999"."""
    media_url: str = ""
    """https folder where the pictures of editions are reached; empty means ``<public_url>/media``."""


@dataclass(frozen=True)
class Brand(Table):
    """``[brand]``: how letters look."""

    accent: str = "#0b6e4f"
    """Colour of buttons, links and rules, ``#rrggbb``."""
    logo: str = ""
    """https address of the logo (PNG or JPEG, twice the size shown); empty shows the name as text."""
    logo_width: int = 160
    """Width of the logo in the letter, CSS pixels."""
    logo_height: int = 48
    """Height of the logo in the letter, CSS pixels."""


@dataclass(frozen=True)
class Database(Table):
    """``[database]``: where the ledger is kept."""

    url: str = "sqlite:///newsletter.db"
    """SQLAlchemy address; a relative SQLite path starts at the workspace."""


@dataclass(frozen=True)
class Sending(Table):
    """``[sending]``: how carefully deliveries leave."""

    window: int = 10
    """Letters in flight at once on one connection: what a crash can leave in doubt."""
    on_unknown: Literal["hold", "resend"] = "hold"
    """Deliveries whose outcome nobody knows: listed for a person, or sent again with the same Message-ID."""
    give_up_after_h: int = 24
    """Hours after which a deferred delivery is failed."""
    catch_up_within_h: float = 6.0
    """A scheduled send that is later than this is missed, not sent."""


@dataclass(frozen=True)
class Public(Table):
    """``[public]``: where ``newsletter run`` serves unsubscribe and view-in-browser pages."""

    host: str = "127.0.0.1"
    """Address to listen on; put a web server with TLS in front of it."""
    port: int = 8025
    """Port to listen on; 0 takes a free one."""


@dataclass(frozen=True)
class Config(Table):
    """The whole of config.toml."""

    organisation: Organisation
    """Who sends."""
    brand: Brand = field(default_factory=Brand)
    """How letters look."""
    call_to_action: CallToAction | None = None
    """The ask of campaigns and posts that bring none of their own."""
    database: Database = field(default_factory=Database)
    """Where the ledger is kept."""
    sending: Sending = field(default_factory=Sending)
    """How carefully deliveries leave."""
    public: Public = field(default_factory=Public)
    """Where the public pages are served."""
    mail: tuple[dict[str, Any], ...] = ()
    """``[[mail]]`` transports in order of priority; ``name``, ``type``, and the settings of that type."""
    social: tuple[dict[str, Any], ...] = ()
    """``[[social]]`` accounts; ``name``, ``type``, and the settings of that type."""


@dataclass(frozen=True)
class LoadedConfig:
    """A checked config.toml and the file it came from."""

    config: Config
    """The settings."""
    file: TomlFile
    """The file, for the line numbers of channel settings that adapters check."""


def load(workspace: Workspace) -> LoadedConfig:
    """Read and check config.toml; channel tables are checked by `newsletter.adapters`.

    Raises:
        ConfigError: every mistake in the file, each with key and line.
    """
    file = tomlfile.read(workspace.config)
    config = tomlfile.check(Config, file, file.tables)
    problems = [*_own_rules(config, file), *_channel_names(config, file)]
    if problems:
        raise ConfigError("", problems=problems)
    organisation = config.organisation
    bare = {key: getattr(organisation, key).rstrip("/") for key in ("public_url", "media_url")}
    return LoadedConfig(replace(config, organisation=replace(organisation, **bare)), file)


def _own_rules(config: Config, file: TomlFile) -> list[Problem]:
    """Return what the types alone cannot see."""
    return [
        *(Problem(why, file.where(("organisation", key))) for key, why in _about(config.organisation)),
        *(Problem(why, file.where(loc)) for loc, why in _numbers_and_colours(config)),
    ]


def _about(organisation: Organisation) -> Iterator[tuple[str, str]]:
    """Yield the keys of ``[organisation]`` that cannot be used, and why."""
    if not _zone_exists(organisation.timezone):
        yield "timezone", f"{organisation.timezone!r} is not a time zone; write one like 'Europe/London'"
    if not LANGUAGE.fullmatch(organisation.language):
        yield "language", f"{organisation.language!r} is not a language; write one like 'en' or 'pt-BR'"
    for key in ("sender", "reply_to"):
        line = str(getattr(organisation, key))
        if (line or key == "sender") and not is_mailbox(line):
            yield key, "write one address as 'Name <name@domain.example>'"
    for key in ("public_url", "media_url", "website"):
        url = str(getattr(organisation, key))
        if (url or key == "public_url") and not url.startswith(WEB_STARTS):
            yield key, f"{url!r} must start with https://"


def _numbers_and_colours(config: Config) -> Iterator[tuple[Loc, str]]:
    sending, accent = config.sending, config.brand.accent
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        yield ("brand", "accent"), f"{accent!r} must be a colour like '#0b6e4f'"
    if not 1 <= sending.window <= MAX_WINDOW:
        yield ("sending", "window"), f"{sending.window} must be between 1 and {MAX_WINDOW}"
    for key in ("give_up_after_h", "catch_up_within_h"):
        hours = getattr(sending, key)
        if hours <= 0:
            yield ("sending", key), f"{hours} must be more than 0 hours"


def is_mailbox(line: str) -> bool:
    """Tell whether a line is one address, with or without a name, that a header can carry."""
    found = getaddresses([line])
    address = found[0][1] if len(found) == 1 else ""
    return line.isprintable() and "@" in address[1:] and "." in address.rpartition("@")[2]


def _channel_names(config: Config, file: TomlFile) -> list[Problem]:
    """Return channels without a name or type, and names used twice."""
    problems: list[Problem] = []
    seen: set[str] = set()
    for group, tables in (("mail", config.mail), ("social", config.social)):
        for index, table in enumerate(tables):
            problems.extend(
                Problem(f"every [[{group}]] needs a {key!r}", file.where((group, index)))
                for key in ("name", "type")
                if not isinstance(table.get(key), str) or not table[key]
            )
            name = str(table.get("name", ""))
            if name and name in seen:
                problems.append(
                    Problem(f"two channels are called {name!r}", file.where((group, index, "name")))
                )
            seen.add(name)
    return problems


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
