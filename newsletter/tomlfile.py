"""TOML files that people write: read once, every mistake reported at once, with its line.

The shape of a file is a frozen dataclass that derives from `Table`; pydantic
checks the values, this module turns its findings into sentences.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args, get_type_hints

from newsletter.errors import ConfigError, Problem
from newsletter.secret import KINDS, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Loc = tuple[str | int, ...]
T = TypeVar("T")
_OR_TEXT, _OR_SECRET = "constrained-str", "is-instance[Secret]"
"""What pydantic adds to the path of a setting that is ``str | Secret``; it then complains about both."""


class Table:
    """Base of every dataclass that a TOML table is checked against."""

    __pydantic_config__: ClassVar[dict[str, object]] = {
        "extra": "forbid",
        "arbitrary_types_allowed": True,
        "str_strip_whitespace": True,
    }


@dataclass(frozen=True)
class TomlFile:
    """One file as read: its path, its text and its tables."""

    path: Path
    """Where it was read."""
    text: str
    """The file's text, for line numbers."""
    tables: Mapping[str, Any]
    """What tomllib made of it."""

    def where(self, loc: Loc = ()) -> str:
        """Return ``path:line (key)`` of a setting, or of the nearest table around it."""
        key = ".".join(str(part) for part in loc if isinstance(part, str))
        line = _line_of(self.text, loc)
        place = f"{self.path}:{line}" if line else str(self.path)
        return f"{place} ({key})" if key else place


def read(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises:
        ConfigError: the file is missing, not UTF-8, or not TOML; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("there is no such file", where=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("the file is not UTF-8 text; save it as UTF-8", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        why, _, place = str(error).partition(" (at ")
        line = re.search(r"line (\d+)", place)
        where = f"{path}:{line[1] if line else text.count(chr(10)) + 1}"
        raise ConfigError(f"this is not valid TOML: {why}", where=where) from None


def check(shape: type[T], file: TomlFile, table: Mapping[str, Any], at: Loc = ()) -> T:
    """Return ``table`` as an instance of the dataclass ``shape``.

    ``at`` is the place of the table inside the file. Tables of the form
    ``{ env = "X" }`` or ``{ file = "x" }`` become a `Secret`.

    Raises:
        ConfigError: with one `Problem` for every mistake in the table.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(shape).validate_python(_with_secrets(table, file, at))
    except ValidationError as error:
        problems = [
            Problem(_sentence(found, shape), file.where((*at, *_readable(found["loc"]))))
            for found in error.errors(include_url=False)
            if found["loc"][-1:] != (_OR_SECRET,)
        ]
        raise ConfigError("", problems=problems) from None


def _with_secrets(value: Any, file: TomlFile, loc: Loc) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and (kind := next(iter(value))) in KINDS and isinstance(value[kind], str):
            return Secret(kind, value[kind], where=file.where(loc), folder=file.path.parent)
        return {key: _with_secrets(inner, file, (*loc, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_secrets(inner, file, (*loc, index)) for index, inner in enumerate(value)]
    return value


def _readable(loc: tuple[str | int, ...]) -> Loc:
    """Drop what pydantic adds to a path for unions: ``function-after[...]`` and type names."""
    named = (part for part in loc if part != _OR_TEXT)
    return tuple(part for part in named if isinstance(part, int) or re.fullmatch(r"[a-z0-9_-]+", part))


def _sentence(found: Mapping[str, Any], shape: type) -> str:
    """Say one pydantic finding in plain words."""
    key = str(found["loc"][-1]) if found["loc"] else ""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "unexpected_keyword_argument":
        return f"there is no setting called {key!r}{_suggestion(key, _keys_at(shape, found['loc']))}"
    if kind in {"missing", "missing_argument"}:
        return f"the setting {key!r} is missing"
    if kind == "is_instance_of" and context.get("class") == "Secret":
        return 'a secret is not written here; say { env = "NAME" } or { file = "path" }'
    if kind == "literal_error":
        return f"{found['input']!r} is not one of {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    message = str(found["msg"])
    return f"{found['input']!r} does not fit: {message[0].lower()}{message[1:]}"


def _suggestion(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; allowed: {', '.join(known)}"


def _keys_at(shape: Any, loc: Loc) -> list[str]:
    """Return the settings that the table around ``loc`` may have."""
    for part in loc[:-1]:
        if isinstance(part, str) and is_dataclass(shape):
            shape = get_type_hints(shape).get(part)
        shape = _dataclass_inside(shape)
    return [field.name for field in fields(shape)] if is_dataclass(shape) else []


def _dataclass_inside(hint: Any) -> Any:
    """Return the dataclass named in ``X``, ``X | None``, ``tuple[X, ...]`` or ``dict[str, X]``."""
    if is_dataclass(hint):
        return hint
    return next((found for arg in get_args(hint) if (found := _dataclass_inside(arg))), None)


def _line_of(text: str, loc: Loc) -> int:
    """Return the line of the deepest part of ``loc`` that stands in the text; 0 when none does."""
    places = dict(_places(text))
    for length in range(len(loc), 0, -1):
        if loc[:length] in places:
            return places[loc[:length]]
    return 0


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]+"|'[^']+'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]+"|[A-Za-z0-9_-]+))*)\s*=""")


def _places(text: str) -> Iterator[tuple[Loc, int]]:
    """Yield the path and line of every table header and key, in the order of the text."""
    table: Loc = ()
    counts: dict[Loc, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _split(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_split(key[1])), number


def _split(dotted: str) -> Loc:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
