"""What is said about two entries side by side, and about several compared pair by pair."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eval_server.judging.feedback import Told
from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.side_by_side import ManyCompared, SideBySide, shown_as
from eval_server.service.sight import is_spot_checked
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web.documents.boards import remarks, told_as
from eval_server.web.documents.document import (
    IN_FULL,
    STABLE,
    UPWARDS,
    Document,
    Limits,
    Metrics,
    Word,
)
from eval_server.web.documents.publishing import rounded

FullNumber = Annotated[float | None, IN_FULL]
"""A number that follows from counts by subject and from discordant cells, which everybody may read."""


class SecondTest(Document):
    """A test beside the primary one."""

    difference: float
    """First minus second."""
    p: Annotated[float, UPWARDS]
    """Two-sided, not adjusted."""


class ScoreTestDocument(SecondTest):
    """The test of two areas under the ROC curve."""

    p_holm: Annotated[float | None, UPWARDS]
    """Adjusted by Holm over the pairs that have scores."""


class McNemarDocument(Document):
    """Cells only one of two entries has right; it assumes independent cells, so it decides nothing."""

    only_a: int
    only_b: int
    midp: float
    exact: float
    chance_not_better: float
    label: str


class DiagnosisTestDocument(Document):
    """McNemar's exact test of the diagnosis by majority, over subjects, which are independent."""

    only_a: int
    """Subjects only the first names rightly."""
    only_b: int
    p: float
    """Two-sided, not adjusted."""


class WilcoxonDocument(Document):
    """Wilcoxon's test of the subjects' differences."""

    p: float | None
    zeros: int | None
    """Subjects without a difference."""


class EquivalenceDocument(Document):
    """Two one-sided tests against the phase's margin; null where no interval can be estimated."""

    margin: float
    interval: Limits
    """The 90 % interval of the difference."""
    equivalent: bool | None
    """Whether all of it lies within the margin."""
    not_inferior: bool | None
    """Whether the first is not worse than the second by the margin or more."""
    other_not_inferior: bool | None
    """Whether the second is not worse than the first by it. Neither is adjusted for the number of pairs."""


class ComparedPair(Document):
    """Two entries, the better one first: the difference in weighted F1 (a - b), its interval and tests."""

    a: Word
    b: Word
    difference: Annotated[float, IN_FULL, STABLE]
    """In weighted F1."""
    interval: Annotated[Limits, IN_FULL, STABLE]
    """Its 95 % interval over subjects."""
    interval_remark: str
    """Why there are no limits."""
    p: Annotated[float | None, IN_FULL, STABLE]
    """The subject-swap test, two-sided; null where the subjects are not known, and in a summary."""
    p_holm: Annotated[float | None, IN_FULL, STABLE]
    """The same adjusted by Holm over all pairs; null outside of them."""
    q: FullNumber = None
    """The same adjusted by Benjamini and Hochberg."""
    exact: bool
    """Whether every swap was counted."""
    significant: Annotated[bool | None, STABLE]
    """Whether the adjusted p is below alpha; in a summary p alone where not both stand on the board."""
    mcnemar_midp: FullNumber = None
    mcnemar_holm: FullNumber = None
    mcnemar: Annotated[McNemarDocument | None, IN_FULL] = None
    design_effect: FullNumber = None
    """How many times larger the variance is than that of independent cells."""
    secondary: dict[str, SecondTest] = Field(default_factory=dict)
    """The exact test of other metrics, by their names."""
    wilcoxon: Annotated[WilcoxonDocument | None, IN_FULL] = None
    diagnosis: Annotated[DiagnosisTestDocument | None, IN_FULL] = None
    """The paired test of the diagnosis by majority; null where the subjects are not known."""
    durkalski_chi2: FullNumber = None
    obuchowski_chi2: FullNumber = None
    auc: ScoreTestDocument | None = None
    """The areas under the ROC curves, over subjects; null unless both came with scores."""
    auc_cells: SecondTest | None = None
    """The same over cells."""
    equivalence: Annotated[EquivalenceDocument | None, IN_FULL] = None


class SideDocument(Document):
    """One of two entries that are compared."""

    submission: Word
    team: Word
    entry: Word
    weighted_f1: Annotated[float, STABLE]
    sensitivity: float | None
    specificity: float | None
    subject_accuracy: FullNumber
    metrics: Metrics
    interval: Annotated[Limits, IN_FULL]
    remarks: list[str]
    set_aside: str | None = None
    """`withdrawn`, `hidden` or `disqualified`, for the host; null where it counts."""


class PairedSubject(Document):
    """A subject's share of right cells under either entry."""

    subject: str
    label: str
    cells: int
    a: Annotated[float, IN_FULL]
    b: Annotated[float, IN_FULL]


class DisagreementDocument(Document):
    """A cell that two entries call differently; for the host alone."""

    cell: str
    label: int
    first: int
    """What the first of the two that were asked for calls it."""


class PairDocument(ComparedPair):
    """Two entries side by side; p_holm and significant are null where the board tests another metric."""

    phase: Word
    method: str
    """Which test, in words."""
    entries: Annotated[list[SideDocument], STABLE]
    """The two, in the order in which they were asked for."""
    ranked_by: Word
    """The metric of the phase's board."""
    feedback: str = "full"
    """How much of it is told: `full` or `summary`."""
    spot_checked: bool = False
    """Whether it is measured on a tenth of the cells, others for each submission."""
    subjects: list[PairedSubject] | None
    """Null where the subjects are not known, and in a summary."""
    disagreements: list[DisagreementDocument] | None
    """For the host; null for others."""


class StabilityDocument(Document):
    """How a rank moves when subjects are resampled: stability, not confidence."""

    frequency: list[float]
    median_rank: float
    first: float


class ComparedEntry(Document):
    """One entry's place among those compared."""

    name: Word
    weighted_f1: Annotated[float, STABLE]
    interval: Annotated[Limits, IN_FULL, STABLE]
    interval_remark: str
    rank: Annotated[int, STABLE]
    rank_set: Annotated[tuple[int, int] | None, STABLE]
    own_rank_set: tuple[int, int] | None
    """The ranks it may have, for this entry taken alone (95 %)."""
    among_best: int | None
    """It is among so many best, taken alone (one-sided, 95 %)."""
    subject_accuracy: FullNumber
    mean_subject_rank: FullNumber
    wins: int
    losses: int
    percentile_interval: Annotated[tuple[float, float] | None, IN_FULL]
    stability: Annotated[StabilityDocument | None, IN_FULL]
    remarks: list[str]


class AgreementDocument(Document):
    """Kendall's tau-b among three ways to rank; null where a ranking ties everything."""

    f1_and_subjects: float | None
    f1_and_tests: float | None
    subjects_and_tests: float | None


class TauDocument(Document):
    """Kendall's tau-b between the ranking and those of resampled subjects."""

    mean: float
    quartiles: tuple[float, float, float]
    resamples: int
    undefined: int


class SignificanceDocument(Document):
    """Several entries compared pair by pair; p is adjusted over the pairs among them."""

    entries: Annotated[list[ComparedEntry], STABLE]
    pairs: Annotated[list[ComparedPair], STABLE]
    alpha: Annotated[float, IN_FULL, STABLE]
    subjects: int | None
    cells: int
    phase: Word
    method: str
    baseline: str | None = None
    margin: FullNumber = None
    significant: int
    """Differences that are significant after Holm."""
    mcnemar_significant: int | None = None
    agreement: Annotated[AgreementDocument | None, IN_FULL] = None
    tau: Annotated[TauDocument | None, IN_FULL] = None
    groups: list[tuple[int, int]]
    percentile_label: str = ""
    findable: FullNumber = None
    """The difference that is found in 80 of 100 cases, taken alone, among entries that differ as these do."""
    remarks: list[str]
    submissions: Annotated[dict[str, str], STABLE]
    """The submission behind each entry's name."""
    set_aside: dict[str, str] = Field(default_factory=dict)
    """For the host: by its name why an entry counts on no board, `withdrawn`, `hidden` or `disqualified`."""
    feedback: str = "full"
    """How much of it is told: `full` or `summary`."""


def pair_document(desk: Desk, record: PhaseRecord, found: SideBySide, caller: Caller) -> PairDocument:
    """Two entries side by side, as far as it is told; the cells where they part are for the host alone."""
    turned = found.document["a"] != found.sides[0].id
    sides = zip(found.sides, found.shown, strict=True)
    facts = {
        **found.document,
        "phase": record.name,
        "method": found.method,
        "entries": [_side(desk, record, one, told, caller) for one, told in sides],
        "ranked_by": record.rules.metric,
        "feedback": told_as(found.level),
        "spot_checked": is_spot_checked(record, caller, desk.now()),
        "subjects": _paired(*(reversed(found.shown) if turned else found.shown)),
        "disagreements": _disagreements(desk, record, found),
    }
    document = PairDocument.model_validate(facts)
    return document if caller.is_host else rounded(document)


def significance_document(found: ManyCompared, caller: Caller) -> SignificanceDocument:
    facts = {
        **found.document,
        "submissions": found.ids,
        "set_aside": found.set_aside,
        "feedback": told_as(found.level),
    }
    document = SignificanceDocument.model_validate(facts)
    return document if caller.is_host else rounded(document)


def _side(desk: Desk, record: PhaseRecord, one: Submission, told: Told, caller: Caller) -> SideDocument:
    entry, team = shown_as(desk, record, one, caller)
    metrics, interval = told.document["metrics"], told.document["intervals"].get("weighted_f1")
    subjects = told.document.get("subjects")
    return SideDocument(
        submission=one.id,
        team=team,
        entry=entry,
        weighted_f1=metrics["weighted_f1"],
        sensitivity=metrics["sensitivity"],
        specificity=metrics["specificity"],
        subject_accuracy=None if subjects is None else subjects["mean_accuracy"],
        metrics=metrics,
        interval=(None, None) if interval is None else interval["interval"],
        remarks=remarks(one.remarks, told.document["remarks"]),
        set_aside=one.set_aside,
    )


def _paired(a: Told, b: Told) -> list[PairedSubject] | None:
    first, second = (told.document.get("subjects") for told in (a, b))
    if first is None or second is None:
        return None
    return [
        PairedSubject(
            subject=x["subject"], label=x["label"], cells=x["cells"], a=x["accuracy"], b=y["accuracy"]
        )
        for x, y in zip(first["table"], second["table"], strict=True)
    ]


def _disagreements(desk: Desk, record: PhaseRecord, found: SideBySide) -> list[DisagreementDocument] | None:
    if found.cells is None:
        return None
    names, level = desk.verdicts.cells(record), found.cells[0]
    return [
        DisagreementDocument(cell=names[at], label=int(level.labels[at]), first=int(level.called[at]))
        for at in found.disagreements()
    ]
