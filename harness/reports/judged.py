"""The entries that a user names, opened and judged, with all that has to be said beside their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval_server.judging.hints import Hint, hints
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness.errors import UsageWrong
from harness.reports.cross_validation import cross_validated, kept_out_in_words
from harness.reports.entries import NamedEntry, named_path, open_entry, truth_for
from harness.reports.known_truth import CROSS_VALIDATED, Asked, truth_of
from submissions.columns import Scale


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts by the names of their entries, and the words that belong to them.

    `read_as` says what was assumed about an entry's table, `hints` which mistake a result looks like, `notes`
    what was assumed about the labels and who was kept out of training; `kept_out` holds that for programs.
    """

    verdicts: Mapping[str, Verdict]
    remarks: Mapping[str, tuple[str, ...]]
    read_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept_out: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


def judged(texts: Sequence[str], asked: Asked, scale: Scale | str | None = None) -> Judged:
    """Open and judge every entry on the cells it predicts; with the split ``cv`` folds are joined."""
    return _joined_folds(texts, scale) if asked.split == CROSS_VALIDATED else _each(texts, asked, scale)


def _each(texts: Sequence[str], asked: Asked, scale: Scale | str | None) -> Judged:
    truth = truth_of([named_path(text)[1] for text in texts], asked)
    return judged_opened([open_entry(text, truth, scale) for text in texts], truth)


def judged_opened(opened: Sequence[NamedEntry], truth: Truth) -> Judged:
    """Judge entries that are open already, each on the cells it predicts."""
    _require_names([one.name for one in opened])
    truths = {one.name: truth_for(one, truth) for one in opened}
    verdicts = {one.name: judge(one.predictions, truths[one.name]) for one in opened}
    return Judged(
        verdicts,
        {one.name: one.remarks for one in opened},
        {one.name: one.read_as for one in opened if one.read_as},
        {name: found for name, verdict in verdicts.items() if (found := _hints(verdict, truths[name]))},
        tuple(f"the label file: {words}" for words in truth.read_as),
    )


def _joined_folds(texts: Sequence[str], scale: Scale | str | None) -> Judged:
    if scale is not None:
        raise UsageWrong("--scores says what a table holds, and folds are joined from runs", "Leave it out.")
    entries, truth = cross_validated(texts)
    verdicts = {one.name: judge(one.predictions, truth) for one in entries}
    return Judged(
        verdicts,
        {one.name: one.remarks for one in entries},
        hints={name: found for name, verdict in verdicts.items() if (found := _hints(verdict, truth))},
        notes=tuple(kept_out_in_words(entries)),
        kept_out={one.name: [out.to_json() for out in one.kept_out] for one in entries},
    )


def _hints(verdict: Verdict, truth: Truth) -> tuple[Hint, ...]:
    return hints(verdict.cells, truth.phase.cells)


def _require_names(names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageWrong(f"two entries are called {twice}", "Give each a name of its own: NAME=PATH.")
