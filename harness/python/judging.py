"""`score` and `compare`: what predictions are worth, whether one is better than another, and how surely."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_server.figures.columns import BESIDE
from eval_server.judging.comparing import compare as compare_verdicts
from eval_server.judging.hints import Hint
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict
from harness.errors import UsageWrong
from harness.python.given import Given, GivenTruth, entry_of, truth_of
from harness.reports import comparison_words as words
from harness.reports import leaderboard
from harness.reports.judged import Judged, judged, judged_opened
from harness.reports.known_truth import Asked
from harness.reports.known_truth import truth_of as known_truth
from harness.reports.shown import Shown
from harness.runs.verdict_words import headline

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Score:
    """One judged entry: the verdict, what must stand beside it, mistakes that only look like a bad model."""

    name: str
    verdict: Verdict
    remarks: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def weighted_f1(self) -> float:
        return self.verdict.weighted_f1

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """The 95 % interval of weighted F1 over subjects; None twice where none can be given."""
        low, high = self.verdict.intervals["weighted_f1"].limits
        return low, high

    @property
    def metrics(self) -> Mapping[str, float | None]:
        return self.verdict.metrics

    def to_dict(self) -> dict[str, Any]:
        """The document of ``harness score --json``."""
        said = {"remarks": list(self.remarks), "read_as": list(self.read_as)}
        mistakes = [hint.to_json() for hint in self.hints]
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"entry": self.name, **self.verdict.to_json(), **said, "hints": mistakes, **notes}

    def to_frame(self) -> pd.DataFrame:
        """One row a metric: `metric`, `value`, and the ends of its 95 % interval where there is one."""
        import pandas as pd

        ends = {name: one.limits for name, one in self.verdict.intervals.items()}
        rows = [(name, value, *ends.get(name, (None, None))) for name, value in self.metrics.items()]
        return pd.DataFrame(rows, columns=["metric", "value", "low", "high"]).astype(_NUMBERS)

    def subjects(self) -> pd.DataFrame:
        """One row a subject: label, cells, how many are right, and the share; raises where none are known."""
        import pandas as pd

        lines = self.verdict.subjects
        if lines is None:
            raise UsageWrong("the subjects of these cells are not known", "Give a truth with subjects.")
        rows = [(one.subject, one.label, one.cells, one.correct, one.accuracy) for one in lines]
        return pd.DataFrame(rows, columns=["subject", "label", "cells", "correct", "accuracy"])

    def __repr__(self) -> str:
        return headline(self.name, self.verdict)

    def _repr_html_(self) -> str:
        from eval_server.figures.showing import pictures_of_entry
        from harness.python import showing

        pictures = map(showing.picture, pictures_of_entry(self.name, self.verdict, curves=False)[:2])
        said = showing.notes((*self.notes, *self.remarks, *self.read_as, *map(str, self.hints)))
        return showing.heading(repr(self)) + showing.table(self.to_frame()) + said + "".join(pictures)


_NUMBERS = {"value": "float64", "low": "float64", "high": "float64"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Leaderboard:
    """Several judged entries beside each other: ranks, intervals over subjects, exact paired tests."""

    shown: Shown

    @property
    def report(self) -> Report:
        return self.shown.report

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        return self.shown.verdicts

    def to_dict(self) -> dict[str, Any]:
        """The document of ``harness compare --json``."""
        shown, document = self.shown, self.report.to_json()
        for entry, row in zip(document["entries"], leaderboard.rows_of(shown), strict=True):
            entry |= {key: row[key] for key in BESIDE}
            said = (*shown.remarks.get(entry["name"], ()), *entry["remarks"])
            entry["remarks"] = list(dict.fromkeys(said))
            entry["read_as"] = list(shown.read_as.get(entry["name"], ()))
            if entry["name"] in shown.hints:
                entry["hints"] = [hint.to_json() for hint in shown.hints[entry["name"]]]
        if shown.notes:
            document["notes"] = list(shown.notes)
        if shown.kept_out:
            document["kept_out"] = dict(shown.kept_out)
        if shown.references:
            document["published"] = [asdict(one) for one in shown.references]
        return document

    def to_frame(self) -> pd.DataFrame:
        """One row an entry, as ``harness compare --format csv`` writes it."""
        import pandas as pd

        return pd.read_csv(io.StringIO(leaderboard.comma_separated(self.shown)), dtype={"name": str})

    def pairs(self) -> pd.DataFrame:
        """One row a comparison: difference of weighted F1, its interval, and the p-values."""
        import pandas as pd

        return pd.json_normalize(self.report.to_json()["pairs"], sep="_")

    def to_latex(self) -> str:
        """The table for a paper, as ``harness compare --format latex`` prints it."""
        from harness.reports.latex import latex

        return latex(self.shown)

    def cite(self) -> str:
        """What to write in a methods section, with its references: ``harness compare --cite``."""
        from harness.reports.citing import methods_section

        return methods_section(self.report)

    def save_page(self, path: str | Path) -> None:
        """Write the page of ``harness compare --html``: all pictures, no network needed."""
        from harness.reports.page import write_page

        write_page(Path(path), self.shown)

    def __repr__(self) -> str:
        lines = [words.about(self.report), "", *leaderboard.lines(self.shown, 100)]
        return "\n".join([*lines, "", words.answer(self.report)])

    def _repr_html_(self) -> str:
        from eval_server.figures.showing import pictures_of_report
        from harness.python import showing

        pictures = map(showing.picture, pictures_of_report(self.report)[:2])
        said = showing.notes((words.answer(self.report), *words.limits(self.shown)))
        return (
            showing.heading(words.about(self.report))
            + showing.table(self.to_frame())
            + said
            + "".join(pictures)
        )


def score(
    predictions: Given,
    truth: GivenTruth | None = None,
    *,
    name: str = "",
    split: str | None = None,
    data: str | Path = "data",
    scores: str | None = None,
    trust_labels: bool = False,
) -> Score:
    """Judge predictions against a truth.

    `predictions` are a path (zip, run folder, table), a DataFrame, a Series whose index holds the cells, a
    dict, a pair (cells, values) or what `read` gave; `truth` the published label file or any of the same.
    Without a truth the labels that are known are taken: a run says itself which it predicts, for others
    `split` does, and those of prelim lie in `data`. `scores` says what numbers of a score column are;
    `trust_labels` lets a label contradict a file's name.
    """
    asked = Asked(None, split, Path(data), trust_labels)
    return score_of(_judged({name: predictions}, truth, asked, scores))


def score_of(found: Judged) -> Score:
    """The one entry that was judged, with all that belongs to it."""
    ((name, verdict),) = found.verdicts.items()
    remarks = tuple(dict.fromkeys((*found.remarks[name], *verdict.remarks)))
    read_as, mistakes = found.read_as.get(name, ()), found.hints.get(name, ())
    return Score(name, verdict, remarks, read_as, mistakes, found.notes)


def compare(
    entries: Mapping[str, Given],
    truth: GivenTruth | None = None,
    *,
    split: str | None = None,
    data: str | Path = "data",
    baseline: str | None = None,
    margin: float | None = None,
    alpha: float = 0.05,
    scores: str | None = None,
    trust_labels: bool = False,
) -> Leaderboard:
    """Rank entries by weighted F1, with intervals over subjects and exact paired tests.

    `entries` maps names to predictions, each in any form that `score` takes; truth, split and data are those
    of `score`. `baseline` tests only the differences with that entry, `margin` is the weighted F1 within
    which two count as equivalent, `alpha` the chance of any false claim in the whole family of tests.
    """
    if not entries:
        raise UsageWrong(
            "there is nothing to compare: no entry was given", "Give a dict: {name: predictions}."
        )
    found = _judged(entries, truth, Asked(None, split, Path(data), trust_labels), scores)
    return leaderboard_of(found, baseline=baseline, margin=margin, alpha=alpha)


def leaderboard_of(
    found: Judged, *, baseline: str | None = None, margin: float | None = None, alpha: float = 0.05
) -> Leaderboard:
    """Compare what was judged, and keep what must be said beside it."""
    names = list(found.verdicts)
    _require_shares(alpha, margin)
    if baseline is not None and baseline not in names:
        hint = f"The entries are {', '.join(names)}."
        raise UsageWrong(f"the baseline {baseline} is not among the entries", hint)
    report = compare_verdicts(found.verdicts, alpha=alpha, baseline=baseline, margin=margin)
    return Leaderboard(
        Shown(
            report,
            found.verdicts,
            found.remarks,
            read_as=found.read_as,
            hints=found.hints,
            notes=found.notes,
            kept_out=found.kept_out,
        )
    )


def _require_shares(alpha: float, margin: float | None) -> None:
    if not 0 < alpha < 0.5:
        raise UsageWrong(f"expected an alpha between 0 and 0.5, found {alpha}", "Leave it out for 0.05.")
    if margin is not None and not 0 < margin < 1:
        raise UsageWrong(f"expected a margin between 0 and 1, found {margin}", "Half a point is 0.005.")


def _judged(
    entries: Mapping[str, Given], truth: GivenTruth | None, asked: Asked, scale: str | None
) -> Judged:
    """Paths are judged as the command line judges them; all else is made into a table first."""
    paths = {name: one for name, one in entries.items() if isinstance(one, str | Path)}
    if len(paths) == len(entries) and (truth is None or isinstance(truth, str | Path)):
        texts = [f"{name}={path}" if name else str(path) for name, path in paths.items()]
        return judged(texts, replace(asked, truth_file=None if truth is None else Path(truth)), scale)
    if truth is None:
        known = known_truth(map(Path, paths.values()), asked)
    else:
        known = truth_of(truth, trust_labels=asked.trust_labels)
    opened = [entry_of(one, known, name=name, scale=scale) for name, one in entries.items()]
    return judged_opened(opened, known)
