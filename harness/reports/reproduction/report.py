"""A reproduction from its first sentence to its last, as blocks that a page and a text are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eval_server.figures.picture import Picture
from eval_server.figures.statements import seeds as said
from eval_server.figures.statements.intervals import of_this_kind
from eval_server.figures.wording import capital, counted, percent, signed
from harness.reports.reproduction import figures, tables
from harness.reports.reproduction.published import PAPER
from harness.reports.reproduction.study import Choice, Study
from harness.reports.reproduction.tables import METRIC, Rows, Tested, tested

Block = Rows | Picture | str


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of the report under its heading: sentences, tables and pictures in order."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reproduction:
    """All that a reader is told; `marks` come before every number."""

    title: str
    about: str
    marks: tuple[str, ...]
    answer: str
    sections: tuple[Section, ...]
    results: tuple[Tested, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers for programs: one seed report for each choice of epoch."""
        return {
            "marks": list(self.marks),
            "about": self.about,
            "answer": self.answer,
            "choices": {one.choice.value: _document(one) for one in self.results},
        }


def _document(one: Tested) -> dict[str, Any]:
    swaps = [None if over is None else over.p.tolist() for over in one.subjects]
    return {**one.report.to_json(), "subject_swap_p_by_seed": swaps}


def reproduction(study: Study, notes: tuple[str, ...] = ()) -> Reproduction:
    """The report of a study; `notes` are sentences about files that were made beside it."""
    results = tuple(tested(study, choice) for choice in study.choices)
    about = "; ".join(f"{name}: {what}" for name, what in study.facts.items() if what)
    return Reproduction(
        "Reproduction of Prellberg and Kramer 2019",
        about,
        _marks(study),
        _answer(study, results),
        tuple(_sections(study, results, notes)),
        results,
    )


def _marks(study: Study) -> tuple[str, ...]:
    seeds = {len(arm.runs) for arm in study.arms}
    fewer = () if seeds == {24} else (f"{counted(max(seeds), 'seed')} in place of 24",)
    return (*study.marks, *fewer)


def _answer(study: Study, results: tuple[Tested, ...]) -> str:
    first = results[0].report.methods[0].summaries[METRIC]
    marks = f" ({', '.join(_marks(study))})" if _marks(study) else ""
    whose = f"{study.arms[0].name}{marks}: mean weighted F1 {percent(first.mean)} %"
    if len(results) == 1:
        return f"{whose} over {counted(first.seeds, 'seed')}."
    last = results[1].report.methods[0].summaries[METRIC].mean
    return (
        f"{whose} with the epoch chosen on the test set, {percent(last)} % with the last epoch. Choosing on "
        f"the test set is worth {signed(first.mean - last)} points; 87.89 % was published, chosen so."
    )


def _sections(study: Study, results: tuple[Tested, ...], notes: tuple[str, ...]) -> Iterator[Section]:
    yield Section("Table 2", (tables.table_2(results), *_reading(results)))
    yield Section("Ablations and tests", _tests(results))
    if training := figures.training_of_best(study):
        yield Section("Figure 2: training of the best run", training)
    yield Section("Figure 3: correct cells by subject", tuple(_subjects(study)))
    if epochs := figures.ablations_over_epochs(study):
        yield Section("Figure 4: every epoch of all methods", epochs)
    others = range(1, len(results[0].report.methods))
    yield Section("The other methods", tuple(tables.table_2(results, method=at) for at in others))
    yield Section("Known differences from the published run", study.differences)
    if notes:
        yield Section("Files", notes)


def _reading(results: tuple[Tested, ...]) -> Iterator[str]:
    yield "The sd is the population sd over seeds (ddof 0), as published."
    if len(results) > 1:
        yield (
            "“Best epoch” is the published choice: of each run the epoch that is best on the test set. "
            "“Last epoch” looks at no test cell."
        )


def _tests(results: tuple[Tested, ...]) -> tuple[Block, ...]:
    return (
        tables.ablations(results),
        tables.mann_whitney(results),
        f"{capital(said.over_seeds('these subjects'))} {said.papers_test()}",
        tables.over_other_subjects(results),
        said.swap_of_two_runs(),
        tables.seeds_and_subjects(results),
        *tables.without_interval(results),
        capital(said.both_speak()),
    )


def _subjects(study: Study) -> Iterator[Block]:
    drawn = figures.subjects_of_best(study)
    if not drawn.rows:
        yield "The subjects are not known."
        return
    yield drawn
    columns = ("subject", "class", "right here", "here, %", "published, in lowest terms", "published, %")
    rows = tuple(figures.subjects_beside(study))
    yield Rows("Beside the published run", columns, rows)


LIMITS = (
    f"Published numbers: {PAPER}.",
    of_this_kind(),
    "Research software, not a medical device.",
)
"""What stands at the end of every report."""

__all__ = ["LIMITS", "Block", "Choice", "Reproduction", "Section", "reproduction"]
