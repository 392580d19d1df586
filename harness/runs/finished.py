"""A run that has learnt, opened again: its entry, what it learnt, from what, and under which SHA-256."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.appearance import APPEARANCE
from harness.errors import DataWrong
from harness.runs.folder import RunFolder, read_json
from harness.runs.kept import FACTS, require_fit
from harness.runs.learnt import LEARNT, Learnt, read_learnt
from harness.runs.provenance import digest
from models import registry
from models.contract import Entry, EntryUnavailable, Fitted
from models.source import Source, source_of
from submissions.sealing import SEAL, unsealed

_WHICH = "Name a folder below runs/ that holds fitted/, as `harness runs` lists them."
_OF_THE_DATA = {
    "other_labels": "not the published labels",
    "pixels_not_known": "images saved again, pixels not known",
}
_DOCUMENTS = frozenset({".json", ".csv", ".txt", ".md"})


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose `fitted/` is as it was sealed.

    `plan` is what its `plan.json` says, `facts` what its entry said of the fit, `files` the SHA-256 of
    every file that was learnt.
    """

    folder: RunFolder
    plan: Mapping[str, Any]
    facts: Mapping[str, Any]
    files: Mapping[str, str]
    learnt: Learnt

    @property
    def name(self) -> str:
        return self.folder.path.resolve().name

    @property
    def elsewhere(self) -> bool:
        """Whether the network was trained elsewhere, so that nobody knows what it has seen."""
        return bool(self.plan.get("weights", {}).get("source") == "trained elsewhere")

    @property
    def trained_on(self) -> str:
        """What it was trained on, in words."""
        training = self.plan.get("training", {})
        if self.elsewhere:
            return "not known: it was trained elsewhere"
        return f"{training['cells']} cells of {training['subjects']} subjects, for split {self.plan['split']}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """The words that must stand beside whatever is made of it."""
        plan = self.plan
        said = {
            "drawn data": bool(plan.get("drawn")),
            "partial": bool(plan.get("partial")),
            "random weights": plan.get("weights", {}).get("source") == "none",
            "trained elsewhere, on what is not known": self.elsewhere,
            **{words: bool(plan.get("data", {}).get(name)) for name, words in _OF_THE_DATA.items()},
        }
        return tuple(word for word, holds in said.items() if holds)

    @property
    def weights_sha256(self) -> str:
        """The SHA-256 of the file of weights; where there are several, one over all of them."""
        weights = {name: one for name, one in self.files.items() if Path(name).suffix not in _DOCUMENTS}
        files = weights or self.files
        return next(iter(files.values())) if len(files) == 1 else digest(map(" ".join, sorted(files.items())))

    @property
    def model(self) -> str:
        """What ``--model`` would name it by."""
        target = str(self.plan["defined_in"])
        if ".py:" in target:
            path, _, attribute = target.rpartition(":")
            return f"{(self.folder.path.parent.resolve() / path).resolve()}:{attribute}"
        return _registered(target, str(self.plan["entry"]))

    def entry(self) -> Entry:
        """The entry with the run's settings; raises `EntryUnavailable` where it is not there any more."""
        entry, _ = registry.find(self.model)
        return entry.with_described(self.plan.get("settings", {}))

    def source(self) -> Source:
        """The entry's code as it is now."""
        return source_of(self.model)

    def fitted(self) -> Fitted:
        """What was learnt, held to its seal once more."""
        require_fit(self.folder, self.plan)
        return self.entry().load(self.folder.fitted)


def open_finished(path: Path) -> FinishedRun:
    """Open a run that has learnt.

    Raises `DataWrong` where the folder is none, has learnt nothing, or is not as it was written.
    """
    folder = RunFolder(path)
    if not folder.plan.is_file():
        raise DataWrong(f"{path} is no run: it holds no plan.json", _WHICH)
    plan = read_json(folder.plan)
    folder = RunFolder(path, str(plan.get("key", "")))
    if not folder.fitted.is_dir():
        raise DataWrong(f"{path} has learnt nothing: {_why(plan, folder)}", _hint(plan))
    if not folder.key or not (folder.fitted / SEAL).exists():
        raise DataWrong(f"{path} was made before 0.1.1 and carries no seal", "Train it again.")
    require_fit(folder, plan)
    return finished_of(folder, plan, folder.fitted)


def finished_of(folder: RunFolder, plan: Mapping[str, Any], fitted: Path) -> FinishedRun:
    """The run of this folder and plan, with what was learnt in `fitted`, a sealed folder."""
    facts, files = read_json(fitted / FACTS), unsealed(fitted / SEAL)["files"]
    learnt_files = {name: sha256 for name, sha256 in files.items() if name not in (FACTS, LEARNT, APPEARANCE)}
    return FinishedRun(folder, plan, facts, learnt_files, read_learnt(fitted))


def named_runs(texts: Sequence[str], runs_root: Path) -> tuple[Path, ...]:
    """The run folders that these words name: paths, names below the runs' folder, or patterns of either.

    Each comes once, in the order named; those of a pattern by name. Raises `DataWrong` where one names none.
    """
    found: dict[Path, None] = {}
    for text in texts:
        paths = _matching(text, runs_root)
        if not paths:
            raise DataWrong(f"there is no run {text}", _WHICH)
        found.update(dict.fromkeys(paths))
    return tuple(found)


def one_run(text: str, runs_root: Path) -> Path:
    """The one run folder that these words name; raises `DataWrong` where they name none or several."""
    paths = named_runs([text], runs_root)
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths[:3])
        raise DataWrong(f"{text} names {len(paths)} runs, such as {names}", "Name one of them.")
    return paths[0]


def _matching(text: str, runs_root: Path) -> list[Path]:
    direct = [path for path in (Path(text), runs_root / text) if path.exists()]
    if direct:
        return direct[:1]
    patterns = (text, str(runs_root / text))
    matches = ([Path(one) for one in sorted(glob.glob(pattern))] for pattern in patterns)  # noqa: PTH207
    return next((found for paths in matches if (found := [one for one in paths if one.is_dir()])), [])


def _registered(target: str, card: str) -> str:
    for one in registry.listings():
        if one.available and one.target == target:
            return card if one.name.endswith(">") else one.name
    raise EntryUnavailable(
        f"the entry {card} that this run was fitted by, {target}, is not there any more",
        "Install the package that registers it.",
    )


def _why(plan: Mapping[str, Any], folder: RunFolder) -> str:
    if "from" in plan:
        return f"it was itself predicted by {plan['from']['run']}"
    return "it joins other runs" if plan.get("entry") == "ensemble" else f"it is {folder.status().value}"


def _hint(plan: Mapping[str, Any]) -> str:
    if "from" in plan:
        return f"Name that one: {plan['from']['run']}."
    if plan.get("entry") == "ensemble":
        names = [str(one["run"]) for one in plan.get("parts", ())]
        joined = " ".join(f"--from {name}" for name in names)
        return f"Name one of its parts: {', '.join(names)}. predict and submit join them: --join {joined}"
    return "The command that began it goes on with it."
