"""A story's body as plain text, for people who read mail without pictures, colours or HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from newsletter.editions.content import image_of, parsed
from newsletter.editions.lines import WIDTH, columns, padded, underline, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.html import HtmlElement

    from newsletter.editions.view import ImageView

_BLOCKS: Final = frozenset({"p", "h3", "h4", "ul", "ol", "blockquote", "table", "pre", "hr"})
# Stands behind a linked word until it is known whether its paragraph has other links.
_MARK = re.compile(r"\x00(\d+)\x00")


def plain_text(
    markdown: str,
    images: Mapping[str, ImageView],
    *,
    picture: str = "Picture",
    without: Collection[ImageView | None] = (),
) -> str:
    """Return Markdown as plain text of 72 columns (the filter ``plain``).

    Links come in the order of the HTML part: a paragraph's only link has its
    address on the line below it; several are numbered.

    Args:
        markdown: the words.
        images: file name as written in the words → picture; others are left out.
        picture: the word "Picture" in the letter's language.
        without: pictures that the letter shows elsewhere.
    """
    return "\n\n".join(_Printer(images, without, picture).blocks(parsed(markdown), WIDTH))


def picture_line(image: ImageView, picture: str = "Picture") -> str:
    """Return what stands for a picture: its description, caption and credit; empty for decoration.

    >>> from newsletter.editions.view import ImageView
    >>> picture_line(ImageView("", "Two otters", 8, 4, credit="Photo: Ana"))
    '[Picture: Two otters | Photo: Ana]'
    """
    said = " | ".join(part for part in (image.alt, image.caption, image.credit) if part)
    return wrap(f"[{picture}: {said}]") if said else ""


@dataclass
class _Run:
    """Words in a row, with the links and pictures met on the way."""

    words: str = ""
    """The text, with a mark behind every link."""
    links: list[str] = field(default_factory=list)
    """Addresses in the order of their marks."""
    pictures: list[str] = field(default_factory=list)
    """Lines that stand for pictures."""

    def told(self) -> str:
        """Return the words, with the numbers of their links when there are several."""
        number = r" [\1]" if len(self.links) > 1 else ""
        lines = _MARK.sub(number, self.words).split("\n")
        return "\n".join(" ".join(part for part in re.split(r"[ \t\r]+", line) if part) for line in lines)

    def addresses(self) -> list[str]:
        """Return the lines that name the links."""
        if len(self.links) == 1:
            return self.links
        return [f"[{number}] {link}" for number, link in enumerate(self.links, start=1)]


@dataclass(frozen=True)
class _Printer:
    """Prints an element tree as blocks of text."""

    images: Mapping[str, ImageView]
    """File name as written in the words → picture."""
    without: Collection[ImageView | None]
    """Pictures that the letter shows elsewhere."""
    word: str
    """The word "Picture" in the letter's language."""

    def blocks(self, element: HtmlElement, width: int) -> list[str]:
        """Return the element's paragraphs, lists, quotations, tables and pictures, in order."""
        printed: list[str] = []
        run = _Run(_line(element.text))
        for child in element:
            if child.tag in _BLOCKS:
                printed += [*_paragraph(run, width), *self.block(child, width)]
                run = _Run()
            else:
                self.gather(child, run)
            run.words += _line(child.tail)
        return [*printed, *_paragraph(run, width)]

    def block(self, element: HtmlElement, width: int) -> list[str]:
        """Return one block element as text."""
        match element.tag:
            case "h3" | "h4":
                printed = _paragraph(self.inside(element), width, heading=True)
            case "ul" | "ol":
                printed = [self.listed(element, width)]
            case "blockquote":
                quoted = "\n\n".join(self.blocks(element, width - 2))
                printed = ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))]
            case "table":
                printed = self.table(element, width)
            case "pre":
                printed = ["\n".join(f"    {line}" for line in element.text_content().rstrip().split("\n"))]
            case "hr":
                printed = ["* * *"]
            case _:
                printed = self.blocks(element, width)
        return printed

    def listed(self, element: HtmlElement, width: int) -> str:
        """Return a list: each entry behind its sign, the following lines indented."""
        entries: list[str] = []
        for number, entry in enumerate(element.findall("li"), start=int(element.get("start", "1"))):
            sign = f"{number}. " if element.tag == "ol" else "- "
            lines = "\n".join(self.blocks(entry, width - len(sign))).split("\n")
            entries.append(sign + f"\n{' ' * len(sign)}".join(lines))
        return "\n".join(entries)

    def table(self, element: HtmlElement, width: int) -> list[str]:
        """Return a table in aligned columns, or as "heading: value" lines when it is too wide for that."""
        links: list[str] = []
        cells = [[self.inside(cell, links) for cell in row.iter("th", "td")] for row in element.iter("tr")]
        rows = [[run.told().replace("\n", " ") for run in row] for row in cells]
        sizes = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        if sum(sizes) + 2 * (len(sizes) - 1) <= width:
            ruled = [rows[0], ["-" * size for size in sizes], *rows[1:]]
            printed = ["\n".join("  ".join(map(padded, row, sizes)).rstrip() for row in ruled)]
        else:
            named = (
                [f"{name}: {value}" for name, value in zip(rows[0], row, strict=True)] for row in rows[1:]
            )
            printed = ["\n".join(wrap(line, width) for line in row) for row in named]
        return [*printed, *(["\n".join(_Run(links=links).addresses())] if links else [])]

    def inside(self, element: HtmlElement, links: list[str] | None = None) -> _Run:
        """Return the words inside an element; ``links`` is where its links are numbered."""
        run = _Run(_line(element.text), [] if links is None else links)
        for child in element:
            self.gather(child, run)
            run.words += _line(child.tail)
        return run

    def gather(self, element: HtmlElement, run: _Run) -> None:
        """Add one element of a line to the run."""
        if element.tag == "br":
            run.words += "\n"
        elif element.tag == "img":
            image = image_of(element, self.images, self.without)
            run.pictures += [picture_line(image, self.word)] if image else []
        else:
            run.words += _line(element.text)
            for child in element:
                self.gather(child, run)
                run.words += _line(child.tail)
            if element.tag == "a":
                _note_link(element, run)


def _note_link(anchor: HtmlElement, run: _Run) -> None:
    """Remember where a link leads, unless its words are the address."""
    target = str(anchor.get("href"))
    if anchor.text_content().strip() not in {target, target.removeprefix("mailto:")}:
        run.links.append(target)
        run.words = f"{run.words.rstrip()}\x00{len(run.links)}\x00" if anchor.text_content() else run.words


def _paragraph(run: _Run, width: int, *, heading: bool = False) -> list[str]:
    """Return a run's words with the addresses below them, then its pictures."""
    told = run.told().strip("\n ")
    words = [underline(told, "-", width) if heading else wrap(told, width)] if told else []
    if not words and len(run.pictures) == 1:
        # A linked picture: its address stands below it.
        return ["\n".join([*run.pictures, *run.addresses()])]
    text = "\n".join([*words, *run.addresses()])
    return [block for block in (text, *run.pictures) if block]


def _line(text: str | None) -> str:
    return (text or "").replace("\n", " ")
