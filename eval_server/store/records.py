"""What the store keeps, as values: phases with their rules, submissions on their way, tokens, deeds.

They know no SQL, so the rooms above the store speak of them without reaching into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eval_server.judging.division import TruthPart
from eval_server.store.limits import MOST_TITLE
from submissions.classes import CNMC, ClassNames

RECEIVED, CHECKING, SCORED, REFUSED, FAILED = "received", "checking", "scored", "refused", "failed"
WAITING = (RECEIVED, CHECKING)
WITHDRAWN, HIDDEN, DISQUALIFIED = "withdrawn", "hidden", "disqualified"
BARS = (HIDDEN, DISQUALIFIED)
"""What a host does to a submission; its team withdraws it."""
REPRESENTS = ("best", "last", "chosen", "every")
MOST_TEXT, MOST_CONTACT = 50_000, 500
"""Characters of one text that a phase says of itself, and of the line that says whom to ask."""
VISIBILITIES = ("public", "hidden", "anonymous")
FEEDBACKS = ("full", "summary", "score", "none")
OTHERS = ("full", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the host decides for a phase; None means no limit.

    `per_day` and `in_all` count scored submissions of a team, `unscored_per_day` refused and failed
    ones. `represents` says which submission stands for a team, of which it may choose so many as `choices`
    says; `margin` is that of non-inferiority. `feedback` says how much a team is told of its own submissions,
    and `others` how much of that all others are. The classes are those of C-NMC unless both are named.
    `closed_at` is set while a host has closed the phase by hand; the end that was set stays beside it.
    """

    title: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    per_day: int | None = None
    in_all: int | None = None
    unscored_per_day: int | None = None
    represents: str = "best"
    visibility: str = "public"
    metric: str = "weighted_f1"
    ladder: bool = False
    margin: float = 0.01
    choices: int = 1
    feedback: str = "full"
    others: str = "full"
    positive_class: str | None = None
    negative_class: str | None = None
    closed_at: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When the phase closes or closed: as it was set, or when a host closed it."""
        return self.closed_at or self.closes_at

    def __post_init__(self) -> None:
        _one_of("represents", self.represents, REPRESENTS)
        _one_of("visibility", self.visibility, VISIBILITIES)
        _one_of("feedback", self.feedback, FEEDBACKS)
        _one_of("others", self.others, OTHERS)
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            found = " and ".join(f"{one:%Y-%m-%d %H:%M} UTC" for one in (self.opens_at, self.closes_at))
            raise ValueError(f"a phase opens before it closes, found {found}")
        if self.ladder and self.represents != "best":
            said = "the Ladder shows the last clear improvement of a team, so `represents` is best"
            raise ValueError(f"{said}, found {self.represents!r}")
        for name in ("per_day", "in_all", "unscored_per_day"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"{name} is a count or no limit, found {limit}")
        if self.choices < 1:
            raise ValueError(f"a team chooses at least one submission, found {self.choices}")
        if not 0 < self.margin < 1:
            raise ValueError(f"the margin lies between 0 and 1, found {self.margin}")
        if (self.positive_class is None) != (self.negative_class is None):
            raise ValueError("a phase names both of its classes or neither")
        _ = self.classes

    @property
    def classes(self) -> ClassNames:
        """What the two classes are called here."""
        if self.positive_class is None or self.negative_class is None:
            return CNMC
        return ClassNames(self.positive_class, self.negative_class)


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """A phase as it stands: its rules, its truth's id, and a revision that changes with its board.

    `part` is the one that is spoken of, which the service settles; a store hands out nothing private.
    """

    name: str
    rules: Rules
    truth: str
    revision: str
    created_at: datetime
    divided: bool = False
    part: TruthPart = TruthPart.WHOLE
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a phase says of itself, in Markdown; `picture` is its picture's SHA-256, empty without one."""

    description: str = ""
    rules: str = ""
    terms: str = ""
    contact: str = ""
    picture: str = ""

    def __post_init__(self) -> None:
        for name in ("description", "rules", "terms"):
            if (found := len(getattr(self, name))) > MOST_TEXT:
                raise ValueError(f"{name}: expected at most {MOST_TEXT:,} characters, found {found:,}")
        if len(self.contact) > MOST_CONTACT or (self.contact and not self.contact.isprintable()):
            raise ValueError(f"contact: expected one line of at most {MOST_CONTACT} characters")

    @property
    def terms_sha256(self) -> str:
        """What a team accepts: these very terms; empty where there are none."""
        return hashlib.sha256(self.terms.encode()).hexdigest() if self.terms else ""


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """A published result: shown beside the entries, never ranked."""

    id: str
    entry: str
    metrics: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload whose files lie safely on disk."""

    phase: str
    team: str
    entry: str
    digest: str
    archive: str
    scores: str | None
    manifest: str | None
    remarks: tuple[str, ...]
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SpentQuota:
    """What a team has handed in to a phase: scored today and in all, waiting, unscored today."""

    scored_today: int
    scored: int
    waiting: int
    unscored_today: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told; `earlier` when the same archive was there already."""

    id: str
    status: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of a submission's way."""

    status: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands."""

    id: str
    phase: str
    team: str
    entry: str
    archive: str
    scores: str | None
    manifest: str | None
    size: int
    submitted_at: datetime
    status: str
    decided_at: datetime | None
    attempts: int
    problems: tuple[Mapping[str, str], ...]
    passed_over: tuple[str, ...]
    remarks: tuple[str, ...]
    trouble: str | None
    chosen: bool
    withdrawn_at: datetime | None = None
    barred: str | None = None
    bar_reason: str | None = None
    barred_at: datetime | None = None

    @property
    def set_aside(self) -> str | None:
        """Why it counts on no board: what a host did to it, or that its team withdrew it."""
        return self.barred or (None if self.withdrawn_at is None else WITHDRAWN)

    @property
    def counts(self) -> bool:
        """Whether it may stand on a board, be compared and be seen by others."""
        return self.set_aside is None


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """A verdict on one part of a truth: what of it may be told, and all of it as it is stored."""

    id: str
    document: Mapping[str, Any]
    stored: bytes
    part: TruthPart = TruthPart.WHOLE


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a claimed submission ended: verdicts by a truth, problems, or our own trouble."""

    submission: str
    status: str
    truth: str = ""
    verdicts: tuple[NewVerdict, ...] = ()
    problems: tuple[Mapping[str, str], ...] = ()
    passed_over: tuple[str, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredSubmission:
    """A scored submission as the board needs it: the verdict that counts now, and its value of a metric.

    What its team withdrew stays one of its tries; what a host barred is as if it had never come.
    """

    id: str
    team: str
    entry: str
    submitted_at: datetime
    remarks: tuple[str, ...]
    chosen: bool
    verdict: str
    value: float | None
    withdrawn: bool = False
    barred: bool = False

    @property
    def counts(self) -> bool:
        """Whether it may stand on a board."""
        return not (self.withdrawn or self.barred)


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes something, when and why: what the audit log says of every deed."""

    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """A team that was joined into another; `separated_at` is set once they are two again."""

    id: str
    team: str
    target: str
    at: datetime
    separated_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token without its secret."""

    id: str
    digest: str
    role: str
    team: str | None
    note: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit log."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def titled(rules: Rules, title: str) -> Rules:
    """The rules with this title; raises `ValueError` for one that no page has room for.

    A longer one that a phase has from an earlier release stays.
    """
    title = title.strip()
    if title == rules.title:
        return rules
    if len(title) > MOST_TITLE or not title.isprintable():
        unfit = f"{len(title)}" if title.isprintable() else repr(title[:MOST_TITLE])
        raise ValueError(f"a title is one line of up to {MOST_TITLE} printable characters, found {unfit}")
    return replace(rules, title=title)


def _one_of(what: str, found: str, allowed: tuple[str, ...]) -> None:
    if found not in allowed:
        raise ValueError(f"{what} is one of {', '.join(allowed)}, found {found!r}")


USUAL = Rules(feedback="summary", per_day=5)
"""The rules that a new phase has unless its host says otherwise."""
PUBLIC_LABELS = Rules()
"""The same where the labels are published, so that nothing can be given away."""
