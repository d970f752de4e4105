"""What every transport promises, asked of every file in newsletter/mail/ by itself."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import socket
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from newsletter import adapters, mail, tomlfile
from newsletter.errors import DeliveryError, RefusedSenderError, TransientError
from newsletter.mail.base import MailTransport
from newsletter.secret import Secret

PLANTED = "planted-secret-77"
KINDS = adapters.known(mail)
LEAST = {Secret: {"env": "PLANTED"}, Path: "out", str: "127.0.0.1", int: 1}
"""Setting's type → a value that most adapters take."""


def transport_of(kind: str, folder: Path, **settings: Any) -> MailTransport:
    """Return a transport of this type with only the settings it must have, checked like a user's file."""
    shape = adapters.adapter_class(mail, kind)
    hints = get_type_hints(shape)
    table: dict[str, Any] = {
        field.name: LEAST[hints[field.name]]
        for field in dataclasses.fields(shape)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    path = folder / "config.toml"
    path.write_text("", encoding="utf-8")
    made: MailTransport = tomlfile.check(shape, tomlfile.read(path), table | settings)
    return made


def explained_in(shape: type) -> set[str]:
    """Return the fields of a class that have words below their line."""
    tree = ast.parse(inspect.getsource(shape)).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {
        statement.target.id
        for statement, below in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
    }


@pytest.fixture(params=KINDS)
def transport(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MailTransport:
    """Return one transport of each type in turn."""
    monkeypatch.setenv("PLANTED", PLANTED)
    monkeypatch.chdir(tmp_path)
    return transport_of(request.param, tmp_path)


def test_the_embedded_default_and_smtp_are_there() -> None:
    """The starter workspace and the documents name them."""
    assert {"folder", "smtp"} <= set(KINDS)


def test_the_file_and_the_class_say_what_they_are_for(transport: MailTransport) -> None:
    """The settings page is made of it."""
    module, kind = inspect.getmodule(type(transport)), type(transport)

    assert module is not None
    assert module.__doc__
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


def test_every_setting_is_explained_below_its_line(transport: MailTransport) -> None:
    """A field without words is a setting nobody can use."""
    kind = type(transport)
    explained = explained_in(kind) | explained_in(MailTransport)

    assert {field.name for field in dataclasses.fields(kind)} <= explained


def test_it_is_a_value_and_holds_no_state(transport: MailTransport) -> None:
    """Sessions hold it."""
    assert dataclasses.is_dataclass(transport)
    with pytest.raises(dataclasses.FrozenInstanceError):
        transport.name = "other"  # type: ignore[misc]


def test_no_secret_is_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings end up in logs and tracebacks."""
    monkeypatch.setenv("PLANTED", PLANTED)
    for kind in KINDS:
        shape = adapters.adapter_class(mail, kind)
        secrets = [name for name, hint in get_type_hints(shape).items() if "Secret" in str(hint)]
        settings = {name: {"env": "PLANTED"} for name in secrets}
        if "username" in {field.name for field in dataclasses.fields(shape)} and secrets:
            settings["username"] = "news"  # type: ignore[assignment]
        assert PLANTED not in repr(transport_of(kind, tmp_path, **settings))


def test_a_service_that_cannot_be_used_says_so_in_one_of_two_ways(
    transport: MailTransport, tmp_path: Path
) -> None:
    """Later, or a person is needed; never another kind of error, never without a reason.

    A mail server says so when a session is opened. The API of a service has no
    connection, so there it is `check` that asks; a session only reads the secret.
    """
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    closed: dict[str, Any] = {"port": port, "url": f"http://127.0.0.1:{port}"}
    settings = {field.name for field in dataclasses.fields(transport)}
    transport = dataclasses.replace(transport, **{name: closed[name] for name in settings & set(closed)})

    with pytest.raises(DeliveryError) as caught:
        transport.check()
    assert isinstance(caught.value, (TransientError, RefusedSenderError))
    assert caught.value.why
    assert caught.value.where


def test_a_session_with_an_api_asks_nothing_before_the_first_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lanes start at once; the tests' network ends at this machine, so a question would fail here."""
    monkeypatch.setenv("PLANTED", PLANTED)
    transports = [transport_of(kind, tmp_path) for kind in KINDS]
    apis = [one for one in transports if getattr(one, "url", "").startswith("https://")]

    for api in apis:
        api.connect().close()

    assert len(apis) >= 2
