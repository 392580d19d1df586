"""The files that a bundle points to: are they there, and would a program or data run as they are."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from submissions.codabench.rules import Finding
from submissions.problems import shown

UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
MOST_BYTES = 256 * 2**20
"""Bytes that a zip within the bundle may unpack to, for this check to look into it."""
_SHELL = re.compile(r"&&|\|\||[|<>;`]|\$HOME|\$\(")


@dataclass(frozen=True, slots=True)
class Parts:
    """The members of a bundle, and how YAML and pictures are read."""

    members: Mapping[str, bytes]
    load: Callable[[bytes], Any]
    is_image: Callable[[bytes], bool]

    def page(self, path: Any, where: str, missing: str) -> Iterator[Finding]:
        """A text that participants read: there, not empty, UTF-8."""
        content, findings = self._content(path, where, missing)
        yield from findings
        if content is None:
            return
        if not content.strip():
            yield Finding("empty-file", where, str(path))
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            yield Finding("not-utf8", where, f"{path}, byte {error.start}")

    def image(self, path: Any, where: str) -> Iterator[Finding]:
        content, findings = self._content(path, where, "no-image")
        yield from findings
        if content is not None and not self.is_image(content):
            yield Finding("not-an-image", where, str(path))

    def program(self, path: Any, where: str) -> Iterator[Finding]:
        """A program: a flat zip with metadata.yaml and a command that can run."""
        content, findings = self._zip(path, where)
        yield from findings
        if content is None:
            return
        inner = unzipped(content)
        if not inner:
            yield Finding("program-zip", where, str(path))
            return
        name = next((one for one in ("metadata.yaml", "metadata") if one in inner), None)
        if name is None:
            yield Finding("program-metadata", where, f"{path} with {', '.join(list(inner)[:5])}")
            return
        yield from self._command(inner, name, f"{where} {path}")

    def _command(self, inner: Mapping[str, bytes], name: str, where: str) -> Iterator[Finding]:
        facts = self.load(inner[name])
        command = facts.get("command") if isinstance(facts, Mapping) else None
        if not isinstance(command, str) or not command.strip():
            yield Finding("program-command", where, f"command: {command}")
            return
        if _SHELL.search(command):
            yield Finding("program-shell", where, command)
        for word in command.split():
            called = re.fullmatch(r"(?:\$(?:ingestion_)?program|/app/program)/(.+)", word)
            if called and called[1] not in inner:
                yield Finding("program-missing", where, called[1])

    def data(self, path: Any, where: str) -> Iterator[Finding]:
        """Data: a zip with something in it."""
        content, findings = self._zip(path, where)
        yield from findings
        if content is not None and not unzipped(content):
            yield Finding("data-zip", where, str(path))

    def _zip(self, path: Any, where: str) -> tuple[bytes | None, list[Finding]]:
        """The bytes of a zip; None for a data set of the platform, a folder, or a path that leads nowhere."""
        if isinstance(path, str) and UUID.fullmatch(path):
            return None, []
        if isinstance(path, str) and self._is_folder(path):
            return None, [Finding("folder", where, path)]
        return self._content(path, where, "no-file")

    def _is_folder(self, path: str) -> bool:
        start = path.removeprefix("./").rstrip("/") + "/"
        return start != "/" and any(name.startswith(start) for name in self.members)

    def _content(self, path: Any, where: str, missing: str) -> tuple[bytes | None, list[Finding]]:
        if path is None or path == "":
            return None, [Finding(missing, where, "nothing")]
        if not isinstance(path, str):
            return None, [Finding("no-file", where, str(path))]
        if leaves(path):
            return None, [Finding("path", where, shown(path))]
        found = self.members.get(path.removeprefix("./"))
        return found, [] if found is not None else [Finding("no-file", where, shown(path))]

    def text_of(self, path: Any) -> str:
        """Everything that a program says, to look for the keys that it writes."""
        inner = unzipped(self.members.get(str(path).removeprefix("./"), b""))
        return "\n".join(content.decode("utf-8", "replace") for content in inner.values())

    def lines_of(self, path: Any) -> int | None:
        """How many lines reference data have; None where they are not in the bundle."""
        inner = unzipped(self.members.get(str(path).removeprefix("./"), b""))
        return sum(content.count(b"\n") for content in inner.values()) if inner else None


def leaves(path: str) -> bool:
    """Whether the path leads out of the bundle."""
    return path.startswith(("/", "~")) or "\\" in path or ".." in path.split("/")


def unzipped(content: bytes) -> dict[str, bytes]:
    """The files of a zip; none where it is no zip, is damaged, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
                return {}
            return {one.filename: archive.read(one) for one in archive.infolist() if not one.is_dir()}
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return {}
