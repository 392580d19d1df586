"""A trial of the machinery: every entry through `harness submit` on real images, with time and memory.

    python benchmarks/trial.py DATA [--splits fold0 fold1] [--out FILE]

Each entry runs in a process of its own, from random weights, with its quick settings and marked as
partial: the table says that everything works, not which method is better.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from models import registry

EXTRA = ("timm:resnet18",)
"""Members of families to try, which have no listing of their own."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One entry on one split: how it ended, what it took, what came out."""

    entry: str
    split: str
    code: int
    seconds: float
    mebibytes: float
    cells: int
    checked: bool
    weighted_f1: float
    balanced_accuracy: float

    def row(self) -> str:
        accepted = "yes" if self.checked else f"no (exit {self.code})"
        return (
            f"| `{self.entry}` | {self.split} | {accepted} | {self.cells} | {self.seconds:.0f} | "
            f"{self.mebibytes:.0f} | {100 * self.weighted_f1:.1f} | {100 * self.balanced_accuracy:.1f} |"
        )


HEAD = (
    "| entry | split | zip checked | cells | seconds | peak MiB | weighted F1 % | balanced accuracy % |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def entries() -> tuple[str, ...]:
    """Every built-in entry that can be used, and one member of each family."""
    found = (registry.examined(one) for one in registry.listings())
    return tuple(one.name for one in found if one.available and not one.name.endswith(":")) + EXTRA


def quick_settings(name: str) -> list[str]:
    """One epoch, one view: what makes a trial quick."""
    entry, _ = registry.find(name)
    there = entry.described_settings()
    return [
        word for one in ("epochs=1", "views=1") if one.partition("=")[0] in there for word in ("--set", one)
    ]


def attempt(name: str, split: str, data: Path, runs: Path) -> Trial:
    """Run one entry; the peak memory is that of the largest process."""
    words = ["submit", "--model", name, "--split", split, "--data", str(data), "--runs", str(runs)]
    words += ["--weights", "none", "--allow-partial", "--fresh", "--json", *quick_settings(name)]
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "harness", *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, code = time.monotonic() - started, process.returncode
    if code != 0:
        return Trial(name, split, code, seconds, usage.ru_maxrss / 1024, 0, False, 0.0, 0.0)
    document = json.loads(out)
    manifest = json.loads(Path(document["manifest"]).read_text())
    checked = _checked(Path(document["run"]))
    metrics = document["metrics"]
    return Trial(
        name, split, code, seconds, usage.ru_maxrss / 1024, manifest["cells"], checked,
        metrics["weighted_f1"], metrics["balanced_accuracy"],
    )  # fmt: skip


def _checked(run: Path) -> bool:
    """Whether `harness check` takes the zip for the cells that the run's table names."""
    words = ["check", str(run / "submission-partial.zip"), "--cells", str(run / "predictions.csv")]
    done = subprocess.run([sys.executable, "-m", "harness", *words], capture_output=True, check=False)
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--splits", nargs="+", default=["fold0", "fold1"])
    parser.add_argument("--entries", nargs="+", default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/trial"))
    asked = parser.parse_args()
    print(HEAD, flush=True)
    for name in asked.entries or entries():
        for split in asked.splits:
            print(attempt(name, split, asked.data, asked.runs).row(), flush=True)


if __name__ == "__main__":
    main()
