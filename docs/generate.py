"""Write the pages of docs/reference/ from the program itself, and the pictures of docs/images/.

``make docs`` runs it; a test runs it with ``--check`` and fails when a page is out of date.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import sys
import typing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter import adapters, config, mail, social
from newsletter.campaigns import campaign
from newsletter.checks import preflight
from newsletter.cli import entry
from newsletter.cli.main import COMMANDS, main
from newsletter.mail.base import MailTransport
from newsletter.social.base import SocialNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

REFERENCE = Path(__file__).parent / "reference"
SECRETS = """Secrets are named, not written: `token = { env = "NAME" }` or `{ file = "path" }`.
"""
NOTICE = "<!-- Written by docs/generate.py; change the program, then run: make docs -->\n"


def commands_page() -> str:
    """Return every command's own help."""
    parts = [NOTICE, "# Commands\n", block(help_of(main, "newsletter"))]
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        parts += [f"\n## newsletter {name}\n", block(help_of(command, f"newsletter {name}"))]
        if isinstance(command, click.Group):
            for inner in sorted(command.commands):
                title = f"newsletter {name} {inner}"
                parts += [f"\n### {title}\n", block(help_of(command.commands[inner], title))]
    return "".join(parts)


def help_of(command: click.Command, name: str, *, width: int = 90) -> str:
    """Return what ``--help`` prints at a width."""
    settings = {**main.context_settings, "max_content_width": width, "terminal_width": width}
    with click.Context(command, info_name=name, **settings) as context:
        return command.get_help(context)


def block(text: str) -> str:
    """Return a fenced block."""
    return f"\n```text\n{text}\n```\n"


def settings_page() -> str:
    """Return every key of config.toml."""
    settings = tables(config.Config, "", skip=("mail", "social"))
    transports = adapter_tables(mail, MailTransport, "[[mail]]")
    networks = adapter_tables(social, SocialNetwork, "[[social]]")
    return "".join([NOTICE, "# config.toml\n\n", SECRETS, *settings, *transports, *networks])


def adapter_tables(package: ModuleType, base: type[Any], title: str) -> Iterator[str]:
    """Yield a section for the settings that every type has, and one for each type's own."""
    common = tuple(field.name for field in dataclasses.fields(base))
    yield f"\n## {title} of every type\n\n{summary(base)}\n\n"
    yield from rows(base, skip=())
    for name in adapters.known(package):
        shape = adapters.adapter_class(package, name)
        yield f'\n## {title} type = "{name}"\n\n{summary(shape)}\n\n'
        yield from rows(shape, skip=common)


def campaign_page() -> str:
    """Return every key of campaign.toml."""
    return "".join([NOTICE, "# campaign.toml\n", *tables(campaign.Campaign, "", skip=("name",))])


def checks_page() -> str:
    """Return every rule of newsletter check."""
    parts = [NOTICE, "# Checks\n\nAn error stops `newsletter send`; a warning does not.\n\n"]
    parts.append("| id | severity | what goes wrong | what to do | source |\n|---|---|---|---|---|\n")
    for rule in sorted(preflight.rules(), key=lambda rule: rule.id):
        words = map(cell, (rule.id, rule.severity, rule.why, rule.mend, rule.source))
        parts.append(f"| {' | '.join(words)} |\n")
    return "".join(parts)


def tables(shape: type[Any], name: str, skip: tuple[str, ...] = (), brackets: str = "[{}]") -> Iterator[str]:
    """Yield a section for a dataclass and one for each dataclass inside it."""
    title = brackets.format(name) if name else "At the top"
    inner = dict(inner_tables(shape))
    if any(field.name not in {*inner, *skip} for field in dataclasses.fields(shape)):
        yield f"\n## {title}\n\n{summary(shape)}\n\n"
        yield from rows(shape, skip=(*skip, *inner))
    for field, (table, inner_brackets) in inner.items():
        yield from tables(table, f"{name}.{field}" if name else field, brackets=inner_brackets)


def inner_tables(shape: type[Any]) -> Iterator[tuple[str, tuple[type[Any], str]]]:
    """Yield the fields that are tables of their own, each with the brackets that such a table has."""
    for name, hint in typing.get_type_hints(shape).items():
        choices = [hint, *typing.get_args(hint)]
        found = next((choice for choice in choices if dataclasses.is_dataclass(choice)), None)
        if isinstance(found, type):
            yield name, (found, "[[{}]]" if typing.get_origin(hint) is tuple else "[{}]")


def rows(shape: type[Any], skip: tuple[str, ...]) -> Iterator[str]:
    """Yield a table of the fields: key, type, default, meaning."""
    meanings, hints = field_docstrings(shape), typing.get_type_hints(shape)
    yield "| key | value | default | meaning |\n|---|---|---|---|\n"
    for field in dataclasses.fields(shape):
        if field.name not in skip:
            value, meaning = cell(kind(hints[field.name])), cell(meanings.get(field.name, ""))
            yield f"| `{field.name}` | {value} | {default(field)} | {meaning} |\n"


def field_docstrings(shape: type[Any]) -> dict[str, str]:
    """Return the sentence under every field, those of base classes included."""
    found: dict[str, str] = {}
    for base in reversed(shape.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        body = next(n for n in ast.parse(inspect.getsource(base)).body if isinstance(n, ast.ClassDef)).body
        for node, after in pairwise(body):
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and isinstance(after, ast.Expr)
            ):
                found[node.target.id] = str(ast.literal_eval(after.value))
    return found


def kind(hint: Any) -> str:
    """Return a type in words."""
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(hint) if choice)
    words = {str: "text", int: "number", float: "number", bool: "true or false", Path: "path"}
    arguments = [argument for argument in typing.get_args(hint) if argument not in {type(None), Ellipsis}]
    if hint in words:
        return words[hint]
    if typing.get_origin(hint) is tuple:
        return f"list of {kind(arguments[0])}s" if arguments[0] in words else "tables"
    if typing.get_origin(hint) is dict:
        return "table of texts"
    if arguments:
        return " or ".join(kind(argument) for argument in arguments)
    return getattr(hint, "__name__", str(hint)).lower()


def default(field: dataclasses.Field[Any]) -> str:
    """Return the default as it would stand in the file."""
    if field.default is not dataclasses.MISSING:
        return (
            ""
            if field.default in ("", None, ())
            else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        )
    return "" if field.default_factory is not dataclasses.MISSING else "required"


def summary(shape: type[Any]) -> str:
    """Return the first line of the docstring."""
    return cell((inspect.getdoc(shape) or "").partition("\n")[0])


def cell(text: str) -> str:
    """Return text that a Markdown table can hold."""
    return " ".join(text.replace("|", "\\|").replace("``", "`").split())


PAGES = {
    "commands.md": commands_page,
    "config.md": settings_page,
    "campaign.md": campaign_page,
    "checks.md": checks_page,
}


def help_page() -> str:
    """Return the page that ``newsletter --help`` prints."""
    return f"{help_of(main, 'newsletter', width=80)}\n"


def generate(*, check: bool) -> list[str]:
    """Write the pages that differ, or only name them."""
    stale = []
    pages = {REFERENCE / name: page for name, page in PAGES.items()} | {Path(entry.HELP_PAGE): help_page}
    for path, page in pages.items():
        text = page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    checking = "--check" in sys.argv
    found = generate(check=checking)
    print(
        f"out of date: {', '.join(found)}"
        if checking and found
        else f"pages written: {', '.join(found) or 'none'}"
    )
    if not checking:
        importlib.import_module("pictures").draw(Path(__file__).parent / "images")
    sys.exit(checking and bool(found))
