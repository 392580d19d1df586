"""A backup as a file: a tar that ends with what it holds, so that nothing cut or changed passes as whole.

Tables come first, as JSON lines of a row and its SHA-256, then the archive's files, then `contents.json`: a
count and a SHA-256 for every table and every file, with where each lies. The closing record holds the
SHA-256 of every byte before it, the tar's own among them. It is found from the end of the file, and is the
only possible end: nothing else in the file is looked at before it agrees.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

FORMAT = 2
CONTENTS, CLOSING = "contents.json", "closing.json"
CHUNK = 1 << 20
_END = 2 * tarfile.BLOCKSIZE
_LONGEST_TAIL = 2 * tarfile.BLOCKSIZE + _END + tarfile.RECORDSIZE


class BackupUnfit(Exception):
    """A file that is no whole backup, or one of a release that is not known here."""


@dataclass(frozen=True, slots=True)
class BackupPart:
    """Where a table or a file lies in a backup; a table's rows are counted."""

    at: int
    size: int
    sha256: str | None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was found whole. `sealed` says that its digests were held against every byte."""

    path: Path
    revision: str
    made_at: str
    tables: Mapping[str, BackupPart]
    files: Mapping[str, BackupPart]
    sealed: bool = True

    @property
    def rows(self) -> int:
        return sum(part.rows or 0 for part in self.tables.values())

    def table(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table; raises `BackupUnfit` where one is not as it was saved."""
        for number, line in enumerate(_lines(self.path, self.tables[name]), 1):
            try:
                told = json.loads(line)
                row = _unsealed(told) if self.sealed else told
                yield {str(key): value for key, value in row.items()}
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                where = f"row {number} of the table {name}"
                raise BackupUnfit(f"{self.path}: {where} is damaged: {error}") from error

    def content(self, digest: str) -> bytes:
        """A file of the archive; raises `BackupUnfit` where it does not hold what its name says."""
        with self.path.open("rb") as file:
            found = _read(file, self.files[digest])
        if _sha256(found) != digest:
            raise BackupUnfit(f"{self.path}: the archive file {digest} was changed")
        return found


class Writer:
    """Writes a backup part by part; `close` writes what it holds and the closing record."""

    def __init__(self, file: BinaryIO, revision: str, made_at: str) -> None:
        self._file = file
        self._head = {"format": FORMAT, "revision": revision, "made_at": made_at}
        self._tables: dict[str, BackupPart] = {}
        self._files: dict[str, BackupPart] = {}
        self._at = 0
        self._digest = hashlib.sha256()

    def table(self, name: str, lines: BinaryIO, rows: int) -> None:
        self._tables[name] = self._add(f"tables/{name}.jsonl", lines, rows)

    def file(self, digest: str, content: BinaryIO) -> None:
        """Take in an archive file; raises ValueError where it does not hold what its name says."""
        part = self._add(f"archive/{digest[:2]}/{digest}", content)
        if part.sha256 != digest:
            raise ValueError(digest)
        self._files[digest] = part

    def close(self) -> None:
        listed = {"tables": _plain(self._tables), "files": _plain(self._files)}
        told = json.dumps({**self._head, **listed}, sort_keys=True).encode()
        contents = self._add(CONTENTS, io.BytesIO(told))
        closing = {"sha256": self._digest.hexdigest(), "contents": asdict(contents)}
        self._file.write(_tail(closing, self._at))

    def _add(self, name: str, source: BinaryIO, rows: int | None = None) -> BackupPart:
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        self._write(_header(name, size))
        at, digest = self._at, hashlib.sha256()
        while self._at < at + size and (chunk := source.read(min(CHUNK, at + size - self._at))):
            digest.update(chunk)
            self._write(chunk)
        if self._at != at + size:
            raise ValueError(f"{name} grew shorter while it was read")
        self._write(bytes(-size % tarfile.BLOCKSIZE))
        return BackupPart(at, size, digest.hexdigest(), rows)

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._digest.update(content)
        self._at += len(content)


def sealed_row(row: Mapping[str, Any]) -> bytes:
    """A line of a table: the row, its documents in their own order, and the SHA-256 of its text."""
    text = json.dumps(row)
    return f'{{"row": {text}, "sha256": "{_sha256(text.encode())}"}}\n'.encode()


def opened(path: Path) -> Backup:
    """The backup in this file, once every byte of it was found as written; raises `BackupUnfit`."""
    with path.open("rb") as file:
        closing = _closing(path, file)
        contents = _read(file, closing.contents)
        known = _sha256(contents) == closing.contents.sha256
        if _sha256_of(file, 0, closing.start) != closing.sha256 or not known:
            where = _first_change(file, json.loads(contents)) if known else ""
            raise BackupUnfit(f"{path} was changed{where}: its SHA-256 is not the one in its closing record")
    return _backup(path, json.loads(contents))


@dataclass(frozen=True, slots=True)
class _Closing:
    """The closing record: where it begins, the SHA-256 of all before it, and the list of contents there."""

    start: int
    sha256: str
    contents: BackupPart


def _backup(path: Path, contents: Mapping[str, Any]) -> Backup:
    if contents.get("format") != FORMAT:
        raise BackupUnfit(f"{path}: expected a backup of format {FORMAT}, found {contents.get('format')}")
    tables, files = ({name: BackupPart(**part) for name, part in contents[kind].items()} for kind in _KINDS)
    return Backup(path, contents["revision"], contents["made_at"], tables, files)


_KINDS = ("tables", "files")


def _closing(path: Path, file: BinaryIO) -> _Closing:
    """The closing record, which is the last in the file that is not zero; nothing else can follow it."""
    size = file.seek(0, io.SEEK_END)
    begin = max(0, size - _LONGEST_TAIL)
    tail = _read(file, BackupPart(begin, size - begin, None))
    end = begin + _padded(len(tail.rstrip(b"\0")))
    start = end - 2 * tarfile.BLOCKSIZE
    try:
        told = json.loads(tail[: end - begin][-tarfile.BLOCKSIZE :].rstrip(b"\0"))
        closing = _Closing(start, told["sha256"], BackupPart(**told["contents"]))
        beside = closing.contents.at + _padded(closing.contents.size) == start
        same = beside and tail[start - begin :] == _tail(told, start)
    except (ValueError, KeyError, TypeError, RecursionError):
        same = False
    if not same:
        said = "it does not end with its closing record, so it was cut or changed there"
        raise BackupUnfit(f"{path} is no whole backup: {said}")
    return closing


def _tail(closing: Mapping[str, Any], start: int) -> bytes:
    """The closing record as the end of a tar whose members end at `start`."""
    content = json.dumps(closing, sort_keys=True).encode()
    record = _header(CLOSING, len(content)) + content.ljust(_padded(len(content)), b"\0")
    return record + bytes(_END + -(start + len(record) + _END) % tarfile.RECORDSIZE)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.GNU_FORMAT)


def _first_change(file: BinaryIO, contents: Mapping[str, Any]) -> str:
    for kind in _KINDS:
        for name, told in contents[kind].items():
            part = BackupPart(**told)
            if _sha256_of(file, part.at, part.at + part.size) != part.sha256:
                return f" in the {'table' if kind == 'tables' else 'archive file'} {name}"
    return " between its parts"


def _unsealed(told: Mapping[str, Any]) -> Any:
    if _sha256(json.dumps(told["row"]).encode()) != told["sha256"]:
        raise ValueError("its SHA-256 is not the one written with it")
    return told["row"]


def _plain(parts: Mapping[str, BackupPart]) -> dict[str, Any]:
    return {name: asdict(part) for name, part in parts.items()}


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _lines(path: Path, part: BackupPart) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.at)
        left = part.size
        while left and (line := file.readline(left)):
            left -= len(line)
            yield line


def _read(file: BinaryIO, part: BackupPart) -> bytes:
    file.seek(part.at)
    return file.read(part.size)


def _sha256_of(file: BinaryIO, start: int, end: int) -> str:
    digest = hashlib.sha256()
    file.seek(start)
    while start < end and (chunk := file.read(min(CHUNK, end - start))):
        digest.update(chunk)
        start += len(chunk)
    return digest.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
