"""Windows of letters over the connections of one lane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from newsletter.errors import DeliveryError
from newsletter.mail.smtp.handout import Handout
from newsletter.mail.smtp.line import Line
from newsletter.mail.smtp.turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp import Smtp
    from newsletter.model import Receipt

WORTH_A_LINE: Final = 5
"""Letters for which another connection is opened."""


class SmtpSession:
    """Up to ``connections`` lines to one server, served by one thread."""

    def __init__(self, settings: Smtp) -> None:
        """Open the first line.

        Raises:
            RefusedSenderError: login or TLS was refused.
            TransientError: the server cannot be reached now.
        """
        self._settings = settings
        self._most = settings.connections
        self._lines = [Line(settings)]

    def send(self, window: Sequence[OutgoingLetter]) -> Sequence[Receipt | DeliveryError | None]:
        """Send every letter; see `newsletter.mail.base.MailSession.send`."""
        handout = Handout(window)
        self._open_more(len(window))
        for line in self._lines:
            line.begin_window()
        try:
            take_turns({line: self._work(line, handout) for line in self._lines}, handout.write_ahead)
        finally:
            for line in self._lines:
                line.end_window()
        if handout.trouble is not None and not handout.tried:
            raise handout.trouble
        return handout.outcomes

    def describe(self) -> str:
        """Return one line about the server: its name, encryption, login, and what it offers."""
        return self._lines[0].describe()

    def close(self) -> None:
        """Say goodbye; a server that does not answer is left."""
        for line in self._lines:
            line.close()

    def _open_more(self, letters: int) -> None:
        """Open lines until there are enough for so many letters, or the server wants no more of them."""
        while len(self._lines) < min(self._most, letters // WORTH_A_LINE):
            try:
                self._lines.append(Line(self._settings))
            except DeliveryError:
                self._most = len(self._lines)

    def _work(self, line: Line, handout: Handout) -> Generator[None]:
        """Send letter after letter over a line; yields as `newsletter.mail.smtp.transaction`."""
        while (place := handout.take(line)) is not None:
            try:
                outcome = yield from line.send(handout.letter(place), partial(handout.announce, line))
            except DeliveryError as trouble:
                handout.give_back(place, trouble)
                if len(self._lines) > 1:
                    self._lines.remove(line)
                    self._most = len(self._lines)
                return
            handout.note(line, place, outcome)
