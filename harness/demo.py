"""The whole story on drawn cells: draw, train three entries, pack, check, score, compare, perhaps serve."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval_server.judging.comparing import compare
from eval_server.judging.verdict import Verdict
from harness import console
from harness.data.splits import open_dataset
from harness.data.synthetic import draw
from harness.errors import HarnessError, ServerTrouble
from harness.reports.shown import Shown
from harness.runs.outcome import Outcome
from harness.runs.plan import Request, resolve
from harness.runs.workflow import run
from harness.upload.server import Server, hand_in
from models import registry

SCALE = 0.05
"""Share of the published number of cells that is drawn: 756 of 15,114."""

ENTRIES: Mapping[str, Mapping[str, str]] = {"tiny": {"epochs": "4"}, "shape-knn": {}, "majority": {}}
"""The entries of the demo, with the settings that differ from their own."""

_PHASE = "demo"
_HARNESS = (sys.executable, "-P", "-m", "harness")
"""With ``-P`` no module is taken from the folder where the demo is started."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the demo made: a finished run of each entry, and the board of all of them."""

    folder: Path
    outcomes: Mapping[str, Outcome]
    shown: Shown

    @property
    def truth(self) -> Path:
        """The drawn preliminary label file."""
        label_file = open_dataset(self.folder / "data").label_file
        assert label_file is not None
        return label_file


def tell(folder: Path, seed: int = 0, scale: float = SCALE) -> Story:
    """Draw cells into `folder`/data and run every entry of the demo in `folder`/runs."""
    _require_packages()
    console.say(f"drawing cells into {folder / 'data'}")
    draw(folder / "data", scale=scale, seed=seed, progress=console.progress)
    outcomes = {}
    for name, settings in ENTRIES.items():
        console.say(f"{name}: training, predicting, packing, reading back, scoring")
        request = Request(
            name,
            seed=seed,
            data_root=folder / "data",
            runs_root=folder / "runs",
            weights="none",
            settings=settings,
        )
        outcomes[name] = run(resolve(request, console.progress))
    verdicts = {name: _verdict(outcome) for name, outcome in outcomes.items()}
    remarks = {name: outcome.manifest.remarks for name, outcome in outcomes.items() if outcome.manifest}
    return Story(folder, outcomes, Shown(compare(verdicts), verdicts, remarks))


def _require_packages() -> None:
    """Raise at once, before anything is drawn, where an entry of the demo lacks a package."""
    for name in ENTRIES:
        entry, _ = registry.find(name)
        missing = registry.missing_requirement(entry.card)
        if missing:
            raise registry.needs(name, missing)


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.verdict is None:
        raise HarnessError(f"{outcome.folder.path} was not judged: the drawn label file is missing")
    return outcome.verdict


@contextmanager
def serving(story: Story, port: int) -> Iterator[str]:
    """A server in a process of its own, with every entry of the story on its board; gives its address."""
    data_dir = story.folder / "server-data"
    _phase(story, data_dir)
    command = [*_HARNESS, "serve", "--port", str(port), "--data-dir", str(data_dir), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            if not ready:
                raise ServerTrouble("the server did not start", "Its own words stand above.")
            url = json.loads(ready)["url"]
            for name, outcome in story.outcomes.items():
                _hand_in(url, name, outcome)
            yield url
        finally:
            server.terminate()


def _phase(story: Story, data_dir: Path) -> None:
    command = [*_HARNESS, "phase", "add", _PHASE, "--truth", str(story.truth), "--data-dir", str(data_dir)]
    command += ["--feedback", "full", "--per-day", "none"]  # the labels are drawn here, and known
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode and "already" not in done.stderr:
        raise ServerTrouble(f"the phase could not be made: {done.stderr.strip()}")


def _hand_in(url: str, name: str, outcome: Outcome) -> None:
    assert outcome.submission is not None
    files = {
        "file": outcome.submission,
        "scores": outcome.folder.predictions,
        "manifest": outcome.folder.manifest,
    }
    hand_in(Server(url), _PHASE, files, {"entry": name, "team": f"team {name}"})
