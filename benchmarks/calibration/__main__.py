"""All tables of docs/calibration.md: ``python -m benchmarks.calibration``; 1 where one leaves its band."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks.calibration import (
    areas,
    boards,
    candidates,
    coverages,
    margins,
    predictions,
    rank_sets,
    seeds,
    shares,
    sizes,
)
from benchmarks.calibration.tables import Job, Row, Table

KINDS = {
    "sizes": sizes,
    "candidates": candidates,
    "coverages": coverages,
    "margins": margins,
    "seeds": seeds,
    "areas": areas,
    "predictions": predictions,
    "boards": boards,
    "shares": shares,
}
ASKED = {"rank_sets": rank_sets}
"""Computed with --only alone: what was tried and not taken, so it has nothing to keep."""


def jobs_of(kinds: Sequence[str]) -> list[Job]:
    return [job for kind in kinds for job in (KINDS | ASKED)[kind].jobs()]


def _run(job: Job, datasets: int, seed: int) -> Row:
    return job(datasets, seed)


def tables_of(jobs: Sequence[Job], datasets: int, seed: int, processes: int) -> list[Table]:
    """Every row computed by itself, so that its numbers do not depend on the others or on who computes it."""
    tables: dict[str, Table] = {}
    with ProcessPoolExecutor(processes) as pool:
        waiting = [pool.submit(_run, job, datasets, seed) for job in jobs]
        for job, found in zip(jobs, waiting, strict=True):
            tables.setdefault(job.table, Table(job.table)).rows[job.name] = found.result()
    return list(tables.values())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--datasets", type=int, default=4000, help="data sets a design")
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=(*KINDS, *ASKED), action="append", help="these tables alone")
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    found = tables_of(jobs_of(chosen.only or tuple(KINDS)), chosen.datasets, chosen.seed, chosen.processes)
    for table in found:
        print(*table.lines(), "", sep="\n")
    errors = [float(np.sqrt(share * (1 - share) / chosen.datasets)) for share in (0.05,)]
    print(
        f"{chosen.datasets} data sets a design (error of a share near .05 or .95: {errors[0]:.4f}), "
        f"seed {chosen.seed}, {time.perf_counter() - started:.0f} s."
    )
    broken = [line for table in found for line in table.broken()]
    for line in broken:
        print(f"broken promise: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
