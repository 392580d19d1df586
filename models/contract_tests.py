"""The rules that every entry keeps, tried on drawn cells in seconds and without a connection.

In the tests of a package of your own::

    class TestMyEntry(ContractTests):
        entry = MY_ENTRY

`harness models --check NAME` tries the same rules. Entries that take long say in `trial_settings`
how they are made quick; pre-trained networks start from random weights here.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from models.contract import Cells, CellsUnfit, Entry, FitInterrupted, Fitted, Scores, Session
from models.drawn_cells import drawn_cells

_LEARN, _ASK = 24, 8
_SESSION = Session(seed=7, weights="none")
_SAME = 1e-6
"""Scores that differ by no more are the same: sums of another order may differ in the last digits."""


class ContractBroken(AssertionError):
    """A rule that an entry does not keep; the message says how."""


class Trial:
    """One entry on drawn cells: what it has learnt, and the folder in which it may write."""

    def __init__(self, entry: Entry, root: Path) -> None:
        self.entry = entry.configured(entry.trial_settings)
        self.root = root
        cells = drawn_cells(_LEARN + _ASK)
        self.learn = cells.take(np.arange(_LEARN))
        labelled = cells.take(np.arange(_LEARN, _LEARN + _ASK))
        self.asked_labels = labelled.require_labels()
        self.ask = replace(labelled, labels=None)
        self.connections: list[str] = []

    @cached_property
    def fitted(self) -> Fitted:
        return self.entry.fit(self.learn, _SESSION)

    @cached_property
    def scores(self) -> Scores:
        return self.predict(self.ask)

    def predict(self, cells: Cells, fitted: Fitted | None = None) -> Scores:
        """Scores of these cells; what depends on pixels alone is kept between calls."""
        return (fitted or self.fitted).predict(cells, replace(_SESSION, cache=self.root / "cache"))


def _require(kept: bool, message: str) -> None:
    if not kept:
        raise ContractBroken(message)


def _require_same(found: Scores, expected: Scores, message: str) -> None:
    apart = float(np.abs(np.asarray(found) - expected).max())
    _require(apart <= _SAME, f"{message}: scores differ by up to {apart:.3g}")


def card_is_written(trial: Trial) -> None:
    """its card says what it is and where it comes from"""
    empty = [name for name in ("name", "summary", "paper") if not getattr(trial.entry.card, name)]
    _require(not empty, f"expected a text in every field of the card, found none in {', '.join(empty)}")


def scores_are_probabilities(trial: Trial) -> None:
    """every cell gets a probability"""
    found = np.asarray(trial.scores)
    _require(found.shape == (len(trial.ask),), f"expected shape ({len(trial.ask)},), found {found.shape}")
    _require(found.dtype == np.float64, f"expected float64, found {found.dtype}")
    inside = np.isfinite(found) & (found >= 0) & (found <= 1)
    _require(bool(inside.all()), f"expected numbers in [0, 1], found {found[~inside][:3].tolist()}")


def same_seed_same_result(trial: Trial) -> None:
    """the same seed gives the same result"""
    again = trial.entry.fit(trial.learn, _SESSION)
    _require_same(trial.predict(trial.ask, again), trial.scores, "a second fit with the same seed")


def saved_and_loaded_alike(trial: Trial) -> None:
    """what is saved and loaded predicts the same"""
    folder = trial.root / "saved"
    folder.mkdir()
    trial.fitted.save(folder)
    loaded = trial.entry.load(folder)
    _require_same(trial.predict(trial.ask, loaded), trial.scores, "after saving and loading")


def order_does_not_matter(trial: Trial) -> None:
    """the order of the cells does not matter"""
    order = np.arange(len(trial.ask))[::-1]
    _require_same(trial.predict(trial.ask.take(order)), trial.scores[order], "cells in another order")


def labels_stay_unseen(trial: Trial) -> None:
    """labels are not looked at when it predicts"""
    for labels in (trial.asked_labels, 1 - trial.asked_labels):
        told = replace(trial.ask, labels=labels)
        _require_same(trial.predict(told), trial.scores, "cells that carry labels")


def one_class_is_refused(trial: Trial) -> None:
    """cells of one class only are refused"""
    one = trial.learn.take(np.flatnonzero(trial.learn.require_labels() == 1))
    try:
        trial.entry.fit(one, _SESSION)
    except CellsUnfit as error:
        _require(bool(str(error)), "CellsUnfit was raised without a message")
        return
    raise ContractBroken("expected CellsUnfit, but it learnt (call cells.require_labels() first)")


def one_cell_is_predicted(trial: Trial) -> None:
    """a single cell is predicted"""
    found = np.asarray(trial.predict(trial.ask.take(np.array([0]))))
    _require(found.shape == (1,), f"expected shape (1,), found {found.shape}")
    _require(bool(0 <= found[0] <= 1), f"expected a number in [0, 1], found {found[0]}")


def interrupted_fit_goes_on(trial: Trial) -> None:
    """an interrupted fit goes on and ends the same"""
    session = replace(_SESSION, checkpoints=trial.root / "checkpoints")
    for patience in (1, 3):
        try:
            fitted = trial.entry.fit(trial.learn, replace(session, stopping=_stopping_after(patience)))
            break
        except FitInterrupted:
            continue
    else:
        fitted = trial.entry.fit(trial.learn, session)
    _require_same(trial.predict(trial.ask, fitted), trial.scores, "a fit that was interrupted twice")


def _stopping_after(asks: int) -> Callable[[], bool]:
    """Says stop from the asks-th time on."""
    count = 0

    def stopping() -> bool:
        nonlocal count
        count += 1
        return count >= asks

    return stopping


def no_network_call(trial: Trial) -> None:
    """it connects to nothing when weights are at hand"""
    _ = trial.scores
    _require(not trial.connections, f"it tried to reach {', '.join(trial.connections[:3])}")


RULES: tuple[Callable[[Trial], None], ...] = (
    card_is_written,
    scores_are_probabilities,
    same_seed_same_result,
    saved_and_loaded_alike,
    order_does_not_matter,
    labels_stay_unseen,
    one_class_is_refused,
    one_cell_is_predicted,
    interrupted_fit_goes_on,
    no_network_call,
)
"""Every rule; its docstring is the sentence that people read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How an entry stands to one rule: `broken` says what is wrong, and is empty where it is kept."""

    rule: str
    broken: str = ""


def findings(entry: Entry) -> Iterator[Finding]:
    """Try every rule, one after the other; an entry that fails in any way breaks that rule alone."""
    with tempfile.TemporaryDirectory(prefix="harness-contract-") as root:
        trial = Trial(entry, Path(root))
        for rule in RULES:
            broken = ""
            try:
                _keep(rule, trial)
            except Exception as error:  # whatever an entry raises is told, and the next rule tried
                broken = (
                    str(error) if isinstance(error, ContractBroken) else f"{type(error).__name__}: {error}"
                )
            yield Finding(str(rule.__doc__), broken)


def _keep(rule: Callable[[Trial], None], trial: Trial) -> None:
    with _offline(trial.connections):
        rule(trial)


@dataclass(slots=True)
class _Watch:
    """Who wants to know of connections at the moment; an audit hook cannot be taken off again."""

    told: list[list[str]] = field(default_factory=list)
    hooked: bool = False

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.told or event not in ("socket.connect", "socket.getaddrinfo"):
            return
        place = arguments[1] if event == "socket.connect" else arguments[0]
        if event == "socket.connect" and not isinstance(place, tuple):
            return  # a socket of this machine's own, such as a pipe between processes
        self.told[-1].append(str(place[0] if isinstance(place, tuple) else place))
        raise ConnectionError("there is no connection in a trial")


_WATCH = _Watch()


@contextmanager
def _offline(connections: list[str]) -> Iterator[None]:
    """No connection from this process while this lasts; attempts are noted."""
    if not _WATCH.hooked:
        sys.addaudithook(_WATCH.hook)
        _WATCH.hooked = True
    _WATCH.told.append(connections)
    try:
        yield
    finally:
        _WATCH.told.pop()


class ContractTests:
    """Tests that every entry passes; derive a class whose name starts with Test and set `entry`."""

    entry: Entry
    _trial: Trial
    _folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setup_class(cls) -> None:
        cls._folder = tempfile.TemporaryDirectory(prefix="harness-contract-")
        cls._trial = Trial(cls.entry, Path(cls._folder.name))

    @classmethod
    def teardown_class(cls) -> None:
        cls._folder.cleanup()

    def test_its_card_says_what_it_is_and_where_it_comes_from(self) -> None:
        _keep(card_is_written, self._trial)

    def test_every_cell_gets_a_probability(self) -> None:
        _keep(scores_are_probabilities, self._trial)

    def test_the_same_seed_gives_the_same_result(self) -> None:
        _keep(same_seed_same_result, self._trial)

    def test_what_is_saved_and_loaded_predicts_the_same(self) -> None:
        _keep(saved_and_loaded_alike, self._trial)

    def test_the_order_of_the_cells_does_not_matter(self) -> None:
        _keep(order_does_not_matter, self._trial)

    def test_labels_are_not_looked_at_when_it_predicts(self) -> None:
        _keep(labels_stay_unseen, self._trial)

    def test_cells_of_one_class_only_are_refused(self) -> None:
        _keep(one_class_is_refused, self._trial)

    def test_a_single_cell_is_predicted(self) -> None:
        _keep(one_cell_is_predicted, self._trial)

    def test_an_interrupted_fit_goes_on_and_ends_the_same(self) -> None:
        _keep(interrupted_fit_goes_on, self._trial)

    def test_it_connects_to_nothing_when_weights_are_at_hand(self) -> None:
        _keep(no_network_call, self._trial)
