"""The options that set a phase's rules, and how rules and windows are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.judging.truth import Truth
    from eval_server.store.records import PhaseRecord, Rules


class Taken(Enum):
    """What an option says that takes a limit or a name of one's own away; left out, it stays as it is."""

    AWAY = "none"

    def __str__(self) -> str:
        return self.value


class Moment(click.ParamType[Any]):
    """A moment in ISO 8601; without an offset it is UTC. ``none`` takes a limit away.

    A bare date is the whole day in UTC: as an opening its first moment, as an `end` its last.
    """

    name = "moment"

    def __init__(self, *, end: bool = False) -> None:
        self._time = time.max if end else time.min

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, datetime | Taken):
            return value
        if value == Taken.AWAY.value:
            return Taken.AWAY
        try:
            moment = self._of_day(value) or datetime.fromisoformat(value)
        except ValueError:
            said = "expected a day such as 2026-12-31 or a moment such as 2026-12-31T23:59, in UTC"
            self.fail(f"{said}, found {value!r}", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def _of_day(self, value: str) -> datetime | None:
        """The first or last moment of a bare date; None for anything else."""
        try:
            return datetime.combine(date.fromisoformat(value), self._time)
        except ValueError:
            return None


class Count(click.ParamType[Any]):
    """A whole number; ``none`` takes a limit away."""

    name = "count"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, int | Taken):
            return value
        if value == Taken.AWAY.value:
            return Taken.AWAY
        if not (value.isascii() and value.isdigit()) or len(value) > 9:
            self.fail(f"expected a count below 1,000,000,000 or none, found {value!r}", param, ctx)
        return int(value)


_RULES = (
    click.option("--title", help="What the pages call it, up to 120 characters."),
    click.option("--opens", "opens_at", type=Moment(), help="First moment, or a day (UTC); none: at once."),
    click.option(
        "--closes",
        "closes_at",
        type=Moment(end=True),
        help="Last moment, or a day to its end (UTC); none: never.",
    ),
    click.option(
        "--per-day",
        type=Count(),
        help="Scored submissions of a team a day; 5 for a new phase, no limit for prelim.",
    ),
    click.option("--in-all", type=Count(), help="Scored submissions of a team in all."),
    click.option("--unscored-per-day", type=Count(), help="Refused and failed ones a day."),
    click.option(
        "--represents",
        type=click.Choice(["best", "last", "chosen", "every"]),
        help="What stands for a team; every: each of its entries, by its best.",
    ),
    click.option(
        "--visibility",
        type=click.Choice(["public", "hidden", "anonymous"]),
        help="The board: for all, hidden until the end, or without names.",
    ),
    click.option("--metric", help="What ranks; weighted_f1 unless set."),
    click.option("--ladder/--no-ladder", default=None, help="Release only clear improvements."),
    click.option(
        "--choices",
        type=click.IntRange(1, 100),
        help="Submissions that a team may choose; 1 unless set, 2 in a divided phase.",
    ),
    click.option("--margin", type=float, help="Of non-inferiority; 0.01 unless set."),
    click.option(
        "--feedback",
        type=click.Choice(["full", "summary", "score", "none"]),
        help="What a team is told of its own results; summary for a new phase, full for prelim.",
    ),
    click.option(
        "--others",
        type=click.Choice(["full", "score"]),
        help="What all others are told of that: as much as the team, or the ranked score.",
    ),
)


def rule_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that set a phase's rules; what is left out stays as it is."""
    for option in reversed(_RULES):
        command = option(command)
    return command


def changed(rules: Rules, given: dict[str, Any]) -> Rules:
    """The rules with what was given; what is `Taken.AWAY` is none from then on."""
    from eval_server.scoring.metrics import METRICS
    from eval_server.store.records import titled

    asked: dict[str, Any] = {
        key: None if value is Taken.AWAY else value for key, value in given.items() if value is not None
    }
    metric = asked.get("metric", rules.metric)
    ranking = [name for name, one in METRICS.items() if one.increasing]
    if metric not in ranking:
        raise UsageWrong(f"a board cannot be ranked by {metric!r}", f"It can by {', '.join(ranking)}.")
    try:
        named = titled(rules, asked.pop("title", rules.title))
        return replace(named, **asked)
    except ValueError as error:
        raise UsageWrong(str(error)) from error


def usual_rules(truth: Truth, own_classes: bool) -> Rules:
    """The rules of a new phase that its host says nothing of.

    The official phase whose labels are public gives nothing away: by its name and its cells, undivided, and
    about its own classes. Any other phase of these cells is a course's, whose teams compete for its board.
    """
    from eval_server.store.records import PUBLIC_LABELS, USUAL
    from submissions.phases import PRELIM

    phase = truth.phase
    official = (phase.name, phase.key) == (PRELIM.name, PRELIM.key)
    return PUBLIC_LABELS if official and truth.division is None and not own_classes else USUAL


def usual_words(rules: Rules, given: dict[str, Any]) -> str:
    """Which feedback and quota a new phase got without being asked for; empty where both were said."""
    often = "no limit a day" if rules.per_day is None else f"{rules.per_day} submissions a day"
    said = {"feedback": f"feedback {rules.feedback}", "per_day": often}
    unsaid = [words for key, words in said.items() if given.get(key) is None]
    return f"{' and '.join(unsaid)}, as nothing was said of it" if unsaid else ""


def described(record: PhaseRecord) -> str:
    """A phase and, a line each, its rules that are not the usual ones."""
    from eval_server.store.records import PUBLIC_LABELS

    usual = asdict(PUBLIC_LABELS)
    own = [(key, _said(value)) for key, value in asdict(record.rules).items() if value != usual[key]]
    own += [("subjects", "a public and a private part")] if record.divided else []
    told = [f"  {key.replace('_', ' '):17} {value}" for key, value in own] or ["  the usual rules"]
    return "\n".join((record.name, *told))


def feedback_words(rules: Rules) -> str:
    """What is told of results, and how often a team may ask."""
    said = {
        "full": "all of its results but single cells",
        "summary": "a summary of its results",
        "score": "the score of its results alone",
        "none": "nothing of its results before the phase closes",
    }
    often = "as often as it likes" if rules.per_day is None else f"{rules.per_day} times a day"
    others = "; others are told the score alone" if rules.others == "score" else ""
    return f"A team is told {said[rules.feedback]}{others}, and hands in {often}."


def _said(value: Any) -> str:
    return moment_words(value) if isinstance(value, datetime) else str(value)


def plain(rules: Rules) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, datetime) else value for key, value in asdict(rules).items()}


def require_defined(rules: Rules, labels: Any) -> None:
    """A board cannot be ranked by a metric of a class that the truth does not have."""
    from eval_server.scoring.metrics import METRICS

    positives = int(labels.sum())
    if not METRICS[rules.metric].defined(positives, len(labels) - positives):
        said = f"{rules.metric} is not defined here: the truth has cells of one class only"
        raise UsageWrong(said, "Rank by weighted_f1 or accuracy.")


def window(rules: Rules, now: datetime) -> dict[str, Any]:
    """When a phase opens and closes, and what the clock says to that, as documents carry it."""
    from eval_server.service.access import status_at

    limits = {"opens_at": rules.opens_at, "closes_at": rules.ends_at}
    told: dict[str, Any] = {name: None if at is None else at.isoformat() for name, at in limits.items()}
    return {**told, "status": status_at(rules, now)}


def window_words(rules: Rules, now: datetime) -> str:
    """Both moments with their zone, and whether the phase is open by the clock of this machine."""
    from eval_server.service.access import status_at

    opens = "at once" if rules.opens_at is None else moment_words(rules.opens_at)
    closes = "never" if rules.ends_at is None else moment_words(rules.ends_at)
    states = {"upcoming": "not open yet", "open": "open now", "closed": "already closed"}
    return f"opens {opens}, closes {closes}: {states[status_at(rules, now)]}"


def moment_words(at: datetime) -> str:
    """A moment as people read it: ``26 Nov 2026, 23:59 UTC``."""
    found = at.astimezone(UTC)
    return f"{found.day} {found:%b %Y, %H:%M} UTC"
