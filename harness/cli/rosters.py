"""`harness token add --teams`: a token for each of many teams, in one file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import console
from harness.cli.hosting import store_at
from harness.cli.phase_rules import moment_words
from harness.errors import DataWrong, UsageWrong

if TYPE_CHECKING:
    from eval_server.service.rosters import NewToken
    from eval_server.store.store import Store

_OF_FILES = (".txt", ".csv", ".tsv", ".text", ".lst")


def add_for_many(given: Sequence[str], out: Path, settings: dict[str, Any], as_json: bool) -> None:
    """Make the tokens and write their file; neither is left where the other cannot be."""
    from eval_server.figures.wording import counted

    names, now = _names(given), datetime.now(UTC)
    expires_at = now + timedelta(days=settings["days"])
    with store_at(settings["data_dir"], settings["database"]) as store:
        made = _made(store, names, out, settings, now, expires_at)
    document = {
        "file": str(out),
        "expires_at": expires_at.isoformat(),
        "tokens": [{"id": one.record.id, "team": one.record.team} for one in made],
    }
    if as_json:
        console.emit(document)
        return
    console.result(f"{counted(len(made), 'token')} for {counted(len(names), 'team')}: {out}")
    console.say(
        f"Only you can read that file, and nobody can make it again: only digests are kept. The tokens "
        f"expire on {moment_words(expires_at)}; `harness token list` shows their ids, `revoke` ends one."
    )


def _made(
    store: Store, names: list[str], out: Path, settings: dict[str, Any], now: datetime, expires_at: datetime
) -> list[NewToken]:
    """First the file, then the rows: a token that is valid is written down."""
    from eval_server.service.rosters import as_known, roster_table, secrets_for, tokens_for
    from eval_server.store.records import Act

    known = as_known(store, names)
    handed_out = list(zip(known, secrets_for(known), strict=True))
    _write(out, roster_table(handed_out, expires_at, settings["server"]))
    try:
        return tokens_for(store, handed_out, settings["note"], expires_at, Act("command line", now))
    except BaseException:
        out.unlink()
        raise


def _names(given: Sequence[str]) -> list[str]:
    """The names in files and on the command line; raises where one is unfit, or two are one team."""
    from eval_server.service.rosters import RosterWrong, roster_of

    text = "\n".join(_read(Path(one)) if _is_file(one) else one for one in given)
    try:
        return roster_of(text)
    except RosterWrong as wrong:
        raise DataWrong(
            f"the names of the teams cannot be taken: {wrong}", "Write a name in each line."
        ) from wrong


def _is_file(given: str) -> bool:
    """Whether a file is meant; raises `UsageWrong` for what is written like one and is not there."""
    path = Path(given)
    if path.is_file():
        return True
    if "/" in given or path.suffix.lower() in _OF_FILES:
        hint = "A file has a team's name in each line; a team whose name looks like a file goes into one."
        raise UsageWrong(f"{given} looks like a file, and there is none", hint)
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataWrong(
            f"{path}: expected a text file with a team's name in each line, found {error}"
        ) from error


def _write(out: Path, table: str) -> None:
    """A new file that only its owner reads, on disk when this returns; nothing is ever overwritten."""
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageWrong(
            f"{out} is there already, and may hold tokens", "Name another file: --out."
        ) from error
    except OSError as error:
        raise UsageWrong(f"{out} cannot be written: {error.strerror}", "Name another file: --out.") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(table)
        file.flush()
        os.fsync(file.fileno())
