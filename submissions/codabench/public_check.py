"""The truth where participants can read it: as their starting kit or data, in one of them, or in a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from submissions.codabench.parts_check import Parts, unzipped
from submissions.codabench.rules import Finding

LEAST = 16
"""Bytes of a truth that are looked for within another file; shorter ones stand there by chance."""
COMMON = ("readme", "license", "licence", "metadata")
Named = tuple[str, Any]


def public_findings(references: Iterable[Any], public: Iterable[Named], parts: Parts) -> Iterator[Finding]:
    """Each public file, by its place in the bundle, that is or holds a file of the reference data."""
    named = {_plain(path) for path in references if isinstance(path, str)}
    truths = [
        (path, name, text)
        for path in sorted(named)
        for name, text in _leaves(path, parts).items()
        if text and not name.rpartition("/")[2].lower().startswith(COMMON)
    ]
    for where, path in public:
        if not isinstance(path, str):
            continue
        if _plain(path) in named:
            yield Finding("truth-public", where, path)
            continue
        leaves = _leaves(_plain(path), parts)
        held = next(
            (f"{path} holds {name} of {of}" for of, name, text in truths if _in(text, leaves.values())), None
        )
        if held:
            yield Finding("truth-public", where, held)


def public_parts(document: Mapping[str, Any], phases: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Named]:
    """What participants can read of a bundle of version 2, each with its place in words."""
    pages = document.get("pages")
    listed = [
        (f"pages {at}", page.get("file"))
        for at, page in enumerate(pages if isinstance(pages, list) else ())
        if isinstance(page, Mapping)
    ]
    return [("terms", document.get("terms")), *listed, *kits(phases)]


def kits(phases: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Named]:
    """The starting kits and public data of these phases, each with its place in words."""
    keys = ("starting_kit", "public_data")
    return [(f"{where} {key}", phase[key]) for where, phase in phases for key in keys if phase.get(key)]


def shared_parts(document: Mapping[str, Any], tasks: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Named]:
    """Programs and input data of these tasks, where the bundle lets participants read them."""
    opened = {
        "make_input_data_available": ("input_data",),
        "make_programs_available": ("scoring_program", "ingestion_program"),
    }
    keys = [key for field, names in opened.items() if document.get(field) is True for key in names]
    return [(f"{where} {key}", task[key]) for where, task in tasks for key in keys if task.get(key)]


def _plain(path: str) -> str:
    return path.removeprefix("./").rstrip("/")


def _leaves(path: str, parts: Parts) -> dict[str, bytes]:
    """The files of a member or a folder, and of the zips in it; line ends and space around them left out."""
    folder = path + "/"
    found: dict[str, bytes] = {}
    for name, content in parts.members.items():
        if name == path or name.startswith(folder):
            found |= _unfolded(name, content)
    return found


def _unfolded(name: str, content: bytes, depth: int = 3) -> dict[str, bytes]:
    inner = unzipped(content) if depth and content[:2] == b"PK" else {}
    if not inner:
        return {name: content.replace(b"\r", b"").strip()}
    found: dict[str, bytes] = {}
    for one, more in inner.items():
        found |= _unfolded(f"{name}/{one}", more, depth - 1)
    return found


def _in(truth: bytes, texts: Iterable[bytes]) -> bool:
    return any(truth == text or (len(truth) >= LEAST and truth in text) for text in texts)
