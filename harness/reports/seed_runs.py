"""What a user names as many runs of a few methods (tables, run folders, predictions), by method and seed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from harness.errors import DataWrong, UsageWrong
from harness.reports.entries import TABLE, NamedEntry, open_entry, truth_for

Values = npt.NDArray[np.float64]

_SEED = re.compile(r"(.*?)[-_. ]*seed[-_=]?0*(\d+).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SeedTable:
    """One metric of every method at every seed; `seeds` is None where values are not paired by seed."""

    metric: str
    values: Mapping[str, Values]
    seeds: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class SeedRuns:
    """The verdicts of one method in the order of its seeds; `seeds` is None where they are not known."""

    method: str
    verdicts: tuple[Verdict, ...]
    seeds: tuple[int, ...] | None
    remarks: tuple[str, ...] = ()


def is_table(path: Path) -> bool:
    """Whether a file is a table with a column of seeds rather than predictions."""
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"} or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline()
    return "seed" in [name.strip().strip('"').lower() for name in re.split(r"[,;\t]", header)]


def read_seed_table(path: Path, metric: str) -> SeedTable:
    """Read a table with a column ``seed`` and a column of shares for each method; raises `DataWrong`."""
    header, rows = _cells(path)
    at = [name.lower() for name in header].index("seed")
    if len(header) < 2:
        raise DataWrong(f"{path} has seeds and no method", "Give every method a column of its own.")
    seeds = tuple(_whole(path, header[at], line, row[at]) for line, row in rows)
    if len(set(seeds)) < len(seeds):
        twice = next(seed for seed in seeds if seeds.count(seed) > 1)
        raise DataWrong(f"{path} has seed {twice} twice", "Every seed is one row.")
    if not seeds:
        raise DataWrong(f"{path} has a header and no seeds")
    values = {
        name: np.array([_share(path, name, line, row[column]) for line, row in rows])
        for column, name in enumerate(header)
        if column != at
    }
    return SeedTable(metric, values, seeds)


def _cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the rows with their lines; empty lines are passed over."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        delimiter = next((mark for mark in "\t;" if mark in stream.readline()), ",")
        stream.seek(0)
        reader = csv.reader(stream, delimiter=delimiter)
        header = [name.strip() for name in next(reader)]
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    unclear = [repr(name) for name in header if not name or header.count(name) > 1]
    if unclear:
        hint = "Give every method a column with a name of its own."
        raise DataWrong(f"{path}, line 1: expected different names, found {', '.join(unclear)}", hint)
    for line, row in rows:
        if len(row) != len(header):
            raise DataWrong(f"{path}, line {line}: expected {len(header)} columns, found {len(row)}")
    return header, rows


def _number(path: Path, column: str, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        found = f"found {text!r}" if text else "found nothing"
        raise DataWrong(f"{path}, line {line}, column {column}: expected a number, {found}")
    return value


def _whole(path: Path, column: str, line: int, text: str) -> int:
    value = _number(path, column, line, text)
    if value != int(value):
        raise DataWrong(f"{path}, line {line}, column {column}: expected a whole number, found {text}")
    return int(value)


def _share(path: Path, column: str, line: int, text: str) -> float:
    value = _number(path, column, line, text)
    if not 0 <= value <= 1:
        hint = "Metrics are shares: write 0.8981 for 89.81 %."
        raise DataWrong(f"{path}, line {line}, column {column}: expected 0 to 1, found {text}", hint)
    return value


def read_seed_runs(texts: Sequence[str], truth: Truth) -> tuple[SeedRuns, ...]:
    """Judge ``method=pattern`` or plain paths; a pattern may name files, run folders or a folder of them.

    Without a method's name the runs are grouped by their entry or, for files like ``forest-seed03.csv``,
    by what stands before the seed. Raises `DataWrong` for a pattern that fits nothing.
    """
    found: dict[str, list[tuple[int | None, NamedEntry]]] = {}
    for text in texts:
        name, pattern = named_pattern(text)
        for path in fitting_runs(pattern):
            entry = open_entry(str(path), truth)
            method, seed = _method_and_seed(entry)
            found.setdefault(name or method, []).append((seed, entry))
    return tuple(_runs(method, members, truth) for method, members in found.items())


def named_pattern(text: str) -> tuple[str, str]:
    """``METHOD=PATTERN`` taken apart; the method is empty where there is none."""
    name, equals, pattern = text.partition("=")
    return (name, pattern) if equals and name and not Path(text).exists() and "/" not in name else ("", text)


def fitting_runs(pattern: str) -> list[Path]:
    """The runs that a path or a pattern names; raises `DataWrong` where nothing fits."""
    path = Path(pattern)
    root = Path(path.anchor or ".")
    paths = [path] if path.exists() else sorted(root.glob(str(path.relative_to(path.anchor))))
    if not paths:
        hint = "Name runs as method=PATTERN, for example 'mlp=runs/mlp-*'."
        raise DataWrong(f"nothing fits {pattern}", hint)
    return [run for path in paths for run in _runs_in(path)]


def _runs_in(path: Path) -> list[Path]:
    """The path itself, or where it is a folder of runs, those of its members that have predictions."""
    if not path.is_dir() or (path / TABLE).exists():
        return [path]
    inside = [
        one for one in sorted(path.iterdir()) if one.suffix in {".csv", ".zip"} or (one / TABLE).exists()
    ]
    if not inside:
        raise DataWrong(f"{path} holds no runs", f"A run folder holds a {TABLE}.")
    return inside


def _method_and_seed(entry: NamedEntry) -> tuple[str, int | None]:
    if entry.manifest is not None:
        return entry.manifest.entry, entry.manifest.seed
    fitted = _SEED.fullmatch(entry.name)
    return (fitted[1] or entry.name, int(fitted[2])) if fitted else (entry.name, None)


def _runs(method: str, members: list[tuple[int | None, NamedEntry]], truth: Truth) -> SeedRuns:
    seeds = [seed for seed, _ in members if seed is not None]
    if len(seeds) == len(members):
        members = sorted(members, key=lambda member: member[0] or 0)
        twice = next((seed for seed in seeds if seeds.count(seed) > 1), None)
        if twice is not None:
            raise UsageWrong(
                f"{method} has two runs with seed {twice}",
                "Name every run once, or give the runs two names: "
                "an edited model leaves runs of both codes side by side.",
            )
    verdicts = tuple(judge(entry.predictions, truth_for(entry, truth)) for _, entry in members)
    said = dict.fromkeys(word for _, entry in members for word in entry.remarks)
    if len({entry.manifest.source_sha256 for _, entry in members if entry.manifest is not None}) > 1:
        said["the seeds are of different code"] = None
    return SeedRuns(
        method, verdicts, tuple(sorted(seeds)) if len(seeds) == len(members) else None, tuple(said)
    )


def table_of(runs: Sequence[SeedRuns], metric: str) -> SeedTable:
    """One metric of every method, paired by seed where all methods have the same seeds.

    Raises `DataWrong` for a metric that the truth does not define.
    """
    if any(verdict.metrics[metric] is None for one in runs for verdict in one.verdicts):
        raise DataWrong(f"{metric} is not defined here: the truth has cells of one class only")
    values = {
        one.method: np.array([verdict.metrics[metric] for verdict in one.verdicts], dtype=float)
        for one in runs
    }
    known = {one.seeds for one in runs}
    return SeedTable(metric, values, next(iter(known)) if len(known) == 1 else None)
