"""The CSV files that people have are read, and no spreadsheet runs what we write."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience import csvfile
from newsletter.errors import ContentError

if TYPE_CHECKING:
    from pathlib import Path


def read_all(path: Path) -> list[tuple[int, list[str]]]:
    """Return line and cells of every record; ``email`` and ``name`` are columns that mean something."""
    with csvfile.records(path, lambda header: len({"email", "name"} & set(header))) as records:
        return [(record.line, record.cells) for record in records]


@pytest.mark.parametrize("delimiter", list(csvfile.DELIMITERS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_encoding_and_line_end_reads_the_same(
    tmp_path: Path, delimiter: str, encoding: str, end: str
) -> None:
    """What a spreadsheet writes anywhere in Europe is understood."""
    path = tmp_path / "people.csv"
    rows = [("email", "name"), ("ana@example.org", "Zoë “Zé” €"), ("ben@example.org", "Ben")]
    path.write_bytes(end.join(delimiter.join(row) for row in rows).encode(encoding))

    assert read_all(path) == [(number, list(row)) for number, row in enumerate(rows, start=1)]


def test_big_endian_utf16_is_read_by_its_mark(tmp_path: Path) -> None:
    """The byte order mark decides."""
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xfe\xff" + "email\tname\nana@example.org\tZoë".encode("utf-16-be"))

    assert read_all(path)[1] == (2, ["ana@example.org", "Zoë"])


def test_a_delimiter_inside_a_name_does_not_mislead(tmp_path: Path) -> None:
    """The header that means most wins, whatever else stands in the file."""
    path = tmp_path / "people.csv"
    path.write_text('email;name;"notes, if any"\na@example.org;Silva, Ana;x,y,z\n', encoding="utf-8")

    assert read_all(path)[1] == (2, ["a@example.org", "Silva, Ana", "x,y,z"])


def test_the_line_for_excel_is_obeyed_and_counted(tmp_path: Path) -> None:
    """``sep=`` names the delimiter and is a line of the file."""
    path = tmp_path / "people.csv"
    path.write_text("sep=:\nemail:name\na@example.org:Ana\n", encoding="utf-8")

    assert read_all(path) == [(2, ["email", "name"]), (3, ["a@example.org", "Ana"])]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """Line ends inside quotation marks and blank lines are counted."""
    path = tmp_path / "people.csv"
    path.write_text(
        'email,name\n"a@example.org","Ana\nof\nBristol"\n\n  , \nb@example.org,Ben\n', encoding="utf-8"
    )

    assert [line for line, _ in read_all(path)] == [1, 2, 7]


def test_marks_that_do_not_match_cost_one_row(tmp_path: Path) -> None:
    """The rows around it are read."""
    path = tmp_path / "people.csv"
    path.write_text('email,name\na@example.org,"Ana" B\nb@example.org,Ben\n', encoding="utf-8")
    with csvfile.records(path, len) as records:
        found = list(records)

    assert "do not match" in found[1].why
    assert found[2].cells == ["b@example.org", "Ben"]


def test_a_mark_that_is_never_closed_is_said_with_its_line(tmp_path: Path) -> None:
    """Nothing behind it can be trusted."""
    path = tmp_path / "people.csv"
    path.write_text(
        'email,name\na@example.org,Ana\nb@example.org,"Ben\nc@example.org,Cem\n', encoding="utf-8"
    )
    with csvfile.records(path, len) as records:
        found = list(records)

    assert (found[-1].line, len(found)) == (3, 3)
    assert "never closed" in found[-1].why


def test_a_field_of_more_than_ten_million_characters_ends_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory has a limit, and the library's own setting is put back."""
    before = csv.field_size_limit()
    monkeypatch.setattr(csvfile, "MAX_FIELD", 1000)
    path = tmp_path / "people.csv"
    path.write_text(f"email,name\na@example.org,{'x' * 2000}\nb@example.org,Ben\n", encoding="utf-8")
    with csvfile.records(path, len) as records:
        found = list(records)

    assert (found[-1].line, bool(found[-1].why)) == (2, True)
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b"PK\x03\x04\x14\x00\x06\x00", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        (b"\xff\xfee\x00m\x00a", "damaged"),
        (b"email\nana\x81\x8d@example.org\n", "damaged"),
    ],
)
def test_what_is_no_csv_text_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    """The line names the file and says what it is."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)

    with pytest.raises(ContentError, match=reason) as caught:
        read_all(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(ContentError, match="no such file"):
        read_all(tmp_path / "missing.csv")
    with pytest.raises(ContentError, match="cannot be read"):
        read_all(tmp_path)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_guarded_cell_is_no_formula_and_comes_back_the_same(cell: str) -> None:
    """The guard is one apostrophe, and it is taken off exactly where it was put."""
    guarded = csvfile.guard(cell)

    assert guarded[:1] not in set("=+-@\t\r") or not guarded
    assert csvfile.unguard(guarded) == cell


@pytest.mark.parametrize("cell", ["=1+1", "+44 117", "-5", "@SUM(A1)", "\tx", "\rx", "'=1", "''@x"])
def test_cells_that_a_spreadsheet_runs_get_an_apostrophe(cell: str) -> None:
    """Also those that look guarded already, so that none loses its own apostrophe."""
    assert csvfile.guard(cell) == f"'{cell}"
