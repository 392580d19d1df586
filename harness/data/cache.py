"""The user's cache folder, and the remembered facts of files that did not change since."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from submissions.writing import write_whole

VERSION = 1


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
    """A file's SHA-256 in the state it was read in."""

    state: FileState
    sha256: str


class HashCache:
    """The SHA-256s of the files below one root, kept between audits in one small file."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        key = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:20]
        self.path = (folder or cache_folder()) / f"audit-{key}.json"

    def read(self) -> dict[str, Hashed]:
        """What is remembered, by path below the root; nothing when the file is absent or unusable."""
        try:
            document = json.loads(self.path.read_bytes())
            if document["version"] != VERSION:
                return {}
            return {
                path: Hashed(FileState(int(size), int(mtime)), str(sha256))
                for path, (size, mtime, sha256) in document["files"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, files: Mapping[str, Hashed]) -> str:
        """Remember these files; returns why that was not possible, or an empty text."""
        rows = {path: (one.state.size, one.state.mtime_ns, one.sha256) for path, one in files.items()}
        try:
            write_whole(self.path, json.dumps({"version": VERSION, "files": rows}).encode())
        except OSError as error:
            return f"the cache {self.path} cannot be written: {error.strerror or error}"
        return ""
