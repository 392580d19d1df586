"""The user's cache folder, and the remembered facts of files that did not change since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.sealing import SealBroken, sealed, unsealed
from submissions.writing import write_whole

VERSION = 2


def cache_folder() -> Path:
    """Where results that can be made again are kept.

    ``$HARNESS_CACHE``, else ``$XDG_CACHE_HOME/cnmc-harness``, else ``~/.cache/cnmc-harness``; the
    folder need not exist.
    """
    if chosen := os.environ.get("HARNESS_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "cnmc-harness"


@dataclass(frozen=True, slots=True)
class FileState:
    """Size and time of change of a file: as long as both stay, its content is taken to stay."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Hashed:
    """What was read of a file in a state: its SHA-256, its pixels, and the files that those make.

    `pixels` and `forms` are those of `harness.data.pixels.Shown`; the forms are looked for only where
    the SHA-256 is not an expected one.
    """

    state: FileState
    sha256: str
    pixels: str = ""
    forms: tuple[str, ...] = ()


class HashCache:
    """What was read of the files below one root, kept between audits in one small file."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._root = str(root.resolve())
        key = hashlib.sha256(self._root.encode("utf-8", "surrogateescape")).hexdigest()[:20]
        self.path = (folder or cache_folder()) / f"audit-{key}.json"

    def read(self) -> tuple[dict[str, Hashed], str]:
        """What is remembered, by path below the root; and why nothing is, if something was there."""
        kept, trouble = _read(self.path, {"version": VERSION, "root": self._root})
        return {
            path: Hashed(FileState(size, mtime), sha256, pixels, tuple(forms))
            for path, (size, mtime, sha256, pixels, *forms) in kept.items()
        }, trouble

    def write(self, files: Mapping[str, Hashed]) -> str:
        """Remember these files; returns why that was not possible, or an empty text."""
        rows = {
            path: (one.state.size, one.state.mtime_ns, one.sha256, one.pixels, *one.forms)
            for path, one in files.items()
        }
        return _write(self.path, {"version": VERSION, "root": self._root}, rows)


class PixelMemory:
    """The pixels of every published file that an audit has ever seen as it was published, by SHA-256.

    So a copy that was saved again is recognised where the original was once at hand.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or cache_folder()) / "pixels.json"

    def read(self) -> tuple[dict[str, str], str]:
        """What is remembered; and why nothing is, if something was there."""
        return _read(self.path, {"version": VERSION})

    def add(self, seen: Mapping[str, str]) -> str:
        """Remember these too; returns why that was not possible, or an empty text."""
        before, _ = self.read()
        if seen.items() <= before.items():
            return ""
        return _write(self.path, {"version": VERSION}, {**before, **seen})


def _read(path: Path, made_from: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    try:
        if not path.exists():
            return {}, ""
        document = unsealed(path)
    except (SealBroken, OSError) as broken:
        return {}, f"{broken}: made anew"
    if document.get("made_from") != made_from:
        return {}, f"{path} was made from something else: made anew"
    return dict(document["kept"]), ""


def _write(path: Path, made_from: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    try:
        write_whole(path, sealed({"made_from": made_from, "kept": kept}))
    except OSError as error:
        return f"the cache {path} cannot be written: {error.strerror or error}"
    return ""
