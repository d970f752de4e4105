"""The template environment: what a template may use, where templates are found, how their mistakes read."""

from __future__ import annotations

import re
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    select_autoescape,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from newsletter import workspace
from newsletter.editions import colours, content, lines, plain, words
from newsletter.editions.merge import fallback
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from newsletter.editions.merge import MergeTags

FILTERS: Final = re.findall(
    r"\w+",
    """
    abs batch capitalize count d default e escape first float forceescape indent int join last length list
    lower map max min reject rejectattr replace reverse round safe select selectattr slice sort string
    striptags sum title trim truncate unique upper urlencode wordcount
    """,
)
"""Filters of Jinja that templates may use, beside our own."""


def environment(folders: Sequence[Path], tags: MergeTags, *, language: str = "en") -> SandboxedEnvironment:
    """Return the environment that renders a letter's templates.

    A template is looked for in ``folders``, in their order, then among the
    built-in ones; ``builtin/digest.html.j2`` always names the built-in one.

    Args:
        folders: the workspace's templates; a folder need not exist.
        tags: what ``merge`` is in the templates.
        language: BCP 47, the language of the templates' own words.
    """
    builtin = FileSystemLoader(_builtin())
    made = _sandbox(
        loader=ChoiceLoader([FileSystemLoader(folders), builtin, PrefixLoader({"builtin": builtin})]),
        autoescape=select_autoescape(("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = words.words([*folders, _builtin()], language)
    made.globals |= {"merge": tags, "words": own, "palette": colours.LIGHT, "palette_dark": colours.DARK}
    made.filters |= {
        "content": content.mail_html,
        "shown": content.shown,
        "plain": partial(plain.plain_text, picture=own.picture),
        "picture": partial(plain.picture_line, picture=own.picture),
        "wrap": lines.wrap,
        "underline": lines.underline,
    }
    return made


def template_names(folders: Sequence[Path]) -> list[str]:
    """Return the names that ``template = "…"`` may say: the workspace's and the built-in ones."""
    found = {path for folder in (*folders, _builtin()) for path in folder.glob("*.html.j2")}
    return sorted({path.name.removesuffix(".html.j2") for path in found})


def render_template(
    shared: SandboxedEnvironment, name: str, context: Mapping[str, object], folders: Sequence[Path]
) -> tuple[str, str]:
    """Return what a template prints, and the path of its file.

    Raises:
        ContentError: there is no such template, or it is wrong; with ``path:line``.
    """
    stem, _, ending = name.partition(".")
    if stem not in template_names(folders) and not stem.startswith("builtin/"):
        known = ", ".join(template_names(folders))
        raise ContentError(f"there is no template {stem!r}; known: {known}", where="template")
    try:
        template = shared.get_template(name)
        return template.render(context), str(template.filename)
    except TemplateNotFound as error:
        if error.name == name:
            raise ContentError(f"the template {stem!r} lacks its twin {stem}.{ending}", where=name) from None
        raise mistake(error, name) from None
    except Exception as error:  # noqa: BLE001 - a template is a program of staff's own; anything may go wrong in it
        raise mistake(error, name) from None


def render_line(source: str, tags: MergeTags, *, where: str) -> str:
    """Return words of campaign.toml (subject, preheader, note) with merge tags turned into tokens.

    Raises:
        ContentError: the words are not a sound template, or a tag lacks its fallback; at ``where``.
    """
    sandbox = _sandbox(autoescape=False)
    try:
        rendered = sandbox.from_string(source).render(merge=tags)
    except Exception as error:  # noqa: BLE001 - the line is a program of staff's own; anything may go wrong in it
        raise ContentError(_sentence(error), where=where) from None
    tags.refuse_holes(rendered, where=where)
    return rendered


def _builtin() -> Path:
    return workspace.starter() / "templates"


def _sandbox(**settings: Any) -> SandboxedEnvironment:
    """Return an environment with the allowed filters, ``range`` and ``dict``, and nothing else of Jinja's."""
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, **settings)
    made.globals = {"range": made.globals["range"]}
    made.filters = {name: made.filters[name] for name in FILTERS} | {"fallback": fallback}
    return made


def mistake(error: Exception, name: str) -> ContentError:
    """Return what went wrong in the template ``name``, with the place in its file, in plain words."""
    if isinstance(error, TemplateSyntaxError):
        return ContentError(_sentence(error), where=f"{error.filename or name}:{error.lineno}")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else name
    return ContentError(_sentence(error), where=where)


def _sentence(error: Exception) -> str:
    """Say what went wrong in a template in plain words."""
    match error:
        case ContentError():
            return error.why
        case TemplateNotFound():
            return f"there is no template file {error.name!r}"
        case TemplateSyntaxError():
            return f"this is not a sound template: {error.message}"
        case UndefinedError():
            return _undefined(str(error.message))
        case SecurityError():
            return f"templates may not do this: {error}"
        case _:
            return f"this cannot be rendered: {error}"


def _undefined(message: str) -> str:
    if missing := re.fullmatch(r"'(?:[\w.]*\.)?(\w+) object' has no attribute '(\w+)'", message):
        return f"a {missing[1]} has nothing called {missing[2]!r}"
    if missing := re.fullmatch(r"'(\w+)' is undefined", message):
        return f"there is nothing called {missing[1]!r} here"
    return f"this cannot be rendered: {message}"
