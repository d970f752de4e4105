"""The lines above a post's text: YAML between ``---`` or TOML between ``+++``.

YAML is read without implicit typing: ``country: NO`` is the text "NO" and
``version: 1.10`` stays 1.10. TOML keeps its types and is turned into text.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from newsletter.errors import ContentError
from newsletter.tomlfile import TomlFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from newsletter.tomlfile import Loc

MAX_CHARACTERS: Final = 200_000
_FENCED = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^\1[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"\A(---|\+\+\+)[ \t]*\n")
_NULLS: Final = frozenset({"~", "null"})


@dataclass(frozen=True)
class FrontMatter:
    """A text file in its two parts."""

    values: Mapping[str, Any]
    """Key → text, list of these, or table of these."""
    body: str
    """Everything below."""
    where: Callable[[Loc], str]
    """The place of a key as ``path:line``; of an empty path, the file."""


def starts_with_front_matter(text: str) -> bool:
    """Return whether the first line opens front matter and a later line closes it."""
    return _FENCED.match(text) is not None


def split(text: str, path: str) -> FrontMatter:
    """Return the front matter and the body of a file; without front matter, no values.

    Raises:
        ContentError: the block is not closed, too long, or not YAML or TOML; with the line.
    """
    found = _FENCED.match(text)
    if found is None:
        if opened := _OPENED.match(text):
            message = f"the front matter that {opened[1]} opens is not closed by a line {opened[1]}"
            raise ContentError(message, where=f"{path}:1")
        return FrontMatter({}, text, lambda _loc: path)
    if len(found[2]) > MAX_CHARACTERS:
        raise ContentError("the front matter is too long", where=f"{path}:1")
    read = _read_yaml if found[1] == "---" else _read_toml
    # One line is the opening mark: with an empty first line the numbers are those of the file.
    values, where = read(f"\n{found[2]}", path)
    return FrontMatter(values, text[found.end() :].strip("\n"), where)


def _read_toml(text: str, path: str) -> tuple[Mapping[str, Any], Callable[[Loc], str]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        why, _, place = str(error).partition(" (at ")
        line = re.search(r"line (\d+)", place)
        where = f"{path}:{line[1] if line else text.count(chr(10))}"
        raise ContentError(f"the front matter is not valid TOML: {why}", where=where) from None
    return _as_text(tables), TomlFile(Path(path), text, tables).where


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def _read_yaml(text: str, path: str) -> tuple[Mapping[str, Any], Callable[[Loc], str]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        raise ContentError("the front matter is nested too deep", where=f"{path}:1") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        raise ContentError(f"the front matter is not valid YAML: {error.problem}", where=where) from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise ContentError(f"the front matter is not valid YAML: {reason}", where=path) from None
    if node is None:
        return {}, lambda _loc: path
    if not isinstance(node, yaml.MappingNode):
        raise ContentError("the front matter must be lines of the form key: value", where=f"{path}:2")
    tree = _YamlTree(path)
    values = tree.read(node, ())
    return values, tree.where


class _YamlTree:
    """YAML nodes as texts, lists and tables, and the line of each."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: dict[Loc, int] = {}
        self._seen: set[int] = set()

    def where(self, loc: Loc) -> str:
        for length in range(len(loc), 0, -1):
            if loc[:length] in self._lines:
                return f"{self._path}:{self._lines[loc[:length]]}"
        return self._path

    def read(self, node: yaml.Node, loc: Loc) -> Any:
        self._lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            empty = node.style is None and node.value in _NULLS
            return "" if empty else node.value
        if id(node) in self._seen:
            # Anchors can repeat a list without end.
            raise ContentError("anchors (&name, *name) cannot be used here", where=self.where(loc))
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._table(node, loc)
        return [self.read(inner, (*loc, index)) for index, inner in enumerate(node.value)]

    def _table(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key_node, value in node.value:
            key = str(key_node.value)
            place = f"{self._path}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise ContentError("a key must be a word", where=place)
            if key in table:
                raise ContentError(f"the key {key!r} is written twice", where=place)
            self._lines[*loc, key] = key_node.start_mark.line + 1
            table[key] = self.read(value, (*loc, key))
        return table
