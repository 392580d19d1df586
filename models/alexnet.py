"""AlexNet with its last layers replaced and fine-tuned: the first networks tried on leukemia."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from models.contract import EntryCard
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import HEAD, Recipe

if TYPE_CHECKING:
    from models.finetune.networks import Network, State


def alexnet_network(recipe: Recipe) -> Network:
    """torchvision's AlexNet with one output and random weights."""
    from torchvision.models import AlexNet_Weights, alexnet

    from models.finetune.networks import Network

    def fetch() -> State:
        state: State = alexnet(weights=AlexNet_Weights.IMAGENET1K_V1).state_dict()
        return state

    return Network(
        alexnet(num_classes=1, dropout=recipe.dropout),
        "classifier.6",
        fetch,
        "alexnet",
        weights="torchvision's AlexNet_Weights.IMAGENET1K_V1",
        library="torchvision",
        call="torchvision.models.alexnet(num_classes=1)",
    )


class AlexNet(Finetuned):
    """The reference loop with torchvision's network, which timm does not have."""

    trial_settings = MappingProxyType({"epochs": "1", "side": "64", "checkpoint_minutes": "60"})

    def network(self) -> Network:
        return alexnet_network(self.settings)


ALEXNET = AlexNet(
    EntryCard(
        name="alexnet",
        summary="ImageNet AlexNet with its last layer replaced, fine-tuned with a rate for each depth",
        paper=(
            "Rehman et al.: Classification of acute lymphoblastic leukemia using deep learning (2018); "
            "Shafique, Tehsin: Acute Lymphoblastic Leukemia Detection and Classification of Its Subtypes "
            "Using Pretrained Deep Convolutional Neural Networks (2018)"
        ),
        year=2018,
        data="bone marrow images (Rehman et al.); ALL-IDB and more images (Shafique, Tehsin)",
        weights="torchvision's AlexNet_Weights.IMAGENET1K_V1",
        differences=(
            "healthy against leukemic only, so one output; the reference entry's loss, augmentation and "
            "schedule; one view at test time"
        ),
        licence="MIT; torchvision's weights: BSD-3-Clause",
        requires=PACKAGES,
    ),
    Recipe(
        backbone="alexnet",
        layers=("features", "classifier", HEAD),
        learning_rates=(1e-5, 1e-4, 1e-3),
        dropout=0.5,
        views=1,
        side=224,
        normalisation="imagenet",
    ),
)
