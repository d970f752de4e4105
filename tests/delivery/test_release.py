"""What is due is built, checked and frozen at that time, or says why not."""

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from newsletter import workspace
from newsletter.app import App, open_app
from newsletter.audience.importing import ImportOptions, import_csv
from newsletter.audience.person import Defaults
from newsletter.delivery import occurrences, release, schedule
from newsletter.delivery.occurrences import Occurrence
from newsletter.outbox import hold, ledger
from newsletter.storage.database import DatabaseProblemError
from newsletter.when import When

CAMPAIGN = "autumn-digest"
DUE = datetime(2026, 11, 24, 9, tzinfo=UTC)
REFUSE = {
    "sqlite": [
        (
            "CREATE TRIGGER refuse BEFORE UPDATE OF edition_id ON occurrence WHEN NEW.edition_id IS NOT NULL "
            "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
        )
    ],
    "postgresql": [
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$"
        ),
        (
            "CREATE TRIGGER refuse BEFORE UPDATE OF edition_id ON occurrence FOR EACH ROW "
            "WHEN (NEW.edition_id IS NOT NULL) EXECUTE FUNCTION refuse()"
        ),
    ],
}
"""How each database is made to refuse that an occurrence gets its edition."""
ALLOW = {"sqlite": "DROP TRIGGER refuse", "postgresql": "DROP TRIGGER refuse ON occurrence"}


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    """A fresh workspace with 25 subscribers."""
    root = workspace.create(tmp_path / "ws").workspace.root
    change(root / "config.toml", "sqlite:///newsletter.db", database_url)
    opened = open_app(root)
    people = root / "campaigns" / CAMPAIGN / "subscribers.csv"
    with opened.database.write() as connection:
        import_csv(connection, people, ImportOptions(Defaults(lists=("supporters",))), DUE)
    yield opened
    opened.database.close()


def plan(app: App, campaign: str = CAMPAIGN) -> None:
    """Plan a campaign for DUE."""
    when = When(DUE.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None), ZoneInfo("Europe/London"))
    with app.database.write() as connection:
        schedule.add(connection, campaign, when, None, now=DUE - timedelta(days=1))


def begin(app: App, at: datetime = DUE + timedelta(seconds=3)) -> tuple[list[Occurrence], list[str]]:
    """Begin what is due, as a program started then does; return the occurrences and what was said."""
    said: list[str] = []
    started = replace(open_app(app.workspace.root), now=lambda: at)
    with closing(started.database):
        release.begin(started, said.append)
        with started.database.read() as connection:
            latest = occurrences.latest(connection)
            return [latest[number] for number in sorted(latest)], said


def frozen(app: App) -> list[tuple[str, int]]:
    """Return the editions of the ledger with their totals."""
    with app.database.read() as connection:
        return [(entry.id, entry.total) for entry in ledger.entries(connection)]


def change(path: Path, old: str, new: str) -> None:
    """Edit a file as a person would."""
    words = path.read_text(encoding="utf-8")
    assert old in words
    path.write_text(words.replace(old, new, 1), encoding="utf-8")


def campaign_file(app: App) -> Path:
    """Return the campaign's file."""
    return app.workspace.campaigns / CAMPAIGN / "campaign.toml"


def test_what_is_due_is_frozen_for_its_audience(app: App) -> None:
    """25 letters and a snippet wait for the dispatcher."""
    plan(app)

    (one,), said = begin(app)

    assert one.state == "started"
    assert frozen(app) == [(one.edition_id, 26)]
    due = "Tuesday 24 November 2026, 09:00 Europe/London (less than a minute ago)"
    assert said == [f"{CAMPAIGN}, due {due}: edition {one.edition_id}"]


def test_a_second_look_begins_nothing(app: App) -> None:
    """The clock rings every five seconds."""
    plan(app)
    begin(app)

    _, said = begin(app)

    assert said == []
    assert len(frozen(app)) == 1


def test_the_same_edition_is_not_sent_again(app: App) -> None:
    """A repeating plan of a campaign that nobody changed writes to nobody twice."""
    plan(app)
    begin(app)
    plan_again = When(datetime.fromisoformat("2026-11-24T09:00"), UTC)
    with app.database.write() as connection:
        schedule.add(connection, CAMPAIGN, plan_again, None, now=DUE)

    (_, two), said = begin(app)

    assert (two.state, two.why) == ("done", "the same edition already went out; nobody is written to twice")
    assert said[0].endswith(two.why)
    assert frozen(app) == [(two.edition_id, 26)]


def test_a_changed_edition_waits_while_the_one_before_it_has_hardly_begun(app: App) -> None:
    """Everybody who still waits for the first would get two."""
    plan(app)
    begin(app)
    change(campaign_file(app), "title = ", "# title = ")
    with app.database.write() as connection:
        first = ledger.entries(connection)[0]
        when = When(datetime.fromisoformat("2026-11-24T09:00"), UTC)
        schedule.add(connection, CAMPAIGN, when, None, now=DUE)

    (_, two), _said = begin(app)

    assert two.state == "failed"
    assert f"newsletter cancel {first.id}" in two.why
    assert len(frozen(app)) == 1


def test_letters_that_are_put_off_do_not_keep_back_the_next_edition(app: App) -> None:
    """Greylisted ones may take their day."""
    plan(app)
    begin(app)
    change(campaign_file(app), "title = ", "# title = ")
    with app.database.write() as connection:
        connection.execute(text("UPDATE delivery SET state = 'deferred'"))
        when = When(datetime.fromisoformat("2026-11-24T09:00"), UTC)
        schedule.add(connection, CAMPAIGN, when, None, now=DUE)

    (_, two), _said = begin(app)

    assert two.state == "started"
    assert len(frozen(app)) == 2


def test_the_policy_for_letters_in_doubt_is_the_campaigns(app: App) -> None:
    """Frozen with the edition: what config.toml says later does not change it."""
    change(campaign_file(app), "subject = ", 'on_unknown = "resend"\nsubject = ')
    plan(app)
    begin(app)

    with app.database.read() as connection:
        assert connection.execute(text("SELECT on_unknown FROM edition")).scalars().all() == ["resend"]


def test_an_edition_that_was_cancelled_is_not_said_to_have_left(app: App) -> None:
    """It fails, with the true reason."""
    plan(app)
    begin(app)
    with app.database.write() as connection:
        hold.cancel(connection, ledger.entries(connection)[0], DUE)
        when = When(datetime.fromisoformat("2026-11-24T09:00"), UTC)
        schedule.add(connection, CAMPAIGN, when, None, now=DUE)

    (_, two), _said = begin(app)

    assert (two.state, two.why) == ("failed", "the same edition was cancelled; nothing of it is sent again")


def test_a_slow_scheduler_gives_way_to_the_one_that_took_over(app: App) -> None:
    """Two editions for one occurrence would write to everybody twice."""
    plan(app)
    with app.database.write() as connection:
        (slow,) = occurrences.begin_due(connection, DUE, catch_up_within_s=3600)
    _, said = begin(app, at=DUE + timedelta(minutes=2))
    change(campaign_file(app), "title = ", "# title = ")

    late = replace(app, now=lambda: DUE + timedelta(minutes=3))
    with closing(late.database):
        release.release(late, slow)

    assert len(said) == 1
    assert len(frozen(app)) == 1


def test_a_mistake_in_a_file_fails_with_its_line(app: App) -> None:
    """It was sound when it was planned, and was changed since."""
    plan(app)
    change(campaign_file(app), 'template = "digest"', 'templat = "digest"')

    (one,), said = begin(app)

    assert one.state == "failed"
    assert re.search(r"campaign\.toml:\d+ \(templat\): .*did you mean 'template'", one.why)
    assert "failed" in said[0]
    assert "\n" not in said[0]
    assert frozen(app) == []


def test_a_finding_that_blocks_fails_with_the_first_of_them(app: App) -> None:
    """Nobody is on the list that is named."""
    plan(app)
    change(campaign_file(app), '"supporters"', '"supportes"')

    (one,), _ = begin(app)

    assert one.state == "failed"
    assert "P1" in one.why
    assert "supportes" in one.why
    assert one.why.endswith(f"See: newsletter check {CAMPAIGN}")
    assert frozen(app) == []


def test_letters_without_a_transport_are_not_left_out_silently(app: App) -> None:
    """config.toml lost its [[mail]]; the snippet alone must not go out."""
    change(app.workspace.config, '[[mail]]\nname = "outbox-folder"\ntype = "folder"\npath = "out/sent"', "")
    plan(app)

    (one,), _ = begin(app)

    assert one.state == "failed"
    assert "[[mail]]" in one.why
    assert frozen(app) == []


def test_a_secret_that_is_not_set_is_noticed_before_anything_is_frozen(app: App) -> None:
    """The variable is named."""
    with app.workspace.config.open("a", encoding="utf-8") as file:
        file.write(
            '\n[[social]]\nname = "toots"\ntype = "mastodon"\nserver = "https://social.example"\n'
            'token = { env = "RIVER_TOKEN_THAT_IS_NOT_SET" }\n'
        )
    plan(app)

    (one,), _ = begin(app)

    assert one.state == "failed"
    assert "RIVER_TOKEN_THAT_IS_NOT_SET" in one.why
    assert frozen(app) == []


def test_a_key_that_cannot_sign_is_noticed_before_anything_is_frozen(app: App) -> None:
    """With the line of config.toml that names it."""
    (app.workspace.root / "rsa.pem").write_text("nothing of a key", encoding="utf-8")
    with app.workspace.config.open("a", encoding="utf-8") as file:
        file.write(
            '\n[dkim]\ndomain = "rivertrust.example"\nselector = "autumn"\nkey = { file = "rsa.pem" }\n'
        )
    plan(app)

    (one,), _ = begin(app)

    assert one.state == "failed"
    assert re.search(r"config\.toml:\d+ \(dkim\.key\): this is not a private key", one.why)
    assert frozen(app) == []


def test_trouble_with_the_machine_is_tried_again(app: App) -> None:
    """The folder cannot be written; a person mends it, and a minute later it works."""
    plan(app)
    app.workspace.out.write_text("a file where the folder should be")

    (one,), _ = begin(app)
    app.workspace.out.unlink()
    (again,), _ = begin(app, DUE + timedelta(minutes=2))

    assert (one.state, one.edition_id) == ("started", "")
    assert str(app.workspace.out) in one.why
    assert (again.state, again.why) == ("started", "")
    assert frozen(app) == [(again.edition_id, 26)]


def test_one_campaign_in_trouble_does_not_keep_back_another(app: App) -> None:
    """Both are due; one of them is broken."""
    shutil.copytree(app.workspace.campaigns / CAMPAIGN, app.workspace.campaigns / "winter")
    plan(app)
    plan(app, "winter")
    change(campaign_file(app), 'lists = ["supporters"]', "lists = 7")

    found, said = begin(app)

    assert {one.campaign: one.state for one in found} == {CAMPAIGN: "failed", "winter": "started"}
    assert len(said) == 2


def test_an_edition_and_its_occurrence_are_written_together_or_not_at_all(app: App) -> None:
    """The database refuses the second half: the first is undone, and it is tried again."""
    plan(app)
    with app.database.write() as connection:
        for statement in REFUSE[connection.dialect.name]:
            connection.execute(text(statement))

    with pytest.raises(DatabaseProblemError, match="refused by the test"):
        begin(app)

    assert frozen(app) == []
    with app.database.write() as connection:
        connection.execute(text(ALLOW[connection.dialect.name]))
    (one,), _ = begin(app, DUE + timedelta(minutes=2))
    assert frozen(app) == [(one.edition_id, 26)]


def test_a_missed_one_is_told_and_not_sent(app: App) -> None:
    """The machine was off until the evening."""
    plan(app)

    (one,), said = begin(app, DUE + timedelta(hours=10))

    assert one.state == "missed"
    assert f"missed: nothing was running then; send it now with: newsletter send {CAMPAIGN}" in said[0]
    assert frozen(app) == []
