"""The same for the older form, CodaLab 1.5, as Codabench reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from submissions.codabench.dates import date_findings, older_window_findings
from submissions.codabench.parts_check import Parts
from submissions.codabench.public_check import kits, public_findings
from submissions.codabench.rules import Finding

PAGES = ("overview", "evaluation", "terms", "data")


def older_findings(document: Mapping[str, Any], parts: Parts) -> Iterator[Finding]:
    """Every mistake in a bundle of CodaLab 1.5."""
    if not document.get("title"):
        yield Finding("no-title", "title", "nothing")
    yield from parts.image(document.get("image"), "image")
    pages = document["html"] if isinstance(document["html"], Mapping) else {}
    yield from (Finding("old-html", "html", f"no {name}") for name in PAGES if name not in pages)
    for name, path in pages.items():
        yield from parts.page(path, f"html {name}", "no-file")
    phases = document.get("phases")
    if not isinstance(phases, Mapping) or not all(isinstance(one, Mapping) for one in phases.values()):
        yield Finding("old-form", "phases", type(phases).__name__)
        return
    for at, phase in phases.items():
        yield from _phase(phase, f"phases {at}", parts)
    ordered = sorted(phases.items(), key=_place)
    starts = [(f"phases {at}", phase.get("start_date")) for at, phase in ordered]
    yield from older_window_findings(starts, document.get("end_date"))
    yield from _columns(document.get("leaderboard"))
    public = [(f"html {name}", path) for name, path in pages.items()]
    public += kits((f"phases {at}", phase) for at, phase in phases.items())
    yield from public_findings([one.get("reference_data") for one in phases.values()], public, parts)


def _place(entry: tuple[Any, Mapping[str, Any]]) -> float:
    """The number of a phase, by which the platform orders them; 0 for none."""
    number = str(entry[1].get("phasenumber", entry[0]))
    return float(number) if number.isascii() and number.isdigit() else 0.0


def _phase(phase: Mapping[str, Any], where: str, parts: Parts) -> Iterator[Finding]:
    if phase.get("start_date") is None:
        yield Finding("no-start", where, "nothing")
    else:
        yield from date_findings(phase["start_date"], f"{where} start_date")
    yield from parts.program(phase.get("scoring_program"), f"{where} scoring_program")
    if not phase.get("reference_data"):
        yield Finding("no-reference", where, "nothing")
    for key in ("reference_data", "input_data", "starting_kit", "public_data"):
        if phase.get(key):
            yield from parts.data(phase[key], f"{where} {key}")
    if phase.get("auto_migration") and phase.get("phasenumber") == 1:
        yield Finding("migrate-first", where, "auto_migration: true")


def _columns(board: Any) -> Iterator[Finding]:
    columns = board.get("columns") if isinstance(board, Mapping) else None
    if not isinstance(columns, Mapping) or not columns:
        yield Finding("no-columns", "leaderboard", "nothing")
        return
    for key, column in columns.items():
        where = f"leaderboard columns {key}"
        if len(str(key)) > 36:
            yield Finding("column-key", where, f"{len(str(key))} characters")
        label = column.get("label") if isinstance(column, Mapping) else None
        if not label or len(str(label)) > 36:
            yield Finding("column-title", where, str(label))
