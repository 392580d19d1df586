"""What a backup and its verification cost, and the checks of the database; one JSON document of seconds.

    python benchmarks/backup.py --submissions 2000

Fills a store of its own in a temporary folder with scored submissions of 1,867 cells, on SQLite unless
`--database` names an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth, read_truth
from eval_server.service.jobs import Judge
from eval_server.service.verdicts import Verdicts
from eval_server.store.backup import dump, load, verify
from eval_server.store.records import Arrival, Rules
from eval_server.store.soundness import troubles_in
from eval_server.store.store import Store
from submissions.packing import packed
from submissions.predictions import Predictions

CELLS, SUBJECTS = 1867, 28
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def a_truth() -> Truth:
    rows = (f"{at}.bmp,{int(at % SUBJECTS < 13)},S{at % SUBJECTS}\n" for at in range(1, CELLS + 1))
    found = read_truth(("cell,label,subject\n" + "".join(rows)).encode())
    return Truth(type(found.phase)("phase", found.phase.cells), found.labels, found.subjects)


def fill(store: Store, submissions: int) -> None:
    """A phase with so many scored submissions, each of its own errors."""
    truth, dice = a_truth(), np.random.default_rng(0)
    store.phases.add("phase", truth, Rules(), NOON)
    for number in range(submissions):
        data = packed(Predictions(truth.phase, truth.labels ^ (dice.random(CELLS) < 0.15)))
        digest = store.archive.keep(io.BytesIO(data))
        arrival = Arrival(
            "phase", f"team {number % 50}", "entry", digest, digest, None, None, (), len(data), NOON
        )
        store.arrivals.receive(arrival, None)
    judge = Judge(store, Verdicts(store), lambda: NOON)
    while judge.work():
        pass


def seconds(deed: Callable[[], Any], times: int = 3) -> float:
    """The shortest of some runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        deed()
        taken.append(time.perf_counter() - began)
    return round(min(taken), 3)


def measured(store: Store, folder: Path) -> dict[str, Any]:
    file = folder / "b.tar"
    return {
        "check at the start": seconds(store.require_sound),
        "check while it runs": seconds(lambda: troubles_in(store.database, thorough=False)),
        "backup with its verification": seconds(lambda: dump(store, file, NOON)),
        "verification": seconds(lambda: verify(file)),
        "restoration": seconds(lambda: load(store, file), 1),
        "MB": round(file.stat().st_size / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--database")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        store = Store.open(folder / "data", asked.database)
        fill(store, asked.submissions)
        print(json.dumps(measured(store, folder), indent=2))
        store.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
