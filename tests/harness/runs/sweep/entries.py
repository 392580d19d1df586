"""Entries for sweeps: one that fails, one that dies, and two of which one takes over the other's fit."""

FAILING = """
import os
from pathlib import Path
from models.contract import CellsUnfit, EntryCard
from models.majority import Majority

HERE = Path(__file__).parent

class Failing(Majority):
    card = EntryCard(name="failing", summary="fails with seed 1 until it is mended", paper="none")
    def fit(self, cells, session):
        if session.seed == 1 and not (HERE / "mended").exists():
            raise CellsUnfit("seed 1 does not fit")
        return super().fit(cells, session)

class Dying(Majority):
    card = EntryCard(name="dying", summary="its process dies at the first try with each seed", paper="none")
    def fit(self, cells, session):
        tried = HERE / f"tried-{session.seed}"
        if not tried.exists():
            tried.touch()
            os.kill(os.getpid(), 9)
        return super().fit(cells, session)

class Deadly(Majority):
    card = EntryCard(name="deadly", summary="its process dies at every try with seed 0", paper="none")
    def fit(self, cells, session):
        if session.seed == 0:
            with (HERE / "deaths").open("a") as deaths:
                deaths.write("x")
            os.kill(os.getpid(), 11)
        return super().fit(cells, session)

ENTRY, DYING, DEADLY = Failing(), Dying(), Deadly()
"""

TWINS = """
import dataclasses
from models.contract import EntryCard
from models.tiny import ENTRY as TINY, Tiny

RECIPE = dataclasses.replace(TINY.settings, side=32, batch=8, epochs=1, views=8)

def card(name):
    return EntryCard(name=name, summary="for tests", paper="none", requires=TINY.card.requires)

EIGHT = Tiny(card("eight"), RECIPE)
ONE = Tiny(card("one"), dataclasses.replace(RECIPE, views=1), __file__ + ":EIGHT")
OTHER = Tiny(card("other"), dataclasses.replace(RECIPE, views=1, batch=4), __file__ + ":EIGHT")
"""
