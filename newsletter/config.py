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
from newsletter.secret import Secret
from newsletter.tomlfile import Loc, Table, TomlFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.workspace import Workspace

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language tag as BCP 47 writes it, near enough."""
WEB_STARTS = ("https://", "http://127.0.0.1", "http://localhost")
"""How addresses begin: https, and http on this machine for trying things out."""
_DNS_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")
_BOUNCE_ADDRESS = re.compile(rf"[A-Za-z0-9._-]{{1,15}}@(?=[^.]*\.){_DNS_NAME.pattern}")
"""With the token behind it, its local part has at most 64 octets (RFC 5321 section 4.5.3.1.1)."""
RATES_AND_CAPS = ("per_second", "per_minute", "per_day", "per_month")
"""The numbers of a ``[[limit]]``."""
_HANDLES = {
    "bluesky": (r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "rivertrust.bsky.social"),
    "linkedin": (r"urn:li:\w+:[\w-]+", "urn:li:organization:1234"),
    "mastodon": (r"\w[\w.-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "rivertrust@social.example"),
    "telegram": (r"\w+", "rivertrust"),
    "threads": (r"[\w.]+", "rivertrust"),
    "x": (r"\w+", "rivertrust"),
}
"""Network → what a name looks like there, without its @, and a sample."""
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

    url: str | Secret = "sqlite:///newsletter.db"
    """SQLAlchemy address; a relative SQLite path starts at the workspace. One with a password is named:
    ``{ env = "NAME" }``."""

    def address(self) -> str:
        """Return the address itself, for the line that opens the database.

        Raises:
            ConfigError: it is named, and not there.
        """
        return self.url.reveal() if isinstance(self.url, Secret) else self.url


@dataclass(frozen=True)
class Sending(Table):
    """``[sending]``: how carefully deliveries leave."""

    window: int = 10
    """Letters in flight at once on one connection: what a crash can leave in doubt."""
    on_unknown: Literal["hold", "resend"] = "hold"
    """Deliveries whose outcome nobody knows: listed for a person, or sent again with the same Message-ID."""
    suppress_hard_bounces: bool = True
    """Whether an address whose server says that there is no such mailbox is never written to again."""
    give_up_after_h: int = 24
    """Hours after which a deferred delivery is failed."""
    catch_up_within_h: float = 6.0
    """A scheduled send that is later than this is missed, not sent."""
    bounce_address: str = ""
    """Where undeliverable letters come back to, ``bounces@news.example``: every letter adds its own
    ``+token`` before the @. Empty means the sender's address."""


@dataclass(frozen=True)
class Dkim(Table):
    """``[dkim]``: the keys that letters are signed with; needs ``pip install 'newsletter-studio[dkim]'``."""

    domain: str
    """Domain that signs: that of the sender, or one above it."""
    selector: str
    """Name of the RSA key: its public half stands in the DNS at ``<selector>._domainkey.<domain>``."""
    key: Secret
    """RSA key of at least 2048 bits, PEM."""
    ed25519_selector: str = ""
    """Name of the Ed25519 key, for a second signature; another one than ``selector``."""
    ed25519_key: Secret | None = None
    """Ed25519 key, PEM."""


@dataclass(frozen=True)
class Public(Table):
    """``[public]``: where ``newsletter run`` serves unsubscribe and view-in-browser pages."""

    host: str = "127.0.0.1"
    """Address to listen on; put a web server with TLS in front of it."""
    port: int = 8025
    """Port to listen on; 0 takes a free one."""


@dataclass(frozen=True)
class DomainLimit(Table):
    """``[[limit]]``: how fast letters from one domain, or to one, may leave, over all transports."""

    sender_domain: str = ""
    """Letters whose sender is at this domain."""
    recipient_domain: str = ""
    """Letters to this domain; either this or ``sender_domain`` is given."""
    per_second: float = 0
    """Letters per second at most; 0: no limit."""
    per_minute: float = 0
    """Letters per minute at most, evenly spread; 0: no limit."""
    per_day: int = 0
    """Letters per UTC day at most; 0: no limit."""
    per_month: int = 0
    """Letters per calendar month at most; 0: no limit."""
    warm_up: tuple[int, ...] = ()
    """Letters at most on the first day it is used, on the second, …; afterwards ``per_day`` holds."""


@dataclass(frozen=True)
class Mention(Table):
    """``[[mention]]``: a page of the address book: whom ``@name`` in social posts means on each network.

    Where a network has no handle here, the plain name stands in the post.
    """

    name: str
    """What is written behind the @, the same for every network: ``isj`` for ``@isj``."""
    label: str = ""
    """The plain name; on LinkedIn exactly as its page says. Empty takes ``name``."""
    bluesky: str = ""
    """``rivertrust.example`` or ``rivertrust.bsky.social``."""
    linkedin: str = ""
    """The page or member: ``urn:li:organization:1234``."""
    mastodon: str = ""
    """``rivertrust@social.example``."""
    telegram: str = ""
    """``rivertrust``."""
    threads: str = ""
    """``rivertrust``."""
    x: str = ""
    """``rivertrust``."""


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
    dkim: Dkim | None = None
    """What letters are signed with; left out, they are not."""
    mail: tuple[dict[str, Any], ...] = ()
    """``[[mail]]`` transports in order of priority; ``name``, ``type``, and the settings of that type."""
    social: tuple[dict[str, Any], ...] = ()
    """``[[social]]`` accounts; ``name``, ``type``, and the settings of that type."""
    limit: tuple[DomainLimit, ...] = ()
    """``[[limit]]`` tables, one per domain."""
    mention: tuple[Mention, ...] = ()
    """``[[mention]]`` tables, one per name."""


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
        *(Problem(why, file.where(("dkim", key))) for key, why in _about_dkim(config.dkim)),
        *(Problem(why, file.where(("limit", *loc))) for loc, why in _about_limits(config.limit)),
        *(Problem(why, file.where(("mention", *loc))) for loc, why in _about_mentions(config.mention)),
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
    if sending.bounce_address and not _BOUNCE_ADDRESS.fullmatch(sending.bounce_address):
        why = "write a bare address like 'bounces@news.example', with at most 15 characters before the @"
        yield ("sending", "bounce_address"), why
    for key in ("give_up_after_h", "catch_up_within_h"):
        hours = getattr(sending, key)
        if hours <= 0:
            yield ("sending", key), f"{hours} must be more than 0 hours"


def _about_dkim(dkim: Dkim | None) -> Iterator[tuple[str, str]]:
    """Yield the keys of ``[dkim]`` that cannot be used, and why."""
    if dkim is None:
        return
    if not _DNS_NAME.fullmatch(dkim.domain) or "." not in dkim.domain:
        yield "domain", f"{dkim.domain!r} is not a domain; write one like 'news.example', in ASCII"
    if not _DNS_NAME.fullmatch(dkim.selector):
        yield "selector", f"{dkim.selector!r} cannot stand in the DNS; write one like 'autumn2026'"
    if bool(dkim.ed25519_selector) != (dkim.ed25519_key is not None):
        yield "ed25519_key", "ed25519_selector and ed25519_key belong together; give both or neither"
    elif dkim.ed25519_selector and not _DNS_NAME.fullmatch(dkim.ed25519_selector):
        yield "ed25519_selector", f"{dkim.ed25519_selector!r} cannot stand in the DNS"
    if dkim.ed25519_selector.lower() == dkim.selector.lower():
        yield "ed25519_selector", "the two keys need a selector each: a name in the DNS holds one key"


def _about_limits(limits: tuple[DomainLimit, ...]) -> Iterator[tuple[Loc, str]]:
    """Yield the ``[[limit]]`` tables that cannot be used, and why."""
    seen: set[tuple[str, str]] = set()
    for index, limit in enumerate(limits):
        key = "sender_domain" if limit.sender_domain else "recipient_domain"
        domain = getattr(limit, key)
        if bool(limit.sender_domain) == bool(limit.recipient_domain):
            yield (index,), "every [[limit]] needs one of 'sender_domain' and 'recipient_domain'"
        elif "@" in domain or not is_mailbox(f"news@{domain}"):
            yield (index, key), f"{domain!r} is not a domain; write one like 'example.org'"
        elif (key, domain.lower()) in seen:
            yield (index, key), f"there is a [[limit]] for {domain!r} already; put both into one"
        seen.add((key, domain.lower()))
        numbers = {name: getattr(limit, name) for name in RATES_AND_CAPS}
        yield from (((index, name), f"{n} must not be below 0") for name, n in numbers.items() if n < 0)
        if any(count < 1 for count in limit.warm_up):
            yield (index, "warm_up"), "every day of warm_up must be more than 0"
        if not limit.warm_up and not any(numbers.values()):
            yield (index,), f"this [[limit]] limits nothing; give it one of {', '.join(RATES_AND_CAPS)}"


def _about_mentions(book: tuple[Mention, ...]) -> Iterator[tuple[Loc, str]]:
    """Yield the settings of ``[[mention]]`` tables that cannot be used, and why."""
    seen: set[str] = set()
    for index, mention in enumerate(book):
        if not re.fullmatch(r"\w[\w-]*", mention.name):
            yield (index, "name"), f"{mention.name!r} is no name to mention; use letters, digits and hyphens"
        elif mention.name.casefold() in seen:
            yield (index, "name"), f"there is a [[mention]] for {mention.name!r} already; put both into one"
        seen.add(mention.name.casefold())
        for key, (shape, sample) in _HANDLES.items():
            handle = str(getattr(mention, key)).removeprefix("@")
            if handle and not re.fullmatch(shape, handle):
                yield (index, key), f"{handle!r} is no name there; write one like {sample!r}"


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
