"""`harness export-course`: everything of a course in files that a spreadsheet and a browser open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA
from harness.errors import DataWrong, ServerTrouble, UsageWrong

if TYPE_CHECKING:
    from eval_server.service.desk import Desk


@click.command(name="export-course")
@click.argument("folder", type=PATH)
@SERVER_DATA
@DATABASE
@JSON
def export_course(folder: Path, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Write boards, teams, comparisons, pictures, uploads and a report to FOLDER.

    The server may go on running. Each phase has a folder with teams.csv, its boards and comparisons (CSV and
    JSON), its pictures (SVG) and the files as they were handed in; report.html needs no network. FOLDER must
    be new or empty. It holds all names and both parts of a divided phase, and no truth. report.html says what
    the columns of teams.csv hold.
    """
    from eval_server.web.exporting.writing import ExportRefused
    from eval_server.web.exporting.writing import export_course as write

    with _desk_at(data_dir, database) as desk:
        try:
            exported = write(desk, folder)
        except ExportRefused as refused:
            raise UsageWrong(str(refused), "Name a folder that is not there yet.") from refused
        except OSError as error:
            said = f"{folder} cannot be written: {error.strerror or error}"
            raise DataWrong(said, "Nothing is left of it: make room, or name another folder.") from error
        desk.store.audit.note(desk.now(), "command line", "course exported", folder.name)
    if as_json:
        console.emit({"folder": str(folder), **asdict(exported)})
        return
    console.result(
        f"Wrote {exported.phases} phases, {exported.teams} teams, {exported.submissions:,} submissions: "
        f"{folder / 'report.html'}"
    )
    if exported.lost:
        console.say(f"The files of {len(exported.lost)} submissions are lost: uploads.csv names them.")


@contextmanager
def _desk_at(data_dir: Path, database: str | None) -> Iterator[Desk]:
    """The parts of a server on this data, none of which runs."""
    from eval_server.service.desk import Desk
    from eval_server.service.settings import Settings
    from eval_server.store.database import StoreUnfit

    if not data_dir.is_dir():
        raise UsageWrong(f"there is no data folder {data_dir}", "Name it with --data-dir.")
    try:
        desk = Desk.open(Settings(data_dir=data_dir, database=database))
        try:
            yield desk
        finally:
            desk.close()
    except StoreUnfit as unfit:
        raise ServerTrouble(str(unfit), unfit.hint or "Look at --data-dir and --database.") from unfit
