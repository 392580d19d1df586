"""`harness submission`: what a host does with single submissions: choose, take off a board, put back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.hosting import (
    NEEDED_REASON,
    REASON,
    act,
    found_phase,
    found_team,
    host_options,
    now,
    store_at,
    tell,
    told_as_usage,
)
from harness.cli.phase_rules import moment_words
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import Submission
    from eval_server.store.store import Store


@click.group()
def submission() -> None:
    """Look after single submissions; a running server takes it up at once."""


@submission.command(name="list")
@click.option("--phase", "phase_name", help="Only those of this phase.")
@click.option("--team", help="Only those of this team.")
@host_options
def list_(
    phase_name: str | None, team: str | None, data_dir: Path, database: str | None, as_json: bool
) -> None:
    """List the submissions, the newest first, with what keeps one off its board."""
    with store_at(data_dir, database) as store:
        phase = None if phase_name is None else found_phase(store, phase_name).name
        known = None if team is None else found_team(store, team)
        found = store.submissions.listed(phase=phase, team=known)
    if as_json:
        console.emit({"submissions": [_facts(one) for one in found]})
        return
    rows = [
        (one.id, one.team, one.entry, one.phase, moment_words(one.submitted_at), one.set_aside or one.status)
        for one in found
    ]
    head = "submission", "team", "entry", "phase", "handed in", "state"
    console.table(head, rows, left=(0, 1, 2, 3, 4, 5))


@submission.command()
@click.argument("submission_id")
@REASON
@host_options
def withdraw(submission_id: str, **settings: Any) -> None:
    """Withdraw a submission for its team: it leaves the board, and its quota stays spent."""
    _change(submission_id, lambda store, one, done: store.setting_aside.withdraw(one, done), settings)


@submission.command()
@click.argument("submission_id")
@NEEDED_REASON
@host_options
def hide(submission_id: str, **settings: Any) -> None:
    """Hide a submission, for a reason that its team sees."""
    _bar(submission_id, "hidden", settings)


@submission.command()
@click.argument("submission_id")
@NEEDED_REASON
@host_options
def disqualify(submission_id: str, **settings: Any) -> None:
    """Disqualify a submission, for a reason that its team sees."""
    _bar(submission_id, "disqualified", settings)


@submission.command()
@click.argument("submission_id")
@REASON
@host_options
def restore(submission_id: str, **settings: Any) -> None:
    """Undo what a host did to a submission; where nothing was done, what its team withdrew."""

    def back(store: Store, one: str, done: Any) -> bool:
        return store.setting_aside.lift(one, done) or store.setting_aside.take_back(one, done)

    _change(submission_id, back, settings, back=True)


@submission.command()
@click.argument("submission_id", metavar="ID")
@click.option("--take-back", is_flag=True, help="Let it count no more as chosen.")
@host_options
def choose(submission_id: str, take_back: bool, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Choose the submission ID for its team: what stands for it, or counts in a divided phase's end."""
    with store_at(data_dir, database) as store:
        found = _scored(store, submission_id)
        if take_back:
            store.submissions.take_back(found)
        else:
            _choose(store, _counting(found))
        deed = "took back a team's choice" if take_back else "chose for a team"
        store.audit.note(now(), "command line", deed, found.team, {"submission": found.id})
        chosen = store.submissions.chosen(found.phase, found.team)
    document = {"submission": found.id, "team": found.team, "phase": found.phase, "chosen": chosen}
    tell(document, f"{found.team} has chosen in {found.phase}: {', '.join(chosen) or 'none'}.", as_json)


def _bar(named: str, kind: str, settings: dict[str, Any]) -> None:
    _change(named, lambda store, one, done: store.setting_aside.bar(one, kind, done), settings, needed=True)


def _change(
    named: str,
    deed: Callable[[Store, str, Any], bool],
    settings: dict[str, Any],
    *,
    back: bool = False,
    needed: bool = False,
) -> None:
    """Do something to a submission that could stand on a board, and say how it stands.

    `back` undoes; `needed` is a reason that the team sees.
    """
    from eval_server.service.setting_aside import require_settable

    with told_as_usage(), store_at(settings["data_dir"], settings["database"]) as store:
        found = _found(store, named)
        if not back:
            require_settable(found)
        changed = deed(store, named, act(settings["reason"], needed=needed))
        found = _found(store, named)
    state = "counts on its board" if found.counts else f"is {found.set_aside}"
    words = f"{found.entry} of {found.team} in {found.phase} {state}."
    words = words if changed else f"Nothing to do: {words}"
    tell({**_facts(found), "changed": changed}, words, settings["as_json"])


def _scored(store: Store, submission_id: str) -> Submission:
    found = _found(store, submission_id)
    if found.status != "scored":
        raise UsageWrong(f"only a scored submission can be chosen; this one is {found.status}")
    return found


def _counting(found: Submission) -> Submission:
    if not found.counts:
        raise UsageWrong(f"only what counts can be chosen; this submission is {found.set_aside}")
    return found


def _choose(store: Store, found: Submission) -> None:
    from eval_server.store.submissions import ChoicesSpent

    record = store.phases.find(found.phase)
    most = 1 if record is None else record.rules.choices
    try:
        store.submissions.choose(found, most)
    except ChoicesSpent as spent:
        said = f"{found.team} chose {len(spent.chosen)} of {most} submissions already"
        raise UsageWrong(said, f"Take one back first: {', '.join(spent.chosen)} (--take-back).") from spent


def _found(store: Store, named: str) -> Submission:
    found = store.submissions.find(named)
    if found is None:
        raise UsageWrong(f"there is no submission {named!r}", "`harness submission list` shows their ids.")
    return found


def _facts(one: Submission) -> dict[str, Any]:
    return {
        "submission": one.id,
        "team": one.team,
        "entry": one.entry,
        "phase": one.phase,
        "status": one.status,
        "submitted_at": one.submitted_at.isoformat(),
        "set_aside": one.set_aside,
        "reason": one.bar_reason,
    }
