"""`harness backup` and `harness restore`: the server's data as one file, while it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from harness import console
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA
from harness.cli.phase import store_at
from harness.errors import DataWrong, UsageWrong

FILE = click.argument("file", type=PATH)


@click.command()
@FILE
@SERVER_DATA
@DATABASE
@JSON
def backup(file: Path, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Save everything the server keeps to FILE; it may go on running.

    FILE holds truths: keep it as you keep the data folder.
    """
    from eval_server.store.backup import dump

    if not data_dir.is_dir():
        raise UsageWrong(f"there is no data folder {data_dir}", "Name it with --data-dir.")
    try:
        with store_at(data_dir, database) as store:
            contents = dump(store, file, datetime.now(UTC))
    except OSError as error:
        raise DataWrong(f"cannot write {file}: {error.strerror or error}") from error
    _tell("Saved", file, contents.rows, contents.files, as_json=as_json)


@click.command()
@FILE
@SERVER_DATA
@DATABASE
@click.option("--yes", is_flag=True, help="Replace what is there without asking.")
@JSON
def restore(file: Path, data_dir: Path, database: str | None, yes: bool, as_json: bool) -> None:
    """Replace everything the server keeps by the backup in FILE; it may go on running.

    FILE may come from the other kind of database: this is how to move between them.
    """
    from eval_server.store.backup import BackupUnfit, load

    if not file.is_file():
        raise DataWrong(f"{file}: expected a backup, found no file", "`harness backup FILE` makes one.")
    with store_at(data_dir, database) as store:
        if store.phases.names() and not yes:
            _confirm(f"Replace the phases {', '.join(store.phases.names())}?")
        try:
            contents = load(store, file)
        except (BackupUnfit, OSError) as unfit:
            raise DataWrong(str(unfit), "Nothing was changed.") from unfit
        store.audit.note(datetime.now(UTC), "command line", "restored", file.name)
    _tell("Restored", file, contents.rows, contents.files, as_json=as_json)


def _confirm(question: str) -> None:
    """Ask, and abort at a no; where nobody can answer, raises `UsageWrong`."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as end:
        if isinstance(end.__context__, EOFError):
            raise UsageWrong("nobody is there to answer", "Add --yes to replace what is there.") from None
        raise


def _tell(done: str, file: Path, rows: int, files: int, *, as_json: bool) -> None:
    if as_json:
        console.emit({"file": str(file), "rows": rows, "files": files})
    else:
        console.result(f"{done} {rows:,} rows and {files:,} files: {file}")
