"""What is written to be read again carries its SHA-256 and what it was made from, and is held to both.

Forms of one thing: a folder (`seal_folder`), a small JSON document of ours alone (`sealed`, `unsealed`),
one that others read too (`marked`, `require_marked`), and a file too large to be read at once, which is
checked by blocks when they are first used (`Blocks`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from submissions.writing import write_whole

SEAL = "seal.json"
"""The seal of a folder, written last; a large file's lies beside it under its name and `.seal`."""
BLOCK = 16 * 2**20
"""Bytes of a block: large enough that 4 GB need no more than 256 digests, small enough for one cell's use."""


class SealBroken(Exception):
    """`path` does not hold what was written there, or holds something else; `why` says which."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}")
        self.path = path
        self.why = why


def sealed(document: Mapping[str, Any]) -> str:
    """The document as JSON text that carries its own SHA-256."""
    content = json.dumps(document, sort_keys=True, ensure_ascii=False)
    told = json.dumps({"content": document, "sha256": _text_sha256(content)}, indent=2, sort_keys=True)
    return told + "\n"


def unsealed(path: Path) -> dict[str, Any]:
    """The document that `sealed` made the text of this file from.

    Raises `SealBroken` where the file is missing, damaged or changed.
    """
    try:
        told = json.loads(path.read_bytes())
        content, sha256 = told["content"], told["sha256"]
        same = _text_sha256(json.dumps(content, sort_keys=True, ensure_ascii=False)) == sha256
    except FileNotFoundError:
        raise SealBroken(path, "is missing") from None
    except (KeyError, TypeError, IndexError):
        raise SealBroken(path, "carries no seal") from None
    except (ValueError, RecursionError) as error:
        raise SealBroken(path, f"is damaged: {type(error).__name__}: {error}") from error
    if not same or not isinstance(content, dict):
        raise SealBroken(path, "was changed: its SHA-256 is not the one written with it")
    return content


_MARK, _SHA256 = "sealed", "sha256"
_MARKED = "sha256 is that of all other keys"


def marked(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its own SHA-256 among its keys, for readers who look only for theirs.

    Two keys say that it is sealed: one damage cannot make a sealed document look like one that never was.
    """
    content = json.loads(json.dumps(document))
    return {**content, _MARK: _MARKED, _SHA256: _text_sha256(_canonical(content))}


def require_marked(path: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without its marks, one that has none as it is.

    Raises `SealBroken`, naming `path` where it was read, when it is not the one that was marked.
    """
    content = {name: value for name, value in document.items() if name not in (_MARK, _SHA256)}
    if len(content) == len(document):
        return content
    if (document.get(_MARK), document.get(_SHA256)) != (_MARKED, _text_sha256(_canonical(content))):
        raise SealBroken(path, "was changed: its SHA-256 is not the one written with it")
    return content


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def seal_folder(folder: Path, made_from: Mapping[str, Any]) -> None:
    """Write down the SHA-256 of every file below the folder, and what they were made from (JSON-able)."""
    files = {name: _file_sha256(folder / name) for name in _names(folder)}
    write_whole(folder / SEAL, sealed({"made_from": made_from, "files": files}))


def require_folder(folder: Path, made_from: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a sealed folder was made from, once every file in it was found as written.

    Raises `SealBroken`, naming the file or the first fact in `made_from` that differs.
    """
    seal = _fields(folder / SEAL, "made_from", "files")
    files, facts = seal["files"], seal["made_from"]
    for name in sorted({*files, *_names(folder)}):
        _require_file(folder / name, files.get(name))
    if made_from is not None:
        _require_facts(folder, facts, made_from)
    return dict(facts)


def require_names(folder: Path) -> None:
    """Raise `SealBroken` where a file of a sealed folder is not there, without a look into those that are."""
    for name in _fields(folder / SEAL, "made_from", "files")["files"]:
        if not (folder / name).is_file():
            raise SealBroken(folder / name, "is missing")


@dataclass(slots=True)
class Blocks:
    """A large file with a digest for each block of it, checked when the block is first used."""

    path: Path
    made_from: Mapping[str, Any]
    size: int
    digests: tuple[str, ...]
    _seen: set[int] = field(default_factory=set)
    _state: tuple[int, ...] = ()

    @classmethod
    def open(cls, path: Path, made_from: Mapping[str, Any]) -> Blocks:
        """The file as it was sealed; raises `SealBroken` where its size or what it was made from differs."""
        seal = _fields(_beside(path), "made_from", "size", "blocks")
        blocks = cls(path, seal["made_from"], seal["size"], tuple(seal["blocks"]))
        _require_facts(path, blocks.made_from, made_from)
        with blocks.opened(()):
            return blocks

    @contextmanager
    def opened(self, ranges: Iterable[tuple[int, int]]) -> Iterator[BufferedReader]:
        """The file, once the blocks that these ranges of bytes (start, end) touch were checked.

        A block is checked once, and again where the file changed since.
        """
        wanted = {block for start, end in ranges for block in range(start // BLOCK, -(-end // BLOCK))}
        with _readable(self.path) as file:
            self._notice_change(os.fstat(file.fileno()))
            for block in sorted(wanted - self._seen):
                self._check(file, block)
            yield file

    def _notice_change(self, now: os.stat_result) -> None:
        if now.st_size != self.size:
            raise SealBroken(self.path, f"has {now.st_size} bytes, not {self.size}")
        state = (now.st_dev, now.st_ino, now.st_mtime_ns, now.st_ctime_ns)
        if state != self._state:
            self._seen.clear()
            self._state = state

    def _check(self, file: BufferedReader, block: int) -> None:
        file.seek(block * BLOCK)
        if _block_sha256(file.read(BLOCK)) != self.digests[block]:
            end = min((block + 1) * BLOCK, self.size)
            raise SealBroken(self.path, f"was changed between bytes {block * BLOCK} and {end}")
        self._seen.add(block)


@contextmanager
def _readable(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise SealBroken(path, "is missing") from None
    except OSError as error:
        raise SealBroken(path, f"cannot be read: {error.strerror or error}") from error


def break_seal(path: Path) -> None:
    """Take the seal from a large file that is not as it was written: nobody opens it again."""
    _beside(path).unlink(missing_ok=True)


def seal_blocks(path: Path, made_from: Mapping[str, Any], content: Path | None = None) -> None:
    """Write the seal of a large file beside `path`; until it has that name, it is read from `content`."""
    digests = []
    with (content or path).open("rb") as file:
        while block := file.read(BLOCK):
            digests.append(_block_sha256(block))
        size = file.tell()
    write_whole(_beside(path), sealed({"made_from": made_from, "size": size, "blocks": digests}))


def _fields(path: Path, *names: str) -> dict[str, Any]:
    """A seal with these fields: another sealed document under its name is none."""
    seal = unsealed(path)
    if missing := [name for name in names if name not in seal]:
        raise SealBroken(path, f"is no such seal: it has no {missing[0]}")
    return seal


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.seal")


def _names(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != SEAL)


def _require_file(file: Path, sha256: str | None) -> None:
    if sha256 is None:
        raise SealBroken(file, "was not there when the folder was written")
    if not file.is_file():
        raise SealBroken(file, "is missing")
    if _file_sha256(file) != sha256:
        raise SealBroken(file, "was changed: its SHA-256 is not the one written with it")


def _require_facts(path: Path, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    for name, value in json.loads(json.dumps(dict(expected))).items():
        if name not in found or found[name] != value:
            raise SealBroken(path, f"was made from another {name}: {found.get(name)!r}, expected {value!r}")


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _block_sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _text_sha256(text: str) -> str:
    return _block_sha256(text.encode("utf-8", "surrogatepass"))
