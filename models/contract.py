"""The contract between an entry (an approach that learns) and the program that runs it.

An entry is asked for three things: learn from cells (`Entry.fit`), remember what was learnt in a
folder (`Fitted.save`, `Entry.load`), and give every cell the probability that it is leukemic
(`Fitted.predict`). Everything else (where the cells lie, what is packed, who judges) is not its
business. This module imports no torch, so that listing entries costs nothing.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from models.exports import Export, Exported
from models.progress import EpochEnd, Progress, silent, unwatched
from models.settings import check, read_value
from models.weights_source import NOT_FILES

Crops = npt.NDArray[np.uint8]
"""Pixels of n cells: uint8, shape (n, 300, 300, 3), RGB, background exactly 0."""

Scores = npt.NDArray[np.float64]
"""Probability of ALL for n cells: float64, shape (n,), in [0, 1]; above 0.5 means ALL."""


Maps = npt.NDArray[np.float32]
"""Class-activation maps of n cells: float32, shape (n, 300, 300), in [0, 1], 1 where a cell mattered most."""


class EntryError(Exception):
    """Something the user can mend; `hint` says how."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class EntryUnavailable(EntryError):
    """The entry, its weights or a package it needs is not there."""


class SettingInvalid(EntryError):
    """A setting (``--set name=value``) that the entry does not have or cannot read."""


class CellsUnfit(EntryError):
    """Cells that cannot be learnt from, such as cells of one class only."""


class FitInterrupted(Exception):
    """`Session.stopping` said stop; all progress lies in the checkpoint folder."""


class PixelSource(Protocol):
    """Crops on demand: an index array of n rows gives `Crops` of n cells."""

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> Crops: ...


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells to learn from or to predict: n names, subjects, labels or None, and their pixels.

    `subjects[i]` is None where the subject is unknown; `labels` (uint8, 0 = HEM, 1 = ALL) is None
    for cells to predict: an entry never sees the truth there.
    """

    names: tuple[str, ...]
    subjects: tuple[str | None, ...]
    pixels: PixelSource
    labels: npt.NDArray[np.uint8] | None = None
    rows: npt.NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.names), len(self.subjects)}
        lengths |= {len(column) for column in (self.labels, self.rows) if column is not None}
        if len(lengths) != 1:
            raise ValueError(f"names, subjects, labels and rows differ in length: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.names)

    def crops(self, chosen: npt.NDArray[np.intp] | slice = slice(None)) -> Crops:
        """Decoded centre crops of the chosen cells (all of them when nothing is chosen)."""
        rows = np.arange(len(self)) if self.rows is None else self.rows
        return self.pixels[rows[chosen]]

    def batches(self, size: int) -> Iterator[tuple[slice, Crops]]:
        """All cells in order, `size` at a time: where they stand, and their crops."""
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, self.crops(part)

    def take(self, chosen: npt.NDArray[np.intp]) -> Cells:
        """The chosen cells, in the order given."""
        rows = np.arange(len(self)) if self.rows is None else self.rows
        return Cells(
            tuple(self.names[i] for i in chosen),
            tuple(self.subjects[i] for i in chosen),
            self.pixels,
            None if self.labels is None else self.labels[chosen],
            rows[chosen],
        )

    def require_labels(self) -> npt.NDArray[np.uint8]:
        """The labels; raises `CellsUnfit` unless both classes are there to learn from."""
        if self.labels is None:
            raise CellsUnfit("these cells carry no labels", "Only labelled cells can be learnt from.")
        require_both_classes(self.labels)
        return self.labels


def require_both_classes(labels: npt.NDArray[np.uint8]) -> None:
    """Raise `CellsUnfit` unless there is something of each class to learn from."""
    present = np.unique(labels)
    if present.size < 2:
        only = {0: "HEM", 1: "ALL"}.get(int(present[0]), "?") if present.size else "no"
        raise CellsUnfit(
            f"learning needs cells of both classes, found {len(labels)} of class {only}",
            "Add cells of the other class, or choose another split.",
        )


def _unkept(_epoch: int, _logits: npt.NDArray[np.float64]) -> None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Cells (without labels) on which the best epoch is chosen, and how their scores are judged.

    `judge` maps scores to named numbers; the choice is made by the largest ``weighted_f1``. `keep` is given
    the logits of every epoch (from 0, before the first), float64 (cells, views), for who wants them all.
    Where it does not `chooses`, epochs are judged and the last one is taken: what is learnt, and every
    checkpoint of it, is that of a training without. `name` stands in each record.
    """

    cells: Cells
    judge: Callable[[Scores], Mapping[str, float]]
    keep: Callable[[int, npt.NDArray[np.float64]], None] = _unkept
    chooses: bool = True
    name: str = ""


def _never() -> bool:
    return False


def _unrecorded(_event: Mapping[str, Any]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of one fit or predict.

    `device` is a torch device name; `weights` is "hub", "none", a file or ``FILE#part``; `checkpoints`
    is where a fit saves as it goes and looks for what an earlier, interrupted one left (None: nothing);
    `cache` is where results that depend on pixels alone (descriptors, frozen features) are kept
    between runs; `identity` names all that decides the result of a run, so that a checkpoint of
    another one is known as foreign. `record` takes one JSON-able event, such as
    ``{"epoch": 1, "loss": 0.2}``; an event with the epoch of an earlier one replaces it. `ended` is told of
    each epoch that ends here, with its speed, which no record holds. `stopping` is
    asked often, and answers True when the user wants to stop: save, then raise `FitInterrupted`.
    `engine` names how a network is computed, "auto" the fastest here (as `device`, it changes rounding
    alone); `ahead` is how many cells will be predicted in all, where calls bring them part by part.
    """

    seed: int = 0
    device: str = "cpu"
    weights: str = "hub"
    progress: Progress = silent
    checkpoints: Path | None = None
    cache: Path | None = None
    validation: Validation | None = None
    identity: str = ""
    engine: str = "auto"
    ahead: int = 0
    record: Callable[[Mapping[str, Any]], None] = _unrecorded
    ended: Callable[[EpochEnd], None] = unwatched
    stopping: Callable[[], bool] = _never

    def generator(self, *keys: int) -> np.random.Generator:
        """A generator that is a function of the seed and these keys alone (Philox)."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence((self.seed, *keys))))


@dataclass(frozen=True, slots=True)
class EntryCard:
    """What a reader should know of an entry: where it comes from and what is different here."""

    name: str
    summary: str
    paper: str
    year: int | None = None
    data: str = ""
    weights: str = ""
    reported: str = ""
    differences: str = ""
    licence: str = "MIT"
    requires: tuple[str, ...] = ()
    transductive: bool = False
    version: str = "1"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """An entry without settings."""


class Fitted(ABC):
    """What an entry has learnt."""

    @abstractmethod
    def predict(self, cells: Cells, session: Session) -> Scores:
        """Probability of ALL for every cell, in the order of `cells`."""

    def maps(self, cells: Cells, session: Session) -> Maps | None:
        """Where in each cell that lies which spoke for what it was called; None where nobody can say.

        Raises `EntryUnavailable` where a package for it is not installed.
        """
        return None

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that `Entry.load` needs into an existing, empty folder."""

    def facts(self) -> Mapping[str, Any]:
        """JSON-able facts for the manifest (weights' SHA-256, chosen epoch, parameters)."""
        return {}


class Entry(ABC):
    """One approach. Subclasses set `card` and may set `settings` to a frozen dataclass instance."""

    card: EntryCard
    settings: Any = NoSettings()
    uses_weights: ClassVar[bool] = False
    """Whether `Session.weights` matters: True for entries that start from pre-trained networks."""
    uses_validation: ClassVar[bool] = False
    """Whether `Session.validation` matters: True for entries that choose among epochs (``--select``)."""
    watches: ClassVar[bool] = False
    """Whether epochs are judged and none is chosen where `Validation.chooses` is False (``--watch``)."""
    fit_of: str = ""
    """The entry that learns the same and predicts otherwise, so that its fit can be taken over (`adopt`)."""
    trial_settings: Mapping[str, str] = types.MappingProxyType({})
    """Settings, as typed after ``--set``, with which the contract suite tries this entry in seconds."""

    def require_usable(self, weights: str) -> None:
        """Raise, before any work, where the settings or these weights (`Session.weights`) cannot work.

        Entries that start from pre-trained networks try here whether a file fits.
        """
        if not self.uses_weights and weights not in NOT_FILES:
            raise SettingInvalid(
                f"{self.card.name} uses no pre-trained weights, found --weights {weights}",
                "Leave --weights out, or choose an entry that starts from a pre-trained network.",
            )

    @abstractmethod
    def fit(self, cells: Cells, session: Session) -> Fitted:
        """Learn from labelled cells; goes on from `session.checkpoints` when something lies there."""

    @abstractmethod
    def load(self, folder: Path) -> Fitted:
        """Read back what `Fitted.save` wrote."""

    def adopt(self, folder: Path) -> Fitted:
        """What `fit_of` has learnt, read from where it was saved, to predict as this entry does.

        Raises `EntryUnavailable` where this entry would have learnt something else.
        """
        return self.load(folder)

    def trained(self, file: str) -> Fitted:
        """What was learnt elsewhere and lies in a file (or ``FILE#part``), for entries that are one network.

        Raises `EntryUnavailable` where it holds less than that, last layer included.
        """
        raise SettingInvalid(
            f"{self.card.name} is not one network that a file could hold: {file}", "Train it: leave this out."
        )

    def exported(self, fitted: Fitted, asked: Export) -> Exported:
        """Write what was learnt as a file for other programs; raises `EntryUnavailable` where that is no one
        network, or none in this form."""
        raise EntryUnavailable(
            f"{self.card.name} is not one network that another program could load: it cannot be exported",
            "Export a run of an entry that is one, such as seresnext, alexnet or timm:NAME.",
        )

    def configured(self, texts: Mapping[str, str]) -> Entry:
        """The same entry with settings changed as typed (``{"epochs": "1"}``).

        Raises `SettingInvalid` naming the settings there are.
        """
        if not texts:
            return self
        return self._with(_changed(self.settings, texts, self.card.name))

    def with_described(self, described: Mapping[str, Any]) -> Entry:
        """The same entry with settings as `described_settings` told them, also after a trip through JSON.

        A setting that did not exist then has its default; raises `SettingInvalid` for one that is gone.
        """
        if not described:
            return self
        values = {name: tuple(one) if isinstance(one, list) else one for name, one in described.items()}
        try:
            return self._with(dataclasses.replace(self.settings, **values))
        except (TypeError, ValueError) as error:
            raise SettingInvalid(
                f"{self.card.name} has other settings by now: {error}",
                "Use the version of the entry that the run was made with, or train anew.",
            ) from error

    def _with(self, settings: Any) -> Entry:
        clone = object.__new__(type(self))
        clone.__dict__.update({**self.__dict__, "settings": settings})
        return clone

    def described_settings(self) -> dict[str, Any]:
        """The settings as JSON-able values, for plans, keys and manifests."""
        return dataclasses.asdict(self.settings)


class Family(ABC):
    """Entries without end that share a prefix, such as ``timm:<name>``; registered as ``timm:``."""

    card: EntryCard

    @abstractmethod
    def member(self, name: str) -> Entry:
        """The entry of this name (without the prefix); `EntryUnavailable` where there is none."""

    @abstractmethod
    def names(self, pattern: str) -> tuple[str, ...]:
        """The names (without the prefix) that match a pattern like ``*resnext*``."""


@contextmanager
def reading_back(folder: Path, entry: str) -> Iterator[None]:
    """Around `Entry.load`: what is missing or damaged below `folder` raises `EntryUnavailable`.

    A damaged file makes its reader raise nearly anything, so all of it counts.
    """
    try:
        yield
    except EntryError:
        raise
    except Exception as error:
        raise EntryUnavailable(
            f"{folder} holds no fitted {entry}: {type(error).__name__}: {error}", "Fit it again: --fresh."
        ) from error


def _changed(settings: Any, texts: Mapping[str, str], entry: str) -> Any:
    hints = typing.get_type_hints(type(settings))
    names = [item.name for item in dataclasses.fields(settings)]
    changes = {}
    for name, text in texts.items():
        if name not in names:
            there = ", ".join(names) or "none"
            raise SettingInvalid(f"{entry} has no setting {name!r}", f"Its settings are: {there}.")
        try:
            changes[name] = read_value(text, hints[name])
        except ValueError as error:
            raise SettingInvalid(
                f"setting {name} of {entry}: {error}", f"Write --set {name}=VALUE."
            ) from None
    try:
        changed = dataclasses.replace(settings, **changes)
        check(changed)
    except ValueError as error:
        hint = " ".join(f"--set {name}=VALUE" for name in changes)
        raise SettingInvalid(f"settings of {entry}: {error}", f"Give another value: {hint}.") from None
    return changed
