"""How a story ends on its page: the closing question, and what stands under "Related Posts"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from newsletter.model import CallToAction, RelatedPost
from newsletter.posts.body import parser
from newsletter.posts.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_RELATED = re.compile(
    r"related(?: (?:posts?|articles?|stories|content|news))?"
    r"|you (?:may|might) also like|more stories|read next",
    re.IGNORECASE,
)
_READ_MORE = re.compile(
    r"(?:continue reading|read (?:more|the (?:full )?(?:story|article|post))|learn more|more)\s*[.…»>→]*",
    re.IGNORECASE,
)
_SENTENCE_INSIDE = re.compile(r"[.!?…][\"'”’)]*\s+\S")  # noqa: RUF001 - closing marks
_END = re.compile(r"[.!?…:;][\"'”’)\]]*$")  # noqa: RUF001 - closing marks
_MAX_QUESTION_WORDS: Final = 40
_MAX_TITLE_WORDS: Final = 20
_MAX_LABEL_WORDS: Final = 6


class Block(NamedTuple):
    """One paragraph, heading or line of a list, as far as the end of a story needs it."""

    text: str
    """Its words, plain, on one line."""
    url: str = ""
    """Where its only link leads; empty for none or several."""
    is_link: bool = False
    """Whether all its words are that link."""
    is_prose: bool = True
    """Whether it is a paragraph or heading, so that it can be the question."""


def block_of(markdown: str) -> Block:
    """Return what a block of Markdown says, as the end of a story needs it."""
    tokens = parser().parse(markdown)
    words: list[str] = []
    linked = 0
    urls: list[str] = []
    for token in tokens:
        depth = 0
        for child in token.children or []:
            depth += child.nesting if child.type.startswith("link") else 0
            if child.type == "link_open":
                urls.append(str(child.attrs["href"]))
            words.append(" " if child.type.endswith("break") else child.content)
            linked += len(child.content) if depth else 0
    said = "".join(words)
    is_prose = len(tokens) == 3 and tokens[0].type in {"paragraph_open", "heading_open"}
    url = urls[0] if len(urls) == 1 else ""
    return Block(one_line(said), url, is_link=bool(url) and linked == len(said), is_prose=is_prose)


class Closing(NamedTuple):
    """What was found at the end."""

    kept: int
    """How many blocks belong to the story itself."""
    ask: CallToAction | None
    """The closing question."""
    related: tuple[RelatedPost, ...]
    """Other stories."""


def read_closing(blocks: Sequence[Block]) -> Closing:
    """Return the closing question and the related stories, and how many blocks come before them.

    The question is the last paragraph when that is one sentence with a question mark; a link
    after it is its button. No address is made up.
    """
    kept = next((place for place, block in enumerate(blocks) if place and is_related_mark(block.text)), None)
    related = () if kept is None else _related(blocks[kept + 1 :])
    kept = len(blocks) if kept is None else kept
    if kept > 1 and _is_question(blocks[kept - 1]):
        asked = blocks[kept - 1]
        return Closing(kept - 1, CallToAction(asked.text, url=asked.url), related)
    if kept > 2 and _is_button(blocks[kept - 1]) and _is_question(blocks[kept - 2]):
        asked, button = blocks[kept - 2], blocks[kept - 1]
        return Closing(kept - 2, CallToAction(asked.text, button.text, button.url), related)
    return Closing(kept, None, related)


def is_related_mark(text: str) -> bool:
    """Return whether a line is the heading "Related Posts" or one of its sisters."""
    return _RELATED.fullmatch(text.strip(" :")) is not None


def is_read_more(text: str) -> bool:
    """Return whether a line only says that there is more elsewhere."""
    return _READ_MORE.fullmatch(text.strip()) is not None


def ends_like_a_sentence(text: str) -> bool:
    """Return whether the last mark of a line is one that closes a sentence."""
    return _END.search(text) is not None


def _is_question(block: Block) -> bool:
    text = block.text
    return (
        block.is_prose
        and text.endswith("?")
        and len(text.split()) <= _MAX_QUESTION_WORDS
        and not _SENTENCE_INSIDE.search(text)
    )


def _is_button(block: Block) -> bool:
    return block.is_link and bool(block.url) and len(block.text.split()) <= _MAX_LABEL_WORDS


def _related(blocks: Sequence[Block]) -> tuple[RelatedPost, ...]:
    """Read titles (often twice: picture and heading), summaries, and links."""
    found: list[RelatedPost] = []
    said = [block for block in blocks if block.text and not is_read_more(block.text)]
    for place, block in enumerate(said):
        following = said[place + 1].text if place + 1 < len(said) else ""
        last = found[-1] if found else RelatedPost("")
        if found and block.text == last.title:
            found[-1] = RelatedPost(last.title, last.summary, last.url or block.url)
        elif not found or block.text == following or _is_title(block):
            found.append(RelatedPost(block.text, "", block.url))
        else:
            found[-1] = RelatedPost(last.title, f"{last.summary} {block.text}".strip(), last.url)
    return tuple(found)


def _is_title(block: Block) -> bool:
    short = len(block.text.split()) <= _MAX_TITLE_WORDS
    return short and (block.is_link or not ends_like_a_sentence(block.text))
