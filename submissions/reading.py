"""A submission zip to `Predictions`, or to every reason why it cannot be taken.

What real entrants uploaded without harm is accepted and named in `passed_over`; everything else is
refused. Nothing is ever written to disk, and no archive makes the reader unpack more than its limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from submissions import labels
from submissions.archive import Limits, Member, contents, member_problems, open_archive, unsound
from submissions.choosing import choose
from submissions.phases import MEMBER, OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused, bare

__all__ = ["Limits", "Reading", "read"]

LINE_BYTES = 4
"""A digit, a blank, and the two bytes of a Windows line end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a submission predicts, what the reader passed over without harm, and what it assumed."""

    predictions: Predictions
    passed_over: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()


def read(source: str | Path | bytes, phase: Phase | None = None, limits: Limits | None = None) -> Reading:
    """Read a submission zip from a path or from its bytes.

    Without `phase` the number of lines decides which official phase it answers. Raises
    `SubmissionRefused` with every problem at once, and OSError where a path cannot be read.
    """
    limits = limits or _limits_of(phase)
    archive = open_archive(_bytes_of(source, limits), limits)
    choice = choose(archive.members, phase.member if phase else MEMBER)
    problems = (*member_problems(archive, limits), *choice.problems)
    remarks = (*archive.remarks, *choice.passed_over)
    member = choice.member
    if member is None or unsound(member, limits):
        raise SubmissionRefused(problems, remarks)
    try:
        text = contents(archive, member, limits)
    except SubmissionRefused as refused:
        raise SubmissionRefused((*problems, *refused.problems), remarks) from refused
    most = max(labels.MOST_LINES, 2 * len(phase) if phase else 0)
    return _taken(labels.parse(text, most), member, phase, problems, remarks)


def _limits_of(phase: Phase | None) -> Limits:
    """The usual limits, or for a phase of very many cells as much as its lines need."""
    usual = Limits()
    return replace(usual, member_bytes=max(usual.member_bytes, LINE_BYTES * len(phase) if phase else 0))


def _bytes_of(source: str | Path | bytes, limits: Limits) -> bytes:
    """The whole file, but never more than one byte over the limit."""
    if isinstance(source, bytes):
        data = source
    else:
        with Path(source).open("rb") as file:
            data = file.read(limits.archive_bytes + 1)
    if len(data) > limits.archive_bytes:
        expected, found = f"at most {limits.archive_bytes:,} bytes", "a larger one"
        mend = "A submission has about 5 kB: send the zip that `harness pack` writes."
        raise SubmissionRefused((Problem("the file is too large", "the zip", expected, found, mend),))
    return data


def _taken(
    lines: labels.Lines,
    member: Member,
    phase: Phase | None,
    problems: tuple[Problem, ...],
    remarks: tuple[str, ...],
) -> Reading:
    """The predictions, if neither the archive nor its lines have a problem."""
    remarks = (*remarks, *lines.passed_over)
    count = len(lines.labels)
    length = labels.length_problem(count, phase, bare(member.name)) if lines.readable else None
    problems = (*problems, *((length,) if length else ()), *lines.problems)
    if problems:
        raise SubmissionRefused(problems, remarks)
    answered = phase or next(official for official in OFFICIAL.values() if len(official) == count)
    return Reading(Predictions(answered, lines.labels), remarks)
