"""A leaderboard of Codabench as reference rows for a board of ours: from its API, or from a table of it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataWrong, UsageWrong
from harness.upload.answers import Shape
from harness.upload.codabench import PHASES, Site
from submissions.codabench.scoring_program.score import METRICS, TITLES

PRIMARY = "weighted_f1"
_BOARD: Shape = {"submissions": [{"owner": (str, int), "scores": [{"column_key": str}]}]}
OWNERS = ("owner", "username", "user", "participant", "participants", "entry", "team")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a leaderboard: whose it is, and its metrics by our names."""

    owner: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Standings:
    """The lines that have the ranked number, and how many had none."""

    rows: tuple[Row, ...]
    without: int


def from_site(site: Site, competition: int, phase: str) -> Standings:
    """The leaderboard of a phase as the site shows it to everybody, so its numbers are rounded there."""
    found = site.get(f"/api/competitions/{competition}/", PHASES)
    ids = {str(one["name"]).lower(): one["id"] for one in found["phases"]}
    if phase.lower() not in ids:
        raise UsageWrong(f"there is no phase {phase!r}", f"There are: {', '.join(ids)}.")
    board = site.get(f"/api/phases/{ids[phase.lower()]}/get_leaderboard/", _BOARD)
    return _standings(
        Row(str(one["owner"]), _known({each["column_key"]: each.get("score") for each in one["scores"]}))
        for one in board["submissions"]
    )


def from_table(path: Path) -> Standings:
    """The leaderboard in a CSV table: a column of names, and columns called by our keys or titles."""
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    names = {_plain(name): name for name in (rows[0] if rows else {}) if name}
    owner = next((names[one] for one in OWNERS if one in names), None)
    if owner is None:
        expected = f"{path}: expected a column of names ({', '.join(OWNERS)})"
        raise DataWrong(f"{expected}, found {', '.join(names) or 'no lines'}", "Rename it in the table.")
    return _standings(Row(str(row[owner]), _known(row)) for row in rows)


def _standings(rows: Iterable[Row]) -> Standings:
    """The rows with the ranked number; names that come twice are numbered."""
    listed = list(rows)
    ranked = [row for row in listed if PRIMARY in row.metrics]
    seen: Counter[str] = Counter()
    named = []
    for row in ranked:
        seen[row.owner] += 1
        again = f" ({seen[row.owner]})" if seen[row.owner] > 1 else ""
        named.append(Row(row.owner + again, row.metrics))
    return Standings(tuple(named), len(listed) - len(ranked))


def _known(cells: Mapping[Any, Any]) -> dict[str, float]:
    """The metrics that we have too, as shares; what is no share is left out."""
    keys = {_plain(title): key for key, title in TITLES.items() if key in METRICS}
    keys |= {key: key for key in METRICS}
    found = {
        keys[_plain(name)]: _share(text) for name, text in cells.items() if name and _plain(name) in keys
    }
    return {key: value for key, value in found.items() if 0 <= value <= 1}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")


def _share(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def as_table(standings: Standings, source: str) -> str:
    """The table that `harness phase reference` takes."""
    others = [key for key in METRICS if key != PRIMARY and any(key in row.metrics for row in standings.rows)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["entry", PRIMARY, "source", *others])
    for row in standings.rows:
        cells = [row.metrics.get(key, "") for key in others]
        table.writerow([row.owner, row.metrics[PRIMARY], source, *cells])
    return text.getvalue()
