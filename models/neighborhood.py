"""The idea of neighborhood correction by a simpler rule: a fine-tuned network labels the test cells, then
each label is corrected by the most similar test cells, compared by Fisher vectors of feature maps.

It looks at all cells to predict at once (transductive): which cells stand beside a cell changes its
score. The correction itself is in `correction.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.classical import dump, load_trusted
from models.contract import Cells, Entry, EntryCard, FitInterrupted, Fitted, Scores, Session, reading_back
from models.correction import corrected
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import BATCH, EPOCHS, HEAD, MINUTES, REST, SIDE, VIEWS, Recipe
from models.registry import missing_requirement, needs
from models.settings import check, number
from submissions.writing import write_whole

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture
    from sklearn.pipeline import Pipeline

    from models.finetune.fitted import FittedNetwork

Maps = npt.NDArray[np.float32]

_CODEBOOK = 4
"""The stream of random numbers that chooses what the codebook learns from."""
_CODEBOOK_CELLS, _CODEBOOK_PLACES = 1000, 16
"""Cells, and places in each, that the codebook learns from: 16,000 local features are a thousand for each of
its Gaussians, and fit into memory (262 MB of float64 for a ResNet-50's 2,048 channels)."""
_NETWORK = "network"
_PCA, _MIXTURE, _NEIGHBOURS = "pca.skops", "mixture.skops", "neighbours.txt"


@dataclass(frozen=True, slots=True)
class NeighborhoodSettings:
    """`backbone` to `checkpoint_minutes` are those of the network's recipe; local features are brought
    to `components` dimensions and described by `mixtures` Gaussians; `neighbours` cells vote."""

    backbone: str = "resnet50.tv_in1k"
    epochs: int = number(6, *EPOCHS)
    batch: int = number(16, *BATCH)
    views: int = number(8, *VIEWS)
    side: int = number(300, *SIDE)
    checkpoint_minutes: float = number(5.0, *MINUTES)
    components: int = number(64, 1, 65_536)
    mixtures: int = number(16, 1, 4096)
    neighbours: int = number(10, 1, 100_000)

    def __post_init__(self) -> None:
        check(self)

    def recipe(self) -> Recipe:
        """The reference recipe for a residual network of timm."""
        return Recipe(
            backbone=self.backbone,
            epochs=self.epochs,
            batch=self.batch,
            layers=("conv1 bn1 layer1", REST, HEAD),
            views=self.views,
            side=self.side,
            checkpoint_minutes=self.checkpoint_minutes,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """What turns the feature maps of a cell into its Fisher vector."""

    pca: Pipeline
    mixture: GaussianMixture

    def vectors(self, maps: Maps) -> npt.NDArray[np.float64]:
        """Fisher vectors of n cells with p local features each: (n, p, c) to (n, d), of length 1.

        In the improved form: signed square roots, normalised (Perronnin et al. 2010).
        """
        from skimage.feature import fisher_vector

        local = self.pca.transform(maps.reshape(-1, maps.shape[-1])).reshape(*maps.shape[:2], -1)
        return np.stack([fisher_vector(one, self.mixture, improved=True) for one in local])


def learn_codebook(maps: Maps, settings: NeighborhoodSettings, seed: int) -> Codebook:
    """PCA and Gaussians of local features, shape (n, p, c)."""
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    local = maps.reshape(-1, maps.shape[-1]).astype(np.float64)
    components = min(settings.components, local.shape[1], len(local) - 1)
    pca = make_pipeline(
        StandardScaler(), PCA(components, svd_solver="randomized", random_state=seed, whiten=True)
    )
    reduced = pca.fit_transform(local)
    mixtures = max(1, min(settings.mixtures, len(local) // 10))
    mixture = GaussianMixture(
        mixtures, covariance_type="diag", reg_covar=1e-3, max_iter=200, tol=1e-2, random_state=seed
    )
    return Codebook(pca, mixture.fit(reduced))


class FittedNeighborhood(Fitted):
    """A fine-tuned network and the codebook of its feature maps."""

    def __init__(self, network: FittedNetwork, codebook: Codebook, neighbours: int) -> None:
        self.network = network
        self.codebook = codebook
        self.neighbours = neighbours

    def predict(self, cells: Cells, session: Session) -> Scores:
        first = self.network.predict(cells, session)
        parts = feature_maps(self.network, cells, session)
        vectors = np.concatenate([self.codebook.vectors(maps) for maps in parts])
        return corrected(vectors, first, self.neighbours).scores

    def save(self, folder: Path) -> None:
        (folder / _NETWORK).mkdir()
        self.network.save(folder / _NETWORK)
        dump(self.codebook.pca, folder / _PCA)
        dump(self.codebook.mixture, folder / _MIXTURE)
        write_whole(folder / _NEIGHBOURS, str(self.neighbours))

    def facts(self) -> Mapping[str, Any]:
        return {
            **self.network.facts(),
            "components": int(self.codebook.pca[-1].n_components_),
            "mixtures": int(self.codebook.mixture.n_components),
            "neighbours": self.neighbours,
        }


def feature_maps(network: FittedNetwork, cells: Cells, session: Session) -> Iterator[Maps]:
    """The last feature maps of all cells, unrotated, a batch at a time: float32 (n, positions, channels).

    Every pass has the same size, so that a cell's features do not depend on the others.
    """
    import torch

    from models.finetune.precision import device_of, images_a_pass, placed, reproducible
    from models.finetune.predict import as_input

    device, recipe = device_of(session), network.recipe
    module: Any = placed(network.module, device, recipe).eval()
    size = images_a_pass(device)
    with session.progress("feature maps", len(cells)) as advance:
        for _, crops in cells.batches(size):
            if session.stopping():
                raise FitInterrupted
            filled = np.zeros((size, *crops.shape[1:]), dtype=np.uint8)
            filled[: len(crops)] = crops
            with reproducible(device, recipe), torch.inference_mode():
                seen = module.forward_features(as_input(torch.from_numpy(filled).to(device), recipe))
            yield seen[: len(crops)].float().flatten(2).transpose(1, 2).cpu().numpy()
            advance(len(crops))


class Neighborhood(Entry):
    """Labels cells by a fine-tuned residual network, then corrects them by their neighbours."""

    settings: NeighborhoodSettings = NeighborhoodSettings()
    uses_weights = True
    uses_validation = True
    watches = True
    trial_settings = MappingProxyType({"backbone": "test_resnet", "epochs": "1", "views": "1", "side": "96"})

    card = EntryCard(
        name="neighborhood-trust",
        summary="a fine-tuned residual network whose labels similar test cells correct as far as they agree",
        paper="the idea of Pan, Liu, Xia, Shen: Neighborhood-Correction Algorithm for Classification of "
        "Normal and Malignant Cells (2019), with a rule of this program's own",
        weights="torchvision's original ones (timm: resnet50.tv_in1k)",
        differences=(
            "not the published algorithm, which is `neighborhood`: one ResNet-50 by the reference recipe in "
            "place of two by turns; one codebook learnt on training cells; eight views for labels, one for "
            "features; ten neighbours without the cell itself, once, whose say is measured on the first "
            "labels and falls to nothing where they do not agree; the share of labels is left as it is"
        ),
        licence="MIT; of the weights, see timm's card of the network",
        requires=(*PACKAGES, "skimage", "sklearn", "skops"),
        transductive=True,
    )

    def require_usable(self, weights: str) -> None:
        self._network().require_usable(weights)

    def fit(self, cells: Cells, session: Session) -> Fitted:
        cells.require_labels()
        network: Any = self._network().fit(cells, session)
        draw = session.generator(_CODEBOOK)
        chosen = cells.take(draw.permutation(len(cells))[:_CODEBOOK_CELLS])
        local = np.concatenate(
            [
                draw.permutation(maps, axis=1)[:, :_CODEBOOK_PLACES]
                for maps in feature_maps(network, chosen, session)
            ]
        )
        codebook = learn_codebook(local, self.settings, session.seed)
        return FittedNeighborhood(network, codebook, self.settings.neighbours)

    def load(self, folder: Path) -> Fitted:
        network: Any = self._network().load(folder / _NETWORK)
        with reading_back(folder, self.card.name):
            codebook = Codebook(load_trusted(folder / _PCA), load_trusted(folder / _MIXTURE))
            return FittedNeighborhood(network, codebook, int((folder / _NEIGHBOURS).read_text()))

    def _network(self) -> Finetuned:
        missing = missing_requirement(self.card)
        if missing:
            raise needs(self.card.name, missing)
        return Finetuned(self.card, self.settings.recipe())


NEIGHBORHOOD = Neighborhood()
