"""`harness phase show`: a phase, who takes part, what does not count, and which submissions are alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.hosting import found_phase, host_options, now, store_at
from harness.cli.phase_rules import described, plain, window, window_words

if TYPE_CHECKING:
    from eval_server.service.alike import AlikePair
    from eval_server.store.records import PhaseRecord, Submission

NAMED = 5
"""Cells that a line names; the document has them all."""


@click.command()
@click.argument("name")
@host_options
def show(name: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Show NAME: rules, window, what does not count, and which teams' predictions are alike."""
    from eval_server.service.alike import alike_in
    from eval_server.service.verdicts import Verdicts

    with store_at(data_dir, database) as store:
        record = found_phase(store, name)
        found = store.submissions.listed(phase=name)
        pairs = alike_in(Verdicts(store), record)
    if as_json:
        console.emit(_document(record, found, pairs))
        return
    console.result("\n".join([described(record), *_lines(record, found), *map(_pair, pairs)]))


def _document(record: PhaseRecord, found: list[Submission], pairs: list[AlikePair]) -> dict[str, Any]:
    archived = record.archived_at
    return {
        "phase": record.name,
        "rules": plain(record.rules),
        "window": window(record.rules, now()),
        "archived_at": None if archived is None else archived.isoformat(),
        "teams": len({one.team for one in found}),
        "submissions": Counter(one.status for one in found),
        "set_aside": [
            {"submission": one.id, "team": one.team, "set_aside": one.set_aside, "reason": one.bar_reason}
            for one in found
            if not one.counts
        ],
        "alike": [
            {
                "teams": [one.earlier.team, one.later.team],
                "submissions": [one.earlier.id, one.later.id],
                "share": one.share,
                "apart": list(one.apart),
            }
            for one in pairs
        ],
    }


def _lines(record: PhaseRecord, found: list[Submission]) -> list[str]:
    counts = Counter(one.status for one in found)
    said = ", ".join(f"{count} {status}" for status, count in counts.items()) or "none"
    archived = "; in the archive" if record.archived_at else ""
    aside = [f"  {one.set_aside}: {one.entry} of {one.team} ({one.id})" for one in found if not one.counts]
    return [
        f"  {window_words(record.rules, now())}{archived}",
        f"  submissions of {len({one.team for one in found})} teams: {said}",
        *aside,
    ]


def _pair(one: AlikePair) -> str:
    """Two teams whose predictions are alike, in a line."""
    sides = " and ".join(f"{side.entry} of {side.team} ({side.id})" for side in (one.earlier, one.later))
    if not one.apart:
        return f"  alike: {sides} call all {one.cells:,} cells the same"
    named = ", ".join(one.apart[:NAMED]) + (", …" if len(one.apart) > NAMED else "")
    return f"  alike: {sides} call {one.share:.2%} of {one.cells:,} cells the same, all but {named}"
