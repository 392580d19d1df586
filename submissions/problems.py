"""What is wrong with a submission, said so that its author can mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a refusal, in the words of the person who has to mend it."""

    what: str
    where: str
    expected: str
    found: str
    mend: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.what} ({self.where}): expected {self.expected}, found {self.found}. {self.mend}"


class SubmissionRefused(Exception):
    """A submission that cannot be taken; `problems` holds every reason, never only the first.

    `passed_over` holds what the reader skipped without harm (``__MACOSX``, a blank after a digit).
    """

    def __init__(self, problems: tuple[Problem, ...], passed_over: tuple[str, ...] = ()) -> None:
        if not problems:
            raise ValueError("a refusal needs at least one problem")
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
        self.passed_over = passed_over


def shown(text: str | bytes, most: int = 60) -> str:
    """A text that a stranger wrote as it may be printed: in quotes, escaped, cut where it is long."""
    return _escaped(text, most, "'")


def bare(text: str | bytes, most: int = 60) -> str:
    """The same without the quotes, for a name that says where something is."""
    return _escaped(text, most, "")


def _escaped(text: str | bytes, most: int, quote: str) -> str:
    escaped = ascii(text[:most]).removeprefix("b")[1:-1]
    more = f"… ({len(text)} characters)" if len(text) > most else ""
    return f"{quote}{escaped}{quote}{more}"
