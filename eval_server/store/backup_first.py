"""Backups of the first format: they hold no digests, so only what can be seen to be missing is refused."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval_server.store.backup_file import Backup, BackupPart, BackupUnfit

HEADER = b"backup.json"
_TABLE = re.compile(r"tables/([a-z]+)\.jsonl")
_FILE = re.compile(r"archive/([0-9a-f]{2})/(\1[0-9a-f]{62})")


def is_first_format(path: Path) -> bool:
    """Whether the file begins as backups of the first format do, which no later one does."""
    with path.open("rb") as file:
        return file.read(len(HEADER) + 1) == HEADER + b"\0"


def opened_first(path: Path) -> Backup:
    """The backup in this file; raises `BackupUnfit` where it was cut, or a file is not what its name says."""
    try:
        with tarfile.open(path, "r:") as tar:
            return _backup(path, tar)
    except BackupUnfit:
        raise
    except (tarfile.TarError, LookupError, ValueError, TypeError, EOFError, MemoryError, OSError) as error:
        raise BackupUnfit(f"{path} is no whole backup: {error}") from error


def _backup(path: Path, tar: tarfile.TarFile) -> Backup:
    tables: dict[str, BackupPart] = {}
    files: dict[str, BackupPart] = {}
    header: dict[str, Any] = {}
    for member in _members(path, tar):
        part = BackupPart(member.offset_data, member.size, None)
        if table := _TABLE.fullmatch(member.name):
            tables[table.group(1)] = part
        elif file := _FILE.fullmatch(member.name):
            files[file.group(2)] = part
        elif member.name.encode() == HEADER and not header:
            header = json.loads(_content(path, part))
        else:
            raise BackupUnfit(f"{path} is no whole backup: it holds {member.name[:80]!r}")
    if header.get("format") != 1:
        raise BackupUnfit(f"{path}: expected a backup of format 1, found {header.get('format')!r}")
    _require_named(path, files)
    facts = str(header.get("revision")), str(header.get("made_at"))
    return Backup(path, *facts, _counted(path, tables), files, sealed=False)


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Every member, none beyond the end of the file, up to the zeros that end a tar."""
    size = path.stat().st_size
    for member in tar:
        if not member.isfile() or member.offset_data + member.size > size:
            raise BackupUnfit(f"{path} is no whole backup: it ends within {member.name[:80]!r}")
        yield member
    end = _content(path, BackupPart(tar.offset, size, None))
    if size % tarfile.RECORDSIZE or len(end) < 2 * tarfile.BLOCKSIZE or end.strip(b"\0"):
        raise BackupUnfit(f"{path} is no whole backup: it was cut, or goes on after its end")


def _require_named(path: Path, files: dict[str, BackupPart]) -> None:
    for digest, part in files.items():
        if hashlib.sha256(_content(path, part)).hexdigest() != digest:
            raise BackupUnfit(f"{path}: the archive file {digest} does not hold what its name says")


def _counted(path: Path, tables: dict[str, BackupPart]) -> dict[str, BackupPart]:
    return {
        name: BackupPart(part.at, part.size, None, _content(path, part).count(b"\n"))
        for name, part in tables.items()
    }


def _content(path: Path, part: BackupPart) -> bytes:
    with path.open("rb") as file:
        file.seek(part.at)
        return file.read(part.size)
