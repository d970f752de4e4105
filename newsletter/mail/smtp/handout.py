"""The letters of a window, handed out to whichever line is free."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from newsletter.errors import RefusedSenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.errors import DeliveryError
    from newsletter.mail.base import OutgoingLetter
    from newsletter.mail.smtp.line import Line
    from newsletter.model import Receipt

MOST_BROKEN: Final = 2
"""Connections that may break off in a row; the rest of the window is left for later."""


class Handout:
    """What is left of a window, and what became of the rest."""

    def __init__(self, window: Sequence[OutgoingLetter]) -> None:
        """Nothing has left yet."""
        self.outcomes: list[Receipt | DeliveryError | None] = [None] * len(window)
        """One for each letter, in order; None: not tried."""
        self.trouble: DeliveryError | None = None
        """Why a line could not be opened again."""
        self._window = window
        self._waiting = deque(range(len(window)))
        self._announced: dict[Line, int] = {}
        self._broken = 0
        self._stopped = False

    @property
    def tried(self) -> bool:
        """Whether the server has seen anything of the window."""
        return any(outcome is not None for outcome in self.outcomes)

    def take(self, line: Line) -> int | None:
        """Return the place of the letter that a line sends next: the one it has announced, else the first."""
        if self._stopped:
            return None
        if line in self._announced:
            return self._announced.pop(line)
        return self._waiting.popleft() if self._waiting else None

    def letter(self, place: int) -> OutgoingLetter:
        """Return the letter at a place."""
        return self._window[place]

    def announce(self, line: Line) -> OutgoingLetter | None:
        """Return the letter that a line sends after the one at hand; it is nobody else's from now on."""
        if self._stopped or not self._waiting:
            return None
        place = self._announced[line] = self._waiting.popleft()
        return self._window[place]

    def give_back(self, place: int, trouble: DeliveryError) -> None:
        """Let others have the letter of a line that found no connection."""
        self._waiting.appendleft(place)
        self.trouble = trouble

    def note(self, line: Line, place: int, outcome: Receipt | DeliveryError) -> None:
        """Write down what became of a letter; stop when we are refused, or broken off again and again."""
        self.outcomes[place] = outcome
        self._broken = 0 if line.usable else self._broken + 1
        if isinstance(outcome, RefusedSenderError) or self._broken == MOST_BROKEN:
            self._stopped = True

    def write_ahead(self) -> None:
        """Have the next letter written, while there is nothing else to do."""
        if self._waiting and not self._stopped:
            self._window[self._waiting[0]]
