"""What is said about a result: metrics with intervals, counts, and results by subject."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eval_server.judging.feedback import Told
from eval_server.scoring.measures import below_93
from eval_server.scoring.optimism import BestOf
from eval_server.service.access import Caller
from eval_server.store.records import Submission
from eval_server.web.documents.boards import remarks
from eval_server.web.documents.document import IN_FULL, STABLE, Count, Document, Limits, Metrics
from eval_server.web.documents.publishing import rounded


class IntervalDocument(Document):
    """An estimate with its 95 % interval over subjects."""

    estimate: float | None
    """The metric itself; null where it is not defined."""
    interval: Limits
    """Its limits; null where they cannot be estimated."""
    se: float | None
    """The standard error on the scale of the interval."""
    df: float | None
    """Degrees of freedom."""
    remark: str
    """Why there are no limits, or how to read them."""


class ConfusionDocument(Document):
    """Cells by what they are and what they are called; ALL is positive."""

    tn: Count
    fp: Count
    fn: Count
    tp: Count


class ProportionDocument(Document):
    """So many of so many, with the exact interval; null without any."""

    hits: int
    of: int
    value: float | None
    interval: Limits


class DiagnosisDocument(Document):
    """Majority vote over a subject's cells, for subjects of one class."""

    sensitivity: ProportionDocument
    specificity: ProportionDocument
    ties: int
    """Subjects with exactly half of their cells right, which counts as wrong."""


class SubjectDocument(Document):
    """One subject's cells and how many of them are right."""

    subject: str
    label: str
    """`ALL`, `HEM`, or `both` where the subject has cells of both classes."""
    cells: int
    correct: int
    accuracy: Annotated[float, IN_FULL]


class SubjectsDocument(Document):
    """Results by subject, each counting the same whatever its number of cells."""

    count: int
    mean_accuracy: Annotated[float, IN_FULL]
    mean_interval: Annotated[Limits, IN_FULL]
    mean_remark: str
    median_accuracy: Annotated[float, IN_FULL]
    minimum_accuracy: Annotated[float, IN_FULL]
    below_half: int
    """Subjects with less than half of their cells right."""
    diagnosis: Annotated[DiagnosisDocument, IN_FULL]
    table: list[SubjectDocument]


class BestOfDocument(Document):
    """That a submission stands for its team as the best of many, and how much too high that may be."""

    tries: int
    """Scored submissions of its team."""
    optimism: float
    """How much too high the best of so many comes out in the phase's metric, by resampling of subjects."""


def best_of_document(known: BestOf | None) -> BestOfDocument | None:
    """The optimism of the best of many, which everybody reads rounded."""
    return None if known is None else rounded(BestOfDocument(tries=known.tries, optimism=known.optimism))


class ResultDocument(Document):
    """The public part of a verdict; all but the metrics are absent before there is one, or where withheld."""

    metrics: Annotated[Metrics, STABLE]
    """Metrics by name; empty before there is a verdict."""
    intervals: Annotated[dict[str, IntervalDocument], STABLE] = Field(default_factory=dict)
    """The interval of each metric that has one."""
    below_93: list[str] = Field(default_factory=list)
    """Metrics whose intervals, and `subject_accuracy` if its own, cover less than 93 % in some design (†)."""
    confusion: Annotated[ConfusionDocument | None, STABLE] = None
    """Cells by class and call."""
    subjects: Annotated[SubjectsDocument | None, STABLE] = None
    """Results by subject; null where the subjects are not known."""
    cells: Annotated[int | None, STABLE] = None
    """Cells of the phase."""
    remarks: Annotated[tuple[str, ...], STABLE] = ()
    """Words under which conditions it was made."""


def result_document(told: Told, found: Submission, caller: Caller) -> ResultDocument:
    """What is told of a verdict on a submission, rounded for others than the host."""
    document = told.document
    result = ResultDocument.model_validate(
        {
            **document,
            "remarks": remarks(found.remarks, document["remarks"]),
            "below_93": below_93(document["intervals"]) if document.get("intervals") else [],
        }
    )
    return result if caller.is_host else rounded(result)
