"""The contract suite finds what it is there to find: each broken entry breaks its own rule."""

import contextlib
import dataclasses
import socket

import numpy as np
import pytest

from models.contract import Entry, EntryCard, FitInterrupted, Fitted
from models.contract_tests import RULES, ContractTests, findings
from models.drawn_cells import drawn_cells
from models.majority import ENTRY as MAJORITY


class Brightness(Fitted):
    """Scores by brightness, so that cells differ."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def predict(self, cells, session):
        return np.clip(cells.crops().mean(axis=(1, 2, 3)) / 255 + self.shift, 0, 1)

    def save(self, folder):
        (folder / "shift").write_text(repr(self.shift))


class Sound(Entry):
    """Keeps every rule; the others below each break one."""

    card = EntryCard(name="sound", summary="brightness", paper="none")

    def fit(self, cells, session):
        cells.require_labels()
        return Brightness()

    def load(self, folder):
        return Brightness(float((folder / "shift").read_text()))


class NoPaper(Sound):
    card = dataclasses.replace(Sound.card, paper="")


class Percent(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        return Changed(lambda scores, cells: 100 * scores + 1)


class Changed(Brightness):
    """Brightness with something done to the scores."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def predict(self, cells, session):
        return self.change(super().predict(cells, session), cells)


class Unseeded(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        return Brightness(np.random.default_rng().uniform(0.01, 0.4))


class Forgetful(Sound):
    def load(self, folder):
        return Brightness(0.1)


class ByPlace(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        return Changed(lambda scores, cells: np.sort(scores))

    def load(self, folder):
        return self.fit(drawn_cells(8), None)


class Peeping(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        return Changed(lambda scores, cells: scores if cells.labels is None else cells.labels * 1.0)

    def load(self, folder):
        return self.fit(drawn_cells(8), None)


class Undemanding(Sound):
    def fit(self, cells, session):
        return Brightness()


class AtLeastTwo(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        return Changed(lambda scores, cells: scores[: len(cells) // 2 * 2])

    def load(self, folder):
        return self.fit(drawn_cells(8), None)


class GoesOnElsewhere(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        left = session.checkpoints / "left" if session.checkpoints else None
        if left is not None and session.stopping():
            session.checkpoints.mkdir()
            left.touch()
            raise FitInterrupted
        return Brightness(0.1 if left is not None and left.exists() else 0.0)


class Calling(Sound):
    def fit(self, cells, session):
        super().fit(cells, session)
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        return Brightness()


BROKEN = {
    NoPaper: "its card says what it is and where it comes from",
    Percent: "every cell gets a probability",
    Unseeded: "the same seed gives the same result",
    Forgetful: "what is saved and loaded predicts the same",
    ByPlace: "the order of the cells does not matter",
    Peeping: "labels are not looked at when it predicts",
    Undemanding: "cells of one class only are refused",
    AtLeastTwo: "a single cell is predicted",
    GoesOnElsewhere: "an interrupted fit goes on and ends the same",
    Calling: "it connects to nothing when weights are at hand",
}


def broken(entry):
    return {finding.rule for finding in findings(entry) if finding.broken}


@pytest.mark.parametrize(("kind", "rule"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", None))
def test_a_broken_rule_is_found(kind, rule):
    assert rule in broken(kind())


def test_a_sound_entry_breaks_no_rule():
    assert broken(Sound()) == set()


def test_every_rule_has_an_entry_here_that_breaks_it():
    assert set(BROKEN.values()) == {rule.__doc__ for rule in RULES}


def test_an_entry_that_crashes_is_told_rule_by_rule():
    class Crashing(Sound):
        def fit(self, cells, session):
            raise RuntimeError("no such kernel")

    found = list(findings(Crashing()))
    assert len(found) == len(RULES)
    assert "RuntimeError: no such kernel" in {finding.broken for finding in found}


def test_connections_work_again_after_a_trial():
    list(findings(Calling()))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_every_rule_is_a_test_of_the_class_that_packages_derive_from():
    tests = [name for name in dir(ContractTests) if name.startswith("test_")]
    assert len(tests) == len(RULES)


class TestTheSuiteOnAnEntryThatKeepsIt(ContractTests):
    entry = MAJORITY
