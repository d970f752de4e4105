"""A service that keeps records settles what nobody else can know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from newsletter.delivery import evidence
from newsletter.delivery.dispatch import dispatch
from newsletter.errors import TransientError, UnknownOutcomeError
from newsletter.mail.base import MailTransport
from newsletter.model import Receipt
from newsletter.outbox import ledger
from tests.delivery.studio import freeze, opened, write_config
from tests.outbox.audience import row_of, states, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from newsletter.app import App
    from newsletter.errors import DeliveryError
    from newsletter.mail.base import OutgoingLetter

pytestmark = pytest.mark.usefixtures("workspace_database")


class Session:
    """Takes every letter and loses every answer."""

    def send(self, window: Sequence[OutgoingLetter]) -> list[Receipt | DeliveryError | None]:
        """Keep their names."""
        Forgetful.taken += [letter.message_id for letter in window]
        return [UnknownOutcomeError("the answer was lost", code="lost") for _ in window]

    def close(self) -> None:
        """There is nothing to close."""


@dataclass(frozen=True)
class Forgetful(MailTransport):
    """A service whose answers get lost, and which remembers all but the first letter."""

    taken: ClassVar[list[str]] = []
    away: ClassVar[bool] = False

    def connect(self) -> Session:
        """Open a session."""
        return Session()

    def look_up(self, message_ids: Sequence[str]) -> Mapping[str, Receipt]:
        """Say what it remembers."""
        if Forgetful.away:
            raise TransientError("no answer", where="api.example")
        return {one: Receipt("R1", reply="delivered") for one in message_ids if one in self.taken[1:]}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Return a workspace whose three letters are in doubt."""
    write_config(tmp_path)
    monkeypatch.setattr(Forgetful, "taken", [])
    with opened(tmp_path) as found:
        vars(found)["transports"] = (Forgetful("main"),)
        subscribe(found.database, 3)
        freeze(found)
        dispatch(found)
        assert states(found.database) == {"unknown": 3}
        yield found


def test_what_the_service_knows_is_sent_and_the_rest_stays_in_doubt(app: App) -> None:
    """Found by the Message-ID, which is the same on every attempt."""
    found, troubles = evidence.ask(app)

    assert (found, troubles) == ({"main": 2}, ())
    assert states(app.database) == {"sent": 2, "unknown": 1}
    known = row_of(app.database, "reader2@example.org")
    assert (known.remote_id, known.reply) == ("R1", "the service knows it: delivered")
    with app.database.read() as connection:
        assert ledger.find(connection, "autumn").state == "finished"


def test_a_service_that_is_away_changes_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is named."""
    monkeypatch.setattr(Forgetful, "away", True)
    found, troubles = evidence.ask(app)

    assert found == {}
    assert troubles == ("main: api.example: no answer",)
    assert states(app.database) == {"unknown": 3}


def test_only_the_edition_asked_for_is_asked_about(app: App) -> None:
    """Another one is none of its business."""
    assert evidence.ask(app, "0" * 16) == ({}, ())


def test_a_mail_server_keeps_no_records(app: App) -> None:
    """SMTP has no such question."""
    transports: Any = app.transports
    assert evidence.keeps_records(transports[0])
    from newsletter.mail.folder import Folder
    from newsletter.mail.smtp import Smtp

    assert not evidence.keeps_records(Smtp("relay", host="127.0.0.1"))
    assert not evidence.keeps_records(Folder("box", path=app.workspace.root))
