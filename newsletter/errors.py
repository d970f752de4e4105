"""Every error the product raises on purpose.

::

    NewsletterError            one plain line for staff                       exit 1
    ├── ConfigError            config.toml or campaign.toml is wrong          exit 2
    ├── ContentError           a post, template or source is wrong            exit 3
    ├── BlockedError           a check found something that must not leave    exit 5
    └── DeliveryError          one delivery did not succeed                   exit 4
        ├── TransientError     not delivered; a later try may succeed
        ├── PermanentError     not delivered; a retry cannot help
        │   └── RefusedSenderError   the relay refuses *us*: hold the edition
        └── UnknownOutcomeError      may have been delivered; nobody can know

A message names the file, line or setting, and says what to do. Several
mistakes in one file travel together as `Problem` values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Problem:
    """One mistake in a file that a person wrote."""

    why: str
    """What is wrong and what to do, one plain sentence."""
    where: str = ""
    """``path:line`` or ``path:line (key)``; empty when no place can be named."""

    def __str__(self) -> str:
        """Return the line staff read."""
        return f"{self.where}: {self.why}" if self.where else self.why


class NewsletterError(Exception):
    """Something the person at the keyboard can understand and mend."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"

    def __init__(self, why: str, *, where: str = "") -> None:
        """Say why, and where: ``path:line``, a setting, or a source."""
        self.why = why
        self.where = where
        super().__init__(why, where)

    def __str__(self) -> str:
        """Return the one line staff read."""
        return str(Problem(self.why, self.where))


class FileError(NewsletterError):
    """Mistakes in a file that a person wrote, all of them at once."""

    def __init__(self, why: str, *, where: str = "", problems: Sequence[Problem] = ()) -> None:
        """Give one mistake as ``why``/``where``, or several as ``problems``."""
        self.problems = tuple(problems) or (Problem(why, where),)
        super().__init__(why, where=where)

    def __str__(self) -> str:
        """Return one line per mistake."""
        return "\n".join(str(problem) for problem in self.problems)


class ConfigError(FileError):
    """config.toml or campaign.toml cannot be used as it stands."""

    exit_code = 2
    kind = "config"


class ContentError(FileError):
    """A post, a template or a source cannot be used as it stands."""

    exit_code = 3
    kind = "content"


class BlockedError(NewsletterError):
    """A check found something that must not leave."""

    exit_code = 5
    kind = "blocked"


class DeliveryError(NewsletterError):
    """One delivery did not succeed."""

    exit_code = 4
    kind = "delivery"

    def __init__(self, why: str, *, where: str = "", code: str = "") -> None:
        """Keep the service's own code: an SMTP reply code, an HTTP status, or a name."""
        self.code = code
        super().__init__(why, where=where)


class TransientError(DeliveryError):
    """Not delivered; a later try may succeed."""

    kind = "transient"

    def __init__(
        self,
        why: str,
        *,
        where: str = "",
        code: str = "",
        retry_after_s: float | None = None,
        throttled: bool = False,
    ) -> None:
        """Keep what the service asked for.

        ``retry_after_s``: how long to wait; None leaves it to the retry policy.
        ``throttled``: we were too fast; letters to the same place leave more slowly from now on.
        """
        self.retry_after_s = retry_after_s
        self.throttled = throttled
        super().__init__(why, where=where, code=code)


class PermanentError(DeliveryError):
    """Not delivered; a retry cannot help."""

    kind = "permanent"

    def __init__(self, why: str, *, where: str = "", code: str = "", hard: bool = False) -> None:
        """``hard``: there is no such mailbox, so it must not be written to again."""
        self.hard = hard
        super().__init__(why, where=where, code=code)


class RefusedSenderError(PermanentError):
    """The relay or network refuses the sender: login, TLS or policy; never the recipient's fault."""

    kind = "refused-sender"


class UnknownOutcomeError(DeliveryError):
    """May have been delivered: the answer was lost after everything was handed over."""

    kind = "unknown"
