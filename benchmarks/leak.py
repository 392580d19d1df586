"""How many uploads give a phase's labels away, at each level of feedback, against a real server on loopback.

    python benchmarks/leak.py [--truth LABELS.csv --entry SCORES.csv] [--uploads 700]

Random labels are handed in, and the labels solved for from the answers (`benchmarks/leaks`), starting blind
and from an entry with scores. What 150 uploads gain over that entry (5 a day for 30 days) is the most of
three attacks, each the mean of several: random labels everywhere, random labels on the cells that the
entry is least sure of (three sizes), and with the Ladder on uploads that climb from a bad start. Without
options the official preliminary cells and a support vector machine of `tests/data` are taken.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.leaks.asking import Asker, Document, a_server
from benchmarks.leaks.attacks import (
    Start,
    Told,
    asked,
    blind,
    climbing,
    focused,
    from_scores,
    needed,
    random_uploads,
    share_known,
    solved,
    solved_linearly,
    weighted_f1,
)
from benchmarks.leaks.solving import Floats, Known, Labels
from eval_server.judging.feedback import Level, Sight, shown
from eval_server.judging.spot_check import spot_checked
from eval_server.judging.truth import Truth, read_truth
from eval_server.judging.verdict import Verdict, judge_all
from eval_server.store.records import Rules
from submissions.predictions import Predictions

MONTH = 150
"""5 uploads a day for 30 days."""
SIZES, TIMES, CLIMBS = (150, 300, 600), 5, 3
"""Least sure cells that an attack looks at; how often it is repeated without the Ladder, and with it."""
COUNTS = (25, 50, 75, 100, 150, 200, 250, 300, 350, 400, 500, 700, 1000, 1500, 2000, 3000)
SHARES = (0.75, 0.9, 0.99)
WITH_LADDER = 300
"""Random uploads with the Ladder on: a team is told a handful of them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a phase tells results; `computed` is what it would tell on all cells, which no server does."""

    feedback: str
    ladder: bool = False
    computed: bool = False

    @property
    def phase(self) -> str:
        return f"{self.feedback}{'-ladder' if self.ladder else ''}"

    @property
    def words(self) -> str:
        return f"{self.feedback}{', were all cells measured' if self.computed else ''}"


CONDITIONS = (
    *(Condition("full", ladder) for ladder in (False, True)),
    *(Condition(feedback, computed=True) for feedback in ("summary", "score")),
    *(Condition(feedback, ladder) for feedback in ("summary", "score") for ladder in (False, True)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """What a level would tell if it were measured on all cells and rounded: asked of no server."""

    truth: Truth
    level: Level

    def ask(self, phase: str, team: str, uploads: Labels, *, in_turn: bool = False) -> list[Document]:
        verdicts = judge_all([Predictions(self.truth.phase, one) for one in uploads], self.truth)
        told = [shown(one, one.to_json(), Sight(self.level, "weighted_f1")) for one in verdicts]
        facts = {"shown": "", "id": "", "spot_checked": False}
        return [{**one.document, **facts} for one in told if one is not None]


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """A phase's labels, what is known of them at first, and how many uploads are tried."""

    truth: Truth
    entry: Start
    uploads: int
    generator: np.random.Generator

    @property
    def known(self) -> Known:
        return Known(int(self.truth.labels.sum()), len(self.truth.labels))

    def played(self, asker: Asker, at: Condition) -> dict[str, Any]:
        """A line of the table."""
        count = WITH_LADDER if at.ladder else self.uploads
        uploads = random_uploads(count, self.known.cells, self.generator)
        told = asked(asker, at.phase, f"{at.phase}-random", uploads, in_turn=at.ladder)
        return {
            "told": at.words,
            "ladder": at.ladder,
            "uploads": count,
            "blind": self._needed(told, blind(self.known)),
            "from_entry": self._needed(told, self.entry),
            "gain": self._gain(asker, at, told),
        }

    def _needed(self, told: Told, start: Start) -> list[int | None]:
        shares: dict[int, float] = {}

        def known_after(count: int) -> float:
            if count not in shares:
                chance = solved(told.first(count), self.known, start)
                shares[count] = share_known(self.truth.labels, chance)
            return shares[count]

        counts = [count for count in COUNTS if count <= len(told.documents)]
        return [needed(share, counts, known_after) for share in SHARES]

    def _gain(self, asker: Asker, at: Condition, told: Told) -> float:
        """What a month gains in weighted F1 by the best of the attacks, in points."""
        months = max(len(told.documents) // MONTH, 1)
        gains = {"everywhere": [self._gained(told.part(MONTH, month), at) for month in range(months)]}
        plan = climbing if at.ladder else focused
        for size in self._sizes(at):
            for time_ in range(CLIMBS if at.ladder else TIMES):
                team = f"{at.phase}-{size}-{time_}" if at.ladder else f"{at.phase}-random"
                uploads = plan(self.entry, size, MONTH, self.generator)
                found = asked(asker, at.phase, team, uploads, in_turn=at.ladder)
                gains.setdefault(str(size), []).append(self._gained(found, at))
        return 100 * max(float(np.mean(of_attack)) for of_attack in gains.values())

    def _sizes(self, at: Condition) -> tuple[int, ...]:
        """How many cells are looked at; where all is told, random labels everywhere do."""
        if at.ladder:
            return SIZES[:2]
        return () if at.feedback == "full" else SIZES

    def _gained(self, told: Told, at: Condition) -> float:
        """By one way to solve for each: to take the better of two would need the labels."""
        way = solved_linearly if at.ladder and not told.by_subject else solved
        before = weighted_f1(self.truth.labels, self.entry.prior)
        return weighted_f1(self.truth.labels, way(told, self.known, self.entry)) - before


def spread_of_samples(truth: Truth, calls: Labels, keys: int = 300) -> dict[str, float]:
    """By how many points a sample moves a weighted F1, what the luckiest gains, how wide its interval is."""
    whole = judge_all([Predictions(truth.phase, calls)], truth)[0]
    found = [spot_checked([whole], f"key {at}")[0] for at in range(keys)]
    widths = [_width(one) for one in found]
    values = 100 * np.array([one.weighted_f1 for one in found])
    return {
        "standard_deviation": float(np.std(values)),
        "best_of_10_gains": float(values.reshape(-1, 10).max(axis=1).mean() - 100 * whole.weighted_f1),
        "best_of_150_gains": float(values.reshape(-1, 150).max(axis=1).mean() - 100 * whole.weighted_f1),
        "interval": 100 * float(np.mean(widths)),
        "interval_of_all_cells": 100 * _width(whole),
    }


def _width(verdict: Verdict) -> float:
    found = verdict.intervals["weighted_f1"]
    return (found.high or np.nan) - (found.low or np.nan)


def teams_of(conditions: tuple[Condition, ...]) -> Iterator[str]:
    for at in conditions:
        yield f"{at.phase}-random"
        if at.ladder:
            yield from (f"{at.phase}-{size}-{time_}" for size in SIZES[:2] for time_ in range(CLIMBS))


def scores_in(table: Path, truth: Truth) -> Floats:
    with table.open(newline="", encoding="utf-8") as file:
        scores = {row["cell"]: float(row["score"]) for row in csv.DictReader(file)}
    return np.array([scores[cell] for cell in truth.phase.cells])


def line_of(row: Mapping[str, Any]) -> str:
    """A row of the table in Markdown."""
    never = f"> {row['uploads']:,}"
    counts = [never if one is None else f"{one:,}" for one in (*row["blind"], *row["from_entry"])]
    cells = [row["told"], "on" if row["ladder"] else "off", *counts, f"{row['gain']:+.1f}"]
    return f"| {' | '.join(cells)} |"


def play(
    truth: Truth, scores: Floats, uploads: int, conditions: tuple[Condition, ...]
) -> Iterator[dict[str, Any]]:
    accuracy = float(((scores >= 0.5) == truth.labels).mean())
    game = Game(truth, from_scores(scores, accuracy), uploads, np.random.default_rng(1))
    asked_for = [at for at in conditions if not at.computed]
    phases = {at.phase: Rules(feedback=at.feedback, ladder=at.ladder) for at in asked_for}
    with (
        tempfile.TemporaryDirectory() as folder,
        a_server(Path(folder), truth, phases, list(teams_of(tuple(asked_for)))) as server,
    ):
        for at in conditions:
            began = time.monotonic()
            asker = Computed(truth, Level.named(at.feedback)) if at.computed else server
            own = replace(game, uploads=min(uploads, 400)) if at.feedback == "full" else game
            yield {**own.played(asker, at), "seconds": round(time.monotonic() - began)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--entry", type=Path)
    parser.add_argument("--uploads", type=int, default=700)
    parser.add_argument("--only", action="append", choices=["full", "summary", "score"], help="these levels")
    given = parser.parse_args()
    conditions = tuple(at for at in CONDITIONS if at.feedback in (given.only or ("full", "summary", "score")))
    if given.truth is None or given.entry is None:
        from tests.support import stored
        from tests.support.truth import LABEL_FILE

        given.truth = given.truth or stored(LABEL_FILE)
        given.entry = given.entry or stored("entries/prelim/svm.csv")
    truth = read_truth(given.truth)
    scores = scores_in(given.entry, truth)
    print(json.dumps(spread_of_samples(truth, (scores >= 0.5).astype(np.uint8))), flush=True)
    for row in play(truth, scores, given.uploads, conditions):
        print(line_of(row), flush=True)
        print(json.dumps(row), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
