"""The bytes of a table to its rows: what kind of file it is, its encoding, its separator, its first line.

Rows are read as they are asked for, again each time, and every line is bounded: a table may claim a
million columns or a field without end, and costs no more than its own bytes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from submissions.problems import Problem, SubmissionRefused, bare, shown

MOST_BYTES = 16 * 2**20
"""A table of 15,000 cells with long paths has about 2 MB."""
MOST_ROWS = 1_100_000
MOST_UNKNOWN = 100_000
"""Rows of a table whose phase is not said; the whole data set has 15,114 cells."""
MOST_LINES = MOST_ROWS
"""Lines in all, so that a file of line ends costs little."""
MOST_COLUMNS = 1000
MOST_LINE = 128 * 1024
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}

AS_UTF8 = "Save the table as comma-separated UTF-8 text."
_KINDS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06"), "a zip or a spreadsheet's own file", "Save the sheet as CSV."),
    (
        re.compile(rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml)"),
        "an HTML page",
        "Probably a login or error page was saved in place of the table: fetch it again.",
    ),
    (
        re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0{4}|II\*\0|MM\0\*", re.DOTALL),
        "a picture",
        "Give the table of predictions, not an image.",
    ),
    (
        re.compile(rb"\x80[\x02-\x05].", re.DOTALL),
        "a Python pickle",
        "Write a table: in pandas `.to_csv('predictions.csv')`.",
    ),
    (re.compile(rb"\x93NUMPY"), "a NumPy array", "Write the cells' names beside the numbers, as CSV."),
    (re.compile(rb"\x89HDF"), "an HDF5 file", "Write a table: in pandas `.to_csv('predictions.csv')`."),
    (re.compile(rb"PAR1"), "a Parquet file", "Write a table: in pandas `.to_csv('predictions.csv')`."),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Excel workbook", "Save the sheet as CSV."),
    (
        re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!"),
        "a packed file",
        "Unpack it, and give the table.",
    ),
    (re.compile(rb"%PDF"), "a PDF", AS_UTF8),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]"), "a JSON document", "Write the same as a CSV table."),
)
"""What is no table by its first bytes, and how its author gets one."""

_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text: `first` is its first line's fields, `separator` empty where there is one column.

    `name` is what the file is called without its ending, `scale` what a note says of its scores.
    """

    name: str
    text: bytes
    separator: str
    first: tuple[str, ...]
    first_line: int
    remarks: tuple[str, ...] = ()
    scale: str = ""

    def rows(self, *, header: bool, most: int = MOST_ROWS) -> Iterator[tuple[int, list[str]]]:
        """Every row that says something, with its line number, and without the header where there is one."""
        found = _records(self.text, self.separator)
        for count, (line, fields) in enumerate(found, start=0 if header else 1):
            if line < self.first_line or (header and line == self.first_line):
                continue
            if count > most:
                raise refusal("far too many rows", f"line {line}", f"at most {most:,} rows", "more", _ONE)
            yield line, fields


_ONE = "Write one row for every cell of the phase."


THE_TABLE = "the table"
_NOTE = re.compile(rb"scores=(probability|percent|logit)\r?\n")


def noted(data: bytes, scale: str) -> bytes:
    """A table that says itself, in a line before its first, what its scores are."""
    return f"scores={scale}\n".encode() + data


def without_note(data: bytes) -> bytes:
    """The table as it was before its note."""
    note = _NOTE.match(data)
    return data[note.end() :] if note else data


def sheet_of(source: str | Path | bytes, most: int = MOST_BYTES) -> Sheet:
    """Open a table of at most `most` bytes.

    Raises `SubmissionRefused` for what is none, and OSError where a path cannot be read.
    """
    name = "table" if isinstance(source, bytes) else Path(source).stem
    data = source if isinstance(source, bytes) else _bytes_of(Path(source), most)
    if len(data) > most:
        expected = f"at most {most:,} bytes"
        raise refusal("the file is too large", THE_TABLE, expected, "a larger one", _ONE)
    note = _NOTE.match(data)
    text, remarks = _as_utf8(data[note.end() :] if note else data)
    separator, told, line = _separator(text)
    found = (record for record in _records(text, separator) if record[0] >= line)
    first_line, fields = next(found, (1, []))
    if separator and told:
        remarks = (*remarks, f"separated by {SEPARATORS[separator]}")
    scale = note.group(1).decode() if note else ""
    return Sheet(name, text, separator, tuple(fields), first_line, remarks, scale)


def _bytes_of(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _as_utf8(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The text as UTF-8 without a mark; UTF-16 needs one."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode(), ("saved as UTF-16",)
        except UnicodeError as error:
            raise _not_text(f"UTF-16 that breaks off: {error}") from error
    for pattern, kind, mend in _KINDS:
        if pattern.match(data[:512]):
            raise refusal("not a table", THE_TABLE, "a zip, or a table as text", kind, mend)
    return data.removeprefix(b"\xef\xbb\xbf"), ()


def _not_text(found: str) -> SubmissionRefused:
    return refusal("not a table", THE_TABLE, "text in UTF-8", found, AS_UTF8)


def _separator(text: bytes) -> tuple[str, bool, int]:
    """What separates the fields of the first line, whether that is worth a word, and which line that is."""
    for number, line in enumerate(_lines(text), start=1):
        plain = _QUOTED.sub("", line).strip("\r\n")
        if re.fullmatch(r"(?i)sep=[,;\t]", plain):  # a spreadsheet's own note to itself
            return plain[-1], plain[-1] != ",", number + 1
        if plain.strip(" ,;\t") or '"' in line:
            found = _separator_of(plain, number)
            return found, found not in ("", ","), number
    return "", False, 1


def _separator_of(line: str, number: int) -> str:
    found = [one for one in SEPARATORS if one in line]
    if len(found) > 1 and "," in found and "," not in _DECIMAL_COMMA.sub("", line):
        found.remove(",")
    if len(found) > 1:
        mixed = " and ".join(SEPARATORS[one] for one in found)
        mend = "Separate all columns by the same character, best by commas."
        raise refusal("mixed separators", f"line {number}", "one separator", f"{mixed}: {shown(line)}", mend)
    return found[0] if found else ""


def _lines(text: bytes) -> Iterator[str]:
    """The lines with their ends; one that is too long, or no text, is refused where it stands."""
    stream = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MOST_LINE + 1)
        except UnicodeDecodeError as error:
            raise _not_text(_first_byte(text)) from error
        if not line:
            return
        columns = max(line.count(one) for one in SEPARATORS) + 1
        if len(line) > MOST_LINE or columns > MOST_COLUMNS:
            expected = f"at most {MOST_COLUMNS:,} columns and {MOST_LINE:,} characters"
            found = "a longer line" if len(line) > MOST_LINE else f"{columns:,} columns"
            raise refusal("a line that is too long", f"line {number}", expected, found, _ONE)
        if number > MOST_LINES:
            raise refusal("far too many lines", THE_TABLE, f"at most {MOST_LINES:,} lines", "more", _ONE)
        yield line


def _first_byte(text: bytes) -> str:
    """The first byte that is no UTF-8, and its line."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        return f"byte {text[error.start]:#04x} in line {line}"
    return "a text that breaks off"


def _records(text: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and stripped fields; lines without any text are skipped."""
    reader = csv.reader(_lines(text), delimiter=separator or ",", skipinitialspace=True, strict=True)
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise refusal(
            "not a table", f"line {reader.line_num}", "a CSV table", bare(str(error)), AS_UTF8
        ) from error


def refusal(what: str, where: str, expected: str, found: str, mend: str) -> SubmissionRefused:
    """A refusal for one reason."""
    return SubmissionRefused((Problem(what, where, expected, found, mend),))
