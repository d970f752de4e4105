"""Carry out what is due: build the campaign, check it, freeze it; the dispatcher then sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from newsletter import clock, failpoint
from newsletter.audience import recipients
from newsletter.campaigns.load import load
from newsletter.checks import judge, preflight
from newsletter.delivery import occurrences
from newsletter.delivery.dkim import signer_of
from newsletter.editions.build import build_named
from newsletter.errors import ConfigError, NewsletterError
from newsletter.model import DeliveryState
from newsletter.outbox import ledger
from newsletter.outbox.freeze import freeze
from newsletter.secret import Secret
from newsletter.storage.database import DatabaseProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from newsletter.delivery.occurrences import Occurrence
    from newsletter.editions.edition import Edition
    from newsletter.mail.base import MailTransport
    from newsletter.model import Finding
    from newsletter.outbox.freeze import Frozen


class Opened(judge.Opened, Protocol):
    """What this stage needs of the open workspace; `newsletter.app.App` has it."""

    @property
    def transports(self) -> tuple[MailTransport, ...]:
        """Return the mail transports, in order of priority."""


def begin(opened: Opened, say: Callable[[str], None]) -> bool:
    """Begin every occurrence that is due now; return whether all of them could be.

    ``say`` is told one line about each. What another scheduler began is left to it.
    """
    within_s = opened.loaded.config.sending.catch_up_within_h * 3600
    now = opened.now()
    with opened.database.write() as connection:
        found = occurrences.left_behind(connection, now, catch_up_within_s=within_s)
        found += occurrences.begin_due(connection, now, catch_up_within_s=within_s)
        failpoint.reach("occurrence-recorded")
    failpoint.reach("occurrence-begun")
    settled = [release(opened, one) if one.state == "started" else one for one in found]
    for one in settled:
        due = clock.in_full(one.due_at, one.zone, opened.now())
        outcome = f"edition {one.edition_id}" if one.edition_id else one.state
        say(f"{one.campaign}, due {due}: {outcome}" + (f": {one.why}" if one.why else ""))
    return all(one.edition_id for one in settled)


def release(opened: Opened, occurrence: Occurrence) -> Occurrence:
    """Build, check and freeze the campaign of a started occurrence; return what became of it.

    Mistakes in files and findings that block make it ``failed``; a full disk and
    other trouble that is not in the files leaves it ``started``, to be tried again.

    Raises:
        DatabaseProblemError: nothing can be written down now; it is tried again.
    """
    try:
        edition, blocking = prepare(opened, occurrence.campaign)
        if not blocking:
            check_channels(opened, edition)
            return _freeze(opened, occurrence, edition)
        settled = replace(occurrence, state="failed", why=_summary(occurrence.campaign, blocking))
    except DatabaseProblemError:
        raise
    except NewsletterError as error:
        settled = replace(occurrence, state="failed", why="; ".join(str(error).splitlines()))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other campaigns must still leave
        settled = replace(occurrence, why=f"{type(error).__name__}: {error}")
    return _settle(opened, settled)


def prepare(
    opened: Opened, campaign: str, *, with_audience: bool = True
) -> tuple[Edition, tuple[Finding, ...]]:
    """Build a campaign and return its edition with the findings that must not leave.

    Raises:
        ConfigError: campaign.toml or config.toml is wrong.
        ContentError: a post or a template is wrong.
    """
    edition = build_named(opened.workspace, opened.loaded, opened.networks, campaign)
    with opened.database.read() as connection:
        people = recipients.count(connection, edition.lists) if with_audience else None
    return edition, preflight.blocking(judge.judge_for(opened, edition, people))


def check_channels(opened: Opened, edition: Edition) -> None:
    """Make sure that every channel of an edition could start, before anything is frozen.

    Raises:
        ConfigError: there is no transport for the letters, or a secret or a key of ``[dkim]`` cannot be used.
    """
    if edition.lists and not opened.transports:
        raise ConfigError("there is no [[mail]] to send letters with", where=str(opened.workspace.config))
    if edition.lists:
        signer_of(opened.loaded.config.dkim)
    accounts = {snippet.account for snippet in edition.snippets}
    used = (*opened.transports, *(network for network in opened.networks if network.name in accounts))
    for value in (value for channel in used for value in vars(channel).values()):
        if isinstance(value, Secret):
            value.reveal()


def policy_of(opened: Opened, campaign: str) -> str:
    """Return what becomes of a campaign's letters whose outcome nobody knows: ``hold`` or ``resend``.

    Raises:
        ConfigError: there is no such campaign, or its file is wrong.
    """
    return load(opened.workspace, campaign).on_unknown or opened.loaded.config.sending.on_unknown


def freeze_for(
    opened: Opened,
    connection: Connection,
    edition: Edition,
    *,
    ignored: Sequence[Finding] = (),
    on_unknown: str = "",
) -> Frozen:
    """Freeze an edition for the transports and accounts of the workspace; errors as `freeze`.

    ``on_unknown`` is the `policy_of` its campaign; empty takes that of ``[sending]``.
    """
    return freeze(
        connection,
        edition,
        path=edition.folder.relative_to(opened.workspace.root).as_posix(),
        mail_channel=opened.transports[0].name if opened.transports else "",
        ignored=ignored,
        on_unknown=on_unknown or opened.loaded.config.sending.on_unknown,
        now=opened.now(),
    )


def _freeze(opened: Opened, occurrence: Occurrence, edition: Edition) -> Occurrence:
    """Freeze the edition and note it in one transaction: a crash leaves both or neither."""
    now = opened.now()
    policy = policy_of(opened, occurrence.campaign)
    with opened.database.write() as connection:
        if not occurrences.is_held(connection, occurrence):
            # It took longer than another scheduler waits, and that one has begun it anew.
            return occurrences.by_id(connection, occurrence.id)
        if other := _under_way(connection, edition):
            settled = replace(occurrence, state="failed", why=other, at=now)
            occurrences.settle(connection, settled)
            return settled
        frozen = freeze_for(opened, connection, edition, on_unknown=policy)
        state, why = _stands(frozen)
        settled = replace(occurrence, state=state, why=why, edition_id=edition.id, at=now)
        occurrences.settle(connection, settled)
        failpoint.reach("occurrence-frozen")
    return settled


def _under_way(connection: Connection, edition: Edition) -> str:
    """Return why a changed edition must not be frozen now: everybody who still waits would get two."""
    for entry in ledger.entries(connection, campaign=edition.campaign):
        open_still = entry.id != edition.id and entry.state in {"sending", "paused"}
        # Deferred letters may take their day; they are no reason to leave out the next issue.
        if open_still and ledger.states(connection, entry.id)[DeliveryState.PENDING]:
            return (
                f"an earlier edition ({entry.id}) has not left yet, and the campaign has changed since; send "
                f"the rest of it: newsletter send {entry.id}, or drop it: newsletter cancel {entry.id}"
            )
    return ""


def _stands(frozen: Frozen) -> tuple[str, str]:
    """Return the state of an occurrence whose edition is frozen, and why."""
    if frozen.cancelled:
        return "failed", "the same edition was cancelled; nothing of it is sent again"
    if frozen.already:
        return "done", "the same edition already went out; nobody is written to twice"
    return "started", ""


def _settle(opened: Opened, settled: Occurrence) -> Occurrence:
    now = opened.now()
    with opened.database.write() as connection:
        occurrences.settle(connection, replace(settled, at=now))
    return replace(settled, at=now)


def _summary(campaign: str, blocking: tuple[Finding, ...]) -> str:
    first = blocking[0]
    count = f"{len(blocking)} findings block it" if len(blocking) > 1 else "a finding blocks it"
    return f"{count}: {first.id} {first.where}: {first.why} See: newsletter check {campaign}"
