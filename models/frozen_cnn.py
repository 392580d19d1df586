"""Pre-trained networks as fixed feature extractors, PCA, and a vote of classical classifiers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from models.classical import Member, SoftVote, dump, fit_vote, load_trusted
from models.contract import (
    Cells,
    Crops,
    Entry,
    EntryCard,
    FitInterrupted,
    Fitted,
    Scores,
    Session,
    reading_back,
)
from models.descriptors.store import Features, Measurement, features_of, made_by
from models.finetune.entry import PACKAGES
from models.finetune.recipe import REST, SIDE, Recipe
from models.registry import missing_requirement, needs
from models.settings import check, number
from models.shape import PERCEPTRON, SVM
from models.weights_folder import require_no_others, weights_of
from submissions.writing import write_whole

if TYPE_CHECKING:
    from models.finetune.networks import Network

_BATCH = 8
"""As in prediction with a fine-tuned network, where 8 images a pass were faster than 32 on a processor."""
_PROJECTION = "projection.skops"
_ABOUT = "backbones.json"


@dataclass(frozen=True, slots=True)
class FrozenSettings:
    """`backbones` are timm's names, or ``alexnet``; `side` is the side of their input in pixels;
    `components` is how many principal components the classifiers see."""

    backbones: tuple[str, ...] = ("alexnet", "resnet50.tv_in1k")
    side: int = number(224, *SIDE)
    components: int = number(128, 1, 65_536)

    def __post_init__(self) -> None:
        check(self)
        if not self.backbones:
            raise ValueError("expected at least one name in backbones, found none")
        if len(set(self.backbones)) < len(self.backbones):
            raise ValueError("expected each name in backbones once, found one of them twice")


def _forest(seed: int, positive_weight: float) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(RandomForestClassifier(200, random_state=seed))


FOREST = Member("forest", _forest)


@dataclass(frozen=True, slots=True, eq=False)
class Extractor:
    """A network without its last layer, the SHA-256 of its weights, and where they came from."""

    backbone: str
    module: Any
    sha256: str
    origin: Mapping[str, Any]

    def features(self, cells: Cells, side: int, session: Session) -> Features:
        """What the network sees in each cell, float32, shape (n, width); kept by weights and crop."""
        from models.finetune.precision import device_of, placed, reproducible

        recipe = _recipe(self.backbone, side)
        with reproducible(device_of(session), recipe):
            module = placed(self.module, device_of(session), recipe).eval()
            look = _looking(module, recipe)
            measurement = Measurement(
                name=f"{self.backbone}-{side}-{self.sha256[:16]}",
                width=look(np.zeros((1, 300, 300, 3), np.uint8)).shape[1],
                compute=look,
                dtype="float32",
                batch=_BATCH,
                made_by=_made_by(),
            )
            return features_of(cells, measurement, session)


def _made_by() -> dict[str, str]:
    """What else the features depend on: the code that looks, and the libraries that compute."""
    from models.finetune import predict

    return made_by([sys.modules[__name__], predict], ["torch", "torchvision", "timm"])


def _recipe(backbone: str, side: int) -> Recipe:
    return Recipe(
        backbone=backbone,
        side=side,
        normalisation="imagenet",
        views=1,
        layers=(REST,),
        learning_rates=(1e-4,),
    )


def _looking(module: Any, recipe: Recipe) -> Callable[[Crops], Features]:
    """Crops to features; every pass has the same size, so that a cell's neighbours change nothing."""
    import torch

    from models.finetune.predict import as_input

    def look(crops: Crops) -> Features:
        filled = np.zeros((_BATCH, *crops.shape[1:]), dtype=np.uint8)
        filled[: len(crops)] = crops
        with torch.inference_mode():
            pixels = torch.from_numpy(filled).to(next(module.parameters()).device)
            seen = module(as_input(pixels, recipe)).flatten(1)
        features: Features = seen.float().cpu().numpy()[: len(crops)]
        return features

    return look


def _network(backbone: str, side: int) -> Network:
    """The network of this name with random weights and its last layer."""
    from models.alexnet import alexnet_network
    from models.finetune.networks import timm_network

    recipe = _recipe(backbone, side)
    return alexnet_network(recipe) if backbone == "alexnet" else timm_network(recipe)


def _headless(network: Network) -> Any:
    """The network without its last layer."""
    from torch import nn

    parent, _, last = network.head.rpartition(".")
    setattr(network.module.get_submodule(parent), last, nn.Identity())
    return network.module


def _extractor(backbone: str, module: Any, origin: Mapping[str, Any]) -> Extractor:
    from models.finetune.weights import fingerprint

    return Extractor(backbone, module, fingerprint(module.state_dict()), origin)


def _pretrained(backbone: str, settings: FrozenSettings, session: Session) -> Extractor:
    """The extractor with the session's weights, or with random ones that the seed alone decides."""
    from models.finetune import weights
    from models.finetune.precision import device_of, reproducible, reseed

    with reproducible(device_of(session), _recipe(backbone, settings.side)):
        reseed(session, 0)
        network = _network(backbone, settings.side)
        origin = weights.start(network, weights_of(backbone, settings.backbones, session.weights))
    return _extractor(backbone, _headless(network), origin)


class FittedFrozenCnn(Fitted):
    """Extractors, the projection to principal components, and the vote on them."""

    def __init__(
        self, extractors: tuple[Extractor, ...], projection: Any, vote: SoftVote, settings: FrozenSettings
    ) -> None:
        self.extractors = extractors
        self.projection = projection
        self.vote = vote
        self.settings = settings

    def predict(self, cells: Cells, session: Session) -> Scores:
        features = _seen(self.extractors, cells, self.settings.side, session)
        return self.vote.scores(self.projection.transform(features))

    def save(self, folder: Path) -> None:
        from models.finetune.tensors import save

        for one in self.extractors:
            save(one.module.state_dict(), folder / f"{one.backbone}.safetensors")
        dump(self.projection, folder / _PROJECTION)
        self.vote.save(folder)
        about = {one.backbone: dict(one.origin) for one in self.extractors}
        told = {"side": self.settings.side, "backbones": about}
        write_whole(folder / _ABOUT, json.dumps(told, indent=2))

    def facts(self) -> Mapping[str, Any]:
        networks = {one.backbone: {"sha256": one.sha256, **one.origin} for one in self.extractors}
        return {
            "backbones": networks,
            "components": int(self.projection[-1].n_components_),
            **self.vote.facts,
        }


def _seen(extractors: tuple[Extractor, ...], cells: Cells, side: int, session: Session) -> Features:
    """The features of all extractors side by side, shape (n, sum of widths)."""
    return np.concatenate([one.features(cells, side, session) for one in extractors], axis=1)


def _projection(features: Features, components: int, seed: int) -> Any:
    """Standardised features to their first principal components."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = min(components, len(features) - 1, features.shape[1])
    # The random solver finds some first components much sooner; for nearly all of them it gains nothing.
    solver = "randomized" if count < 0.8 * min(features.shape) else "full"
    pca = PCA(count, svd_solver=solver, random_state=seed)
    return make_pipeline(StandardScaler(), pca).fit(features)


class FrozenCnn(Entry):
    """Learns nothing in the networks: only the projection and the classifiers are fitted."""

    settings: FrozenSettings = FrozenSettings()
    uses_weights = True
    trial_settings = MappingProxyType({"backbones": "test_resnet", "side": "64"})
    members = (SVM, PERCEPTRON, FOREST)

    card = EntryCard(
        name="frozen-cnn",
        summary="pre-trained networks as fixed extractors, PCA, and a soft vote of SVM, MLP and forest",
        paper=(
            "Vogado et al. 2018, as Prellberg and Kramer name it; the vote of SVM, MLP and random forest is "
            "of their Diagnosing Leukemia in Blood Smear Images Using an Ensemble of Classifiers and "
            "Pre-Trained Convolutional Neural Networks"
        ),
        year=2018,
        weights="torchvision's original ones of AlexNet and ResNet-50 (timm: resnet50.tv_in1k)",
        data="blood smear images of several collections, whole images without segmentation",
        reported="accuracy 100 % on their images (abstract)",
        differences=(
            "AlexNet and ResNet-50 unless --set backbones; cells of C-NMC are segmented; the first "
            "principal components instead of a choice among features; probabilities are averaged"
        ),
        licence="MIT; the networks' weights: BSD-3-Clause (torchvision), Apache-2.0 or as timm says",
        requires=(*PACKAGES, "sklearn", "skops"),
    )

    def require_usable(self, weights: str) -> None:
        self._require_packages()
        from models.finetune.trying import try_out

        require_no_others(self.settings.backbones, weights)
        for name in self.settings.backbones:
            build = partial(_network, name, self.settings.side)
            source = weights_of(name, self.settings.backbones, weights)
            try_out(build, _recipe(name, self.settings.side), source)

    def fit(self, cells: Cells, session: Session) -> Fitted:
        cells.require_labels()
        self._require_packages()
        extractors = tuple(_pretrained(name, self.settings, session) for name in self.settings.backbones)
        features = _seen(extractors, cells, self.settings.side, session)
        if session.stopping():
            raise FitInterrupted
        projection = _projection(features, self.settings.components, session.seed)
        vote = fit_vote(self.members, projection.transform(features), cells, session)
        return FittedFrozenCnn(extractors, projection, vote, self.settings)

    def load(self, folder: Path) -> Fitted:
        self._require_packages()
        with reading_back(folder, self.card.name):
            about = json.loads((folder / _ABOUT).read_text())
            extractors = tuple(
                _loaded(name, about["side"], origin, folder) for name, origin in about["backbones"].items()
            )
            settings = FrozenSettings(tuple(about["backbones"]), about["side"], self.settings.components)
            return FittedFrozenCnn(
                extractors, load_trusted(folder / _PROJECTION), SoftVote.load(folder), settings
            )

    def _require_packages(self) -> None:
        missing = missing_requirement(self.card)
        if missing:
            raise needs(self.card.name, missing)


def _loaded(backbone: str, side: int, origin: Mapping[str, Any], folder: Path) -> Extractor:
    from safetensors.torch import load_file

    module = _headless(_network(backbone, side))
    module.load_state_dict(load_file(folder / f"{backbone}.safetensors"))
    return _extractor(backbone, module, origin)


FROZEN_CNN = FrozenCnn()
