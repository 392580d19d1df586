"""Classifiers of scikit-learn on a table of features: searched by subject, joined by a soft vote.

Each member of a vote is a pipeline. Its settings are chosen by a grid search whose folds keep every
subject on one side, by the area under the ROC curve, because thresholds are set afterwards: every
probability is shifted by the weight that the paper gives its positive class, n_HEM / n_ALL.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Cells, CellsUnfit, EntryUnavailable, FitInterrupted, Scores, Session
from models.descriptors.store import Features
from models.subject_folds import Fold, cell_folds, subject_folds
from submissions.writing import naming, write_whole

Labels = npt.NDArray[np.uint8]
_SEARCH_FOLDS = 3
"""The published training set has few normal subjects: in more folds than it is published in, a fold's area
under the curve would hang on a handful of people."""
_FEWEST_CELLS = 8
"""Fewer leave folds of one or two cells, by which neither a setting nor a calibration can be judged."""
_VOTE = "vote.json"

TRUSTED = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.tree._tree.Tree",
    }
)
"""Private types of scikit-learn that our classifiers hold, beyond the public ones that skops knows."""


@dataclass(frozen=True, slots=True)
class Member:
    """One classifier of a vote: how it is built, and the settings its search tries.

    `build(seed, positive_weight)` gives an unfitted pipeline; `margins` says that it gives decision
    values instead of probabilities, which are then calibrated (Platt).
    """

    name: str
    build: Callable[[int, float], Any]
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    margins: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SoftVote:
    """Fitted classifiers that vote with their probabilities of ALL, all with the same say."""

    members: Mapping[str, Any]
    positive_weight: float
    facts: Mapping[str, Any]

    def scores(self, features: Features) -> Scores:
        """Mean probability of ALL over the members, shape (n,)."""
        votes = [member.predict_proba(features)[:, 1] for member in self.members.values()]
        weighed = [reweighed(vote, self.positive_weight) for vote in votes]
        scores: Scores = np.clip(np.mean(weighed, axis=0), 0.0, 1.0)
        return scores

    def save(self, folder: Path) -> None:
        """Write one `.skops` file a member, and what joins them."""
        for name, member in self.members.items():
            dump(member, folder / f"{name}.skops")
        document = {
            "members": list(self.members),
            "positive_weight": self.positive_weight,
            "facts": dict(self.facts),
        }
        write_whole(folder / _VOTE, json.dumps(document, indent=2))

    @classmethod
    def load(cls, folder: Path) -> SoftVote:
        """Read a vote back; raises `EntryUnavailable` where a file holds types that are not trusted."""
        document = json.loads((folder / _VOTE).read_text())
        members = {name: load_trusted(folder / f"{name}.skops") for name in document["members"]}
        return cls(members, float(document["positive_weight"]), dict(document["facts"]))


def dump(fitted: Any, file: Path) -> None:
    """Write a scikit-learn object as a `.skops` file; raises `OSError` naming it where there is no room."""
    import skops.io

    with naming(file):
        skops.io.dump(fitted, file)


def load_trusted(file: Path) -> Any:
    """A scikit-learn object from a `.skops` file, after its types were held against `TRUSTED`.

    Nothing of the file is executed before; a foreign type is refused by its name.
    """
    import skops.io

    foreign = sorted(set(skops.io.get_untrusted_types(file=file)) - TRUSTED)
    if foreign:
        raise EntryUnavailable(
            f"{file.name} holds types that a classifier of ours never has: {', '.join(foreign)}",
            "Do not use this file: fit the entry again, or take the run from whom you trust.",
        )
    return skops.io.load(file, trusted=sorted(TRUSTED))


def reweighed(probability: Scores, positive_weight: float) -> Scores:
    """Probabilities of ALL, as if its cells had counted `positive_weight` times in training."""
    weighted = positive_weight * probability
    return weighted / (weighted + (1.0 - probability))


def fit_vote(members: Sequence[Member], features: Features, cells: Cells, session: Session) -> SoftVote:
    """Search and fit every member of a vote; the result is a function of cells and seed alone."""
    labels = cells.require_labels()
    if len(cells) < _FEWEST_CELLS:
        raise CellsUnfit(f"expected at least {_FEWEST_CELLS} cells to learn from, found {len(cells)}")
    positive_weight = float((labels == 0).sum() / (labels == 1).sum())
    folds = subject_folds(cells.subjects, labels, _SEARCH_FOLDS)
    fitted, chosen = {}, {}
    with session.progress("fitting classifiers", len(members)) as advance:
        for member in members:
            if session.stopping():
                raise FitInterrupted
            settings = _searched(member, features, labels, folds, session.seed, positive_weight)
            fitted[member.name] = _fitted(member, settings, features, labels, folds, session, positive_weight)
            chosen[member.name] = settings
            advance()
    searched = f"{len(folds)} folds by subject" if folds else "left out: a class has a single subject"
    return SoftVote(fitted, positive_weight, {"settings": chosen, "search": searched})


def _searched(
    member: Member,
    features: Features,
    labels: Labels,
    folds: tuple[Fold, ...],
    seed: int,
    positive_weight: float,
) -> dict[str, Any]:
    """The settings of the grid with the largest area under the ROC curve over folds by subject."""
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    grid = _fitting(member.grid, min((len(fold.learn) for fold in folds), default=0))
    if not grid or not folds:
        return {}
    search = GridSearchCV(
        member.build(seed, positive_weight),
        grid,
        scoring="roc_auc",
        cv=[(fold.learn, fold.judge) for fold in folds],
        refit=False,
        n_jobs=-1,
    )
    # Processes would each import scikit-learn and be sent the features; the fits free the interpreter.
    with parallel_config(backend="threading"), _unfinished_is_fine():
        search.fit(features, labels)
    return dict(search.best_params_)


def _fitting(grid: Mapping[str, Sequence[Any]], cells: int) -> dict[str, list[Any]]:
    """The grid without neighbourhoods larger than the cells to learn from."""
    kept = {
        name: [value for value in values if not name.endswith("n_neighbors") or value <= cells]
        for name, values in grid.items()
    }
    return {name: values for name, values in kept.items() if values}


def _fitted(
    member: Member,
    settings: Mapping[str, Any],
    features: Features,
    labels: Labels,
    folds: tuple[Fold, ...],
    session: Session,
    positive_weight: float,
) -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    pipeline = member.build(session.seed, positive_weight).set_params(**settings)
    if member.margins:
        over = folds if len(folds) == _SEARCH_FOLDS else cell_folds(labels, _SEARCH_FOLDS, session.seed)
        parts = [(fold.learn, fold.judge) for fold in over]
        # One classifier of all cells with a calibration of its judged folds, in place of the mean of three.
        pipeline = CalibratedClassifierCV(pipeline, method="sigmoid", cv=parts, ensemble=False)
    with _unfinished_is_fine():
        return pipeline.fit(features, labels)


def _unfinished_is_fine() -> Any:
    """An MLP that stops at its last iteration is meant to: fewer steps keep it from overfitting."""
    from sklearn.exceptions import ConvergenceWarning

    return warnings.catch_warnings(action="ignore", category=ConvergenceWarning)
