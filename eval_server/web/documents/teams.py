"""What is said about teams, their tokens, and who is signed in."""

from __future__ import annotations

from typing import Annotated

from eval_server.service.access import Allowance, Caller, allowance, status_at, utc
from eval_server.service.best_of import best_of
from eval_server.service.desk import Desk
from eval_server.service.finding import all_phases
from eval_server.service.sight import level_of, seen
from eval_server.store.records import Join, PhaseRecord, Submission, TokenRecord
from eval_server.web.documents.boards import LeaderboardDocument, leaderboard_document, told_as
from eval_server.web.documents.document import IN_FULL, STABLE, Count, Document, Limits, Word
from eval_server.web.documents.results import BestOfDocument, best_of_document, result_document
from eval_server.web.documents.submissions import SubmissionBrief, submission_brief


class AllowanceDocument(Document):
    """What a team may still hand in; null means without limit."""

    left_today: Annotated[int | None, STABLE]
    """Scored submissions of today."""
    left: Annotated[int | None, STABLE]
    """Scored submissions in all."""
    unscored_left_today: Annotated[int | None, STABLE]
    """Refused and failed uploads of today."""
    waiting: Count
    """Submissions that are still being judged, which count until they are not scored."""
    resets_at: Word
    """When today's count starts anew."""

    @property
    def spent(self) -> bool:
        """Whether nothing more can be handed in now."""
        return 0 in (self.left_today, self.left, self.unscored_left_today)


class TokenDocument(Document):
    """A token without its secret."""

    id: Word
    role: Word
    team: Annotated[str | None, STABLE]
    note: str
    created_at: Word
    expires_at: Word
    revoked_at: Annotated[str | None, STABLE]
    valid: bool


class NewTokenDocument(TokenDocument):
    """A new token: the only answer that ever shows its secret."""

    token: Word
    """The secret."""


class OwnSubmission(SubmissionBrief):
    """One line of a team's own submissions, with what it came to and where it stands."""

    feedback: str = "full"
    """How much is told of it: `full`, `summary`, `score`, or `none` before the phase's end."""
    weighted_f1: float | None
    """Weighted F1; null before there is a verdict, and while its numbers are not out."""
    interval: Annotated[Limits, IN_FULL]
    """Its 95 % interval over subjects."""
    rank: int | None
    """Its place on the board; null where another one stands for the team, or the board is hidden."""
    rank_set: tuple[int, int] | None
    """The first and the last rank that it may hold."""
    own_rank_set: tuple[int, int] | None
    """The ranks that it may hold, for this entry taken alone (95 %)."""
    among_best: int | None
    """Among how many best it is, taken alone."""
    entries: int
    """Entries on the board."""
    best_of: BestOfDocument | None
    """Where it stands for the team as the best of several: the optimism to expect; nothing is taken off."""


class ChoicesDocument(Document):
    """How many submissions a team may choose in a phase, and what is left of it."""

    most: Count
    left: Count
    may_choose: bool
    """Whether who asks may choose now: a team while the phase is open, a host at any time."""


class TeamDocument(Document):
    """A team's submissions, what is left of its quotas, and its tokens without their secrets."""

    team: Word
    submissions: Annotated[list[OwnSubmission], STABLE]
    quotas: Annotated[dict[str, AllowanceDocument], STABLE]
    """What is left, by phase."""
    choices: dict[str, ChoicesDocument]
    """By phase, of those in which it matters what the team chose."""
    tokens: list[TokenDocument]
    now: Word
    """What the server's clock said."""


class NewTokenList(Document):
    """Tokens for many teams: the only answer that ever shows their secrets."""

    tokens: list[NewTokenDocument]


class RenamedDocument(Document):
    """A team under another name."""

    team: Word
    before: Word
    """What it was called."""


class JoinDocument(Document):
    """A team that was joined into another."""

    id: Word
    """By which the two are separated."""
    team: Word
    target: Word
    """Whose everything is, until they are separated."""
    at: Word
    separated_at: str | None
    """When they became two teams again; null while they are one."""


class JoinList(Document):
    """The joins that stand, the newest first."""

    joins: list[JoinDocument]


class TeamList(Document):
    """The teams one may look at."""

    teams: Annotated[list[str], STABLE]


class SessionDocument(Document):
    """Who the server takes one for."""

    role: Word
    """`visitor`, `team` or `host`."""
    team: Annotated[str | None, STABLE]
    open: bool
    """Whether whoever sits at this machine acts for every team."""
    csrf: str | None
    """The form token of the session; null without one."""


class NewSessionDocument(Document):
    """A session that was opened with a token; its secret is in the cookie alone."""

    role: Word
    team: Annotated[str | None, STABLE]
    csrf: Word
    """The form token, which every change asks for."""
    expires_at: Word


def team_document(desk: Desk, name: str, caller: Caller) -> TeamDocument:
    phases = all_phases(desk, caller)
    boards = {record.name: (record, leaderboard_document(desk, record, caller)) for record in phases}
    found = desk.store.submissions.listed(team=name)
    return TeamDocument(
        team=name,
        submissions=[_own(desk, one, *boards[one.phase], caller) for one in found],
        quotas={record.name: quota_document(desk, record, name) for record in phases},
        choices={
            record.name: _choices(desk, record, name, caller)
            for record in phases
            if record.divided or record.rules.represents == "chosen"
        },
        tokens=[token_document(one, desk) for one in desk.store.tokens.listed(name)],
        now=utc(desk.now()),
    )


def _own(
    desk: Desk, one: Submission, record: PhaseRecord, board: LeaderboardDocument, caller: Caller
) -> OwnSubmission:
    told = seen(desk, record, one, caller)
    result = None if told is None else result_document(told, one, caller)
    interval = None if result is None else result.intervals.get("weighted_f1")
    place = next((line for line in board.standings if line.submission == one.id), None)
    return OwnSubmission(
        **dict(submission_brief(desk, one)),
        feedback=told_as(level_of(record.rules, caller, one.team, desk.now())),
        weighted_f1=None if result is None else result.metrics.get("weighted_f1"),
        interval=(None, None) if interval is None else interval.interval,
        rank=None if place is None else place.rank,
        rank_set=None if place is None else place.tested_ranks,
        own_rank_set=None if place is None else place.own_rank_set,
        among_best=None if place is None else place.among_best,
        entries=len(board.standings),
        best_of=None if place is None else best_of_document(best_of(desk, record, one, caller)),
    )


def _choices(desk: Desk, record: PhaseRecord, name: str, caller: Caller) -> ChoicesDocument:
    most, spent = record.rules.choices, len(desk.store.submissions.chosen(record.name, name))
    may = caller.is_host or status_at(record.rules, desk.now()) == "open"
    return ChoicesDocument(most=most, left=max(most - spent, 0), may_choose=may)


def quota_document(desk: Desk, record: PhaseRecord, name: str) -> AllowanceDocument:
    now = desk.now()
    spent = desk.store.arrivals.spent(record.name, name, now)
    return allowance_document(allowance(record.rules, spent, now))


def allowance_document(left: Allowance) -> AllowanceDocument:
    return AllowanceDocument(
        left_today=left.left_today,
        left=left.left,
        unscored_left_today=left.unscored_left_today,
        waiting=left.waiting,
        resets_at=utc(left.resets_at),
    )


def token_document(one: TokenRecord, desk: Desk) -> TokenDocument:
    return TokenDocument(
        id=one.id,
        role=one.role,
        team=one.team,
        note=one.note,
        created_at=utc(one.created_at),
        expires_at=utc(one.expires_at),
        revoked_at=None if one.revoked_at is None else utc(one.revoked_at),
        valid=one.valid(desk.now()),
    )


def new_token_document(one: TokenRecord, secret: str, desk: Desk) -> NewTokenDocument:
    return NewTokenDocument(**dict(token_document(one, desk)), token=secret)


def join_document(one: Join) -> JoinDocument:
    return JoinDocument(
        id=one.id,
        team=one.team,
        target=one.target,
        at=utc(one.at),
        separated_at=None if one.separated_at is None else utc(one.separated_at),
    )
