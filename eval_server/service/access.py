"""Who may do what: tokens, roles, quotas, phase windows, rates; pure rules, no database, no HTTP."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from eval_server.figures.wording import counted
from eval_server.store.records import PhaseRecord, Rules, SpentQuota, Submission, TokenRecord
from eval_server.store.team_names import team_key

TOKEN_PREFIX = "cnmc_"
LOOK_ALIKE = 12
"""Characters by which attempts with a wrong token are told apart: whoever repeats one stops nobody else."""
MANY_TOKENS = 10
"""So many times as often as one wrong token may an address try different ones."""
SESSION = timedelta(hours=12)
MOST_WATCHED = 10_000
"""How many callers a rate remembers; the one seen longest ago is forgotten first."""


class Role(StrEnum):
    """A visitor reads, a team hands in, a host administers."""

    VISITOR = "visitor"
    TEAM = "team"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `anyone` is set on an open server: whoever sits at this machine acts for every team."""

    role: Role = Role.VISITOR
    team: str | None = None
    token: str | None = None
    anyone: bool = False

    @property
    def is_host(self) -> bool:
        return self.role is Role.HOST

    @property
    def name(self) -> str:
        """How log lines and the audit log name this caller."""
        return self.team or str(self.role)

    def owns(self, team: str) -> bool:
        """Whether this team's files, refused uploads and tokens are this caller's to see."""
        return self.is_host or self.anyone or (self.role is Role.TEAM and self.team == team)


class AccessDenied(Exception):
    """Something this caller may not do; `known` when they said who they are."""

    def __init__(self, reason: str, *, known: bool) -> None:
        super().__init__(reason)
        self.known = known


class WindowClosed(Exception):
    """An upload before a phase opens or after it closes; carries the moment of arrival."""

    def __init__(self, phase: PhaseRecord, now: datetime, deed: str) -> None:
        rules = phase.rules
        if status_at(rules, now) == "upcoming":
            said = f"opens at {utc(rules.opens_at)}"
        else:
            said = f"closed at {utc(rules.ends_at)}"
        super().__init__(f"The phase {phase.name} {said}; {deed} at {utc(now)}.")
        self.phase = phase
        self.now = now


class TooMany(Exception):
    """A quota or a rate is used up until `resets_at` (None: for good)."""

    def __init__(
        self, reason: str, resets_at: datetime | None, now: datetime, allowance: Allowance | None = None
    ) -> None:
        super().__init__(reason)
        self.resets_at = resets_at
        self.allowance = allowance
        self.seconds = None if resets_at is None else max(1, round((resets_at - now).total_seconds()))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a team may still hand in; None where there is no limit."""

    left_today: int | None
    left: int | None
    unscored_left_today: int | None
    waiting: int
    resets_at: datetime


def utc(moment: datetime | None) -> str:
    """A moment as every answer writes it: ISO 8601, UTC, whole seconds where it has no parts."""
    if moment is None:
        return "never"
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def new_secret(prefix: str = "") -> str:
    """A random secret of 256 bits, shown once and kept as its digest only."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare secrets in a time that does not depend on how far they agree."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape")
    )


def csrf_of(session: str) -> str:
    """The form token of a session, which a page of another site cannot know."""
    return hmac.new(session.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()


def caller_of(token: TokenRecord | None, now: datetime) -> Caller | None:
    """Who a token stands for; None when it is unknown, revoked or expired."""
    if token is None or not token.valid(now):
        return None
    return Caller(Role(token.role), token.team, token.id)


def status_at(rules: Rules, now: datetime) -> str:
    """``upcoming``, ``open`` or ``closed``, from the clock, and by the host who closed it before its time."""
    if rules.closed_at is None and rules.opens_at is not None and now < rules.opens_at:
        return "upcoming"
    return "closed" if rules.ends_at is not None and now >= rules.ends_at else "open"


def require_open(phase: PhaseRecord, now: datetime, deed: str = "this submission arrived") -> None:
    """Raises `WindowClosed` outside the phase's window."""
    if status_at(phase.rules, now) != "open":
        raise WindowClosed(phase, now, deed)


def allowance(rules: Rules, spent: SpentQuota, now: datetime) -> Allowance:
    """What is left: what waits to be judged counts until it turns out not to be scored."""
    return Allowance(
        _left(rules.per_day, spent.scored_today + spent.waiting),
        _left(rules.in_all, spent.scored + spent.waiting),
        _left(rules.unscored_per_day, spent.unscored_today),
        spent.waiting,
        _midnight_after(now),
    )


def admission(rules: Rules, now: datetime) -> Callable[[SpentQuota], None] | None:
    """The question asked of every arrival; raises `TooMany` with what is left and when it resets.

    None where there is no limit, so that nothing has to be counted.
    """
    if rules.per_day is rules.in_all is rules.unscored_per_day is None:
        return None

    def admit(spent: SpentQuota) -> None:
        left = allowance(rules, spent, now)
        if left.left == 0:
            said = _used(rules.in_all or 0, "this phase") + _waiting(spent)
            raise TooMany(f"{said}.", None, now, left)
        if left.left_today == 0:
            said = _used(rules.per_day or 0, "today") + _waiting(spent)
            raise TooMany(
                f"{said}; the count starts anew at {utc(left.resets_at)}.", left.resets_at, now, left
            )
        if left.unscored_left_today == 0:
            uploads = counted(rules.unscored_per_day or 0, "upload was", "uploads were")
            said = f"{uploads} refused or failed today, which is the most"
            raise TooMany(
                f"{said}; the count starts anew at {utc(left.resets_at)}.", left.resets_at, now, left
            )

    return admit


def _used(number: int, of: str) -> str:
    """That nothing is left, in the number that it has."""
    return (
        f"The one submission of {of} is used" if number == 1 else f"All {number} submissions of {of} are used"
    )


def require_host(caller: Caller) -> None:
    if not caller.is_host:
        raise AccessDenied("Only a host may do this.", known=caller.role is not Role.VISITOR)


def require_owner(caller: Caller, team: str) -> None:
    if not caller.owns(team):
        raise AccessDenied("This belongs to another team.", known=caller.role is not Role.VISITOR)


def team_of(caller: Caller, named: str | None) -> str | None:
    """The team that an upload counts for: the token's own; the named one for a host or an open server."""
    if caller.role is Role.TEAM:
        if named and team_key(named) != team_key(caller.team or ""):
            raise AccessDenied(f"This token is of the team {caller.team}.", known=True)
        return caller.team
    if caller.is_host or caller.anyone:
        return named
    raise AccessDenied("Handing in needs a team's token.", known=False)


def may_see(caller: Caller, submission: Submission, rules: Rules, now: datetime) -> bool:
    """Whether this submission exists for this caller: one's own always, others' once on a board."""
    if caller.owns(submission.team):
        return True
    return submission.status == "scored" and shows_board(caller, rules, now)


def shows_board(caller: Caller, rules: Rules, now: datetime) -> bool:
    """Whether the board is to be seen: a hidden one, or one without feedback, is the host's until the end."""
    told = rules.visibility != "hidden" and rules.feedback != "none"
    return told or caller.is_host or status_at(rules, now) == "closed"


class Rate:
    """At most so many events a minute for each key; a full bucket refills evenly.

    Our own thirty lines, because rate limiters for web frameworks count requests before they are answered:
    here only attempts in vain count, so that nobody with a valid token is ever stopped by others.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until `key` may go on; 0 when it may now."""
        if self._limit is None:
            return 0.0
        with self._lock:
            level = self._level(key, self._limit)
        return 0.0 if level >= 1 else (1 - level) * 60 / self._limit

    def count(self, key: str) -> None:
        """Note one event of `key`."""
        if self._limit is None:
            return
        with self._lock:
            level = self._level(key, self._limit)
            self._levels[key] = (level - 1, self._clock())
            self._levels.move_to_end(key)
            if len(self._levels) > MOST_WATCHED:
                self._levels.popitem(last=False)

    def _level(self, key: str, limit: int) -> float:
        level, at = self._levels.get(key, (float(limit), 0.0))
        return min(float(limit), level + (self._clock() - at) * limit / 60)


class Attempts:
    """Attempts with tokens that are not valid, limited by what the token begins with, and by address.

    Whoever has a valid token is never asked for; so nobody locks out others behind the same address.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._alike = Rate(per_minute, clock)
        self._of_address = Rate(None if per_minute is None else MANY_TOKENS * per_minute, clock)

    def note(self, address: str, secret: str, now: datetime) -> None:
        """Note an attempt in vain; raises `TooMany` where there were too many like it."""
        alike = f"{address} {digest_of(secret[:LOOK_ALIKE])}"
        for rate, key in ((self._alike, alike), (self._of_address, address)):
            require_rate(rate, key, "attempts with a token that is not valid", now)
        self._alike.count(alike)
        self._of_address.count(address)


def require_rate(rate: Rate, key: str, what: str, now: datetime) -> None:
    """Raises `TooMany` when this key has been too fast."""
    seconds = rate.wait(key)
    if seconds > 0:
        resets_at = now + timedelta(seconds=seconds)
        raise TooMany(f"Too many {what} in a short time; again at {utc(resets_at)}.", resets_at, now)


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)


def _waiting(spent: SpentQuota) -> str:
    return f" ({spent.waiting} of them still waiting)" if spent.waiting else ""


def _midnight_after(now: datetime) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
