"""Fisher vectors of cells from a residual network's local features, with codebooks learnt on these cells.

As Pan et al. 2019 build them: a cell is seen in many views, the features at all places of all views are its
local features, of length 1 each, and Gaussians learnt on those of the test cells are the codebook.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.contract import Cells, FitInterrupted, Session

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

    from models.finetune.fitted import FittedNetwork

Local = npt.NDArray[np.float32]
_DRAW = 5
"""The stream of random numbers that chooses what the codebooks learn from."""


@dataclass(frozen=True, slots=True)
class Codebooks:
    """How many are learnt, of how many Gaussians each, on how many local features for each Gaussian."""

    count: int
    mixtures: int
    features: int


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a network sees in a cell: the logit of every view (v,), and the local features of all (p, c)."""

    logits: npt.NDArray[np.float64]
    local: Local


def looks(network: FittedNetwork, cells: Cells, session: Session, views: int, words: str) -> Iterator[Look]:
    """Every cell in `views` rotations, each also mirrored; a pass is a cell, so none depends on another."""
    import torch

    from models.finetune.precision import device_of, placed, reproducible
    from models.finetune.predict import as_input
    from models.finetune.views import turned

    device, recipe = device_of(session), network.recipe
    module: Any = placed(network.module, device, recipe).eval()
    seen: list[torch.Tensor] = []
    hook = local_layer(module).register_forward_hook(lambda _module, _given, found: seen.append(found))
    try:
        with session.progress(words, len(cells)) as advance:
            for _, crops in cells.batches(1):
                if session.stopping():
                    raise FitInterrupted
                given = torch.from_numpy(np.concatenate([crops, crops[:, :, ::-1]])).to(device)
                with reproducible(device, recipe), torch.inference_mode():
                    logits = module(as_input(turned(given, views), recipe))
                yield Look(logits.double().flatten().cpu().numpy(), _unit(seen.pop()))
                advance(1)
    finally:
        hook.remove()


def local_layer(module: Any) -> Any:
    """The layer whose maps are the local features: the first convolution of a residual network's last block.

    Raises `AttributeError` for a network of another kind.
    """
    return module.layer4[-1].conv1


def _unit(maps: Any) -> Local:
    """Maps (v, c, h, w) as local features (v * h * w, c) of length 1."""
    local = maps.float().flatten(2).transpose(1, 2).flatten(0, 1)
    found: Local = (local / (local.norm(dim=1, keepdim=True) + 1e-12)).cpu().numpy()
    return found


def sample(local: Local, at: int, cells: int, wanted: Codebooks, session: Session) -> Local:
    """Of one cell's local features those that the codebooks learn from, chosen at random: (count, k, c)."""
    each = -(-wanted.mixtures * wanted.features // cells)
    draw = session.generator(_DRAW, at)
    return np.stack([local[draw.permutation(len(local))[:each]] for _ in range(wanted.count)])


def learnt(samples: Local, mixtures: int, seed: int) -> GaussianMixture:
    """One codebook: Gaussians of local features (n, c)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    several = max(1, min(mixtures, len(samples) // 10))
    codebook = GaussianMixture(several, covariance_type="diag", reg_covar=1e-4, random_state=seed)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return codebook.fit(samples.astype(np.float64))


def fisher(local: Local, codebook: GaussianMixture) -> npt.NDArray[np.float32]:
    """A cell's Fisher vector in the improved form, of length 1 (Perronnin et al. 2010)."""
    from skimage.feature import fisher_vector

    found: npt.NDArray[np.float32] = fisher_vector(local, codebook, improved=True).astype(np.float32)
    return found
