"""What participants read: the pages and terms of a bundle in Markdown, and starting kits."""

from __future__ import annotations

from collections.abc import Sequence

from submissions.codabench.class_words import class_words
from submissions.codabench.reference import Feedback
from submissions.codabench.scoring_program.score import TITLES
from submissions.packing import zipped
from submissions.phases import Phase, cells_table, first_cells

TERMS = """# Terms

By taking part you agree to use the images of this challenge as the licence of their data set allows, to hand
in predictions that a program made, and to write no labels by hand.

What is shown here is research. It is no medical device and no advice on any patient.
"""

_TELLS: dict[Feedback, str] = {
    "full": "After each submission you see every number, the confusion matrix, and the results by subject.",
    "summary": "After each submission you see the numbers to a tenth of a percent with their interval: no "
    "confusion matrix, and nothing by subject.",
    "score": "After each submission you see weighted F1 to a tenth of a percent, and nothing else.",
}


def overview(title: str, description: str, phases: Sequence[Phase]) -> str:
    """The first page: what is asked, and in which phases."""
    listed = "\n".join(f"- `{phase.name}`: {len(phase):,} cells{_marks(phase)}" for phase in phases)
    return f"# {title}\n\n{description}\n\n## Phases\n\n{listed}\n"


def _marks(phase: Phase) -> str:
    return (", drawn" if phase.drawn else "") + (", a part of the phase" if phase.partial else "")


def evaluation(columns: Sequence[str], feedback: Feedback) -> str:
    """How submissions are judged, and what is told of it."""
    others = ", ".join(TITLES[key] for key in columns[1:])
    more = f"The leaderboard also shows: {others}.\n\n" if others else ""
    return (
        "# Evaluation\n\n"
        "Submissions are ranked by weighted F1: the F1 of ALL (leukemic, 1) and of HEM (normal, 0), weighted "
        f"by the cells of each class.\n\n{more}"
        "Intervals take the subject as the unit, because cells of one subject resemble each other. A score "
        "that lies within the interval of another is no evidence of a worse method.\n\n"
        "A number that the truth of a phase does not define (sensitivity without ALL cells) counts as 0 for "
        f"everybody.\n\n## What you are told\n\n{_TELLS[feedback]}\n"
    )


def submitting(phases: Sequence[Phase]) -> str:
    """What a submission holds, phase by phase."""
    listed = "\n".join(f"- `{phase.name}`: {len(phase)} lines, {_order(phase)}" for phase in phases)
    member = phases[0].member
    return (
        f"# Submitting\n\nA submission is a zip with one file, `{member}`, at its top: one line for every "
        f"cell, `1` for ALL (leukemic) or `0` for HEM (normal).\n\n{listed}\n\n"
        "Put no file called `metadata` into the zip: the platform takes such a zip for a program.\n\n"
        "What is wrong with a submission that failed stands, all reasons in one line, in its log "
        "`scoring_stderr`. A failed submission does not count against your quota.\n"
    )


def _order(phase: Phase) -> str:
    """The order of the lines in words; names that hold a word for a class are not shown."""
    if class_words(phase.cells):
        in_order = list(phase.cells) == sorted(phase.cells)
        return "in the ASCII order of the cells' file names" if in_order else "in the organizer's order"
    return f"in this order: {first_cells(phase, 3)}"


def starting_kit(phase: Phase) -> bytes:
    """A zip with the cells in order and a submission that calls every cell ALL.

    The list of cells is left out where a name holds a word for a class.
    """
    member = {phase.member: b"1\n" * len(phase)}
    readme = (
        f"# Starting kit of {phase.name}\n\n"
        f"`example_submission.zip` can be handed in as it is: it calls all {len(phase)} cells ALL.\n\n"
        f"The lines of `{phase.member}` are {_order(phase)}.\n"
    )
    files = {"README.md": readme.encode(), "example_submission.zip": zipped(member)}
    if not class_words(phase.cells):
        files["cells.csv"] = cells_table(phase).encode()
    return zipped(files)
