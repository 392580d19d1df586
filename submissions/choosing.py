"""Which member of the archive is the prediction, and what lies around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from submissions.archive import Member
from submissions.problems import Problem, bare, shown

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_TEXT = frozenset({".predict", ".txt", ".csv", ".tsv", ""})
_PROGRAMS = frozenset({"metadata", "metadata.yaml"})
_PROGRAM = " (leave it out: Codabench takes a zip with this file for a program and fails)"
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """The member to read, if there is one to read, with problems and remarks about the others."""

    member: Member | None
    problems: tuple[Problem, ...]
    passed_over: tuple[str, ...]


def choose(members: Sequence[Member], name: str) -> Choice:
    """Find the prediction file `name`; the platforms look for exactly this name, so we do too."""
    files = [member for member in members if not member.is_folder]
    litter = [member for member in files if _is_litter(member)]
    others = [member for member in files if not _is_litter(member)]
    remarks = _remarks(litter)
    named = [member for member in others if member.parts[-1:] == (name,)]
    if len(others) == 1:
        return _single(others[0], name, remarks)
    problem = _crowd(others, named, name) if others else _nothing(name)
    return Choice(named[0] if len(named) == 1 else None, (problem,), remarks)


def _is_litter(member: Member) -> bool:
    last = member.parts[-1] if member.parts else ""
    return "__MACOSX" in member.parts or last in _LITTER | _PROGRAMS or last.startswith("._")


def _remarks(litter: Sequence[Member]) -> tuple[str, ...]:
    """What was passed over; all of ``__MACOSX`` in one word."""
    said = ["__MACOSX" if "__MACOSX" in member.parts else bare(member.name) for member in litter]
    return tuple(word + _PROGRAM if word in _PROGRAMS else word for word in dict.fromkeys(said))


def _single(member: Member, name: str, remarks: tuple[str, ...]) -> Choice:
    """The only file there is: the prediction, or a file by the wrong name that may still be one."""
    if len(member.parts) > 1:
        remarks = (*remarks, f"the folder {bare('/'.join(member.parts[:-1]))} around {name}")
    if member.parts[-1:] == (name,):
        return Choice(member, (), remarks)
    suffix = PurePosixPath(member.name).suffix.lower()
    mend = f"Rename it to {name}: Codabench and CodaLab look for exactly this name."
    if suffix == ".zip":
        mend = f"Zip {name} itself, not a zip of it."
    problem = Problem("the prediction file has another name", "the zip", name, shown(member.name), mend)
    return Choice(member if suffix in _TEXT else None, (problem,), remarks)


def _crowd(others: Sequence[Member], named: Sequence[Member], name: str) -> Problem:
    """More files than the one that belongs in the zip."""
    predictions = [one for one in others if one.name.lower().endswith(".predict")]
    listed = ", ".join(shown(one.name) for one in others[:_MOST_NAMES])
    rest = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
    if len(predictions) > 1:
        what = f"{len(predictions)} prediction files"
    elif named:
        what = "files that do not belong in the zip"
    else:
        what = f"no {name} among the files"
    mend = f"Keep one file, {name}, at the top of the zip."
    return Problem(what, "the zip", f"one file, {name}", listed + rest, mend)


def _nothing(name: str) -> Problem:
    mend = f"Put {name} at the top of the zip: `harness pack` writes it so."
    return Problem("no prediction file", "the zip", f"one file, {name}", "a zip without files", mend)
