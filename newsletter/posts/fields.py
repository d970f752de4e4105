"""The keys of a post's front matter: read with every mistake named, and written readable."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import yaml

from newsletter.errors import Problem
from newsletter.model import CallToAction, Image, Post, RelatedPost
from newsletter.posts.dates import parse_date
from newsletter.posts.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsletter.posts.front_matter import FrontMatter
    from newsletter.tomlfile import Loc

KEYS: Final = (
    "title", "author", "date", "link", "excerpt", "language", "tags", "call_to_action", "images", "related",
)  # fmt: skip
"""Every key a post may have, in the order they are written."""
_IMAGE_KEYS: Final = ("file", "alt", "caption", "credit", "url", "width", "height")
_RELATED_KEYS: Final = ("title", "summary", "url")
_ASK_KEYS: Final = ("question", "label", "url")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ASK_WEB = re.compile(r"https?://[^\s/]|mailto:\S|tel:\S", re.IGNORECASE)


def read_fields(front: FrontMatter, slug: str) -> tuple[Post, list[Problem]]:
    """Return the post that the front matter states, and every mistake in it."""
    fields = _Fields(front)
    fields.only(front.values, KEYS, ())
    if not fields.text("title") and not fields.problems:
        fields.problems.append(Problem("the title is missing; add a line title: …", front.where(("title",))))
    post = Post(
        slug=slug,
        title=fields.text("title"),
        body=front.body.strip(),
        excerpt=fields.text("excerpt"),
        author=fields.text("author"),
        published_at=fields.day("date"),
        images=tuple(fields.image(*entry) for entry in fields.tables("images", _IMAGE_KEYS)),
        link=fields.address(("link",), front.values),
        tags=fields.tags(),
        language=fields.language(),
        call_to_action=fields.ask(),
        related=tuple(fields.related(*entry) for entry in fields.tables("related", _RELATED_KEYS)),
    )
    # A value that is asked for twice would be complained about twice.
    return post, list(dict.fromkeys(fields.problems))


def write_fields(post: Post) -> str:
    """Return the YAML of a post's front matter: readable, empty keys left out, dates ISO 8601."""
    ask = post.call_to_action
    values: dict[str, Any] = {
        "title": post.title,
        "author": post.author,
        "date": post.published_at,
        "link": post.link,
        "excerpt": post.excerpt,
        "language": post.language,
        "tags": list(post.tags),
        "call_to_action": _table(ask, _ASK_KEYS) if ask else None,
        "images": [_table(image, _IMAGE_KEYS) for image in post.images],
        "related": [_table(story, _RELATED_KEYS) for story in post.related],
    }
    written = {key: values[key] for key in KEYS if values[key]}
    return yaml.dump(
        written, Dumper=_Writer, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )


def _table(noun: CallToAction | Image | RelatedPost, keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key in keys if (value := getattr(noun, key))}


class _Fields:
    """Reads one value after the other and keeps what is wrong."""

    def __init__(self, front: FrontMatter) -> None:
        self.problems: list[Problem] = []
        self._values = front.values
        self._where = front.where

    def only(self, table: Mapping[str, Any], allowed: Sequence[str], loc: Loc) -> None:
        """Complain about keys that a table may not have."""
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key.lower(), allowed, n=1, cutoff=0.5)
                hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"
                self._complain(f"there is no key {key!r}; {hint}", (*loc, key))

    def text(self, key: str, table: Mapping[str, Any] | None = None, loc: Loc = ()) -> str:
        """Return one line of text."""
        value = (self._values if table is None else table).get(key, "")
        if isinstance(value, str):
            return one_line(value)
        self._complain(f"{key} must be text", (*loc, key))
        return ""

    def day(self, key: str) -> date | datetime | None:
        """Return a date or a moment."""
        said = self.text(key)
        found = parse_date(said)
        if said and found is None:
            self._complain(f"{said!r} is not a date; write 2026-03-05 or 2026-03-05T10:00:00Z", (key,))
        return found

    def address(self, loc: Loc, table: Mapping[str, Any], form: re.Pattern[str] = _WEB) -> str:
        """Return a web address."""
        said = self.text(str(loc[-1]), table, loc[:-1])
        if said and not form.match(said):
            self._complain(f"{said!r} is not a whole web address; it starts with https://", loc)
        return said

    def language(self) -> str:
        """Return a language tag."""
        said = self.text("language")
        if said and not _LANGUAGE.fullmatch(said):
            self._complain(f"{said!r} is not a language; write en, es, pt-BR …", ("language",))
        return said

    def tags(self) -> tuple[str, ...]:
        """Return topics, from a list or from words between commas."""
        value = self._values.get("tags", "")
        found = value.split(",") if isinstance(value, str) else value
        if isinstance(found, list) and all(isinstance(tag, str) for tag in found):
            return tuple(dict.fromkeys(tag for said in found if (tag := one_line(said))))
        self._complain("tags must be a list of words", ("tags",))
        return ()

    def ask(self) -> CallToAction | None:
        """Return the call to action, from a table or from the question alone."""
        value = self._values.get("call_to_action", "")
        if isinstance(value, str):
            return CallToAction(one_line(value)) if value.strip() else None
        loc: Loc = ("call_to_action",)
        if not isinstance(value, dict):
            self._complain("call_to_action must have the keys question, label and url", loc)
            return None
        self.only(value, _ASK_KEYS, loc)
        question = self.text("question", value, loc)
        if not question:
            self._complain("the call to action has no question", loc)
        return CallToAction(
            question, self.text("label", value, loc), self.address((*loc, "url"), value, _ASK_WEB)
        )

    def tables(self, key: str, allowed: Sequence[str]) -> list[tuple[Mapping[str, Any], Loc]]:
        """Return a list of tables with their places."""
        value = self._values.get(key) or []
        if not isinstance(value, list):
            self._complain(f"{key} must be a list", (key,))
            return []
        found: list[tuple[Mapping[str, Any], Loc]] = []
        for index, entry in enumerate(value):
            if isinstance(entry, dict):
                self.only(entry, allowed, (key, index))
                found.append((entry, (key, index)))
            else:
                self._complain(f"an entry of {key} must have keys: {', '.join(allowed)}", (key, index))
        return found

    def image(self, table: Mapping[str, Any], loc: Loc) -> Image:
        """Return one picture."""
        file = self.text("file", table, loc)
        if file in {".", ".."} or "/" in file or "\\" in file:
            self._complain(f"the picture {file!r} must lie in the post's own folder", (*loc, "file"))
            file = ""
        return Image(
            alt=self.text("alt", table, loc),
            file=file,
            url=self.address((*loc, "url"), table),
            caption=self.text("caption", table, loc),
            credit=self.text("credit", table, loc),
            width=self._pixels("width", table, loc),
            height=self._pixels("height", table, loc),
        )

    def related(self, table: Mapping[str, Any], loc: Loc) -> RelatedPost:
        """Return one pointer to another story."""
        title = self.text("title", table, loc)
        if not title:
            self._complain("a related story has no title", loc)
        return RelatedPost(title, self.text("summary", table, loc), self.address((*loc, "url"), table))

    def _pixels(self, key: str, table: Mapping[str, Any], loc: Loc) -> int | None:
        said = self.text(key, table, loc)
        if not said:
            return None
        if re.fullmatch(r"[1-9]\d{0,5}", said):
            return int(said)
        self._complain(f"{key} must be a number of pixels", (*loc, key))
        return None

    def _complain(self, why: str, loc: Loc) -> None:
        self.problems.append(Problem(why, self._where(loc)))


class _Writer(yaml.SafeDumper):
    """Writes lists indented, moments in ISO 8601, and no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - overridden
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - overridden
        return True


def _write_moment(writer: _Writer, moment: datetime) -> yaml.ScalarNode:
    said = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return writer.represent_scalar("tag:yaml.org,2002:timestamp", said)


_Writer.add_representer(datetime, _write_moment)
