"""`harness phase close`, `reopen`, `archive`, `unarchive`: a phase as a whole; each can be undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.hosting import REASON, act, found_phase, host_options, store_at, tell, told_as_usage
from harness.cli.phase_rules import moment_words

if TYPE_CHECKING:
    from eval_server.store.records import PhaseRecord


_SHOWN = {
    "close": "the board shows the private part now, and `reopen` does not take back what is seen of it",
    "reopen": "the board shows the public part again; what was seen of the private one stays known",
}


def _deed(verb: str, said: str) -> click.Command:
    """The command that does the deed of this name."""

    @click.command(verb, help=said)
    @click.argument("name")
    @REASON
    @host_options
    def command(name: str, reason: str, data_dir: Path, database: str | None, as_json: bool) -> None:
        from eval_server.service.phase_deeds import DEEDS

        with told_as_usage(), store_at(data_dir, database) as store:
            changed = DEEDS[verb](store, found_phase(store, name), act(reason))
            record = found_phase(store, name)
        _tell(record, as_json, changed=changed)
        if changed and record.divided and verb in _SHOWN:
            console.say(f"Note: {_SHOWN[verb]}.", style="yellow")

    return command


def _tell(record: PhaseRecord, as_json: bool, *, changed: bool) -> None:
    ends, archived = record.rules.ends_at, record.archived_at
    document = {
        "phase": record.name,
        "changed": changed,
        "closes_at": None if ends is None else ends.isoformat(),
        "archived_at": None if archived is None else archived.isoformat(),
    }
    end = "has no end" if ends is None else f"ends on {moment_words(ends)}"
    words = f"{record.name} {end}{', and is in the archive' if archived else ''}."
    tell(document, words if changed else f"Nothing to do: {words}", as_json)


COMMANDS = (
    _deed("close", "Close NAME now, before its time; `reopen` undoes it."),
    _deed(
        "reopen", "Open NAME again; one whose set end is over has none until `harness phase set --closes`."
    ),
    _deed("archive", "Take the closed phase NAME off the start page; its board stays where it is."),
    _deed("unarchive", "Put NAME back on the start page."),
)
