"""A table of config.toml becomes its adapter: the file's name is the type."""

from pathlib import Path

import pytest

from newsletter import adapters, config, mail, social
from newsletter.errors import ConfigError
from newsletter.workspace import Workspace

BASE = """\
[organisation]
name = "River Trust"
sender = "River Trust <news@rivertrust.example>"
postal_address = "1 Quay Street, Bristol"
public_url = "https://news.rivertrust.example"
"""


def loaded(tmp_path: Path, extra: str) -> config.LoadedConfig:
    """Write and load a config.toml with one channel."""
    (tmp_path / "config.toml").write_text(BASE + extra, encoding="utf-8")
    return config.load(Workspace(tmp_path))


def test_a_relative_path_starts_at_the_workspace(tmp_path: Path) -> None:
    """Wherever the command runs."""
    found = adapters.transports(
        loaded(tmp_path, '[[mail]]\nname = "a"\ntype = "folder"\npath = "out/sent"\n')
    )

    assert vars(found[0])["path"] == tmp_path / "out" / "sent"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            '[[mail]]\nname = "a"\ntype = "smpt"',
            "config.toml:8 (mail.type): there is no type 'smpt'; did you mean 'smtp'?",
        ),
        ('[[mail]]\nname = "a"\ntype = "base"', "there is no type 'base'"),
        ('[[mail]]\nname = "a"\ntype = "../smtp"', "there is no type '../smtp'"),
        (
            '[[mail]]\nname = "a"\ntype = "smtp"\nhots = "x"',
            "config.toml:9 (mail.hots): there is no setting called 'hots'; did you mean 'host'?",
        ),
    ],
)
def test_an_unknown_type_or_setting_names_its_line(tmp_path: Path, extra: str, message: str) -> None:
    """With the nearest known one."""
    with pytest.raises(ConfigError) as caught:
        adapters.transports(loaded(tmp_path, extra))

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("package", "kind"),
    [(mail, kind) for kind in adapters.known(mail)] + [(social, kind) for kind in adapters.known(social)],
)
def test_every_file_of_a_folder_defines_one_adapter(package: object, kind: str) -> None:
    """No list to edit: a file is an adapter."""
    found = adapters.adapter_class(mail if package is mail else social, kind)

    assert found.__doc__
