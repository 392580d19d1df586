"""Neighborhood correction as the challenge's winners published it: two networks correct labels by turns.

Both look at all cells to predict at once (transductive). The votes are in `voting`, the vectors in `fisher`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from models.contract import (
    Cells,
    Entry,
    EntryCard,
    Fitted,
    Scores,
    Session,
    SettingInvalid,
    Validation,
    reading_back,
)  # fmt: skip
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import BATCH, EPOCHS, MINUTES, REST, SIDE, VIEWS, Recipe
from models.fisher import Codebooks, fisher, learnt, local_layer, looks, sample
from models.registry import missing_requirement, needs
from models.settings import check, number
from models.voting import Labels, Places, alike, matched, scores_within, swept
from models.weights_folder import require_no_others, weights_of
from submissions.writing import write_whole

if TYPE_CHECKING:
    from models.finetune.fitted import FittedNetwork

_ABOUT = "share.json"


@dataclass(frozen=True, slots=True)
class PublishedSettings:
    """`backbones` to `checkpoint_minutes` are those of the two networks; a cell is seen in `views` rotations,
    each also mirrored; every network has `codebooks` of `mixtures` Gaussians, each learnt on `features` local
    features; by each of them `neighbours` cells vote in `rounds`, and in `sweeps` the networks take turns."""

    backbones: tuple[str, ...] = ("resnet50.tv_in1k", "resnet101.tv_in1k")
    epochs: int = number(30, *EPOCHS)
    batch: int = number(32, *BATCH)
    side: int = number(224, *SIDE)
    checkpoint_minutes: float = number(5.0, *MINUTES)
    views: int = number(36, *VIEWS)
    codebooks: int = number(10, 1, 1000)
    mixtures: int = number(8, 1, 4096)
    features: int = number(3000, 1, 1_000_000)
    neighbours: int = number(7, 1, 100_000)
    rounds: int = number(5, 1, 1000)
    sweeps: int = number(5, 0, 1000)

    def __post_init__(self) -> None:
        check(self)
        if len(self.backbones) != 2:
            raise ValueError(f"expected two names in backbones, found {len(self.backbones)}")

    def recipe(self, backbone: str) -> Recipe:
        """How either network is fine-tuned: one rate for all layers, by plain gradient descent."""
        return Recipe(
            backbone=backbone,
            epochs=self.epochs,
            batch=self.batch,
            layers=(REST,),
            learning_rates=(1e-3,),
            schedule=(1.0,) * 10 + (0.1,),
            optimiser="SGD",
            momentum=0.9,
            weight_decay=1e-4,
            positive_weight=1.0,
            translation=0.0,
            views=1,
            side=self.side,
            normalisation="imagenet",
            checkpoint_minutes=self.checkpoint_minutes,
        )

    def wanted(self) -> Codebooks:
        return Codebooks(self.codebooks, self.mixtures, self.features)


class FittedPublished(Fitted):
    """Two fine-tuned networks, and the share of ALL among the cells that they learnt from."""

    def __init__(self, networks: Sequence[FittedNetwork], share: float, settings: PublishedSettings) -> None:
        self.networks = tuple(networks)
        self.share = share
        self.settings = settings

    def predict(self, cells: Cells, session: Session) -> Scores:
        if not len(cells):
            return np.zeros(0)
        order = np.argsort(np.array(cells.names), kind="stable")  # what the codebooks learn hangs on no order
        inside = cells.take(order)
        (first, near), (_, other) = (
            seen_by(network, inside, session, self.settings, at) for at, network in enumerate(self.networks)
        )
        labels = corrected(matched(first, self.share), near, other, self.settings)
        scores = np.empty(len(cells))
        scores[order] = scores_within(labels, first)
        return scores

    def save(self, folder: Path) -> None:
        for at, network in enumerate(self.networks):
            place = folder / f"network-{at}"
            place.mkdir()
            network.save(place)
        write_whole(folder / _ABOUT, json.dumps({"share_of_all": self.share}))

    def facts(self) -> Mapping[str, Any]:
        first, second = self.networks
        return {**first.facts(), "second_network": dict(second.facts()), "share_of_all": self.share}


def seen_by(
    network: FittedNetwork, cells: Cells, session: Session, settings: PublishedSettings, at: int
) -> tuple[Scores, list[Places]]:
    """The first scores by one network, and for each of its codebooks which cells are most alike."""
    from models.finetune.predict import scores_of

    wanted, words = settings.wanted(), network.recipe.backbone
    given = enumerate(looks(network, cells, session, settings.views, f"{words}: what codebooks learn from"))
    parts = [
        (look.logits.mean(), sample(look.local, one, len(cells), wanted, session)) for one, look in given
    ]
    samples = np.concatenate([chosen for _, chosen in parts], axis=1)
    seeds = session.generator(at).integers(2**31, size=wanted.count)
    codebooks = [
        learnt(chosen, wanted.mixtures, int(seed)) for chosen, seed in zip(samples, seeds, strict=True)
    ]
    vectors = [
        np.stack([fisher(look.local, codebook) for codebook in codebooks])
        for look in looks(network, cells, session, settings.views, f"{words}: Fisher vectors")
    ]
    count = min(settings.neighbours, len(cells))
    near = [alike(np.stack([one[which] for one in vectors]), count) for which in range(wanted.count)]
    return scores_of(np.array([logit for logit, _ in parts])), near


def corrected(
    labels: Labels, near: Sequence[Places], other: Sequence[Places], settings: PublishedSettings
) -> Labels:
    """The labels after the first network's votes, and then those of the second and the first by turns."""
    labels = swept(labels, near, settings.rounds)
    for _ in range(settings.sweeps):
        labels = swept(swept(labels, other, settings.rounds), near, settings.rounds)
    return labels


class NeighborhoodPublished(Entry):
    """Fine-tunes two residual networks and lets the neighbours in their features correct labels by turns."""

    settings: PublishedSettings = PublishedSettings()
    uses_weights = True
    uses_validation = True
    watches = True
    trial_settings = MappingProxyType(
        {"backbones": "test_resnet,test_resnet", "epochs": "1", "side": "64", "views": "2", "codebooks": "2",
         "features": "50", "batch": "8"}
    )  # fmt: skip

    card = EntryCard(
        name="neighborhood",
        summary="two fine-tuned residual networks by turns correct the labels of the test cells by vote",
        paper="Pan, Liu, Xia, Shen: Neighborhood-Correction Algorithm for Classification of Normal and "
        "Malignant Cells; what it leaves open is taken from the readme and program that they released",
        year=2019,
        data="C-NMC 2019",
        weights="torchvision's original ones where theirs are MatConvNet's (timm: resnet50.tv_in1k, "
        "resnet101.tv_in1k)",
        reported="weighted F1 0.9250 on the preliminary set, 0.9104 on the final set (rank 1)",
        differences=(
            "the middle 300 pixels are made 224 in place of cutting out the middle 224; ImageNet's mean and "
            "deviation in place of the mean colour of the cell's middle; one output; rotations by any angle "
            "in training; each network's codebooks are learnt once in place of anew at each turn; scores and "
            "features are of the same epoch (theirs: 30 and 20); a score says the label, and within a label "
            "the order of the first scores"
        ),
        licence="MIT; of the weights, see timm's cards of the networks",
        requires=(*PACKAGES, "skimage", "sklearn"),
        transductive=True,
        version="2",
    )

    def require_usable(self, weights: str) -> None:
        names = self.settings.backbones
        require_no_others(names, weights)
        for name in names:
            network = self._network(name)
            network.require_usable(weights_of(name, names, weights))
            _require_residual(network, name)

    def fit(self, cells: Cells, session: Session) -> Fitted:
        labels = cells.require_labels()
        names = self.settings.backbones
        networks: list[Any] = []
        for at, name in enumerate(names):
            weights = weights_of(name, names, session.weights)
            part = replace(_session_of(session, at, name, self.settings.epochs), weights=weights)
            networks.append(self._network(name).fit(cells, part))
        return FittedPublished(networks, float((labels == 1).mean()), self.settings)

    def load(self, folder: Path) -> Fitted:
        names = self.settings.backbones
        networks = [self._network(name).load(folder / f"network-{at}") for at, name in enumerate(names)]
        with reading_back(folder, self.card.name):
            share = float(json.loads((folder / _ABOUT).read_text())["share_of_all"])
        return FittedPublished(networks, share, self.settings)

    def _network(self, backbone: str) -> Finetuned:
        missing = missing_requirement(self.card)
        if missing:
            raise needs(self.card.name, missing)
        return Finetuned(self.card, self.settings.recipe(backbone))


def _require_residual(network: Finetuned, name: str) -> None:
    """Raise `SettingInvalid` where a network has not the layer whose maps are compared."""
    from models.finetune.trying import sketched

    try:
        local_layer(sketched(network.network).module)
    except AttributeError as error:
        raise SettingInvalid(
            f"{name} is not a residual network with four stages: {error}",
            "Choose such as --set backbones=resnet50.tv_in1k,resnet101.tv_in1k.",
        ) from error


def _session_of(session: Session, at: int, name: str, epochs: int) -> Session:
    """The surroundings of one of the two fits: its own checkpoints, and epochs that go on counting."""
    folder = session.checkpoints and session.checkpoints / f"network-{at}"
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    before = at * epochs
    validation = session.validation and replace(
        session.validation, keep=partial(_kept, session.validation, before)
    )
    record = partial(_recorded, session, before, name)
    return replace(session, checkpoints=folder, record=record, validation=validation)


def _recorded(session: Session, before: int, name: str, event: Mapping[str, Any]) -> None:
    if not (before and event["epoch"] == 0):  # that number is the last epoch of the first network
        session.record({**event, "epoch": before + event["epoch"], "network": name})


def _kept(validation: Validation, before: int, epoch: int, logits: Any) -> None:
    if not (before and epoch == 0):
        validation.keep(before + epoch, logits)


NEIGHBORHOOD = NeighborhoodPublished()
