"""What a user hands over as predictions or truth: a path, a DataFrame, a Series, an array with cell names.

All of them become a table, which is then read as every other table is (`submissions.tables`): the same
columns are found, the same mistakes are named, and what was assumed is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from eval_server.judging.truth import Truth, read_truth
from harness.errors import UsageWrong
from harness.reports.entries import NamedEntry, open_entry
from submissions.columns import CELL
from submissions.predictions import Predictions
from submissions.problems import SubmissionRefused
from submissions.tables import reading_of_table, table_of

if TYPE_CHECKING:
    import pandas as pd

    from harness.python.reading import Opened

CellsAndValues: TypeAlias = "tuple[Sequence[str], Any]"
Given: TypeAlias = (
    "str | Path | pd.DataFrame | pd.Series[Any] | Mapping[str, float] | CellsAndValues | Predictions | Opened"
)
GivenTruth: TypeAlias = (
    "str | Path | pd.DataFrame | pd.Series[Any] | Mapping[str, int] | CellsAndValues | Truth"
)

_ONE_OF = "Give a path, a DataFrame, a Series whose index holds the cells, a dict, or a pair (cells, values)."


def entry_of(given: Given, truth: Truth, *, name: str = "", scale: str | None = None) -> NamedEntry:
    """Predictions as an entry of the phase of this truth.

    Raises `DataWrong` and `SubmissionRefused` as `open_entry` does, `UsageWrong` for what is none of these.
    """
    if isinstance(given, str | Path):
        return open_entry(f"{name}={given}" if name else str(given), truth, scale)
    predictions = given if isinstance(given, Predictions) else getattr(given, "predictions", None)
    if isinstance(predictions, Predictions):
        return NamedEntry(name or "entry", predictions, read_as=tuple(getattr(given, "read_as", ())))
    try:
        reading = reading_of_table(table_bytes(given, "score"), truth.phase, scale=scale)
    except SubmissionRefused as refused:
        refused.args = (f"{name or 'the predictions'} cannot be judged:\n{refused}",)
        raise
    return NamedEntry(name or "entry", reading.predictions, read_as=reading.read_as)


def truth_of(given: GivenTruth, *, trust_labels: bool = False) -> Truth:
    """The truth in a label file, or in any of the same forms; raises `TruthInvalid` with every problem."""
    if isinstance(given, Truth):
        return given
    source = given if isinstance(given, str | Path) else table_bytes(given, "label")
    return read_truth(source, trust_labels=trust_labels)


def table_bytes(given: Any, value: str) -> bytes:
    """A table as a CSV file; a column of values alone is called `value`, or label where all are 0 or 1."""
    if isinstance(given, Predictions):
        return table_of(given)
    frame = _frame(given, value)
    named = [name for name in map(str, frame.columns) if name.lower() in CELL]
    if not named:
        frame = frame.rename_axis("cell").reset_index()
    text: str = frame.to_csv(index=False)
    return text.encode()


def _frame(given: Any, value: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, Mapping):
        given = pd.Series(dict(given))
    elif isinstance(given, tuple) and len(given) == 2:
        cells, values = list(map(str, given[0])), np.asarray(given[1])
        if values.shape != (len(cells),):
            raise UsageWrong(f"{len(cells)} cells need as many values, found {values.shape}", _ONE_OF)
        given = pd.Series(values, index=cells)
    if not isinstance(given, pd.Series):
        raise UsageWrong(f"a {type(given).__name__} holds no cells with values", _ONE_OF)
    labels = bool(given.isin([0, 1]).all())
    return given.rename("label" if labels else value).to_frame()
