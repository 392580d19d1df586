"""A course written into a folder, or as a zip: all of it is there in the end, or nothing."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from eval_server.figures.picture import Picture
from eval_server.figures.showing import SHOWN, pictures_of_entry, pictures_of_report, pictures_of_scores
from eval_server.service.desk import Desk
from eval_server.store.aside import folder_aside
from eval_server.store.files import FileDamaged
from eval_server.store.records import Submission
from eval_server.web.documents.comparisons import significance_document
from eval_server.web.documents.document import encoded
from eval_server.web.exporting import tables
from eval_server.web.exporting.course import HOST, PartExport, PhaseExport, course_of
from eval_server.web.exporting.report import PhaseSection, report_page, section_of
from eval_server.web.exporting.teams import teams_table
from eval_server.web.presenting.words import classes_of
from submissions.parts import is_zip
from submissions.rows import without_note

UNFINISHED = ".course-unfinished-"
"""How the name of a folder begins in which a course is written until it is whole."""
LONGEST = 60
"""Characters of a name that somebody else gave, in the name of a file."""


class ExportRefused(Exception):
    """A folder into which nothing is written, because it holds something."""


@dataclass(frozen=True, slots=True)
class CourseWritten:
    """How much was taken out; `lost` are the submissions whose files are missing or changed."""

    phases: int
    teams: int
    submissions: int
    lost: tuple[str, ...]


def export_course(desk: Desk, folder: Path) -> CourseWritten:
    """Write everything into a new or empty folder, aside first; raises `ExportRefused` for any other.

    What a killed export left beside it, whatever it was to be called, is removed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportRefused(f"{folder} is there already, and not an empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_aside(folder.parent, UNFINISHED) as aside:
        exported = _write(desk, aside)
        aside.rename(folder)
    return exported


@contextmanager
def zipped_course(desk: Desk) -> Iterator[Path]:
    """The same as a zip, which is gone afterwards."""
    with folder_aside(Path(tempfile.gettempdir()), UNFINISHED) as aside:
        export_course(desk, aside / "course")
        target = aside / "course.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((aside / "course").rglob("*")):
                archive.write(path, path.relative_to(aside))
        shutil.rmtree(aside / "course")
        yield target


def _write(desk: Desk, folder: Path) -> CourseWritten:
    sections: list[PhaseSection] = []
    teams: set[str] = set()
    lost: list[str] = []
    handed_in = 0
    for phase in course_of(desk):
        missing = _write_phase(desk, phase, folder / phase.name)
        sections.append(section_of(phase))
        teams.update(phase.teams)
        handed_in += len(phase.submissions)
        lost += missing
    _text(folder / "report.html", report_page(sections, desk.now()))
    return CourseWritten(len(sections), len(teams), handed_in, tuple(lost))


def _write_phase(desk: Desk, phase: PhaseExport, folder: Path) -> list[str]:
    """One phase's folder; returns the submissions whose files are lost."""
    folder.mkdir()
    _text(folder / "teams.csv", teams_table(phase))
    for part in phase.parts:
        _write_part(part, folder)
    files = dict(_uploads(desk, phase, folder / "uploads"))
    _text(folder / "uploads.csv", tables.uploads_table(phase, files))
    return [one.id for one in phase.submissions if one.id not in files]


def _write_part(part: PartExport, folder: Path) -> None:
    _text(folder / f"board{part.ending}.csv", tables.board_table(part))
    (folder / f"board{part.ending}.json").write_bytes(encoded(part.board))
    _text(folder / f"comparisons{part.ending}.csv", tables.comparisons_table(part))
    if part.compared is not None:
        document = significance_document(part.compared, HOST)
        (folder / f"comparisons{part.ending}.json").write_bytes(encoded(document))
    pictures = folder / f"pictures{part.ending}"
    pictures.mkdir()
    taken: set[str] = set()
    for name, picture in _pictures(part):
        _text(pictures / f"{_free(name, taken)}.svg", picture.standalone())


def _pictures(part: PartExport) -> Iterator[tuple[str, Picture]]:
    first = dict(list(part.verdicts.items())[:SHOWN])
    joint = () if part.report is None else pictures_of_report(part.report)
    classes = classes_of(part.told)
    for picture in (*joint, *pictures_of_scores(first, classes)):
        yield picture.name, picture
    for entry, verdict in first.items():
        for picture in pictures_of_entry(entry, verdict, curves=False, classes=classes):
            yield f"{picture.name}-{plain_name(entry)}", picture


def _uploads(desk: Desk, phase: PhaseExport, folder: Path) -> Iterator[tuple[str, str]]:
    """Write what was handed in, a folder for each team; yields submission and file, from `folder` on."""
    folder.mkdir()
    taken: set[str] = set()
    teams = {
        team: _free(plain_name(team), taken) for team in dict.fromkeys(one.team for one in phase.submissions)
    }
    for number, one in enumerate(phase.submissions, start=1):
        name = f"{number:04}-{plain_name(one.entry)}"
        try:
            file = _write_upload(desk, one, folder / teams[one.team], name)
        except FileDamaged:
            continue
        yield one.id, f"{folder.name}/{teams[one.team]}/{file}"


def _write_upload(desk: Desk, one: Submission, folder: Path, name: str) -> str:
    """The file as its sender wrote it, with the scores and the manifest that came beside it."""
    data = desk.store.archive.read(one.archive)
    scores = None if one.scores is None else desk.store.archive.read(one.scores)
    folder.mkdir(exist_ok=True)
    file = f"{name}.{'zip' if is_zip(data) else 'csv'}"
    (folder / file).write_bytes(data if is_zip(data) else without_note(data))
    if scores is not None:
        (folder / f"{name}-scores.csv").write_bytes(without_note(scores))
    if one.manifest:
        _text(folder / f"{name}-manifest.json", one.manifest)
    return file


def plain_name(text: str) -> str:
    """A name as part of a file's: letters and digits of any script, and nothing that leads elsewhere."""
    kept = re.sub(r"[^\w.-]+", "-", text)[:LONGEST]
    while len(kept.encode()) > 2 * LONGEST:
        kept = kept[:-1]
    return kept.strip(".-") or "unnamed"


def _free(name: str, taken: set[str]) -> str:
    """This name, numbered where another file has it already, also on disks that know no case."""
    numbered = (name if number == 1 else f"{name}-{number}" for number in count(1))
    free = next(one for one in numbered if one.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
