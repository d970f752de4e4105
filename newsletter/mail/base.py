"""What every mail transport promises.

A transport is a frozen dataclass in a file of its own; the file's name is its
``type`` in config.toml and its fields are its settings. It holds no state: the
state of a connection lives in the session that `MailTransport.connect` opens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from newsletter.errors import DeliveryError, PermanentError, RefusedSenderError
from newsletter.tomlfile import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from newsletter.model import Receipt

Piece = tuple[str, ...]
"""Text at even places, names of variables at odd ones: ``("Dear ", "v0", ",")``."""


def written(text: Piece, variable: Callable[[str], str]) -> str:
    """Return a `Piece` as one text, every variable as ``variable(name)`` says it.

    >>> written(("Dear ", "v0", ","), "{}".format)
    'Dear v0,'
    """
    return "".join(variable(part) if place % 2 else part for place, part in enumerate(text))


@dataclass(frozen=True, eq=False)
class Template:
    """An edition's letter as fields, for services that take no finished message; one object per edition."""

    sender: str
    """Address of the From line."""
    sender_name: str
    """Name of the From line, decoded; may be empty."""
    reply_to: str
    """Address of the Reply-To line; may be empty."""
    subject: Piece
    """Subject line, decoded."""
    text: Piece
    """Text part."""
    html: Piece
    """HTML part; values of its variables are escaped already."""
    headers: Mapping[str, Piece]
    """Further header fields that a service must carry: List-Unsubscribe, List-Id, ….

    From, To, Subject, Reply-To, Date and MIME fields are not among them.
    """
    campaign: str = ""
    """Name of the campaign, for the service's own statistics."""


@dataclass(frozen=True)
class OutgoingLetter:
    """One letter for one person, ready for the wire."""

    key: str
    """Identity of the delivery; the same on every attempt."""
    sender: str
    """Envelope sender, a bare address."""
    recipient: str
    """Envelope recipient, a bare address."""
    message: bytes
    """The whole MIME message, fit to travel as it is.

    Lines end in CRLF and the last one too; there is no other CR or LF, and no line starts with a dot.
    """
    message_id: str = ""
    """Value of the Message-ID header, angle brackets included; the same on every attempt."""
    recipient_name: str = ""
    """Name of the person; may be empty."""
    template: Template | None = None
    """The letter as fields, for a transport that ``takes_fields``."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Variable of the template → this person's text, escaped for its place."""


def batches(
    window: Sequence[OutgoingLetter], *, most: int, alone: Callable[[OutgoingLetter], bool]
) -> list[list[int]]:
    """Return the places of the letters that go into one request each of a service that takes many.

    Letters of a request have the same template and no address twice; one that must go ``alone`` does.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    seen: Counter[tuple[int, str]] = Counter()
    for place, letter in enumerate(window):
        whom = (id(letter.template), letter.recipient.lower())
        group = (-1, place) if alone(letter) else (whom[0], seen[whom])
        seen[whom] += 1
        groups.setdefault(group, []).append(place)
    return [group[start : start + most] for group in groups.values() for start in range(0, len(group), most)]


def send_batches(
    window: Sequence[OutgoingLetter],
    groups: Iterable[Sequence[int]],
    post: Callable[[Sequence[OutgoingLetter]], Sequence[Receipt | DeliveryError | None]],
) -> list[Receipt | DeliveryError | None]:
    """Send a window as one request per group of places; return what `MailSession.send` promises.

    ``post`` makes one request; what it raises concerns every letter of the request. Only after a
    failure that is the letters' own does the next request follow.

    Raises:
        RefusedSenderError: the service refuses us, nothing of the window was sent.
        TransientError: the service cannot be reached, nothing of the window was sent.
    """
    outcomes: list[Receipt | DeliveryError | None] = [None] * len(window)
    for number, places in enumerate(groups):
        try:
            answers = post([window[place] for place in places])
        except DeliveryError as error:
            if isinstance(error, RefusedSenderError) or error.code == "connect":
                if number:
                    break
                raise
            for place in places:
                outcomes[place] = error
            if not isinstance(error, PermanentError):
                break
        else:
            for place, answer in zip(places, answers, strict=True):
                outcomes[place] = answer
    return outcomes


class MailSession(Protocol):
    """An open connection to one transport, used by one thread."""

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Send every letter of the window; return one outcome each, in the order given.

        Never raises for one letter. A letter whose answer is missing is an
        `UnknownOutcomeError`; None stands for a letter that was not tried after all,
        because the service refused us or broke off before.

        Raises:
            RefusedSenderError: the service refuses us (login, TLS, policy), nothing of the window was sent.
            TransientError: the service cannot be reached, nothing of the window was sent.
        """

    def close(self) -> None:
        """End the connection; never raises."""


@dataclass(frozen=True)
class MailTransport(Table, ABC):
    """One way to send letters; the settings here are those of every type."""

    takes_fields: ClassVar[bool] = False
    """Whether letters must bring their `Template`."""
    replaced_headers: ClassVar[frozenset[str]] = frozenset()
    """Header fields, lower case, that the service writes anew: our signature must not cover them."""
    is_account: ClassVar[bool] = True
    """Whether a refusal for haste is about our account there, and not about the recipient's domain."""
    max_window: ClassVar[int] = 50
    """Most letters in doubt at once that its users may choose."""
    interleaved: ClassVar[int] = 1
    """Connections that one session, and so one thread, may serve at once."""

    name: str
    """What the channel is called in reports."""
    connections: int = field(default=1, kw_only=True)
    """Connections used at once."""
    window: int = field(default=0, kw_only=True)
    """Letters in flight at once on one connection; 0 takes that of ``[sending]``."""
    per_second: float = field(default=0, kw_only=True)
    """Letters per second at most, over all connections and programs; 0: no limit."""
    per_day: int = field(default=0, kw_only=True)
    """Letters per UTC day at most; 0: no limit."""
    per_month: int = field(default=0, kw_only=True)
    """Letters per calendar month at most; 0: no limit."""
    warm_up: tuple[int, ...] = field(default=(), kw_only=True)
    """Letters at most on the first day it is used, on the second, …; afterwards ``per_day`` holds."""
    sender_domains: tuple[str, ...] = field(default=(), kw_only=True)
    """Take only letters from these domains; empty takes all."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for key in ("window", "per_second", "per_day", "per_month"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} must not be below 0")
        if self.connections < 1:
            raise ValueError("connections must be more than 0")
        if self.window > self.max_window:
            raise ValueError(f"window must be at most {self.max_window}")
        if any(count < 1 for count in self.warm_up):
            raise ValueError("every day of warm_up must be more than 0")

    @abstractmethod
    def connect(self) -> MailSession:
        """Open a session; one that is ``interleaved`` may use all ``connections``.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the service cannot be reached now.
        """

    def check(self) -> str:
        """Return one line about the account after logging in; nothing is sent.

        Raises:
            DeliveryError: it would not work now.
        """
        self.connect().close()
        return "connected"

    def look_up(self, message_ids: Sequence[str]) -> Mapping[str, Receipt]:
        """Return which of these letters the service knows it has sent: Message-ID → receipt.

        A letter that is missing in the answer may still have been sent. Services
        that keep no such record know of none.

        Raises:
            DeliveryError: the service cannot be asked now.
        """
        del message_ids
        return {}
