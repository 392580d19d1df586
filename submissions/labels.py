"""The text of a prediction file: one 0 or 1 a line, and every way in which people get that wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from submissions.phases import OFFICIAL, Phase, first_cells
from submissions.problems import Problem, shown

MOST_PLACES = 20
"""How many places in the file one problem lists before it only counts."""
MOST_TEXTS = 5
"""How many different texts one problem quotes."""
MOST_LINES = 100_000
"""How many lines are looked at one by one, unless the phase has as many cells."""

_EXPECTED = "0 (HEM) or 1 (ALL)"
_KINDS: tuple[tuple[str, re.Pattern[bytes], str], ...] = (
    ("an empty line", re.compile(rb"[ \t]*"), "Write one label for every cell; leave no line empty."),
    ("a label that is neither 0 nor 1", re.compile(rb"[+-]?\d+"), "Write 0 for HEM and 1 for ALL."),
    (
        "a label written as a decimal",
        re.compile(rb"[01]\.0*"),
        "Write whole digits, `1` for `1.0`: in numpy `fmt='%d'`, in pandas `.astype(int)`.",
    ),
    (
        "a score where a label belongs",
        re.compile(rb"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?"),
        "Turn scores into labels (1 above 0.5), or give the table to `harness pack`.",
    ),
    (
        "a byte that is not ASCII text",
        re.compile(rb"(?s).*[^\t\r\x20-\x7e].*"),
        "Save the file as plain ASCII text.",
    ),
    ("a blank before the label", re.compile(rb"[ \t]+[01][ \t]*"), "Start each line with its label."),
    (
        "a table row where a label belongs",
        re.compile(rb"(?s)[^,;\t]*\.bmp[,;\t].*"),
        "Give the table to `harness pack`: it writes the labels alone, in the right order.",
    ),
    ("several labels in one line", re.compile(rb"(?s)[01](?:[\s,;]+[01])+[\s,;]*"), "One label a line."),
    ("not a label", re.compile(rb"(?s).*"), "Leave out headers, names and words: one 0 or 1 a line."),
)


@dataclass(frozen=True, slots=True)
class Lines:
    """What a prediction file says: labels where it is sound, problems where it is not, and remarks."""

    labels: npt.NDArray[np.uint8]
    problems: tuple[Problem, ...]
    passed_over: tuple[str, ...]
    readable: bool = True


def parse(text: bytes, most: int = MOST_LINES) -> Lines:
    """Take a prediction file of at most `most` lines apart.

    A line that is no label counts as 0 and is named in `problems`.
    """
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Lines(np.zeros(0, np.uint8), (_UTF16,), (), readable=False)
    if text.count(b"\n") > most:
        return Lines(np.zeros(0, np.uint8), (_too_many(text.count(b"\n"), most),), (), readable=False)
    lines, remarks = _split(text)
    stripped = [line.rstrip(b" \t") for line in lines]
    blanks = sum(map(len, lines)) != sum(map(len, stripped))
    if blanks:
        count = sum(a != b for a, b in zip(lines, stripped, strict=True))
        remarks.append(f"blanks at the end of {_count(count, 'line')}")
    bad = [(at, line) for at, line in enumerate(stripped, start=1) if line not in (b"0", b"1")]
    labels = np.fromiter((line == b"1" for line in stripped), dtype=np.uint8, count=len(stripped))
    return Lines(labels, _problems(bad), tuple(remarks))


_UTF16 = Problem(
    "not ASCII text",
    "line 1",
    "one byte a character",
    "UTF-16 text, as PowerShell's `>` and some editors write it",
    "Save the file as ASCII or UTF-8, in PowerShell with `Out-File -Encoding ascii`.",
)


def _too_many(count: int, most: int) -> Problem:
    mend = "Write one line for every cell of the phase."
    return Problem(
        "far too many lines", "the prediction file", f"at most {most:,} lines", f"{count:,} lines", mend
    )


def _split(text: bytes) -> tuple[list[bytes], list[str]]:
    """The lines without their ends, and remarks on what was unusual about those."""
    remarks = []
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
        remarks.append("a byte-order mark at the start")
    if b"\r\n" in text:
        count = text.count(b"\r\n")
        remarks.append(f"Windows line ends (CRLF) in {_count(count, 'line')}")
        text = text.replace(b"\r\n", b"\n")
    if text and not text.endswith(b"\n"):
        remarks.append("no newline after the last line")
        text += b"\n"
    lines = text.split(b"\n")[:-1]
    full = len(lines)
    while lines and not lines[-1].strip(b" \t"):
        lines.pop()
    if len(lines) < full:
        remarks.append(f"{_count(full - len(lines), 'empty line')} at the end")
    return lines, remarks


def _problems(bad: Sequence[tuple[int, bytes]]) -> tuple[Problem, ...]:
    """One problem for every kind of mistake, with the places where it was made."""
    made: dict[int, list[tuple[int, bytes]]] = {}
    for at, line in bad:
        made.setdefault(_kind_of(line), []).append((at, line))
    return tuple(_problem(kind, lines) for kind, lines in sorted(made.items(), key=lambda one: one[1][0]))


def _kind_of(line: bytes) -> int:
    start = line[:80]
    return next(at for at, (_, pattern, _) in enumerate(_KINDS) if pattern.fullmatch(start))


def _problem(kind: int, bad: Sequence[tuple[int, bytes]]) -> Problem:
    what, _, mend = _KINDS[kind]
    texts = Counter(line for _, line in bad)
    listed = [
        shown(text) + (f" ({times} times)" if times > 1 else "")
        for text, times in texts.most_common(MOST_TEXTS)
    ]
    rest = len(texts) - len(listed)
    found = ", ".join(listed) + (f" and {rest:,} other texts" if rest else "")
    return Problem(what, places([at for at, _ in bad]), _EXPECTED, found, mend)


def places(numbers: Sequence[int]) -> str:
    """Line numbers in words: ``line 17``, ``lines 3, 5-9``; after 20 places only how many lines are left."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    left = sum(run[-1] - run[0] + 1 for run in runs[MOST_PLACES:])
    listed = ", ".join("-".join(map(str, run)) for run in runs[:MOST_PLACES])
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {listed}" + (f" and {_count(left, 'more line')}" if left else "")


def length_problem(found: int, phase: Phase | None, member: str) -> Problem | None:
    """What is wrong with the number of lines: for this phase, or for any official one."""
    wanted = [phase] if phase else list(OFFICIAL.values())
    if found in map(len, wanted):
        return None
    expected = " or ".join(f"{len(one)} lines ({one.name})" for one in wanted)
    what = _length_words(found - len(wanted[0])) if phase else "a number of lines that fits no phase"
    order = first_cells(wanted[0], 3)
    mend = f"Write one line for every cell of the phase in its order ({order}), and no header."
    return Problem(what, member, expected, _count(found, "line"), mend)


def _length_words(more: int) -> str:
    return f"{_count(abs(more), 'line')} too {'many' if more > 0 else 'few'}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
