"""How documents are said: moments, names, rules; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from eval_server.figures.wording import listed
from eval_server.judging.division import TruthPart
from eval_server.web.documents.phases import PhaseDocument
from eval_server.web.documents.teams import AllowanceDocument, ChoicesDocument
from submissions.classes import CNMC, ClassNames


def moment(text: str) -> str:
    """A moment as readers write it: "23 Nov 2026, 16:50 UTC"."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def text_of(at: datetime) -> str:
    """A moment as documents write it."""
    return at.astimezone(UTC).isoformat()


def ago(text: str, now: str) -> str:
    """How long something has been: "5 min", "3 h", "2 d"."""
    minutes = int((datetime.fromisoformat(now) - datetime.fromisoformat(text)).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def duration(seconds: float) -> str:
    """A short time: "0.3 s", "12 s", "5 min"."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def known_interval(limits: Sequence[float | None] | None) -> tuple[float, float] | None:
    """The limits of an interval, None where either is not known."""
    if limits is None or limits[0] is None or limits[1] is None:
        return None
    return limits[0], limits[1]


def digits_of(feedback: str) -> int:
    """Digits of a percentage: below full feedback a tenth of a percent is told."""
    return 2 if feedback == "full" else 1


def classes_of(phase: PhaseDocument) -> ClassNames:
    """What the classes of a phase are called, as its document says."""
    negative, positive = phase.classes
    return CNMC if (negative, positive) == (CNMC.normal, CNMC.positive) else ClassNames(positive, negative)


def phase_words(phase: PhaseDocument) -> tuple[str, ...]:
    """The words that stand beside a phase."""
    marks = {"partial": phase.partial, "drawn": phase.drawn}
    return tuple(word for word, told in marks.items() if told)


def quota_words(left: AllowanceDocument, now: str) -> str:
    """What a team may still hand in, and when the count starts anew."""
    parts = []
    if left.left_today is not None:
        parts.append(f"{left.left_today} of today's submissions left")
    if left.left is not None:
        parts.append(f"{left.left} left in all")
    if left.unscored_left_today is not None:
        parts.append(f"{left.unscored_left_today} more may be refused today")
    if not parts:
        return "as many submissions as you like."
    hours = (datetime.fromisoformat(left.resets_at) - datetime.fromisoformat(now)).total_seconds() / 3600
    waiting = f" ({left.waiting} still being judged)" if left.waiting else ""
    return f"{listed(parts)}{waiting}. Today's count starts anew at 00:00 UTC, in {hours:.0f} h."


def choices_words(phase: PhaseDocument, left: ChoicesDocument) -> str:
    """How many submissions a team may still choose in a phase, and what for."""
    what = "for the private part" if phase.part != TruthPart.WHOLE else "to stand for the team"
    if not left.may_choose:
        return f"{phase.title}: {left.most - left.left} of {left.most} chosen {what}; the choice is settled."
    return f"{phase.title}: {left.left} of {left.most} choices {what} left."


REPRESENTS = {
    "best": "The best submission of a team stands for it.",
    "last": "The last scored submission of a team stands for it.",
    "chosen": "The submission that a team chose stands for it; before it chooses, the last one.",
    "every": "Every entry of a team has a line of its own, with its best submission.",
}


def represents_words(phase: PhaseDocument) -> str:
    """What stands for a team; of a divided phase also what counts in the end."""
    if phase.part == TruthPart.WHOLE:
        return REPRESENTS[phase.represents]
    chosen = "one submission" if phase.choices == 1 else f"up to {phase.choices} submissions"
    shown = "of which nothing is told" if phase.feedback == "none" else "which alone is shown"
    return (
        f"{REPRESENTS[phase.represents]} So it is on the public part of the subjects, {shown} "
        f"while the phase is open. In the end the private part decides: a team chooses {chosen} for it, and "
        "the best of these counts there; where it chose none, what stood for it on the public part does."
    )


_VISIBILITIES = {
    "public": "Everybody sees the board",
    "hidden": "The board is hidden until the phase closes",
    "anonymous": "The board shows a lasting stand-in in place of each team, except one's own",
}


def visibility_words(phase: PhaseDocument) -> str:
    """Who sees the board, and from when on."""
    later = phase.feedback == "none" and phase.visibility != "hidden"
    return _VISIBILITIES[phase.visibility] + (", once the phase has closed." if later else ".")


FEEDBACKS = {
    "full": "A team is told everything about its submissions but single cells.",
    "summary": "A team is told a summary of its submissions: the metrics of its labels, to a tenth of a "
    "percent, with their limits. Nothing is told by subject.",
    "score": "A team is told the score that orders the board, to a tenth of a percent, and nothing else.",
    "none": "Nothing is told of results before the phase closes; then a summary is.",
}


def others_words(phase: PhaseDocument) -> str:
    """What is told of a team's submissions to all others; at no feedback that is told after the end."""
    less = phase.others == "score" and phase.feedback != "score"
    if phase.feedback == "none":
        return f"Others are then told {_SCORE_ALONE}." if less else ""
    return (
        f"Of a team's submissions others are told {_SCORE_ALONE}."
        if less
        else "Others are told as much of them."
    )


_SCORE_ALONE = "the score that orders the board, to a tenth of a percent, and nothing else"


def spot_checked_words(phase: PhaseDocument) -> str:
    """That numbers are of samples while the phase is open; empty where they are not, or none is told."""
    if not phase.spot_checked or phase.feedback == "none":
        return ""
    return (
        "While the phase is open each number is measured on a tenth of the cells, others for each "
        "submission, so that many uploads do not give the labels away. So the best of many uploads is in "
        "part the luckiest, also of near copies. Once it has closed, all cells count."
    )


def commands(phase: PhaseDocument, base: str, *, open_to_all: bool) -> list[str]:
    """How one hands in from a shell, a command each; what is to be filled in stands in capitals."""
    curl = f"{base}/api/phases/{phase.name}/submissions"
    who = "-F team=TEAM" if open_to_all else '-H "Authorization: Bearer TOKEN"'
    signed = f"--server {base} {'--team TEAM' if open_to_all else '--token TOKEN'}"
    accepts, terms = (
        (" --accept-terms", f"-F terms={phase.terms_sha256} ") if phase.terms_sha256 else ("", "")
    )
    found = [
        f"harness upload predictions.csv --phase {phase.name} --entry NAME {signed}{accepts}",
        f"curl -F file=@submission.zip -F entry=NAME {terms}{who} {curl}",
    ]
    if phase.name in ("prelim", "final") and not terms:
        found.insert(0, f"harness submit --model NAME --split {phase.name} {signed}")
    return found


BOARD_STATES = {
    "current": "",
    "being made anew": "This board is being made anew: what was decided last is not on it yet.",
    "being judged anew": (
        "Everything here is being judged anew. Until that is done, the board shows what stood before."
    ),
}
"""What is said above a board that is not the present one."""
