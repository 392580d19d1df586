"""`harness submission`: what a host does with one submission on the server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import DATABASE, JSON, SERVER_DATA
from harness.cli.phase import store_at
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import Submission
    from eval_server.store.store import Store


@click.group()
def submission() -> None:
    """Look after single submissions; a running server takes it up at once."""


@submission.command()
@click.argument("submission_id", metavar="ID")
@click.option("--take-back", is_flag=True, help="Let it count no more as chosen.")
@SERVER_DATA
@DATABASE
@JSON
def choose(submission_id: str, take_back: bool, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Choose the submission ID for its team: what stands for it, or counts in a divided phase's end."""
    with store_at(data_dir, database) as store:
        found = _scored(store, submission_id)
        if take_back:
            store.submissions.take_back(found)
        else:
            _choose(store, found)
        deed = "took back a team's choice" if take_back else "chose for a team"
        store.audit.note(datetime.now(UTC), "command line", deed, found.team, {"submission": found.id})
        chosen = store.submissions.chosen(found.phase, found.team)
    if as_json:
        console.emit({"submission": found.id, "team": found.team, "phase": found.phase, "chosen": chosen})
        return
    console.result(f"{found.team} has chosen in {found.phase}: {', '.join(chosen) or 'none'}.")


def _scored(store: Store, submission_id: str) -> Submission:
    found = store.submissions.find(submission_id)
    if found is None:
        hint = "Ids stand on the host's page, and in the address of a submission's page."
        raise UsageWrong(f"there is no submission {submission_id!r}", hint)
    if found.status != "scored":
        raise UsageWrong(f"only a scored submission can be chosen; this one is {found.status}")
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
