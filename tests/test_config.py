"""config.toml as staff write it, right and wrong."""

from pathlib import Path

import pytest

from newsletter import config
from newsletter.errors import ConfigError
from newsletter.workspace import Workspace, starter

GOOD = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
"""


def load(tmp_path: Path, text: str) -> config.LoadedConfig:
    """Write and load a config.toml."""
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    return config.load(Workspace(tmp_path))


def test_the_shipped_example_is_valid(tmp_path: Path) -> None:
    """What newsletter init copies can be used at once."""
    loaded = load(tmp_path, (starter() / "config.example.toml").read_text(encoding="utf-8"))

    assert loaded.config.organisation.name == "River Trust"
    assert [table["type"] for table in loaded.config.mail] == ["folder"]


def test_five_lines_are_enough(tmp_path: Path) -> None:
    """Everything else has a default."""
    loaded = load(tmp_path, GOOD)

    assert loaded.config.sending.window == 10
    assert loaded.config.database.url == "sqlite:///newsletter.db"


def test_the_database_address_may_be_kept_out_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds a password on most servers; until it is needed it is not even looked for."""
    database = load(tmp_path, GOOD + '\n[database]\nurl = { env = "RIVER_DATABASE" }\n').config.database
    with pytest.raises(ConfigError, match=r"\(database\.url\): the environment variable RIVER_DATABASE"):
        database.address()
    monkeypatch.setenv("RIVER_DATABASE", "postgresql://asha:hush@db.example/news")

    assert database.address() == "postgresql://asha:hush@db.example/news"
    assert "hush" not in repr(database)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ('timezone = "Europe/Lundon"', "(organisation.timezone): 'Europe/Lundon' is not a time zone"),
        ('website = "ftp://x"', "(organisation.website): 'ftp://x' must start with https://"),
        ('[brand]\naccent = "green"', "(brand.accent): 'green' must be a colour like '#0b6e4f'"),
        ('language = "english language"', "(organisation.language): 'english language' is not a language"),
        ('reply_to = "a@b.example, c@d.example"', "(organisation.reply_to): write one address"),
        ("[sending]\ngive_up_after_h = 0", "(sending.give_up_after_h): 0 must be more than 0 hours"),
        ("[database]\nurl = 5", "(database.url): 5 does not fit: input should be a valid string"),
        ("[sending]\nwindow = 0", "(sending.window): 0 must be between 1 and 50"),
        ('[[mail]]\ntype = "smtp"', "(mail): every [[mail]] needs a 'name'"),
        (
            '[[mail]]\nname = "a"\ntype = "smtp"\n[[social]]\nname = "a"\ntype = "folder"',
            "(social.name): two channels are called 'a'",
        ),
        (
            "[[limit]]\nper_day = 5",
            "(limit): every [[limit]] needs one of 'sender_domain' and 'recipient_domain'",
        ),
        (
            '[[limit]]\nsender_domain = "a.example"\nrecipient_domain = "b.example"\nper_day = 5',
            "(limit): every [[limit]] needs one of",
        ),
        (
            '[[limit]]\nrecipient_domain = "me@a.example"\nper_day = 5',
            "(limit.recipient_domain): 'me@a.example' is not a domain; write one like 'example.org'",
        ),
        (
            (
                '[[limit]]\nrecipient_domain = "a.example"\nper_day = 5\n'
                '[[limit]]\nrecipient_domain = "A.example"\nper_second = 5'
            ),
            "(limit.recipient_domain): there is a [[limit]] for 'A.example' already; put both into one",
        ),
        ('[[limit]]\nsender_domain = "a.example"\nper_day = -1', "(limit.per_day): -1 must not be below 0"),
        (
            '[[limit]]\nsender_domain = "a.example"\nwarm_up = [50, 0]',
            "(limit.warm_up): every day of warm_up must be more than 0",
        ),
        ('[[limit]]\nsender_domain = "a.example"', "(limit): this [[limit]] limits nothing; give it one of"),
        ('[[limit]]\nsender_domain = "a.example"\nper_hour = 5', "there is no setting called 'per_hour'"),
        ('[call_to_action]\nquestion = "?"\nbutton = "Go"', "there is no setting called 'button'"),
    ],
)
def test_a_wrong_value_names_line_and_key(tmp_path: Path, extra: str, message: str) -> None:
    """One sentence each, pointing at the line."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{GOOD}{extra}\n")

    assert message in str(caught.value)
    assert f"{tmp_path}/config.toml:" in str(caught.value)


def test_a_slash_at_the_end_of_an_address_makes_no_double_slash(tmp_path: Path) -> None:
    """Links are made by adding to it."""
    text = GOOD.replace("https://news.rivertrust.example", "https://news.rivertrust.example/")

    assert load(tmp_path, text).config.organisation.public_url == "https://news.rivertrust.example"


def test_two_mistakes_are_told_in_one_go(tmp_path: Path) -> None:
    """Nobody likes to fix a file five times."""
    text = GOOD.replace("https://news", "news").replace("<news@rivertrust.example>", "")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)

    assert len(str(caught.value).splitlines()) == 2
